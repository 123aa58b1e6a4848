//! The environment of a script (`@npmcli/run-script` 10.0.4 `package-envs.js`, `set-path.js`,
//! `make-spawn-args.js`; `@npmcli/config` 10.12 `set-envs.js`).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Event;
use crate::config::{Config, ConfigValue, NPM_VERSION};

/// Variables in order, each name once.
#[derive(Clone, Default)]
pub struct Variables {
    entries: Vec<(OsString, OsString)>,
}

impl Variables {
    /// Sets a variable, in its place if it has one.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let (name, value) = (name.into(), value.into());
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, place)) => *place = value,
            None => self.entries.push((name, value)),
        }
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_os_str())
    }

    /// All variables, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

/// Values may be secret: only names are shown.
impl std::fmt::Debug for Variables {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_list()
            .entries(self.entries.iter().map(|(name, _)| name))
            .finish()
    }
}

/// What all scripts of a command share.
#[derive(Debug, Clone)]
pub struct ScriptContext {
    base: Variables,
    /// npm's directory with a `node-gyp` in it.
    node_gyp_directory: Option<PathBuf>,
    node_gyp: Option<String>,
    pub(super) has_node: bool,
    pub(super) is_windows: bool,
    pub(super) shell: Option<String>,
    pub(super) packing_shell: Option<String>,
}

impl ScriptContext {
    /// Collects what `config` says. `command` is npm's name for the command (`pack`, `publish`),
    /// `user_agent` the header's value, `color` whether standard output shows
    /// colours.
    pub fn new(config: &Config, command: &str, user_agent: &str, color: bool) -> Self {
        let environment = config.environment();
        let installation = config.installation();
        let mut base = Variables::default();
        for (name, value) in environment.variables() {
            base.set(name, value);
        }
        base.set("INIT_CWD", environment.current_directory());
        for (name, value) in config.exported_variables() {
            base.set(name, value);
        }
        base.set("HOME", environment.home());
        base.set("npm_config_global_prefix", config.global_prefix());
        base.set("npm_config_local_prefix", config.local_prefix());
        base.set("npm_config_npm_version", NPM_VERSION);
        base.set("npm_config_user_agent", user_agent);
        base.set("npm_command", command);
        base.set("COLOR", if color { "1" } else { "0" });
        if let Some(node) = &installation.node {
            base.set("npm_node_execpath", node);
            base.set("NODE", node);
        }
        if let Some(npm) = &installation.npm {
            base.set("npm_execpath", npm.join("bin").join("npm-cli.js"));
        }
        let node_gyp = config
            .value("node-gyp")
            .and_then(ConfigValue::as_text)
            .filter(|path| !path.is_empty())
            .map(str::to_owned);
        let shell_of = |value: Option<&ConfigValue>| {
            value
                .and_then(ConfigValue::as_text)
                .filter(|shell| !shell.is_empty())
                .map(str::to_owned)
        };
        Self {
            base,
            node_gyp_directory: installation
                .npm
                .as_ref()
                .map(|npm| npm.join("node_modules/@npmcli/run-script/lib/node-gyp-bin")),
            node_gyp,
            has_node: installation.node.is_some(),
            is_windows: environment.platform().is_windows(),
            shell: shell_of(config.value("script-shell")),
            packing_shell: shell_of(config.flat().value("script-shell")),
        }
    }

    /// All variables of one script.
    pub fn variables(
        &self,
        event: Event,
        command: &str,
        directory: &Path,
        manifest: &Value,
        extra: &[(&str, String)],
    ) -> Variables {
        let mut variables = self.base.clone();
        for (name, value) in extra {
            variables.set(*name, value);
        }
        for field in ["name", "version", "config", "engines", "bin"] {
            if let Some(value) = manifest.get(field) {
                add_field(&mut variables, &format!("npm_package_{field}"), value);
            }
        }
        variables.set("npm_package_json", directory.join("package.json"));
        variables.set("npm_lifecycle_event", event.name());
        variables.set("npm_lifecycle_script", command);
        if let Some(node_gyp) = &self.node_gyp {
            variables.set("npm_config_node_gyp", node_gyp);
        }
        self.extend_path(&mut variables, directory);
        variables
    }

    /// Puts `node_modules/.bin` of the directory and all above it in front of `PATH`, under
    /// whatever spelling that variable has.
    fn extend_path(&self, variables: &mut Variables, directory: &Path) {
        let is_path = |name: &OsStr| {
            name.to_str()
                .is_some_and(|n| n.eq_ignore_ascii_case("PATH"))
        };
        let separator = if self.is_windows { ";" } else { ":" };
        let mut inherited: Vec<OsString> = Vec::new();
        for (_, value) in variables
            .iter()
            .filter(|(name, value)| is_path(name) && !value.is_empty())
        {
            // What an earlier spelling names already is left out; repeats within one stay.
            let known = inherited.len();
            for part in split(value, separator) {
                if !inherited.iter().take(known).any(|seen| *seen == part) {
                    inherited.push(part);
                }
            }
        }
        let mut parts: Vec<OsString> = directory
            .ancestors()
            .map(|directory| directory.join("node_modules").join(".bin").into_os_string())
            .collect();
        parts.extend(
            self.node_gyp_directory
                .as_ref()
                .map(|directory| directory.as_os_str().to_owned()),
        );
        parts.push(inherited.join(OsStr::new(separator)));
        let path = parts.join(OsStr::new(separator));
        for (name, value) in &mut variables.entries {
            if is_path(name) {
                value.clone_from(&path);
            }
        }
    }
}

#[cfg(unix)]
fn split(text: &OsStr, separator: &str) -> Vec<OsString> {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let separator = separator.as_bytes().first().copied().unwrap_or(b':');
    text.as_bytes()
        .split(|byte| *byte == separator)
        .map(|part| OsString::from_vec(part.to_vec()))
        .collect()
}

#[cfg(not(unix))]
fn split(text: &OsStr, separator: &str) -> Vec<OsString> {
    text.to_string_lossy()
        .split(separator)
        .map(OsString::from)
        .collect()
}

/// A field and what is below it, names joined by `_`. `null` and `false` are empty.
fn add_field(variables: &mut Variables, name: &str, value: &Value) {
    match value {
        Value::Null | Value::Bool(false) => variables.set(name, ""),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                add_field(variables, &format!("{name}_{index}"), item);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                add_field(variables, &format!("{name}_{key}"), member);
            }
        }
        other => {
            let text = ConfigValue::from_json(other).to_text().unwrap_or_default();
            variables.set(name, text);
        }
    }
}
