//! The configuration as consign's commands use it: named fields instead of keys.
//!
//! npm reads some keys validated (`config.get`) and some as loaded and with `publishConfig` on top
//! (its request options); each field here says which it is, because they can differ.

use std::path::PathBuf;

use super::sources::default_color;
use super::transport::{Proxies, Retry, Tls};
use super::value::ConfigValue;
use super::{Config, ConfigError, Flat, is_ci};
use crate::environment::Environment;
use crate::node::resolve;
use crate::output::{Colors, Level};
use crate::registry::Secret;

/// What commands ask for. Everything from the validated state: `publishConfig` does not touch it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of npm's own, independent of the others"
)]
#[derive(Debug, Clone)]
pub struct Settings {
    /// `dry-run`.
    pub dry_run: bool,
    /// `json`.
    pub json: bool,
    /// `force`.
    pub force: bool,
    /// `loglevel`.
    pub log_level: Level,
    /// `unicode`.
    pub unicode: bool,
    /// `color`: which streams show colours.
    pub colors: Colors,
    /// `progress`: whether somebody at a terminal is shown how far long work is.
    pub progress: bool,
    /// `tag`, as notices show it and as it is checked not to be a version range.
    pub tag: String,
    /// Whether nothing sets `tag`: npm then refuses prereleases and lower versions.
    pub tag_is_default: bool,
    /// `ignore-scripts` for `prepublishOnly`, `publish` and `postpublish`.
    pub ignore_scripts: bool,
    /// `foreground-scripts`: on for packing and publishing unless it is set.
    pub foreground_scripts: bool,
    /// `workspaces`; `None` where it is neither on nor off.
    pub workspaces: Option<bool>,
    /// `workspace` names, paths and folders; the workspace one stands in, if nothing sets it.
    pub workspace: Vec<String>,
    /// Whether `workspace` comes from where the command was started.
    pub workspace_is_implicit: bool,
    /// `include-workspace-root`.
    pub include_workspace_root: bool,
    /// `userconfig`.
    pub user_config: Option<PathBuf>,
}

impl Settings {
    /// Reads the validated state.
    pub(super) fn read(config: &Config) -> Self {
        let is_true = |key: &str| config.value(key).is_some_and(ConfigValue::is_truthy);
        let text = |key: &str| config.value(key).and_then(ConfigValue::as_text);
        Self {
            dry_run: is_true("dry-run"),
            json: is_true("json"),
            force: is_true("force"),
            log_level: text("loglevel")
                .and_then(Level::from_name)
                .unwrap_or_default(),
            unicode: is_true("unicode"),
            colors: colors(config.value("color"), config.environment()),
            progress: progress(config),
            tag: text("tag").unwrap_or_default().to_owned(),
            tag_is_default: config.is_default("tag"),
            ignore_scripts: is_true("ignore-scripts"),
            foreground_scripts: config.is_default("foreground-scripts")
                || is_true("foreground-scripts"),
            workspaces: match config.value("workspaces") {
                Some(ConfigValue::Bool(value)) => Some(*value),
                _ => None,
            },
            workspace: config.value("workspace").map(texts).unwrap_or_default(),
            workspace_is_implicit: config.implicit_workspace().is_some()
                && config.is_default("workspace"),
            include_workspace_root: is_true("include-workspace-root"),
            user_config: text("userconfig").map(PathBuf::from),
        }
    }

    /// Whether the command works on workspaces: `-ws`, `-w`, or started in one.
    pub fn uses_workspaces(&self) -> bool {
        self.workspaces == Some(true) || !self.workspace.is_empty()
    }
}

