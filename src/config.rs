//! npm's configuration: flags, variables and `.npmrc` files in layers, each value knowing where it
//! was written (`@npmcli/config` 10.12.0; npm-behaviour.md §6).
//!
//! [`Config::load`] reads everything once. npm looks at its configuration in two states, and both
//! decide what is published, so both are kept:
//!
//! * **flat**, taken as loaded: what requests are made with (registry, credentials, tag);
//! * **validated**: values of the wrong type dropped, the rest coerced. What commands ask with
//!   `config.get` (`dry-run`, `json`, ...), and what the check for credentials looks at.
//!
//! So a registry that is no URL is dropped from the one and still fails in the other.
//! [`Settings`] and [`RequestSettings`] are the typed views over them.

mod authorities;
mod definitions;
mod expand;
mod exports;
mod field;
mod flags;
mod flat;
mod installation;
mod legacy_url;
mod load;
mod npmrc;
mod prefix;
mod problem;

mod settings;
mod sources;
mod transport;
mod user_agent;
mod validate;
mod value;

use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::workspace::{self, Member, Selection, WorkspaceError};

pub use expand::{expand, unset_references};
pub use flags::Flags;
pub use flat::Flat;
pub use installation::{Installation, find_program};
pub use npmrc::{
    Npmrc, NpmrcEntry, NpmrcError, Readers, parse as parse_npmrc, save as save_npmrc,
    set as set_in_npmrc,
};
pub use problem::{AuthProblem, ConfigError, UnreadFile, Warning};

pub use authorities::Authorities;
pub use settings::{RequestSettings, Settings, colors};
pub use sources::{Entry, Layer, Origin};
pub use transport::{Proxies, Proxy, Retry, Tls};
pub use user_agent::{NPM_VERSION, ci_name, filled_user_agent, is_ci, user_agent};
pub use value::{ConfigValue, NotPrimitive};

use sources::LayerData;

/// npm's warning when a command is given packages beside workspaces.
pub const WORKSPACES_IGNORED: &str = "Ignoring workspaces for specified package(s)";

/// The configuration of one run.
pub struct Config {
    layers: [LayerData; 7],
    flat: Flat,
    environment: Environment,
    installation: Installation,
    global_prefix: PathBuf,
    local_prefix: PathBuf,
    warnings: Vec<Warning>,
    unread_files: Vec<UnreadFile>,
    /// `npm_config_*` and the like for scripts.
    exports: Vec<(String, String)>,
    /// Keys given as flags, which `publishConfig` does not override.
    flag_keys: Vec<String>,
}

impl Config {
    /// Reads all layers, in npm's order: the project's file may move the user's, the user's the
    /// global one. Then validates them.
    ///
    /// # Errors
    /// What stops npm whichever command is run: unscoped credentials (`ERR_INVALID_AUTH`), a
    /// `registry` that is no URL, keys that exclude each other, a workspace root whose members
    /// cannot be read, an unreadable `cafile`.
    pub fn load(environment: &Environment, flags: Flags) -> Result<Self, ConfigError> {
        Self::load_with(environment, flags, Installation::find(environment))
    }

    /// As [`Config::load`], with the Node and npm to assume.
    pub fn load_with(
        environment: &Environment,
        flags: Flags,
        installation: Installation,
    ) -> Result<Self, ConfigError> {
        load::load(environment, flags, installation)
    }

