//! Credentials for a registry, found as npm finds them.
//!
//! npm looks twice. Before it publishes it wants credentials under exactly the registry's
//! directory (`@npmcli/config` 10.12 `getCredentialsByURI`): that is [`check`]. For each request it
//! starts at the request's own path and walks up to the host (`npm-registry-fetch` 19.1.1
//! `auth.js`): that is [`Credentials::for_request`]. A token that the second would find can so
//! fail the first; `diagnosis` says it in words.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::choice::RegistryChoiceError;
use super::secret::Secret;
use super::url::{RegistryUrl, host_with_port};
use crate::config::{Config, ConfigError, ConfigValue, Entry, Flat, Origin};

/// What a request is sent with.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The `authorization` header.
    pub authorization: Option<Authorization>,
    /// The certificate shown to the server.
    pub client_certificate: Option<ClientCertificate>,
    /// The key they were found under.
    pub source: Option<CredentialSource>,
}

/// An `authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// `Bearer <token>`.
    Bearer(Secret),
    /// `Basic <user and password in base64>`.
    Basic(Secret),
}

impl Authorization {
    /// The header's value.
    pub fn header_value(&self) -> Secret {
        match self {
            Self::Bearer(token) => Secret::new(format!("Bearer {}", token.expose())),
            Self::Basic(pair) => Secret::new(format!("Basic {}", pair.expose())),
        }
    }
}

/// A client certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The certificate's text.
    pub certificate: String,
    /// The private key's text.
    pub key: Secret,
}

/// Where credentials were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSource {
    /// The key, for example `//host/path/:_authToken`.
    pub key: String,
    /// Where it was written.
    pub origin: Origin,
    /// Variables the value refers to that are not set: npm sends the reference itself.
    pub unset_variables: Vec<String>,
}

/// Why credentials could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryChoiceError),
    /// A credential that is no text, such as a password that is `true`.
    #[error("`{key}` from {origin} must be text")]
    NotText {
        /// The key.
        key: String,
        /// Where it was written.
        origin: Origin,
    },
    /// A credential that is an ini section.
    #[error("`{key}` from {origin} is a section, not a value")]
    Section {
        /// The key.
        key: String,
        /// Where it was written.
        origin: Origin,
    },
    /// A client certificate or key that is there and cannot be read.
    #[error("could not read {} (`{key}` from {origin})", path.display())]
    Read {
        /// The key that names the file.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl CredentialError {
    /// npm's error code, where it has one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Config(error) => error.code(),
            Self::Registry(error) => error.code(),
            Self::NotText { .. } => Some("ERR_INVALID_ARG_TYPE"),
            Self::Section { .. } => None,
            Self::Read { source, .. } => crate::node::system_code(source),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Registry(error) => error.hint(),
            Self::NotText { key, .. } => Some(format!("write {key}=<value>, or remove it")),
            Self::Section { origin, .. } => Some(format!(
                "an .npmrc has no sections: remove the [...] line at {origin}"
            )),
            Self::Read { .. } => Some("make the file readable, or remove the key".to_owned()),
        }
    }
}

/// The answer of npm's check before a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// There are credentials for exactly this registry.
    Present,
    /// There are none: npm refuses with `ENEEDAUTH`.
    Missing,
}

/// npm's check for credentials before it publishes: under the registry's own directory, nowhere
/// above it.
pub fn check(config: &Config, registry: &RegistryUrl) -> Result<Check, CredentialError> {
    let nerf_dart = registry.nerf_dart();
    let entry = |name: &str| {
        config
            .entry(&format!("{nerf_dart}:{name}"))
            .filter(|entry| entry.value.is_truthy())
    };
    let present = |present| {
        if present {
            Check::Present
        } else {
            Check::Missing
        }
    };
    let certificate = entry("certfile").is_some() && entry("keyfile").is_some();
    if entry("_authToken").is_some() {
        return Ok(Check::Present);
    }
    if let (Some(_), Some(password)) = (entry("username"), entry("_password")) {
        decode_base64(password, &format!("{nerf_dart}:_password"))?;
        return Ok(Check::Present);
    }
    if let Some(auth) = entry("_auth") {
        // What stands before the colon is the user; without one npm sees no credentials here.
        let pair = decode_base64(auth, &format!("{nerf_dart}:_auth"))?;
        let has_user = pair.first().is_some_and(|byte| *byte != b':');
        return Ok(present(has_user || certificate));
    }
    Ok(present(certificate))
}

