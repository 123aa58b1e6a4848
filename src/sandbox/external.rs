//! External connections: what `public:npmjs` is in the sandbox.
//!
//! A connection is served from a folder of tarballs or from a registry that the configuration
//! names; one that it does not name has no packages. Nothing outside is ever asked otherwise.

mod folder;
mod registry;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::config::{Config, ExternalConfig, ExternalSource};
use super::names::PackageId;
use super::state::VersionRecord;
use super::store::{Blobs, Spooled, StoreError};
use folder::Folder;
use registry::Registry;

/// A package as an external connection has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExternalPackage {
    /// Without assets: the tarball comes when it is asked for.
    pub(crate) versions: Vec<Arc<VersionRecord>>,
    pub(crate) tags: Map<String, Value>,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
}

/// Why an external connection did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExternalError {
    #[error("the folder {} could not be read", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    #[error("the registry behind the external connection did not answer: {0}")]
    Registry(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// External connections that have no packages, because what they are served from is not there.
pub(super) fn missing(config: &Config) -> Vec<String> {
    let folders =
        config
            .external_connections
            .iter()
            .filter_map(|external| match &external.source {
                ExternalSource::Folder(folder) if !folder.is_dir() => Some(format!(
                    "{} is served from the folder {}, which is not there",
                    external.name,
                    folder.display()
                )),
                _ => None,
            });
    let unserved = config.repositories.iter().filter_map(|repository| {
        let name = repository.external_connection.as_ref()?;
        let known = config
            .external_connections
            .iter()
            .any(|external| external.name == *name);
        (!known).then(|| {
            format!(
                "{name} of the repository {} is served from nothing; \
                 name a folder or a registry in [[external_connections]]",
                repository.name
            )
        })
    });
    folders.chain(unserved).collect()
}

/// The configured connections, by name.
#[derive(Debug, Default)]
pub(crate) struct Externals(BTreeMap<String, Source>);

#[derive(Debug)]
enum Source {
    Folder(Folder),
    Registry(Registry),
}

impl Externals {
    pub(crate) fn new(configured: &[ExternalConfig]) -> Self {
        let sources = configured.iter().map(|external| {
            let source = match &external.source {
                ExternalSource::Folder(path) => Source::Folder(Folder::new(path.clone())),
                ExternalSource::Registry(url) => Source::Registry(Registry::new(url.clone())),
            };
            (external.name.clone(), source)
        });
        Self(sources.collect())
    }

    /// The package, if the connection has it.
    pub(crate) async fn package(
        &self,
        connection: &str,
        package: &PackageId,
    ) -> Result<Option<ExternalPackage>, ExternalError> {
        match self.0.get(connection) {
            None => Ok(None),
            Some(Source::Folder(folder)) => folder.package(connection, package),
            Some(Source::Registry(registry)) => registry.package(connection, package).await,
        }
    }

    /// The bytes of a version's tarball, spooled.
    pub(crate) async fn tarball(
        &self,
        connection: &str,
        package: &PackageId,
        version: &VersionRecord,
        blobs: &Blobs,
    ) -> Result<Option<Spooled>, ExternalError> {
        match self.0.get(connection) {
            None => Ok(None),
            Some(Source::Folder(folder)) => folder.tarball(package, &version.version, blobs),
            Some(Source::Registry(registry)) => registry.tarball(version, blobs).await,
        }
    }
}
