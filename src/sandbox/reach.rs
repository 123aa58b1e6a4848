//! Where a package's versions come from: the repository itself, its upstreams, their external
//! connections.
//!
//! The repository is searched first, then its upstreams in their order, each with its own
//! upstreams behind it. A version found first hides the same version further away; a dist-tag of
//! an upstream wins over the repository's own (user guide, npm-tags). Origin controls cut the
//! search off: the package's own `upstream=BLOCK`, and its group's restrictions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::external::ExternalPackage;
use super::groups;
use super::names::{DomainKey, PackageId};
use super::server::Shared;
use super::state::{Package, Restriction, State, VersionRecord};

/// A place that is searched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Repository(String),
    /// The external connection of this repository.
    External {
        repository: String,
        connection: String,
    },
}

impl Step {
    /// The repository a version found here belongs to.
    pub(crate) fn repository(&self) -> &str {
        match self {
            Self::Repository(repository) | Self::External { repository, .. } => repository,
        }
    }
}

/// What external connections answered, by the step that asked.
pub(crate) type Answers = BTreeMap<Step, ExternalPackage>;

/// The places to search for a package, in their order.
pub(crate) fn steps(
    state: &State,
    shared: &Shared,
    domain: &DomainKey,
    repository: &str,
    package: &PackageId,
) -> Vec<Step> {
    let mut search = Search {
        state,
        domain,
        package,
        limit: shared.config.limits.searched,
        seen: BTreeSet::new(),
        steps: Vec::new(),
    };
    search.visit(repository);
    search.steps
}

struct Search<'a> {
    state: &'a State,
    domain: &'a DomainKey,
    package: &'a PackageId,
    limit: usize,
    seen: BTreeSet<String>,
    steps: Vec<Step>,
}

impl Search<'_> {
    fn visit(&mut self, name: &str) {
        let Some(domain) = self.state.domain(self.domain) else {
            return;
        };
        let Some(repository) = domain.repositories.get(name) else {
            return;
        };
        if self.seen.len() >= self.limit || !self.seen.insert(name.to_owned()) {
            return;
        }
        self.steps.push(Step::Repository(name.to_owned()));
        let blocked = repository
            .packages
            .get(self.package)
            .is_some_and(|known| known.record.restrictions.upstream == Restriction::Block);
        if blocked {
            return;
        }
        let allows = |way: &str| groups::allows(domain, self.package, way, name);
        let (internal, external) = (allows("INTERNAL_UPSTREAM"), allows("EXTERNAL_UPSTREAM"));
        if internal {
            for upstream in &repository.record.upstreams {
                self.visit(upstream);
            }
        }
        if external {
            for connection in &repository.record.external_connections {
                self.steps.push(Step::External {
                    repository: name.to_owned(),
                    connection: connection.clone(),
                });
            }
        }
    }
}

/// A package as seen from one repository.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// In the order in which they were found; whatever their status is.
    pub(crate) versions: Vec<Arc<VersionRecord>>,
    /// Where each version was found.
    pub(crate) found: BTreeMap<String, Step>,
    pub(crate) tags: Map<String, Value>,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
}

impl Merged {
    /// A package of one repository alone.
    pub(crate) fn of(package: &Package) -> Self {
        let mut merged = Self::default();
        merged.add_package(&Step::Repository(String::new()), package, true);
        merged
    }

    pub(crate) fn version(&self, name: &str) -> Option<&Arc<VersionRecord>> {
        self.versions.iter().find(|version| version.version == name)
    }

    fn add_package(&mut self, step: &Step, package: &Package, own: bool) {
        let versions = package.in_order();
        self.add(
            step,
            versions.into_iter().cloned(),
            &package.record.dist_tags,
            own,
        );
        self.date(package.record.created, package.record.modified);
    }

    fn add(
        &mut self,
        step: &Step,
        versions: impl Iterator<Item = Arc<VersionRecord>>,
        tags: &Map<String, Value>,
        own: bool,
    ) {
        for version in versions {
            if !self.found.contains_key(&version.version) {
                self.found.insert(version.version.clone(), step.clone());
                self.versions.push(version);
            }
        }
        if own {
            self.tags.clone_from(tags);
        }
    }

    fn date(&mut self, created: i64, modified: i64) {
        self.created = match self.created {
            0 => created,
            known => known.min(created),
        };
        self.modified = self.modified.max(modified);
    }
}

/// Puts together what the repositories hold and what the external connections answered.
pub(crate) fn merge(
    state: &State,
    domain: &DomainKey,
    package: &PackageId,
    steps: &[Step],
    answers: &Answers,
) -> Merged {
    let mut merged = Merged::default();
    let mut upstream_tags = Map::new();
    for (index, step) in steps.iter().enumerate() {
        let own = index == 0;
        let tags = match step {
            Step::Repository(repository) => {
                let Some(known) = state.package(domain, repository, package) else {
                    continue;
                };
                merged.add_package(step, known, own);
                &known.record.dist_tags
            }
            Step::External { .. } => {
                let Some(answer) = answers.get(step) else {
                    continue;
                };
                merged.add(step, answer.versions.iter().cloned(), &answer.tags, own);
                merged.date(answer.created, answer.modified);
                &answer.tags
            }
        };
        if !own {
            for (tag, version) in tags {
                upstream_tags
                    .entry(tag.clone())
                    .or_insert_with(|| version.clone());
            }
        }
    }
    merged.tags.extend(upstream_tags);
    merged
}

/// [`merge`] without asking external connections.
pub(crate) fn merge_known(
    state: &State,
    domain: &DomainKey,
    package: &PackageId,
    steps: &[Step],
) -> Merged {
    merge(state, domain, package, steps, &Answers::new())
}
