//! Where configuration comes from: the layers, and the origin that each value keeps.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::definitions::{DEFINITIONS, DefaultValue};
use super::value::{ConfigValue, KeyOrder};
use super::{Installation, is_ci};
use crate::environment::Environment;

/// npm's layers, weakest first. A stronger one hides the key of a weaker one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// What npm does when nothing is set.
    Default,
    /// `npmrc` beside an installed npm.
    Builtin,
    /// `etc/npmrc` below the global prefix.
    Global,
    /// `~/.npmrc`.
    User,
    /// `.npmrc` of the package or workspace root.
    Project,
    /// Variables `npm_config_*`.
    Env,
    /// Flags.
    Cli,
}

impl Layer {
    /// All layers, weakest first.
    pub const ALL: [Self; 7] = [
        Self::Default,
        Self::Builtin,
        Self::Global,
        Self::User,
        Self::Project,
        Self::Env,
        Self::Cli,
    ];

    /// npm's word for the layer, as in `Unknown user config`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Builtin => "builtin",
            Self::Global => "global",
            Self::User => "user",
            Self::Project => "project",
            Self::Env => "env",
            Self::Cli => "cli",
        }
    }
}

/// Where one value was written, for messages that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// npm's own default.
    Default,
    /// A line of an `.npmrc`.
    File {
        /// The layer the file was read for.
        layer: Layer,
        /// The file.
        path: Arc<PathBuf>,
        /// The line that last set the key, from 1.
        line: u32,
    },
    /// An environment variable.
    Variable {
        /// Its name as the environment spells it.
        name: String,
    },
    /// A flag.
    Flag {
        /// The key, without dashes.
        name: String,
    },
    /// A key of `publishConfig`.
    PublishConfig {
        /// The key.
        key: String,
    },
    /// The workspace the command was started in.
    ImplicitWorkspace,
}

impl Origin {
    /// The layer; `None` for `publishConfig`, which lies over the layers.
    pub fn layer(&self) -> Option<Layer> {
        match self {
            Self::Default | Self::ImplicitWorkspace => Some(Layer::Default),
            Self::File { layer, .. } => Some(*layer),
            Self::Variable { .. } => Some(Layer::Env),
            Self::Flag { .. } => Some(Layer::Cli),
            Self::PublishConfig { .. } => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("npm's default"),
            Self::File { path, line, .. } => write!(formatter, "{}:{line}", path.display()),
            Self::Variable { name } => write!(formatter, "environment variable {name}"),
            Self::Flag { name } => write!(formatter, "flag --{name}"),
            Self::PublishConfig { key } => {
                write!(formatter, "publishConfig.{key} in package.json")
            }
            Self::ImplicitWorkspace => formatter.write_str("the workspace of this directory"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value.
    pub value: ConfigValue,
    /// Where it was written.
    pub origin: Origin,
}

/// The keys of one layer.
#[derive(Debug, Clone, Default)]
pub(crate) struct LayerData {
    pub(crate) entries: KeyOrder<Entry>,
    /// How messages name the layer's source: a file, or words such as `environment`.
    pub(crate) source: Option<String>,
}

impl LayerData {
    pub(crate) fn value(&self, key: &str) -> Option<&ConfigValue> {
        self.entries.get(key).map(|entry| &entry.value)
    }
}

/// The default layer before it is parsed. `prefix` is the global prefix.
pub(crate) fn default_values(
    environment: &Environment,
    installation: &Installation,
    prefix: &str,
) -> Vec<(String, ConfigValue, Origin)> {
    DEFINITIONS
        .iter()
        .filter(|definition| definition.key != "globalconfig")
        .map(|definition| {
            let value = if definition.key == "prefix" {
                prefix.into()
            } else {
                default_value(
                    definition.key,
                    definition.default,
                    environment,
                    installation,
                )
            };
            (definition.key.to_owned(), value, Origin::Default)
        })
        .collect()
}

/// A key's default as npm's definitions hold it, not yet parsed.
pub(crate) fn default_value(
    key: &str,
    default: DefaultValue,
    environment: &Environment,
    installation: &Installation,
) -> ConfigValue {
    match default {
        DefaultValue::Null => ConfigValue::Null,
        DefaultValue::Bool(value) => ConfigValue::Bool(value),
        DefaultValue::Number(value) => ConfigValue::Number(f64::from(value)),
        DefaultValue::Infinite => ConfigValue::Number(f64::INFINITY),
        DefaultValue::Text("~/.npm") if environment.platform().is_windows() => {
            let local = environment.non_empty("LOCALAPPDATA");
            format!("{}/npm-cache", local.as_deref().unwrap_or("~")).into()
        }
        DefaultValue::Text("man") if environment.platform().is_windows() => "browser".into(),
        DefaultValue::Text(text) => text.into(),
        DefaultValue::EmptyList => ConfigValue::Array(Vec::new()),
        DefaultValue::Surroundings => default_from_surroundings(key, environment, installation),
    }
}

/// Whether there are colours where nothing is set but variables.
pub(super) fn default_color(environment: &Environment) -> bool {
    environment
        .non_empty("NO_COLOR")
        .is_none_or(|value| value == "0")
}

fn default_from_surroundings(
    key: &str,
    environment: &Environment,
    installation: &Installation,
) -> ConfigValue {
    let windows = environment.platform().is_windows();
    match key {
        "editor" => environment
            .non_empty("EDITOR")
            .or_else(|| environment.non_empty("VISUAL"))
            .unwrap_or_else(|| {
                if windows {
                    let root = environment.variable("SYSTEMROOT");
                    format!("{}\\notepad.exe", root.as_deref().unwrap_or("undefined"))
                } else {
                    "vi".to_owned()
                }
            })
            .into(),
        "shell" => {
            let (variable, fallback) = if windows {
                ("ComSpec", "cmd")
            } else {
                ("SHELL", "sh")
            };
            environment
                .non_empty(variable)
                .unwrap_or_else(|| fallback.to_owned())
                .into()
        }
        "color" => default_color(environment).into(),
        "unicode" => ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| environment.non_empty(name))
            .is_some_and(|locale| {
                let locale = locale.to_ascii_lowercase();
                locale.ends_with("utf8") || locale.ends_with("utf-8")
            })
            .into(),
        "progress" => {
            let terminals = environment.terminals();
            let is_dumb = environment.variable("TERM").as_deref() == Some("dumb");
            (terminals.stdout && terminals.stderr && !is_dumb && !is_ci(environment)).into()
        }
        "omit" => {
            let is_production = environment.variable("NODE_ENV").as_deref() == Some("production");
            ConfigValue::Array(is_production.then(|| "dev".into()).into_iter().collect())
        }
        // `node-gyp`: the copy that npm brings.
        _ => installation
            .npm
            .as_ref()
            .map(|npm| npm.join("node_modules/node-gyp/bin/node-gyp.js"))
            .map_or_else(String::new, |path| path.to_string_lossy().into_owned())
            .into(),
    }
}
