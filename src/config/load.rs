//! Reading the layers in npm's order and validating them (`@npmcli/config` 10.12 `index.js`, npm
//! 11.19.1 `npm.js` and `base-cmd.js`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::definitions::{NERF_DARTED, Owner, definition};
use super::expand::expand;
use super::exports::Exported;
use super::field::{absolute_path, parse_field};
use super::flat::Flat;
use super::npmrc;
use super::prefix::{self, Search};
use super::problem::{AuthProblem, ConfigError, UnreadFile, Warning};
use super::sources::{Entry, Layer, LayerData, Origin, default_values};
use super::validate::clean_layer;
use super::value::ConfigValue;
use super::{Config, Flags, Installation};
use crate::environment::Environment;
use crate::node::{INHERITED, resolve};
use crate::registry::RegistryUrl;

/// Keys that npm itself puts into the environment and that have no definition.
const INTERNAL: [&str; 3] = ["npm-version", "global-prefix", "local-prefix"];

pub(super) fn load(
    environment: &Environment,
    flags: Flags,
    installation: Installation,
) -> Result<Config, ConfigError> {
    let mut loader = Loader {
        layers: Default::default(),
        environment,
        warnings: flags.warnings,
        unread_files: Vec::new(),
        has_global_config: false,
        sources: Vec::new(),
    };
    let default_prefix = prefix::global_prefix(environment, &installation);
    let default_prefix = absolute_path(&default_prefix, environment);
    let defaults = default_values(
        environment,
        &installation,
        &default_prefix.to_string_lossy(),
    );
    loader.load_object(Layer::Default, "default values", defaults)?;
    if let Some(npm) = &installation.npm {
        loader.load_file(Layer::Builtin, &npm.join("npmrc"))?;
    }
    let flag_keys: Vec<String> = flags.values.iter().map(|(key, _)| key.clone()).collect();
    let values = flags
        .values
        .into_iter()
        .map(|(key, value)| {
            let origin = Origin::Flag { name: key.clone() };
            (key, value, origin)
        })
        .collect();
    loader.load_object(Layer::Cli, "command line options", values)?;
    let variables = variables(environment);
    loader.load_object(Layer::Env, "environment", variables)?;
    let local_prefix = loader.load_project()?;
    loader.load_file_of("userconfig", Layer::User)?;
    loader.load_global()?;

    let global_prefix = loader
        .value("prefix")
        .and_then(|prefix| prefix.to_text().ok())
        .map_or(default_prefix, PathBuf::from);
    let exports = Exported {
        layers: &loader.layers,
        environment,
        installation: &installation,
    }
    .variables();
    // npm takes its request options before it validates and keeps them; only a scope without @ is
    // corrected in between, and that makes it take them again afterwards.
    let mut flat = Flat::take(&mut loader.layers, environment.current_directory())?;
    let retake = loader.complete_scope()?;
    loader.validate()?;
    if retake {
        flat = Flat::take(&mut loader.layers, environment.current_directory())?;
    }
    loader.check_workspace_flags()?;
    Ok(Config {
        layers: loader.layers,
        flat,
        environment: environment.clone(),
        installation,
        global_prefix,
        local_prefix,
        warnings: loader.warnings,
        unread_files: loader.unread_files,
        flag_keys,
        exports,
    })
}

/// `npm_config_*`, as keys. A name keeps its first underscore, and all of them when it is a
/// registry's key.
fn variables(environment: &Environment) -> Vec<(String, ConfigValue, Origin)> {
    const PREFIX: &str = "npm_config_";
    let mut values = super::value::KeyOrder::default();
    for (name, value) in environment.variables() {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let Some((prefix, key)) = name.split_at_checked(PREFIX.len()) else {
            continue;
        };
        if !prefix.eq_ignore_ascii_case(PREFIX) || value.is_empty() {
            continue;
        }
        let key = if key.starts_with("//") {
            key.to_owned()
        } else {
            let first = key.chars().next().map_or(0, char::len_utf8);
            let (first, rest) = key.split_at(first);
            format!("{first}{}", rest.replace('_', "-")).to_lowercase()
        };
        let origin = Origin::Variable {
            name: name.clone().into_owned(),
        };
        values.insert(&key, (ConfigValue::from(value.as_ref()), origin));
    }
    values
        .into_entries()
        .into_iter()
        .map(|(key, (value, origin))| (key, value, origin))
        .collect()
}

