//! The scripts that packing and publishing run (`@npmcli/run-script` 10.0.4; npm-behaviour.md §7).
//!
//! | command | order |
//! |---|---|
//! | `pack` of a directory | `prepack`, `prepare`, (tar), `postpack` |
//! | `publish` of a directory | `prepublishOnly`, `prepack`, `prepare`, (tar), `postpack`, (upload), `publish`, `postpublish` |
//! | anything else | none |
//!
//! A [`Script`] is one of them for one package: [`Script::banner`] is what npm prints before it,
//! [`Script::run`] runs it to its end. Variables come from a [`ScriptContext`], made once per
//! command. Nothing here is asynchronous, and credentials that consign fetched itself never reach
//! this module.

mod run;
mod variables;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use run::{Stdio, run_command};
pub use variables::{ScriptContext, Variables};

/// The scripts of a package's life that packing and publishing run. There are no others: no
/// `preprepack`, no `prepublish`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Before anything else in a publish.
    PrepublishOnly,
    /// Before the file list is made.
    Prepack,
    /// After `prepack`, before the file list is made.
    Prepare,
    /// After the tarball is made (and written, for `pack`).
    Postpack,
    /// After the upload.
    Publish,
    /// After `publish`.
    Postpublish,
}

impl Event {
    /// The script's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PrepublishOnly => "prepublishOnly",
            Self::Prepack => "prepack",
            Self::Prepare => "prepare",
            Self::Postpack => "postpack",
            Self::Publish => "publish",
            Self::Postpublish => "postpublish",
        }
    }

    /// Whether the script belongs to packing. Such scripts follow `--foreground-scripts` and are
    /// the ones that `publishConfig["ignore-scripts"]` stops; the others always have the terminal.
    pub fn is_packing(self) -> bool {
        matches!(self, Self::Prepack | Self::Prepare | Self::Postpack)
    }
}

/// One script of one package.
#[derive(Debug, Clone, Copy)]
pub struct Script<'a> {
    /// Which.
    pub event: Event,
    /// The command, as the manifest has it.
    pub command: &'a str,
    /// The package's directory, absolute.
    pub directory: &'a Path,
    /// The manifest as npm has normalised it by then: `name`, `version`, `config`, `engines` and
    /// `bin` become variables, `_id` stands in the banner.
    pub manifest: &'a Value,
}

/// How a script failed.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It ended with a status other than zero.
    #[error("`{event}` of {directory} failed with status {status}: {command}", event = event.name(), directory = directory.display())]
    Exited {
        /// The script.
        event: Event,
        /// The package's directory.
        directory: PathBuf,
        /// The shell and its arguments, as one line.
        command: String,
        /// The status.
        status: i32,
        /// What it printed, where npm collected that.
        output: Box<Output>,
        /// Whether `node` was looked for and is not there.
        lacks_node: bool,
    },
    /// A signal ended it.
    #[error("`{event}` of {directory} was ended by {signal}: {command}", event = event.name(), directory = directory.display())]
    Signalled {
        /// The script.
        event: Event,
        /// The package's directory.
        directory: PathBuf,
        /// The shell and its arguments, as one line.
        command: String,
        /// The signal's name, `SIGTERM`.
        signal: &'static str,
        /// The signal's number.
        number: i32,
        /// What it printed, where npm collected that.
        output: Box<Output>,
        /// Whether npm sends the signal on to itself, and so ends by it.
        is_passed_on: bool,
    },
    /// The shell could not be started.
    #[error("could not start {shell} for `{event}` in {directory}", event = event.name(), directory = directory.display())]
    Shell {
        /// The script.
        event: Event,
        /// The package's directory.
        directory: PathBuf,
        /// The shell.
        shell: String,
        /// Why.
        source: io::Error,
    },
}

/// What a script printed while npm collected it; empty when it had the terminal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// A script may print anything, secrets too: only sizes are shown.
impl std::fmt::Debug for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} + {} bytes",
            self.stdout.len(),
            self.stderr.len()
        )
    }
}