/// The user whom the configuration names for exactly this registry, beside a password.
///
/// # Errors
/// As for [`check`].
pub fn user_name(
    config: &Config,
    registry: &RegistryUrl,
) -> Result<Option<String>, CredentialError> {
    let nerf_dart = registry.nerf_dart();
    let entry = |name: &str| {
        config
            .entry(&format!("{nerf_dart}:{name}"))
            .filter(|entry| entry.value.is_truthy())
    };
    if entry("_authToken").is_some() {
        return Ok(None);
    }
    if let (Some(user), Some(_)) = (entry("username"), entry("_password")) {
        return Ok(user.value.as_text().map(str::to_owned));
    }
    let Some(auth) = entry("_auth") else {
        return Ok(None);
    };
    let pair = decode_base64(auth, &format!("{nerf_dart}:_auth"))?;
    let name = pair.split(|byte| *byte == b':').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name);
    Ok((!name.is_empty()).then(|| name.into_owned()))
}

impl Credentials {
    /// The credentials for a request to `address`. `scope` is the package's, with its @: where
    /// nothing is filed for the address itself, the package's registry on the same host may lend
    /// its own.
    pub fn for_request(
        config: &Config,
        flat: &Flat,
        address: &Url,
        scope: Option<&str>,
    ) -> Result<Self, CredentialError> {
        if let Some(found) = find(flat, address) {
            return Self::read(config, flat, &found);
        }
        let registry_key = scope
            .map(|scope| format!("{scope}:registry"))
            .filter(|key| flat.value(key).is_some_and(ConfigValue::is_truthy))
            .unwrap_or_else(|| "registry".to_owned());
        let Some(entry) = flat
            .entry(&registry_key)
            .filter(|entry| entry.value.is_truthy())
        else {
            return Ok(Self::default());
        };
        let invalid = |source| {
            CredentialError::Registry(RegistryChoiceError::Invalid {
                key: registry_key.clone(),
                origin: entry.origin.clone(),
                source,
            })
        };
        let text = entry.value.to_text().map_err(|_| {
            CredentialError::Registry(RegistryChoiceError::NotText {
                key: registry_key.clone(),
                origin: entry.origin.clone(),
            })
        })?;
        let registry = RegistryUrl::parse(&text).map_err(invalid)?;
        if host_with_port(registry.url()) == host_with_port(address)
            && let Some(found) = find(flat, registry.url())
        {
            return Self::read(config, flat, &found);
        }
        Ok(Self::default())
    }

    fn read(config: &Config, flat: &Flat, found: &Found) -> Result<Self, CredentialError> {
        let key_of = |name: &str| format!("{}:{name}", found.prefix);
        let entry = |name: &str| {
            flat.entry(&key_of(name))
                .filter(|entry| entry.value.is_truthy())
        };
        let text = |name: &str, entry: &Entry| {
            entry.value.to_text().map_err(|_| CredentialError::Section {
                key: key_of(name),
                origin: entry.origin.clone(),
            })
        };
        let authorization = if let Some(token) = entry("_authToken") {
            Some(Authorization::Bearer(text("_authToken", token)?.into()))
        } else if let Some(auth) = entry("_auth") {
            Some(Authorization::Basic(text("_auth", auth)?.into()))
        } else if let (Some(user), Some(password)) = (entry("username"), entry("_password")) {
            let password = decode_base64(password, &key_of("_password"))?;
            let user = text("username", user)?;
            // npm takes the password through text, so bytes that are no UTF-8 are lost.
            let pair = format!("{user}:{}", String::from_utf8_lossy(&password));
            Some(Authorization::Basic(STANDARD.encode(pair).into()))
        } else {
            None
        };
        let client_certificate = match (entry("certfile"), entry("keyfile")) {
            (Some(certificate), Some(key)) => {
                let directory = config.environment().current_directory();
                let certificate = read_pem(certificate, &key_of("certfile"), directory)?;
                let key = read_pem(key, &key_of("keyfile"), directory)?;
                certificate
                    .zip(key)
                    .map(|(certificate, key)| ClientCertificate {
                        certificate,
                        key: key.into(),
                    })
            }
            _ => None,
        };
        let source = entry(found.name).map(|entry| CredentialSource {
            key: key_of(found.name),
            origin: entry.origin.clone(),
            unset_variables: entry.value.as_text().map_or_else(Vec::new, |text| {
                crate::config::unset_references(text, config.environment())
            }),
        });
        Ok(Self {
            authorization,
            client_certificate,
            source,
        })
    }
}