/// npm's sentence about a key it does not know; `place` is the layer's name, or `publishConfig`.
pub(super) fn unknown_key(place: &str, key: &str) -> Option<Warning> {
    let is_known = definition(key)
        .is_some_and(|definition| definition.owner != Owner::ConsignFlag || place == "cli");
    // npm looks into an object, which has more than its own keys.
    if is_known || INTERNAL.contains(&key) || INHERITED.contains(&key) {
        return None;
    }
    let hint = if place == "cli" {
        ""
    } else {
        " See `npm help npmrc` for supported config options."
    };
    let what = match key.rsplit_once(':') {
        None => {
            let dashes = if place == "cli" { "--" } else { "" };
            format!("\"{dashes}{key}\"")
        }
        Some((_, base)) if definition(base).is_some() || NERF_DARTED.contains(&base) => {
            return None;
        }
        Some((_, base)) => format!("\"{base}\" ({key})"),
    };
    Some(Warning::plain(format!(
        "Unknown {place} config {what}. This will stop working in the next major version of npm.{hint}"
    )))
}

struct Loader<'a> {
    layers: [LayerData; 7],
    environment: &'a Environment,
    warnings: Vec<Warning>,
    unread_files: Vec<UnreadFile>,
    /// Whether a `globalconfig` was met.
    has_global_config: bool,
    /// Files read so far, with the layer they were read for.
    sources: Vec<(String, Layer)>,
}

