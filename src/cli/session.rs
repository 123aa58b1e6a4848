//! What a command of npm's runs in: the configuration, and a printer that obeys
//! it.

use std::path::{Path, PathBuf};

use tokio::runtime::{Builder, Runtime};

use super::report;
use crate::config::{Config, ConfigValue, Flags, Settings, filled_user_agent, user_agent};
use crate::environment::Environment;
use crate::error::Error;
use crate::node::resolve;
use crate::output::{Level, Log as _, Printer};
use crate::pack::PackOptions;
use crate::packlist::Workspaces;
use crate::tarball::Compression;
use crate::workspace::{Member, Selection, select};

/// A started command.
pub(super) struct Session<'a> {
    pub(super) environment: &'a Environment,
    pub(super) config: Config,
    pub(super) settings: Settings,
    pub(super) printer: Printer,
    /// What follows the command's name.
    pub(super) operands: Vec<String>,
}

impl<'a> Session<'a> {
    /// Loads the configuration and says what npm warns about while it does.
    pub(super) fn start(flags: Flags, environment: &'a Environment) -> Result<Self, Error> {
        let operands = flags.positionals.iter().skip(1).cloned().collect();
        let config = Config::load(environment, flags)?;
        let settings = config.settings();
        let printer = Printer::standard(settings.log_level, settings.unicode)
            .for_github(report::on_github(environment))
            .with_colors(settings.colors)
            .with_progress(settings.progress);
        if settings.force {
            let text = "Recommended protections disabled.";
            printer.log(Level::Warn, "using --force", text);
        }
        for warning in config.warnings() {
            printer.log(Level::Warn, warning.prefix, &warning.text);
        }
        Ok(Self {
            environment,
            config,
            settings,
            printer,
            operands,
        })
    }

    /// What requests and scripts are told about this program: its own name in npm's form, or what
    /// somebody set as `user-agent`. There is no Node whose version could be told.
    pub(super) fn user_agent(&self) -> String {
        const OWN: &str = concat!(
            "consign/",
            env!("CARGO_PKG_VERSION"),
            " {platform} {arch} workspaces/{workspaces} {ci}"
        );
        let (flat, environment) = (self.config.flat(), self.environment);
        if self.config.is_default("user-agent") {
            filled_user_agent(OWN, flat, environment, "")
        } else {
            user_agent(flat, environment, "none")
        }
    }

    /// The workspaces that the flags or the place select, and which of the
    /// operands remain; `None` where the command is not about workspaces.
    pub(super) fn selected(&self) -> Result<Option<Vec<Member>>, Error> {
        let about_here = self.operands.is_empty() || self.operands.iter().any(|word| word == ".");
        if !self.settings.uses_workspaces() {
            return Ok(None);
        }
        if !about_here {
            self.printer.log(
                Level::Warn,
                "",
                "Ignoring workspaces for specified package(s)",
            );
            return Ok(None);
        }
        let selection = Selection {
            filters: self.settings.workspace.clone(),
            include_root: self.settings.include_workspace_root,
        };
        let directory = self.environment.current_directory();
        Ok(Some(select(
            self.config.local_prefix(),
            &selection,
            directory,
        )?))
    }

    /// How this command packs, when these workspaces were selected.
    pub(super) fn pack_options<'s>(&'s self, selected: Option<&'s [PathBuf]>) -> PackOptions<'s> {
        let level = self
            .config
            .value("compression-level")
            .and_then(|level| level.to_text().ok()?.parse().ok());
        PackOptions {
            compression: level.map_or(Compression::Npm, Compression::Level),
            workspaces: selected.map(|selected| Workspaces {
                prefix: self.config.local_prefix(),
                selected,
            }),
            is_verbatim: !self
                .config
                .value("rewrite")
                .is_none_or(ConfigValue::is_truthy),
            ..PackOptions::default()
        }
    }

    /// A path as given on the command line or in the configuration.
    pub(super) fn path(&self, given: impl AsRef<Path>) -> PathBuf {
        // As npm resolves them: textually, so that scripts see `/a/b` of `/a/c/../b`.
        resolve(self.environment.current_directory(), given.as_ref())
    }

    /// Tells an error and returns the exit status it ends with.
    pub(super) fn report(&self, error: &Error) -> u8 {
        report::error(&self.printer, self.settings.json, error)
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