/// What a package is packed and sent with: as loaded, with its `publishConfig` on top.
#[derive(Debug, Clone)]
pub struct RequestSettings {
    /// The dist-tag to set, if the manifest has no `tag` of its own. npm writes `null` for a tag
    /// that is `null`.
    pub tag: String,
    /// `access` as it is sent, `null` where nothing sets it: `private` is `restricted`; a `publishConfig` may say
    /// anything, no string even.
    pub access: ConfigValue,
    /// `otp`.
    pub otp: Option<Secret>,
    /// `npm-auth-type`: `web`, or `legacy`, which it always is with an otp.
    pub auth_type: String,
    /// `npm-scope`: the configured scope, with its @.
    pub scope: Option<String>,
    /// `ignore-scripts` for `prepack`, `prepare` and `postpack`.
    pub ignore_scripts: bool,
    /// `pack-destination`, absolute.
    pub pack_destination: PathBuf,
    /// `provenance`; `None` where nothing sets it.
    pub provenance: Option<bool>,
    /// `provenance-file`.
    pub provenance_file: Option<PathBuf>,
    /// Retries and time limits.
    pub retry: Retry,
    /// Certificates.
    pub tls: Tls,
    /// Proxies.
    pub proxies: Proxies,
}

impl RequestSettings {
    /// Reads a flat state.
    pub(super) fn read(config: &Config, flat: &Flat) -> Result<Self, ConfigError> {
        let environment = config.environment();
        let directory = environment.current_directory();
        let is_true = |key: &str| flat.value(key).is_some_and(ConfigValue::is_truthy);
        let text = |key: &str| {
            flat.value(key)
                .filter(|value| value.is_truthy())
                .and_then(|value| value.to_text().ok())
        };
        Ok(Self {
            tag: flat
                .value("tag")
                .and_then(|tag| tag.to_text().ok())
                .unwrap_or_else(|| "latest".to_owned()),
            access: match flat.value("access") {
                None | Some(ConfigValue::Undefined) => ConfigValue::Null,
                Some(access) => access.clone(),
            },
            otp: text("otp").map(Secret::from),
            auth_type: text("auth-type").unwrap_or_default(),
            scope: text("scope"),
            ignore_scripts: is_true("ignore-scripts"),
            pack_destination: resolve(directory, text("pack-destination").unwrap_or_default()),
            provenance: flat
                .entry("provenance")
                .filter(|entry| entry.origin != super::Origin::Default)
                .map(|entry| entry.value.is_truthy()),
            provenance_file: text("provenance-file").map(|path| resolve(directory, path)),
            retry: Retry::read(flat),
            tls: Tls::read(flat, environment),
            proxies: Proxies::read(flat, environment)?,
        })
    }
}

/// npm's decision (`definitions.js`, `color`) by that key's value, if it has one: `always` or never, else where there is a terminal. The
/// variables that other programs know (`FORCE_COLOR`, `TERM`) do not count; `NO_COLOR` is the default.
pub fn colors(color: Option<&ConfigValue>, environment: &Environment) -> Colors {
    if color.and_then(ConfigValue::as_text) == Some("always") {
        return Colors::ALWAYS;
    }
    if !color.map_or_else(|| default_color(environment), ConfigValue::is_truthy) {
        return Colors::default();
    }
    let terminals = environment.terminals();
    Colors {
        stdout: terminals.stdout,
        stderr: terminals.stderr,
    }
}

/// npm's decision, except that stdout may go elsewhere: the bar is on stderr. Nothing is drawn where JSON is asked for:
/// a program reads along.
fn progress(config: &Config) -> bool {
    let environment = config.environment();
    let is_on = |key: &str| config.value(key).is_some_and(ConfigValue::is_truthy);
    let is_wanted = if config.is_default("progress") {
        !is_ci(environment)
    } else {
        is_on("progress")
    };
    is_wanted
        && environment.terminals().stderr
        && environment.variable("TERM").as_deref() != Some("dumb")
        && !is_on("json")
}

/// A list's texts; a single text is a list of one.
fn texts(value: &ConfigValue) -> Vec<String> {
    match value {
        ConfigValue::Array(items) => items
            .iter()
            .filter_map(|item| item.to_text().ok())
            .collect(),
        ConfigValue::String(text) if !text.is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}