impl Loader<'_> {
    fn layer(&self, layer: Layer) -> &LayerData {
        &self.layers[layer as usize]
    }

    fn layer_mut(&mut self, layer: Layer) -> &mut LayerData {
        &mut self.layers[layer as usize]
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.layers
            .iter()
            .rev()
            .find_map(|layer| layer.entries.get(key))
    }

    fn value(&self, key: &str) -> Option<&ConfigValue> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Whether anything but the default sets the key, among what is loaded so far.
    fn is_set(&self, key: &str) -> bool {
        self.layers
            .iter()
            .skip(1)
            .any(|layer| layer.entries.contains(key))
    }

    fn register(&mut self, layer: Layer, source: &str) -> Result<(), ConfigError> {
        if let Some((_, previous)) = self.sources.iter().find(|(known, _)| known == source) {
            return Err(ConfigError::DoubleLoading {
                path: source.to_owned(),
                layer: layer.name(),
                previous: previous.name(),
            });
        }
        self.sources.push((source.to_owned(), layer));
        self.layer_mut(layer).source = Some(source.to_owned());
        Ok(())
    }

    fn load_object(
        &mut self,
        layer: Layer,
        source: &str,
        values: Vec<(String, ConfigValue, Origin)>,
    ) -> Result<(), ConfigError> {
        self.register(layer, source)?;
        for (raw_key, value, origin) in values {
            let key = expand(&raw_key, self.environment);
            let value = parse_field(&value, &key, self.environment);
            if layer != Layer::Default {
                let instead = definition(&key).and_then(|definition| definition.deprecated);
                if let Some(instead) = instead {
                    self.warnings.push(Warning::new(
                        "config",
                        format!("{key} is deprecated: {instead}"),
                    ));
                }
                if self.excluded(layer, &raw_key)? {
                    continue;
                }
                self.warnings.extend(unknown_key(layer.name(), &raw_key));
            }
            let target = self.target(layer, &key);
            self.layer_mut(target)
                .entries
                .insert(&key, Entry { value, origin });
        }
        Ok(())
    }

    /// The layer a key is filed in: its own, except for the first `globalconfig`. npm's default for
    /// it is an accessor that all layers inherit, and the first to set it sets the default.
    fn target(&mut self, layer: Layer, key: &str) -> Layer {
        if key == "globalconfig" && !self.has_global_config {
            self.has_global_config = true;
            return Layer::Default;
        }
        layer
    }

    /// Whether a variable is passed over because a flag that excludes it was given.
    fn excluded(&self, layer: Layer, key: &str) -> Result<bool, ConfigError> {
        let Some(definition) = definition(key) else {
            return Ok(false);
        };
        for other in definition.exclusive {
            if self.is_set(other) {
                if layer == Layer::Env && self.layer(Layer::Cli).entries.contains(other) {
                    return Ok(true);
                }
                return Err(ConfigError::Exclusive {
                    key: key.to_owned(),
                    other: (*other).to_owned(),
                });
            }
        }
        Ok(false)
    }

    fn load_file(&mut self, layer: Layer, path: &Path) -> Result<(), ConfigError> {
        let source = path.to_string_lossy().into_owned();
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                self.register(layer, &source)?;
                if error.kind() != std::io::ErrorKind::NotFound {
                    self.unread_files.push(UnreadFile {
                        layer,
                        path: path.to_path_buf(),
                        error,
                    });
                }
                return Ok(());
            }
        };
        let file = npmrc::parse(&text).map_err(|source| ConfigError::Npmrc {
            path: path.to_path_buf(),
            source,
        })?;
        let path = Arc::new(path.to_path_buf());
        let values = file
            .entries
            .into_iter()
            .map(|entry| {
                let origin = Origin::File {
                    layer,
                    path: Arc::clone(&path),
                    line: entry.line,
                };
                (entry.key, entry.value, origin)
            })
            .collect();
        self.load_object(layer, &source, values)
    }

    /// Reads the file that `key` names. A value that is no text names none.
    fn load_file_of(&mut self, key: &str, layer: Layer) -> Result<(), ConfigError> {
        let Some(entry) = self.entry(key) else {
            return Ok(());
        };
        text_of(key, entry)?;
        match &entry.value {
            ConfigValue::String(path) => {
                let path = PathBuf::from(path);
                self.load_file(layer, &path)
            }
            _ => Ok(()),
        }
    }

    /// The default of `globalconfig` follows the prefix, whoever sets it.
    fn follow_prefix(&mut self) -> Result<(), ConfigError> {
        if self.has_global_config {
            return Ok(());
        }
        let Some(entry) = self.entry("prefix") else {
            return Ok(());
        };
        let Some(prefix) = entry.value.as_text() else {
            return Err(ConfigError::NotText {
                key: "prefix".to_owned(),
                origin: entry.origin.to_string(),
            });
        };
        let path = resolve(Path::new(prefix), "etc/npmrc");
        let entry = Entry {
            value: path.to_string_lossy().into_owned().into(),
            origin: Origin::Default,
        };
        self.layer_mut(Layer::Default)
            .entries
            .insert("globalconfig", entry);
        Ok(())
    }

    fn load_global(&mut self) -> Result<(), ConfigError> {
        self.follow_prefix()?;
        self.load_file_of("globalconfig", Layer::Global)?;
        // The global file may name a prefix of its own; what is read stays, what is shown moves.
        self.follow_prefix()
    }

    /// Finds the local prefix and reads its `.npmrc`, unless that is the user's.
    fn load_project(&mut self) -> Result<PathBuf, ConfigError> {
        let is_global = self.value("global").is_some_and(ConfigValue::is_truthy)
            || self.value("location").and_then(ConfigValue::as_text) == Some("global");
        let search = Search {
            prefix: self
                .layer(Layer::Cli)
                .value("prefix")
                .and_then(ConfigValue::as_text)
                .filter(|prefix| !prefix.is_empty()),
            ignore_workspaces: is_global
                || self.layer(Layer::Cli).value("workspaces") == Some(&ConfigValue::Bool(false)),
        };
        let found = prefix::local_prefix(self.environment, search)?;
        if let Some(member) = &found.member {
            let own = member.join(".npmrc");
            if own.is_file() {
                self.warnings.push(Warning::new(
                    "config",
                    format!("ignoring workspace config at {}", own.display()),
                ));
            }
            let value = ConfigValue::Array(vec![member.to_string_lossy().into_owned().into()]);
            let origin = Origin::ImplicitWorkspace;
            self.layer_mut(Layer::Default)
                .entries
                .insert("workspace", Entry { value, origin });
        }
        let is_global = self.value("global") == Some(&ConfigValue::Bool(true))
            || self.value("location").and_then(ConfigValue::as_text) == Some("global");
        let file = resolve(&found.directory, ".npmrc");
        let is_user_config = self.value("userconfig").and_then(ConfigValue::as_text)
            == Some(file.to_string_lossy().as_ref());
        if !is_global && !is_user_config {
            self.load_file(Layer::Project, &file)?;
        }
        Ok(found.directory)
    }

    /// Puts the @ in front of a scope, in its layer. Says whether it was missing.
    fn complete_scope(&mut self) -> Result<bool, ConfigError> {
        for layer in self.layers.iter_mut().rev() {
            let Some(entry) = layer.entries.get_mut("scope") else {
                continue;
            };
            if !entry.value.is_truthy() {
                return Ok(false);
            }
            let scope = text_of("scope", entry)?;
            if scope.starts_with('@') {
                return Ok(false);
            }
            entry.value = format!("@{scope}").into();
            return Ok(true);
        }
        Ok(false)
    }

    /// npm validates its layers from weak to strong and looks at the registry in between, when the
    /// stronger ones are not validated yet: that is where a registry that is no URL fails.
    fn validate(&mut self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        for layer in [Layer::Global, Layer::User, Layer::Project, Layer::Env] {
            let environment = self.environment;
            let mut warnings = std::mem::take(&mut self.warnings);
            clean_layer(self.layer_mut(layer), environment, &mut warnings)?;
            self.warnings = warnings;
            if layer == Layer::Env {
                continue;
            }
            let nerf_dart = match self.entry("registry") {
                Some(entry) => {
                    let text = text_of("registry", entry)?;
                    RegistryUrl::parse(&text)
                        .map_err(|_| ConfigError::InvalidUrl {
                            key: "registry".to_owned(),
                            origin: entry.origin.to_string(),
                        })?
                        .nerf_dart()
                }
                None => String::new(),
            };
            problems.extend(auth_problems(self.layer(layer), layer, &nerf_dart));
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::InvalidAuth(problems))
        }
    }

    fn check_workspace_flags(&self) -> Result<(), ConfigError> {
        let names_some = match self.value("workspace") {
            Some(ConfigValue::Array(items)) => !items.is_empty(),
            Some(ConfigValue::String(text)) => !text.is_empty(),
            _ => false,
        };
        if self.value("workspaces") == Some(&ConfigValue::Bool(false)) && names_some {
            return Err(ConfigError::WorkspacesDisabled);
        }
        Ok(())
    }
}

