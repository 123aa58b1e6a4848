//! What the service knows: domains, their repositories, packages, versions and package groups.
//!
//! The state is a tree of plain records. It changes only by [`Change`]s, each of which replaces or
//! removes one record; the journal under `--data` is a list of the same changes, so that what was
//! served and what is read back after a crash cannot differ.

mod change;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use change::Change;
pub(crate) use records::{
    AssetRecord, DomainRecord, GroupRecord, Origin, PackageRecord, PolicyRecord, RepositoryRecord,
    Restriction, Restrictions, Status, Tag, VersionRecord,
};

use super::names::{DomainKey, PackageId};

/// Everything the service knows.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) domains: BTreeMap<DomainKey, Domain>,
}

/// A domain and what it holds.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) record: DomainRecord,
    pub(crate) repositories: BTreeMap<String, Repository>,
    /// By pattern; the root group `/*` is there even when no record is.
    pub(crate) groups: BTreeMap<String, GroupRecord>,
}

/// A repository and its packages.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) record: RepositoryRecord,
    pub(crate) packages: BTreeMap<PackageId, Package>,
}

/// A package in one repository.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) record: PackageRecord,
    pub(crate) versions: BTreeMap<String, Arc<VersionRecord>>,
}

impl Package {
    /// The number of the version that comes next.
    pub(crate) fn next_sequence(&self) -> u64 {
        let last = self.versions.values().map(|version| version.sequence);
        last.max().unwrap_or_default() + 1
    }

    /// Versions in the order in which they came.
    pub(crate) fn in_order(&self) -> Vec<&Arc<VersionRecord>> {
        let mut versions: Vec<_> = self.versions.values().collect();
        versions.sort_by_key(|version| version.sequence);
        versions
    }
}

impl State {
    pub(crate) fn domain(&self, key: &DomainKey) -> Option<&Domain> {
        self.domains.get(key)
    }

    pub(crate) fn repository(&self, key: &DomainKey, name: &str) -> Option<&Repository> {
        self.domain(key)?.repositories.get(name)
    }

    pub(crate) fn package(
        &self,
        key: &DomainKey,
        repository: &str,
        package: &PackageId,
    ) -> Option<&Package> {
        self.repository(key, repository)?.packages.get(package)
    }

    /// Digests of every asset that a version still points at.
    pub(crate) fn referenced_blobs(&self) -> impl Iterator<Item = &str> {
        self.domains
            .values()
            .flat_map(|domain| domain.repositories.values())
            .flat_map(|repository| repository.packages.values())
            .flat_map(|package| package.versions.values())
            .flat_map(|version| &version.assets)
            .map(|asset| asset.sha256.as_str())
    }
}
