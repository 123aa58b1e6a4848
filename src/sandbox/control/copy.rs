//! `CopyPackageVersions`: from one repository of a domain to another.
//!
//! Reading the source needs `ReadFromRepository` there. All tags of a copied version come along
//! and overwrite the destination's, even backwards (user guide, npm-tags); an identical version
//! is named in neither map (copy-package).

use serde_json::{Map, Value};

use super::Effect;
use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    IN_DOMAIN, IN_NAMESPACE, OF_FORMAT, OF_OWNER, OF_PACKAGE, Parameter, REPOSITORY, REVISIONS,
    Shape, VERSIONS,
};
use super::statuses::{Fate, named, settle};
use crate::sandbox::random;
use crate::sandbox::reach::{self, Merged};
use crate::sandbox::state::{
    Change, Origin, Package, PackageRecord, Restrictions, State, VersionRecord,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::write(
    "CopyPackageVersions",
    "POST",
    "/v1/package/versions/copy",
    Access::Package,
    &[
        IN_DOMAIN,
        OF_OWNER,
        Parameter::query("source-repository", REPOSITORY),
        Parameter::query("destination-repository", REPOSITORY),
        OF_FORMAT,
        IN_NAMESPACE,
        OF_PACKAGE,
        Parameter::body("versions", VERSIONS).optional(),
        REVISIONS,
        Parameter::body("allowOverwrite", Shape::Flag).optional(),
        Parameter::body("includeFromUpstream", Shape::Flag).optional(),
    ],
    copy,
)];

fn copy(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let source = call
        .text("source-repository")
        .unwrap_or_default()
        .to_owned();
    let destination = call.repository().to_owned();
    let region = call.shared.config.region.clone();
    let arn = call.domain().repository_arn(&region, &source);
    call.require(state, "codeartifact:ReadFromRepository", &arn, &[])?;
    if source == destination {
        return Err(ControlError::field(
            "Source and destination are the same repository.",
        ));
    }
    let wanted = wanted(call)?;
    let from = call.find_repository(state, &source)?;
    let id = call.package();
    let merged = if call.flag("includeFromUpstream") {
        let steps = reach::steps(state, call.shared, &call.domain(), &source, &id);
        reach::merge_known(state, &call.domain(), &id, &steps)
    } else {
        from.packages.get(&id).map(Merged::of).unwrap_or_default()
    };
    let to = call.find_repository(state, &destination)?.packages.get(&id);
    let mut fates = Vec::new();
    let mut tags = to.map_or_else(Map::new, |to| to.record.dist_tags.clone());
    let mut sequence = to.map_or(1, Package::next_sequence);
    for (name, revision) in wanted {
        let fate = match merged.version(&name) {
            None => Fate::failed(
                "NOT_FOUND",
                format!("Version {name} was not found in {source}."),
            ),
            Some(version) => {
                let fate = one(call, version, to, revision.as_deref(), sequence)?;
                if !matches!(fate, Fate::Failed { .. }) {
                    sequence += 1;
                    for (tag, tagged) in &merged.tags {
                        if *tagged == name.as_str() {
                            tags.insert(tag.clone(), tagged.clone());
                        }
                    }
                }
                fate
            }
        };
        fates.push((name, fate));
    }
    let all_fine = !fates
        .iter()
        .any(|(_, fate)| matches!(fate, Fate::Failed { .. }));
    let mut effect = settle(fates);
    if all_fine {
        let now = call.shared.clock.now();
        let external = merged
            .versions
            .iter()
            .all(|version| matches!(version.origin, Origin::External(_)));
        let record = match to {
            Some(to) => PackageRecord {
                dist_tags: tags,
                modified: now,
                ..to.record.clone()
            },
            None => PackageRecord {
                restrictions: if external {
                    Restrictions::INGESTED
                } else {
                    Restrictions::PUBLISHED
                },
                dist_tags: tags,
                created: now,
                modified: now,
            },
        };
        // The package comes before its versions.
        effect.changes.insert(
            0,
            Change::Package {
                domain: call.domain(),
                repository: destination,
                package: id,
                record: Some(record),
            },
        );
    }
    Ok(effect)
}

/// The versions to copy, each with the revision it must have.
fn wanted(call: &Call<'_>) -> Result<Vec<(String, Option<String>)>, ControlError> {
    let by_revision = call
        .value("versionRevisions")
        .and_then(Value::as_object)
        .cloned();
    match (named(call), by_revision) {
        (versions, None) if !versions.is_empty() => Ok(versions
            .into_iter()
            .map(|version| (version, None))
            .collect()),
        (versions, Some(revisions)) if versions.is_empty() && !revisions.is_empty() => {
            Ok(revisions
                .into_iter()
                .map(|(version, revision)| (version, revision.as_str().map(str::to_owned)))
                .collect())
        }
        _ => Err(ControlError::field(
            "Exactly one of versions and versionRevisions is needed.",
        )),
    }
}

fn one(
    call: &Call<'_>,
    version: &VersionRecord,
    to: Option<&Package>,
    revision: Option<&str>,
    sequence: u64,
) -> Result<Fate, ControlError> {
    if let Some(wanted) = revision.filter(|wanted| *wanted != version.revision) {
        return Ok(Fate::failed(
            "MISMATCHED_REVISION",
            format!("current: {}, expected: {wanted}", version.revision),
        ));
    }
    if !version.status.is_served() || version.assets.is_empty() {
        return Ok(Fate::failed(
            "NOT_ALLOWED",
            format!(
                "A version that is {} cannot be copied.",
                version.status.as_str()
            ),
        ));
    }
    let known = to.and_then(|to| to.versions.get(&version.version));
    if let Some(known) = known {
        if known.assets == version.assets {
            return Ok(Fate::Same);
        }
        if !call.flag("allowOverwrite") {
            return Ok(Fate::failed(
                "ALREADY_EXISTS",
                format!("Version {} is in the destination already.", version.version),
            ));
        }
    }
    let record = VersionRecord {
        sequence: known.map_or(sequence, |known| known.sequence),
        published: call.shared.clock.now(),
        revision: random::hex::<16>()?,
        ..version.clone()
    };
    Ok(Fate::Done {
        revision: record.revision.clone(),
        status: record.status.as_str(),
        changes: vec![Change::Version {
            domain: call.domain(),
            repository: call.repository().to_owned(),
            package: call.package(),
            version: record.version.clone(),
            record: Some(Box::new(record)),
        }],
    })
}