/// `String(value)` of an entry.
pub(super) fn text_of(key: &str, entry: &Entry) -> Result<String, ConfigError> {
    entry
        .value
        .to_text()
        .map_err(|source| ConfigError::NotPrimitive {
            key: key.to_owned(),
            origin: entry.origin.to_string(),
            source,
        })
}

/// Credentials in a file that do not say for which registry they are.
fn auth_problems(data: &LayerData, layer: Layer, nerf_dart: &str) -> Vec<AuthProblem> {
    let is_set = |key: &str| data.value(key).is_some_and(ConfigValue::is_truthy);
    let mut problems = Vec::new();
    let mut report = |key: &str, rename: bool| {
        if let Some(entry) = data.entries.get(key) {
            problems.push(AuthProblem {
                key: key.to_owned(),
                rename_to: rename.then(|| format!("{nerf_dart}:{key}")),
                layer,
                origin: entry.origin.to_string(),
            });
        }
    };
    for key in ["_authtoken", "-authtoken"] {
        if is_set(key) {
            report(key, false);
        }
    }
    for key in ["_auth", "_authToken", "username", "_password"] {
        if is_set(key) {
            // User and password count only together, in one file.
            let lone = (key == "username" && !is_set("_password"))
                || (key == "_password" && !is_set("username"));
            report(key, !lone);
        }
    }
    problems
}
