//! What a command of npm's runs in: the configuration, and a printer that obeys
//! it.

use std::path::{Path, PathBuf};

use tokio::runtime::{Builder, Runtime};

use super::report;
use crate::config::{Config, ConfigValue, Flags};
use crate::environment::Environment;
use crate::error::Error;
use crate::output::{Level, Log as _, Printer};

/// A started command.
pub(super) struct Session<'a> {
    pub(super) environment: &'a Environment,
    pub(super) config: Config,
    pub(super) printer: Printer,
    /// What follows the command's name.
    pub(super) operands: Vec<String>,
}

impl<'a> Session<'a> {
    /// Loads the configuration and says what npm warns about while it does.
    pub(super) fn start(flags: Flags, environment: &'a Environment) -> Result<Self, Error> {
        let operands = flags.positionals.iter().skip(1).cloned().collect();
        let config = Config::load(environment, flags)?;
        let level = config.value("loglevel").and_then(ConfigValue::as_text);
        let level = level.and_then(Level::from_name).unwrap_or_default();
        let unicode = config.value("unicode").is_some_and(ConfigValue::is_truthy);
        let printer = Printer::standard(level, unicode);
        for warning in config.warnings() {
            printer.log(Level::Warn, warning.prefix, &warning.text);
        }
        Ok(Self {
            environment,
            config,
            printer,
            operands,
        })
    }

    /// Whether a key's value is true.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.config.value(key).is_some_and(ConfigValue::is_truthy)
    }

    /// A key's value, if it is text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.config
            .value(key)
            .and_then(ConfigValue::as_text)
            .filter(|text| !text.is_empty())
    }

    /// A path as given on the command line or in the configuration.
    pub(super) fn path(&self, given: impl AsRef<Path>) -> PathBuf {
        let given = given.as_ref();
        let joined = self.environment.current_directory().join(given);
        // `.` and `./a` are shown without their dots, as npm resolves them.
        std::path::absolute(&joined).unwrap_or(joined)
    }

    /// Tells an error and returns the exit status it ends with.
    pub(super) fn report(&self, error: &Error) -> u8 {
        report::error(&self.printer, self.is_true("json"), error)
    }
}

/// The runtime for commands that use the network. `pack` has none.
pub(super) fn current_thread() -> Result<Runtime, Error> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::System {
            doing: "could not start the network runtime",
            source,
        })
}
