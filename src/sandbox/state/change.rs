//! Changes: the only way the state moves, and the words of the journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Domain, DomainRecord, GroupRecord, Package, PackageRecord, Repository, RepositoryRecord, State,
    VersionRecord,
};
use crate::sandbox::names::{DomainKey, PackageId};

/// Replaces one record, or removes it with everything below it when the record is absent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Change {
    Domain {
        domain: DomainKey,
        record: Option<DomainRecord>,
    },
    Repository {
        domain: DomainKey,
        repository: String,
        record: Option<RepositoryRecord>,
    },
    Package {
        domain: DomainKey,
        repository: String,
        package: PackageId,
        record: Option<PackageRecord>,
    },
    Version {
        domain: DomainKey,
        repository: String,
        package: PackageId,
        version: String,
        record: Option<Box<VersionRecord>>,
    },
    Group {
        domain: DomainKey,
        pattern: String,
        record: Option<GroupRecord>,
    },
}

/// A change whose parent is not there: the journal is not this program's, or was cut in its middle.
#[derive(Debug, thiserror::Error)]
#[error("a change has no parent to hang on")]
pub(crate) struct Orphan;

impl State {
    /// Applies one change.
    pub(crate) fn apply(&mut self, change: Change) -> Result<(), Orphan> {
        match change {
            Change::Domain { domain, record } => match record {
                None => drop(self.domains.remove(&domain)),
                Some(record) => {
                    if let Some(known) = self.domains.get_mut(&domain) {
                        known.record = record;
                    } else {
                        let fresh = Domain {
                            record,
                            repositories: BTreeMap::new(),
                            groups: BTreeMap::new(),
                        };
                        self.domains.insert(domain, fresh);
                    }
                }
            },
            Change::Repository {
                domain,
                repository,
                record,
            } => {
                let repositories = &mut self.domains.get_mut(&domain).ok_or(Orphan)?.repositories;
                match record {
                    None => drop(repositories.remove(&repository)),
                    Some(record) => {
                        if let Some(known) = repositories.get_mut(&repository) {
                            known.record = record;
                        } else {
                            let fresh = Repository {
                                record,
                                packages: BTreeMap::new(),
                            };
                            repositories.insert(repository, fresh);
                        }
                    }
                }
            }
            Change::Package {
                domain,
                repository,
                package,
                record,
            } => {
                let packages = &mut self.repository_mut(&domain, &repository)?.packages;
                match record {
                    None => drop(packages.remove(&package)),
                    Some(record) => {
                        if let Some(known) = packages.get_mut(&package) {
                            known.record = record;
                        } else {
                            let fresh = Package {
                                record,
                                versions: BTreeMap::new(),
                            };
                            packages.insert(package, fresh);
                        }
                    }
                }
            }
            Change::Version {
                domain,
                repository,
                package,
                version,
                record,
            } => {
                let versions = &mut self
                    .repository_mut(&domain, &repository)?
                    .packages
                    .get_mut(&package)
                    .ok_or(Orphan)?
                    .versions;
                match record {
                    None => versions.remove(&version),
                    Some(record) => versions.insert(version, record.into()),
                };
            }
            Change::Group {
                domain,
                pattern,
                record,
            } => {
                let groups = &mut self.domains.get_mut(&domain).ok_or(Orphan)?.groups;
                match record {
                    None => groups.remove(&pattern),
                    Some(record) => groups.insert(pattern, record),
                };
            }
        }
        Ok(())
    }

    fn repository_mut(
        &mut self,
        domain: &DomainKey,
        repository: &str,
    ) -> Result<&mut Repository, Orphan> {
        self.domains
            .get_mut(domain)
            .and_then(|domain| domain.repositories.get_mut(repository))
            .ok_or(Orphan)
    }
}
