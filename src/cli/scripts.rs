//! Lifecycle scripts as a command runs them: with their banner, in npm's
//! environment, unless they are switched off.

use std::path::Path;

use serde_json::{Map, Value};

use super::session::Session;
use crate::config::ConfigValue;
use crate::error::Error;
use crate::lifecycle::{Event, Script, ScriptContext, Stdio};
use crate::output::{Level, Log as _};
use crate::pack::Scripts;

/// The scripts of one command.
pub(super) struct SessionScripts<'a> {
    session: &'a Session<'a>,
    context: ScriptContext,
    is_publish: bool,
}

impl<'a> SessionScripts<'a> {
    pub(super) fn new(session: &'a Session<'a>, command: &str) -> Self {
        let color = session.settings.colors.stdout;
        let context = ScriptContext::new(&session.config, command, &session.user_agent(), color);
        Self {
            session,
            context,
            is_publish: command == "publish",
        }
    }

    /// In a publish, `publishConfig` counts for the scripts of the packing, and for these only.
    fn are_ignored(&self, event: Event, manifest: &Map<String, Value>) -> Result<bool, Error> {
        if self.session.settings.ignore_scripts {
            return Ok(true);
        }
        let overrides = manifest.get("publishConfig");
        let Some(overrides) = overrides.filter(|_| self.is_publish && event.is_packing()) else {
            return Ok(false);
        };
        let flat = self.session.config.flat_with(overrides)?;
        Ok(flat
            .value("ignore-scripts")
            .is_some_and(ConfigValue::is_truthy))
    }
}

impl Scripts for SessionScripts<'_> {
    fn run(
        &self,
        event: Event,
        directory: &Path,
        manifest: &Map<String, Value>,
        extra: &[(&'static str, String)],
    ) -> Result<(), Error> {
        let settings = &self.session.settings;
        if self.are_ignored(event, manifest)? {
            return Ok(());
        }
        let manifest = Value::Object(manifest.clone());
        let Some(script) = Script::of(event, directory, &manifest) else {
            return Ok(());
        };
        let stdio = if event.is_packing() && !settings.foreground_scripts {
            Stdio::Collected
        } else {
            Stdio::Inherited
        };
        let printer = &self.session.printer;
        if stdio == Stdio::Inherited {
            if settings.json {
                printer.aside(&script.banner());
            } else if printer.hears(Level::Error) {
                printer
                    .data(&script.banner())
                    .map_err(|source| Error::System {
                        doing: "could not print a script's banner",
                        source,
                    })?;
            }
        }
        Ok(script.run(&self.context, extra, stdio)?)
    }
}
