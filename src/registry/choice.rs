//! Which registry a package belongs to (`npm-registry-fetch` 19.1.1 `pickRegistry`).

use super::url::{DEFAULT_REGISTRY, InvalidRegistryUrl, RegistryUrl};
use crate::config::{Config, ConfigValue, Flat, Origin};

/// The chosen registry and what chose it.
#[derive(Debug, Clone)]
pub struct Registry {
    /// The address.
    pub url: RegistryUrl,
    /// The key that named it: `@scope:registry` or `registry`.
    pub key: String,
    /// Where that key was written.
    pub origin: Origin,
}

/// Why no registry could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum RegistryChoiceError {
    /// The value is no URL (`ERR_INVALID_URL`).
    #[error("`{key}` from {origin} is not the address of a registry")]
    Invalid {
        /// The key.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// What is wrong with it.
        source: InvalidRegistryUrl,
    },
    /// The value is a list, a section or a bare word: npm stops at it without a code.
    #[error("`{key}` from {origin} must be text")]
    NotText {
        /// The key.
        key: String,
        /// Where it was written.
        origin: Origin,
    },
}

impl RegistryChoiceError {
    /// npm's error code, where it has one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { source, .. } => Some(source.code()),
            Self::NotText { .. } => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let (Self::Invalid { key, .. } | Self::NotText { key, .. }) = self;
        if key == "scope" {
            return Some("write scope=@name".to_owned());
        }
        Some(format!(
            "write {key} as a full URL that ends with a slash, for example https://host/path/"
        ))
    }
}

impl Registry {
    /// The registry for a package: `@scope:registry` of the package's own scope, else of the
    /// configured `scope`, else `registry`. `scope` is the package's, with its @.
    ///
    /// # Errors
    /// A value that is no text or no URL. npm cannot even pack where `registry` itself is no text,
    /// whether it is used or not.
    pub fn choose(flat: &Flat, scope: Option<&str>) -> Result<Self, RegistryChoiceError> {
        let key = "registry";
        if let Some(entry) = flat.entry(key).filter(|entry| entry.value.is_truthy())
            && entry.value.as_text().is_none()
        {
            return Err(RegistryChoiceError::NotText {
                key: key.to_owned(),
                origin: entry.origin.clone(),
            });
        }
        if let Some(scope) = scope
            && let Some(registry) = Self::named(flat, format!("{}:registry", with_at(scope)))
        {
            return registry;
        }
        if let Some(entry) = flat.entry("scope").filter(|entry| entry.value.is_truthy()) {
            let Some(scope) = entry.value.as_text() else {
                return Err(RegistryChoiceError::NotText {
                    key: "scope".to_owned(),
                    origin: entry.origin.clone(),
                });
            };
            if let Some(registry) = Self::named(flat, format!("{}:registry", with_at(scope))) {
                return registry;
            }
        }
        Self::named(flat, "registry".to_owned()).unwrap_or_else(|| {
            let key = "registry".to_owned();
            Self::new(key, &DEFAULT_REGISTRY.into(), Origin::Default)
        })
    }

    /// The registry that a key names, if it is set.
    fn named(flat: &Flat, key: String) -> Option<Result<Self, RegistryChoiceError>> {
        let entry = flat.entry(&key).filter(|entry| entry.value.is_truthy())?;
        Some(Self::new(key, &entry.value, entry.origin.clone()))
    }

    fn new(key: String, value: &ConfigValue, origin: Origin) -> Result<Self, RegistryChoiceError> {
        let Ok(text) = value.to_text() else {
            return Err(RegistryChoiceError::NotText { key, origin });
        };
        match RegistryUrl::parse(&text) {
            Ok(_) if value.as_text().is_none() => Err(RegistryChoiceError::NotText { key, origin }),
            Ok(url) => Ok(Self { url, key, origin }),
            Err(source) => Err(RegistryChoiceError::Invalid {
                key,
                origin,
                source,
            }),
        }
    }

    /// The registry for a package under a configuration and the package's `publishConfig`.
    pub fn for_package(
        config: &Config,
        publish_config: Option<&serde_json::Value>,
        scope: Option<&str>,
    ) -> Result<Self, crate::registry::credentials::CredentialError> {
        Ok(match publish_config {
            Some(publish_config) => Self::choose(&config.flat_with(publish_config)?, scope)?,
            None => Self::choose(config.flat(), scope)?,
        })
    }
}

fn with_at(scope: &str) -> String {
    format!("@{}", scope.strip_prefix('@').unwrap_or(scope))
}
