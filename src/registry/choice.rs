//! Which registry a package belongs to (`npm-registry-fetch` 19.1.1 `pickRegistry`).

use super::url::{DEFAULT_REGISTRY, InvalidRegistryUrl, RegistryUrl};
use crate::config::{Config, ConfigValue, Flat, NotPrimitive, Origin};

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
    /// The value is a section.
    #[error("`{key}` from {origin} is not the address of a registry")]
    NotPrimitive {
        /// The key.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// npm's failure.
        source: NotPrimitive,
    },
}

impl RegistryChoiceError {
    /// npm's error code, where it has one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Invalid { source, .. } => Some(source.code()),
            Self::NotPrimitive { .. } => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let (Self::Invalid { key, .. } | Self::NotPrimitive { key, .. }) = self;
        Some(format!(
            "write {key} as a full URL that ends with a slash, for example https://host/path/"
        ))
    }
}

impl Registry {
    /// The registry for a package: `@scope:registry` of the package's own scope, else of the
    /// configured `scope`, else `registry`. `scope` is the package's, with its @.
    pub fn choose(flat: &Flat, scope: Option<&str>) -> Result<Self, RegistryChoiceError> {
        let configured = flat
            .value("scope")
            .and_then(ConfigValue::as_text)
            .filter(|scope| !scope.is_empty())
            .map(with_at);
        let keys = [
            scope.map(|scope| format!("{}:registry", with_at(scope))),
            configured.map(|scope| format!("{scope}:registry")),
            Some("registry".to_owned()),
        ];
        for key in keys.into_iter().flatten() {
            if let Some(entry) = flat.entry(&key).filter(|entry| entry.value.is_truthy()) {
                return Self::new(key, &entry.value, entry.origin.clone());
            }
        }
        Self::new(
            "registry".to_owned(),
            &DEFAULT_REGISTRY.into(),
            Origin::Default,
        )
    }

    fn new(key: String, value: &ConfigValue, origin: Origin) -> Result<Self, RegistryChoiceError> {
        let text = match value.to_text() {
            Ok(text) => text,
            Err(source) => {
                return Err(RegistryChoiceError::NotPrimitive {
                    key,
                    origin,
                    source,
                });
            }
        };
        match RegistryUrl::parse(&text) {
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