    /// The strongest entry of a key in the validated state.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        Layer::ALL
            .iter()
            .rev()
            .find_map(|layer| self.layer(*layer).entries.get(key))
    }

    /// The strongest value of a key in the validated state.
    pub fn value(&self, key: &str) -> Option<&ConfigValue> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Whether nothing but the default sets the key.
    pub fn is_default(&self, key: &str) -> bool {
        self.layer(Layer::Default).entries.contains(key)
            && Layer::ALL
                .iter()
                .filter(|layer| **layer != Layer::Default)
                .all(|layer| !self.layer(*layer).entries.contains(key))
    }

    /// All entries of one layer, in the order npm lists them, with their keys.
    pub fn layer_entries(&self, layer: Layer) -> impl Iterator<Item = (&str, &Entry)> {
        self.layer(layer).entries.iter()
    }

    /// The workspaces a command works on: `None` without `-w` or `-ws` and outside of a workspace.
    ///
    /// A command with arguments other than `.` works on those instead and warns with
    /// [`WORKSPACES_IGNORED`].
    ///
    /// # Errors
    /// The members' ([`workspace::select`]).
    pub fn workspaces(&self) -> Result<Option<Vec<Member>>, WorkspaceError> {
        let settings = self.settings();
        if !settings.uses_workspaces() {
            return Ok(None);
        }
        let selection = Selection {
            filters: settings.workspace,
            include_root: settings.include_workspace_root,
        };
        let directory = self.environment.current_directory();
        workspace::select(&self.local_prefix, &selection, directory).map(Some)
    }

    /// Every entry of every layer, strongest layer first; one key may come more than once.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        Layer::ALL
            .iter()
            .rev()
            .flat_map(|layer| self.layer(*layer).entries.iter())
    }

    /// The state requests are made with.
    pub fn flat(&self) -> &Flat {
        &self.flat
    }

    /// The flat state with a package's `publishConfig` laid over it. Keys that were given as flags
    /// stay as they are.
    ///
    /// # Errors
    /// As for [`Config::load`] where a key's own reading fails (`cafile`, `cache`, ...).
    pub fn flat_with(&self, publish_config: &serde_json::Value) -> Result<Flat, ConfigError> {
        self.flat.overlaid(publish_config, &self.flag_keys)
    }

    /// The validated state with named fields.
    pub fn settings(&self) -> Settings {
        Settings::read(self)
    }

    /// A flat state with named fields: [`Config::flat`] or what [`Config::flat_with`] made of it.
    ///
    /// # Errors
    /// A proxy that is no URL.
    pub fn request_settings(&self, flat: &Flat) -> Result<RequestSettings, ConfigError> {
        RequestSettings::read(self, flat)
    }

    /// npm's warnings about keys of a `publishConfig` that it does not know.
    pub fn publish_config_warnings(&self, publish_config: &serde_json::Value) -> Vec<Warning> {
        flat::publish_config_entries(publish_config, &self.flag_keys)
            .iter()
            .filter_map(|(key, _)| load::unknown_key("publishConfig", key))
            .collect()
    }

    /// What npm warns about while it loads and validates, in its order.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Configuration files that are there and could not be read. npm passes over them in silence
    /// (`verbose`), so a message about missing credentials should name them.
    pub fn unread_files(&self) -> &[UnreadFile] {
        &self.unread_files
    }

    /// The directory of the package or workspace root that the command works on.
    pub fn local_prefix(&self) -> &Path {
        &self.local_prefix
    }

    /// The global prefix after all layers are read.
    pub fn global_prefix(&self) -> &Path {
        &self.global_prefix
    }

    /// The workspace the command was started in, if it is one.
    pub fn implicit_workspace(&self) -> Option<PathBuf> {
        match self.layer(Layer::Default).value("workspace") {
            Some(ConfigValue::Array(items)) => items
                .first()
                .and_then(ConfigValue::as_text)
                .map(PathBuf::from),
            _ => None,
        }
    }

    /// The surroundings the configuration was read from.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The Node and npm found on this machine.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// The variables that tell scripts of this configuration: `npm_config_<key>` for every key
    /// that is not at its default, `EDITOR`, `NODE_OPTIONS`, `NODE_ENV`. They lie over the
    /// inherited environment. Some may be secret (`npm_config_otp`).
    pub fn exported_variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.exports
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn layer(&self, layer: Layer) -> &LayerData {
        &self.layers[layer as usize]
    }
}

/// Values may be credentials: only keys and origins are shown.
impl std::fmt::Debug for Config {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut map = formatter.debug_map();
        for (key, entry) in self.entries() {
            if entry.origin != Origin::Default {
                map.entry(&key, &format_args!("{}", entry.origin));
            }
        }
        map.finish()
    }
}
