//! A configuration out of a TOML file (`--config`); `docs/sandbox.md` describes it.
//!
//! Every key is optional and none is guessed: an unknown key is an error. Paths are relative to
//! the file.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::clock::ClockStart;
use super::config::{
    Assumptions, Config, ExternalConfig, ExternalSource, Limits, Policy, PolicyError,
    RepositoryConfig, RoleConfig, UserConfig,
};
use super::faults::Fault;

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{} could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not TOML, or has a key or value the sandbox does not know.
    #[error("the configuration is not valid")]
    Syntax(#[from] toml::de::Error),
    /// A policy of a principal or role.
    #[error("a policy of {owner} is not valid")]
    Policy {
        /// The user or role.
        owner: String,
        /// What is wrong with it.
        source: PolicyError,
    },
    /// An external connection needs one source.
    #[error("the external connection {0} needs either a folder or a registry's URL")]
    External(String),
    /// No principal is left to sign with.
    #[error("the configuration names no principals")]
    NoPrincipals,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// Each of [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads a configuration; paths in it are relative to `base`.
    ///
    /// # Errors
    /// Each of [`ConfigError`] but [`ConfigError::Read`].
    pub fn parse(text: &str, base: &Path) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text)?;
        let default = Self::default();
        let principals = match file.principals {
            None => default.principals,
            Some(users) => users
                .into_iter()
                .map(User::read)
                .collect::<Result<_, _>>()?,
        };
        if principals.is_empty() {
            return Err(ConfigError::NoPrincipals);
        }
        Ok(Self {
            port: file.port.unwrap_or(default.port),
            data: file.data.map(|path| base.join(path)),
            domain: file.domain.unwrap_or(default.domain),
            domain_owner: file.domain_owner.unwrap_or(default.domain_owner),
            region: file.region.unwrap_or(default.region),
            repository: file.repository.unwrap_or(default.repository),
            repositories: file.repositories.into_iter().map(Into::into).collect(),
            principals,
            roles: file
                .roles
                .into_iter()
                .map(Role::read)
                .collect::<Result<_, _>>()?,
            external_connections: file
                .external_connections
                .into_iter()
                .map(|external| external.read(base))
                .collect::<Result<_, _>>()?,
            oidc_subject: file.oidc_subject.unwrap_or(default.oidc_subject),
            clock: file
                .clock
                .map_or(default.clock, |seconds| ClockStart::Fixed(seconds * 1000)),
            limits: file.limits,
            assumptions: file.assumptions,
            faults: file.faults,
            host_names: file.host_names,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    port: Option<u16>,
    data: Option<PathBuf>,
    domain: Option<String>,
    domain_owner: Option<String>,
    region: Option<String>,
    repository: Option<String>,
    #[serde(default)]
    repositories: Vec<Repository>,
    principals: Option<Vec<User>>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    external_connections: Vec<External>,
    oidc_subject: Option<String>,
    /// Seconds since 1970 at which the clock stands.
    clock: Option<i64>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    assumptions: Assumptions,
    #[serde(default)]
    faults: Vec<Fault>,
    #[serde(default)]
    host_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repository {
    name: String,
    #[serde(default)]
    upstreams: Vec<String>,
    external_connection: Option<String>,
}

impl From<Repository> for RepositoryConfig {
    fn from(repository: Repository) -> Self {
        Self {
            name: repository.name,
            upstreams: repository.upstreams,
            external_connection: repository.external_connection,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    account: Option<String>,
    access_key: Option<String>,
    secret_key: Option<String>,
    policies: Vec<Document>,
}

impl User {
    fn read(self) -> Result<UserConfig, ConfigError> {
        Ok(UserConfig {
            policies: policies(&self.name, self.policies)?,
            name: self.name,
            account: self.account,
            access_key: self.access_key,
            secret_key: self.secret_key,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_field_names,
    reason = "`instance_role` is the key's name in the file, where it stands alone"
)]
struct Role {
    name: String,
    account: Option<String>,
    policies: Vec<Document>,
    #[serde(default)]
    trust: Vec<Document>,
    trusted_audience: Option<String>,
    #[serde(default)]
    trusted_subjects: Vec<String>,
    #[serde(default)]
    trusted_principals: Vec<String>,
    longest_session: Option<i64>,
    #[serde(default)]
    instance_role: bool,
    #[serde(default)]
    single_sign_on: bool,
}

impl Role {
    fn read(self) -> Result<RoleConfig, ConfigError> {
        Ok(RoleConfig {
            policies: policies(&self.name, self.policies)?,
            trust: policies(&self.name, self.trust)?,
            name: self.name,
            account: self.account,
            trusted_audience: self.trusted_audience,
            trusted_subjects: self.trusted_subjects,
            trusted_principals: self.trusted_principals,
            longest_session: self.longest_session.unwrap_or(3600),
            instance_role: self.instance_role,
            single_sign_on: self.single_sign_on,
        })
    }
}

/// A policy: a table, or a JSON document in a string.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
enum Document {
    Json(String),
    Table(Box<Policy>),
}

impl TryFrom<Value> for Document {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, serde_json::Error> {
        match value {
            Value::String(text) => Ok(Self::Json(text)),
            table => serde_json::from_value(table).map(Self::Table),
        }
    }
}

fn policies(owner: &str, documents: Vec<Document>) -> Result<Vec<Policy>, ConfigError> {
    documents
        .into_iter()
        .map(|document| {
            let policy = match document {
                Document::Json(text) => Policy::parse(&text),
                Document::Table(policy) => policy.check().map(|()| *policy),
            };
            policy.map_err(|source| ConfigError::Policy {
                owner: owner.to_owned(),
                source,
            })
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct External {
    name: String,
    folder: Option<PathBuf>,
    registry: Option<String>,
}

impl External {
    fn read(self, base: &Path) -> Result<ExternalConfig, ConfigError> {
        let source = match (self.folder, self.registry) {
            (Some(folder), None) => ExternalSource::Folder(base.join(folder)),
            (None, Some(url)) => match url::Url::parse(&url) {
                Ok(url) => ExternalSource::Registry(url),
                Err(_) => return Err(ConfigError::External(self.name)),
            },
            _ => return Err(ConfigError::External(self.name)),
        };
        Ok(ExternalConfig {
            name: self.name,
            source,
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_default() {
        let config = Config::parse("", Path::new("")).unwrap();
        assert_eq!(config.domain, Config::default().domain);
        assert_eq!(config.principals.len(), 1);
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        for text in [
            "domian = 'x'",
            "[assumptions]\nstrict = true",
            "[limits]\nwrite = 1",
            "[[principals]]\nname = 'x'\npolicies = []\nsecret = 'x'",
        ] {
            let result = Config::parse(text, Path::new(""));
            assert!(matches!(result, Err(ConfigError::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn the_example_is_valid() {
        let text = include_str!("../../docs/sandbox-example.toml");
        let config = Config::parse(text, Path::new("/etc/consign")).unwrap();
        assert_eq!(config.repositories.len(), 2);
        assert!(config.roles.iter().any(|role| role.instance_role));
        assert!(matches!(
            &config.external_connections[0].source,
            ExternalSource::Folder(path) if path == Path::new("/etc/consign/public-packages")
        ));
    }

    #[test]
    fn a_policy_may_be_json_in_a_string() {
        let text = r#"
            [[principals]]
            name = "reader"
            policies = ['{"Statement":{"Effect":"Allow","Action":"codeartifact:Read*","Resource":"*"}}']
        "#;
        assert_eq!(
            Config::parse(text, Path::new("")).unwrap().principals[0]
                .policies
                .len(),
            1
        );
        let wrong = text.replace("Allow", "Perhaps");
        assert!(
            matches!(Config::parse(&wrong, Path::new("")), Err(ConfigError::Policy { owner, .. }) if owner == "reader")
        );
    }
}
