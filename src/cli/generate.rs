//! `consign completions` and `consign man`: what shells and `man` read, from the definitions that
//! `--help` shows.

use clap::Command;
use clap_complete::Shell;

use super::report;
use crate::environment::Environment;
use crate::error::Error;
use crate::output::{Level, Printer};

/// Print a script that teaches a shell to complete consign's commands and flags
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign completions bash > /etc/bash_completion.d/consign\n  \
    consign completions fish > ~/.config/fish/completions/consign.fish")]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

/// Print a manual page
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign man > /usr/local/share/man/man1/consign.1\n  \
    consign man publish > /usr/local/share/man/man1/consign-publish.1")]
pub(super) struct ManArguments {
    /// The command it is about [default: consign itself]
    command: Option<String>,
}

pub(super) fn completions(arguments: &CompletionsArguments, mut command: Command) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "consign", &mut script);
    print(&script)
}

pub(super) fn man(arguments: &ManArguments, mut command: Command, environment: &Environment) -> u8 {
    // Gives the commands their whole names: `consign-publish`.
    command.build();
    let about = match &arguments.command {
        None => Some(&command),
        Some(name) => command.find_subcommand(name),
    };
    let Some(about) = about else {
        let name = arguments.command.as_deref().unwrap_or_default();
        let error = Error::Usage(format!("there is no command {name}"));
        return report::before_session(&error, &[], environment);
    };
    let mut page = Vec::new();
    // Writing to memory cannot fail.
    let _ = clap_mangen::Man::new(about.clone()).render(&mut page);
    print(&page)
}

fn print(text: &[u8]) -> u8 {
    let printer = Printer::standard(Level::default(), false);
    let printed = printer.data(String::from_utf8_lossy(text).trim_end());
    match printed {
        Ok(()) => 0,
        Err(source) => {
            let doing = "could not print it";
            report::error(&printer, false, &Error::System { doing, source })
        }
    }
}