/// A registry's key prefix with credentials under it.
struct Found {
    prefix: String,
    /// The name of the credential that counts.
    name: &'static str,
}

/// The prefix under which the lookup for a request to `address` finds credentials.
pub(crate) fn find_prefix(flat: &Flat, address: &Url) -> Option<String> {
    find(flat, address).map(|found| found.prefix)
}

/// Walks up from the address's path, taking off one segment or one slash at a time.
fn find(flat: &Flat, address: &Url) -> Option<Found> {
    let mut prefix = format!("//{}{}", host_with_port(address), address.path());
    while prefix.len() > "//".len() {
        if let Some(name) = credential_under(flat, &prefix) {
            return Some(Found { prefix, name });
        }
        let without_segment = prefix.trim_end_matches(|character| character != '/').len();
        let shorter = if without_segment < prefix.len() {
            without_segment
        } else {
            prefix.len() - 1
        };
        prefix.truncate(shorter);
    }
    None
}

fn credential_under(flat: &Flat, prefix: &str) -> Option<&'static str> {
    let is_set = |name: &str| {
        flat.value(&format!("{prefix}:{name}"))
            .is_some_and(ConfigValue::is_truthy)
    };
    if is_set("_authToken") {
        Some("_authToken")
    } else if is_set("_auth") {
        Some("_auth")
    } else if is_set("username") && is_set("_password") {
        Some("username")
    } else if is_set("certfile") && is_set("keyfile") {
        Some("certfile")
    } else {
        None
    }
}

/// A certificate or key file; `None` if it is missing or empty, which npm passes over.
fn read_pem(entry: &Entry, key: &str, directory: &Path) -> Result<Option<String>, CredentialError> {
    let Some(file) = entry.value.as_text() else {
        return Err(CredentialError::NotText {
            key: key.to_owned(),
            origin: entry.origin.clone(),
        });
    };
    let path = directory.join(file);
    match std::fs::read(&path) {
        Ok(bytes) if bytes.is_empty() => Ok(None),
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CredentialError::Read {
            key: key.to_owned(),
            origin: entry.origin.clone(),
            path,
            source,
        }),
    }
}

/// `Buffer.from(value, "base64")`.
fn decode_base64(entry: &Entry, key: &str) -> Result<Vec<u8>, CredentialError> {
    match &entry.value {
        ConfigValue::String(text) => Ok(decode_lenient(text)),
        // An array is taken as bytes.
        ConfigValue::Array(items) => Ok(items.iter().map(byte_of).collect()),
        _ => Err(CredentialError::NotText {
            key: key.to_owned(),
            origin: entry.origin.clone(),
        }),
    }
}

/// `ToUint8`.
fn byte_of(value: &ConfigValue) -> u8 {
    let number = value.to_number().trunc().rem_euclid(256.0);
    (0..=255_u8)
        .find(|byte| (f64::from(*byte) - number).abs() < 0.5)
        .unwrap_or(0)
}

/// Base64 as Node reads it: both alphabets, anything else is skipped, padding is optional.
fn decode_lenient(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for character in text.bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap_or_default());
        }
    }
    bytes
}
