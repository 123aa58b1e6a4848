//! The options npm makes its requests with (`@npmcli/config` 10.12 `definitions/index.js`,
//! `flatten`).
//!
//! Each layer is folded over the weaker ones, key by key in its own order. A few keys write more
//! than themselves: a `cafile` becomes `ca`, an `otp` turns `auth-type` to `legacy`.

use std::path::{Path, PathBuf};

use super::authorities::{self, Authorities, Cafile};
use super::definitions::definition;
use super::load::text_of;
use super::problem::ConfigError;
use super::sources::{Entry, LayerData, Origin};
use super::value::{ConfigValue, KeyOrder};
use crate::manifest::json::text;

/// Folded options, by npm's key names; registries' keys (`//host/:_authToken`) and
/// `@scope:registry` as they are written.
#[derive(Clone)]
pub struct Flat {
    entries: KeyOrder<Entry>,
    /// The `cafile` whose certificates stand for `ca`, where its value does not.
    cafile: Option<PathBuf>,
    /// What a relative `cafile` is relative to. Only `publishConfig` can hold one.
    directory: PathBuf,
}

/// Keys that npm does not hand to requests.
const NOT_FLAT: [&str; 28] = [
    "expect-result-count",
    "expect-results",
    "init-author-email",
    "init-author-name",
    "init-author-url",
    "init-license",
    "init-module",
    "init-type",
    "init-version",
    "init.author.email",
    "init.author.name",
    "init.author.url",
    "init.license",
    "init.module",
    "init.version",
    "link",
    "logs-dir",
    "logs-max",
    "long",
    "node-options",
    "prefix",
    "timing",
    "update-notifier",
    "usage",
    "userconfig",
    "version",
    "versions",
    "viewer",
];

impl Flat {
    /// Folds the layers, weakest first.
    pub(crate) fn take(layers: &mut [LayerData; 7], directory: &Path) -> Result<Self, ConfigError> {
        let mut flat = Self {
            entries: KeyOrder::default(),
            cafile: None,
            directory: directory.to_path_buf(),
        };
        for layer in layers {
            for key in layer.entries.keys() {
                // A key may be written to by one before it (`auth-type`), so it is read only now.
                if let Some(entry) = layer.entries.get(&key).cloned()
                    && let Some(auth_type) = flat.fold(&key, entry)?
                {
                    layer.entries.insert("auth-type", auth_type);
                }
            }
        }
        Ok(flat)
    }

    /// This state with the keys of a `publishConfig` on top, except those given as flags.
    pub(crate) fn overlaid(
        &self,
        publish_config: &serde_json::Value,
        flag_keys: &[String],
    ) -> Result<Self, ConfigError> {
        let mut flat = self.clone();
        let entries = publish_config_entries(publish_config, flag_keys);
        let has_otp = entries
            .iter()
            .any(|(key, value)| key == "otp" && value.is_truthy());
        let mut otp_met = false;
        let names_user_agent = entries
            .iter()
            .any(|(key, value)| key == "user-agent" && value.as_text().is_some());
        for (key, mut value) in entries {
            let origin = Origin::PublishConfig { key: key.clone() };
            if matches!(key.as_str(), "workspace" | "workspaces") && !names_user_agent {
                // Either makes npm fill in the `user-agent` of the same object; it stops where
                // there is none.
                return Err(ConfigError::NotText {
                    key: "user-agent".to_owned(),
                    origin: origin.to_string(),
                });
            }
            otp_met |= key == "otp";
            if key == "auth-type" && has_otp && otp_met {
                value = "legacy".into();
            }
            flat.fold(&key, Entry { value, origin })?;
        }
        Ok(flat)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<&ConfigValue> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// All entries.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter()
    }

