//! The command line: flags to options, a library call, its result to output.
//!
//! `pack`, `publish`, `whoami` and `ping` are npm's commands, and `doctor` has `publish`'s flags:
//! they read their arguments by npm's rules ([`Flags`]): any configuration key is a flag, before or behind the
//! command. Clap lists their flags in `--help`, and reads the commands that are
//! consign's own.

mod ask;
mod aws;
mod connection;
mod display;
mod doctor;
mod generate;
mod help;
mod login;
mod pack;
mod ping;
mod place;
mod publish;
mod rehearse;
mod report;
mod run;
mod sandbox;
mod scripts;
mod session;
mod setup;
mod token;
mod whoami;

use std::ffi::OsString;

use clap::{FromArgMatches as _, Parser, Subcommand};

use crate::config::Flags;
use crate::environment::Environment;
use crate::error::Error;
use crate::output::{Level, Printer};
use display::DisplayArguments;
use session::Session;

/// Publishes npm packages without Node: npm's files, `CodeArtifact` tokens, one named outcome.
#[derive(Parser)]
#[command(name = "consign", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Pack(pack::Arguments),
    Publish(publish::Arguments),
    Doctor(doctor::Arguments),
    Rehearse(rehearse::Arguments),
    Sandbox(sandbox::Arguments),
    Token(token::Arguments),
    Login(login::Arguments),
    Setup(setup::Arguments),
    Whoami(whoami::Arguments),
    Ping(ping::Arguments),
    Completions(generate::CompletionsArguments),
    Man(generate::ManArguments),
}

/// npm's commands, which read their arguments by npm's rules.
const NPM_COMMANDS: [(&str, NpmCommand); 5] = [
    ("pack", pack::run),
    ("publish", publish::run),
    ("doctor", doctor::run),
    ("whoami", whoami::run),
    ("ping", ping::run),
];

type NpmCommand = fn(&Session<'_>) -> Result<u8, Error>;

/// The name under which a link to consign is `consign token`: pnpm's tokenHelper is a path without
/// arguments.
const TOKEN_HELPER: &str = "consign-token";

/// npm's flags that every command of npm's takes.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
struct CommonArguments {
    /// Run no lifecycle scripts
    #[arg(long, help_heading = "What is packed")]
    ignore_scripts: bool,
    /// Pack package.json as it is, as npm does: `workspace:` and `catalog:` ranges, and
    /// publishConfig's fields, are not resolved
    #[arg(long, help_heading = "What is packed")]
    no_rewrite: bool,
    /// Leave npm's bytes for speed: zlib level 0 (stored) to 9
    #[arg(long, value_name = "0-9", help_heading = "What is packed")]
    compression_level: Option<u8>,
    /// Work on this member of the workspaces, by name or path; may be repeated
    #[arg(short = 'w', long, value_name = "NAME", help_heading = "Workspaces")]
    workspace: Vec<String>,
    /// Work on all members of the workspaces
    #[arg(long, help_heading = "Workspaces")]
    workspaces: bool,
    /// And on the workspaces' root
    #[arg(long, help_heading = "Workspaces")]
    include_workspace_root: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
}

/// npm's configuration and its looks, for every command.
#[derive(clap::Args, Default)]
struct ConfigurationArguments {
    /// Registry; otherwise what publishConfig, .npmrc, `npm_config_registry` and the like say, a
    /// scope's own before the common one
    #[arg(long, value_name = "URL", help_heading = "Configuration")]
    registry: Option<String>,
    /// The user's .npmrc
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    userconfig: Option<String>,
    /// How much to say: silent, error, warn, notice, http, info, verbose or silly; npm's commands
    /// know -s (silent), -q (warn) and -d (info) too
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "notice",
        help_heading = "Output"
    )]
    loglevel: String,
    #[command(flatten)]
    display: DisplayArguments,
}

impl ConfigurationArguments {
    /// These flags, as npm's own would be given.
    fn words(&self) -> Vec<String> {
        let mut words = vec![format!("--loglevel={}", self.loglevel)];
        for (name, value) in [
            ("registry", &self.registry),
            ("userconfig", &self.userconfig),
        ] {
            words.extend(value.as_ref().map(|value| format!("--{name}={value}")));
        }
        words.extend(self.display.words());
        words
    }

    /// Starts a command in the configuration that npm would load with these flags; tells why it
    /// cannot be started.
    fn session<'e>(&self, environment: &'e Environment) -> Result<Session<'e>, u8> {
        let flags = Flags::parse(self.words(), environment).map_err(Error::from);
        let session = flags.and_then(|flags| Session::start(flags, environment));
        session.map_err(|error| report::before_session(&error, &self.words(), environment))
    }
}

/// Runs the command that the arguments name (the program's own name first) and
/// returns the process's exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> u8 {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let name = arguments.first().map(std::path::Path::new);
    if name.and_then(|name| name.file_stem()) == Some(TOKEN_HELPER.as_ref()) {
        arguments.insert(1, "token".into());
    }
    // npm too reads its arguments as Unicode.
    let words = arguments.iter().skip(1);
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if let [word] = words.as_slice()
        && VERSION_FLAGS.contains(&word.as_str())
    {
        return version();
    }
    if let Some(status) = npm_command(&words, environment) {
        return status;
    }
    let matches = help::command().try_get_matches_from(arguments);
    match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(Arguments { command }) => match command {
            Command::Rehearse(arguments) => rehearse::run(&arguments, environment),
            Command::Sandbox(arguments) => sandbox::run(&arguments, environment),
            Command::Token(arguments) => token::run(&arguments, environment),
            Command::Login(arguments) => login::run(&arguments, environment),
            Command::Setup(arguments) => setup::run(&arguments, environment),
            Command::Completions(arguments) => generate::completions(&arguments, help::command()),
            Command::Man(arguments) => generate::man(&arguments, help::command(), environment),
            // These come here only to be asked for their help.
            Command::Pack(_)
            | Command::Publish(_)
            | Command::Doctor(_)
            | Command::Whoami(_)
            | Command::Ping(_) => 2,
        },
        Err(error) => report::usage(&error, display::colors(&words, environment)),
    }
}

/// Clap's flags, and npm's.
const VERSION_FLAGS: [&str; 3] = ["--version", "-V", "-v"];

/// Scripts ask for it before anything else; the definition of all commands would be most of the time that takes.
fn version() -> u8 {
    let version = concat!("consign ", env!("CARGO_PKG_VERSION"));
    u8::from(
        Printer::standard(Level::Notice, false)
            .data(version)
            .is_err(),
    )
}

/// Runs one of [`NPM_COMMANDS`]; `None` if the arguments name none, or ask for
/// help.
fn npm_command(words: &[String], environment: &Environment) -> Option<u8> {
    let wants_help = words.iter().any(|word| word == "--help" || word == "-h");
    let command = |word: &String| NPM_COMMANDS.iter().find(|(name, _)| name == word);
    if wants_help || words.iter().all(|word| command(word).is_none()) {
        return None;
    }
    let before_session = |error: Error| report::before_session(&error, words, environment);
    let flags = match Flags::parse(words.to_vec(), environment) {
        Ok(flags) => flags,
        Err(error) => return Some(before_session(error.into())),
    };
    let (_, run) = flags.positionals.first().and_then(command)?;
    Some(match Session::start(flags, environment) {
        Ok(session) => run(&session).unwrap_or_else(|error| session.report(&error)),
        Err(error) => before_session(error),
    })
}