impl ScriptError {
    /// What npm shows as `npm error code`: the script's status, or the system's code.
    pub fn code(&self) -> Option<String> {
        match self {
            Self::Exited { status, .. } => Some(status.to_string()),
            Self::Signalled { .. } => None,
            Self::Shell { source, .. } => crate::node::system_code(source).map(str::to_owned),
        }
    }

    /// What it printed, where that was collected and not shown.
    pub fn output(&self) -> Option<&Output> {
        match self {
            Self::Exited { output, .. } | Self::Signalled { output, .. } => Some(output),
            Self::Shell { .. } => None,
        }
    }

    /// The status to end with: the script's own; 128 and the signal's number where npm would end
    /// by the signal, and 1 where it would not.
    pub fn exit_status(&self) -> u8 {
        let narrow = |status: i32| u8::try_from(status.rem_euclid(256)).unwrap_or(1);
        match self {
            Self::Exited { status, .. } => narrow(*status),
            Self::Signalled {
                number,
                is_passed_on: true,
                ..
            } => narrow(128 + number),
            Self::Signalled { .. } => 1,
            // Node's numbers are the system's, negated.
            Self::Shell { source, .. } => source.raw_os_error().map_or(1, |number| narrow(-number)),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exited {
                status: 126 | 127,
                lacks_node: true,
                event,
                ..
            } => Some(format!(
                "there is no `node` on PATH and the script probably needs it; run `{}` where Node \
                 is installed, publish the finished .tgz, or pass --ignore-scripts",
                event.name()
            )),
            Self::Shell { shell, source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!(
                    "there is no `{shell}` here to run scripts with; name a shell with \
                     --script-shell, or pass --ignore-scripts"
                ))
            }
            _ => None,
        }
    }
}

impl<'a> Script<'a> {
    /// The manifest's script for an event, if it has one.
    pub fn of(event: Event, directory: &'a Path, manifest: &'a Value) -> Option<Self> {
        let command = manifest.get("scripts")?.get(event.name())?.as_str()?;
        (!command.is_empty()).then_some(Self {
            event,
            command,
            directory,
            manifest,
        })
    }

    /// What npm prints before the script, without the line end after it. It goes to stdout, with
    /// `--json` to stderr, and nowhere when npm is silent or the script's output is collected.
    pub fn banner(&self) -> String {
        let command = self
            .command
            .trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}')
            .replace('\n', "\n> ");
        match self.manifest.get("_id").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => {
                format!("\n> {id} {}\n> {command}\n", self.event.name())
            }
            _ => format!("\n> {}\n> {command}\n", self.event.name()),
        }
    }

    /// Runs the script in the package's directory and waits for it. `extra` are the event's own
    /// variables ([`prepare_variables`], [`postpack_variables`]). A SIGINT or SIGTERM that arrives
    /// meanwhile is handed to the script.
    ///
    /// # Errors
    /// The script's failure; npm stops at once on it.
    pub fn run(
        &self,
        context: &ScriptContext,
        extra: &[(&str, String)],
        stdio: Stdio,
    ) -> Result<(), ScriptError> {
        run::run(self, context, extra, stdio)
    }
}

/// The variables that `prepare` has beside the others.
pub fn prepare_variables(directory: &Path) -> [(&'static str, String); 2] {
    [
        (
            "npm_package_resolved",
            directory.to_string_lossy().into_owned(),
        ),
        // npm knows no integrity yet and writes the word.
        ("npm_package_integrity", "null".to_owned()),
    ]
}

/// The variables that `postpack` has beside the others. `integrity` is the tarball's, `sha512-...`.
pub fn postpack_variables(directory: &Path, integrity: &str) -> [(&'static str, String); 3] {
    let directory = directory.to_string_lossy();
    [
        ("npm_package_from", format!("file:{directory}")),
        ("npm_package_resolved", directory.into_owned()),
        ("npm_package_integrity", integrity.to_owned()),
    ]
}