    /// Takes one key over. Returns what `auth-type` becomes in the same layer, if it changes.
    fn fold(&mut self, key: &str, entry: Entry) -> Result<Option<Entry>, ConfigError> {
        if definition(key).is_none() || NOT_FLAT.contains(&key) {
            if definition(key).is_none() && (names_scope_registry(key) || key.starts_with("//")) {
                self.entries.insert(key, entry);
            }
            return Ok(None);
        }
        let value = match key {
            "access" if entry.value.as_text() == Some("private") => "restricted".into(),
            "scope" if entry.value.is_truthy() => {
                let scope = text_of(key, &entry)?;
                if scope.starts_with('@') {
                    entry.value.clone()
                } else {
                    format!("@{scope}").into()
                }
            }
            "script-shell" if !entry.value.is_truthy() => ConfigValue::Undefined,
            "noproxy" if matches!(entry.value, ConfigValue::Array(_)) => {
                text_of(key, &entry)?.into()
            }
            "user-agent" | "cache" | "searchexclude" if entry.value.as_text().is_none() => {
                return Err(not_text(key, &entry));
            }
            "omit" | "include"
                if entry.value.is_truthy()
                    && !matches!(entry.value, ConfigValue::Array(_) | ConfigValue::String(_)) =>
            {
                return Err(not_text(key, &entry));
            }
            "min-release-age-exclude" if !matches!(entry.value, ConfigValue::Array(_)) => {
                return Err(not_text(key, &entry));
            }
            // npm makes numbers of these, and a section is none.
            "lockfile-version" | "cache-max" | "cache-min" | "min-release-age" => {
                if entry.value.is_truthy() {
                    text_of(key, &entry)?;
                }
                entry.value.clone()
            }
            "cafile" => {
                self.take_cafile(&entry)?;
                entry.value.clone()
            }
            "location" if self.is_true("global") => "global".into(),
            _ => entry.value.clone(),
        };
        let mut auth_type = None;
        match key {
            "otp" if entry.value.is_truthy() => {
                let legacy = Entry {
                    value: "legacy".into(),
                    origin: entry.origin.clone(),
                };
                self.entries.insert("auth-type", legacy.clone());
                auth_type = Some(legacy);
            }
            "ca" => self.cafile = None,
            "global" if entry.value.is_truthy() => {
                let location = Entry {
                    value: "global".into(),
                    origin: entry.origin.clone(),
                };
                self.entries.insert("location", location);
            }
            _ => {}
        }
        let origin = entry.origin;
        self.entries.insert(key, Entry { value, origin });
        Ok(auth_type)
    }

    fn is_true(&self, key: &str) -> bool {
        self.value(key).is_some_and(ConfigValue::is_truthy)
    }

    /// Lets the certificates of a `cafile` stand for `ca`. A file that is missing or empty counts for
    /// nothing.
    fn take_cafile(&mut self, entry: &Entry) -> Result<(), ConfigError> {
        if !entry.value.is_truthy() {
            return Ok(());
        }
        text_of("cafile", entry)?;
        let Some(path) = entry.value.as_text() else {
            return Err(not_text("cafile", entry));
        };
        let path = self.directory.join(path);
        match authorities::look_at(&path) {
            Ok(Cafile::Empty) => {}
            Ok(Cafile::ReadLater) => self.cafile = Some(path),
            Ok(Cafile::Read(certificates)) => {
                let certificates = certificates.into_iter().map(ConfigValue::from).collect();
                let value = ConfigValue::Array(certificates);
                let origin = entry.origin.clone();
                self.entries.insert("ca", Entry { value, origin });
                self.cafile = None;
            }
            Err(source) => {
                return Err(ConfigError::Read {
                    key: "cafile".to_owned(),
                    origin: entry.origin.to_string(),
                    path,
                    source,
                });
            }
        }
        Ok(())
    }

    /// Whose certificates are believed.
    pub fn authorities(&self) -> Authorities {
        if let Some(path) = &self.cafile {
            return Authorities::File(path.clone());
        }
        match self.value("ca") {
            Some(ConfigValue::Array(items)) => items
                .iter()
                .filter_map(ConfigValue::as_text)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect(),
            Some(ConfigValue::String(text)) => [text.clone()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect(),
            _ => Authorities::System,
        }
    }
}

/// Values may be credentials: only keys and origins are shown.
impl std::fmt::Debug for Flat {
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

fn not_text(key: &str, entry: &Entry) -> ConfigError {
    ConfigError::NotText {
        key: key.to_owned(),
        origin: entry.origin.to_string(),
    }
}

/// Whether npm hands the key on as a scope's registry: an @ somewhere before a final `:registry`.
fn names_scope_registry(key: &str) -> bool {
    let Some(at) = key.rfind('@') else {
        return false;
    };
    let after = key.get(at + 1..).unwrap_or_default();
    let Some(start) = after.len().checked_sub(":registry".len()) else {
        return false;
    };
    after
        .get(start..)
        .is_some_and(|end| end.eq_ignore_ascii_case(":registry"))
        && !after.contains(['\n', '\r', '\u{2028}', '\u{2029}'])
}

/// The keys of a `publishConfig` that count, in JavaScript's order. Text and arrays have keys too.
pub(crate) fn publish_config_entries(
    publish_config: &serde_json::Value,
    flag_keys: &[String],
) -> Vec<(String, ConfigValue)> {
    let mut entries = KeyOrder::default();
    match publish_config {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                entries.insert(key, ConfigValue::from_json(value));
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                entries.insert(&index.to_string(), ConfigValue::from_json(value));
            }
        }
        // An entry for each UTF-16 unit, as JavaScript has it.
        serde_json::Value::String(kept) => {
            for (index, unit) in text::units(kept).into_iter().enumerate() {
                entries.insert(&index.to_string(), text::from_units(&[unit]).into());
            }
        }
        _ => {}
    }
    entries
        .into_entries()
        .into_iter()
        .filter(|(key, _)| !flag_keys.contains(key))
        .collect()
}
