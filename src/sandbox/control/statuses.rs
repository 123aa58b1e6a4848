//! Changing many versions at once: status updates, disposal, deletion.
//!
//! As the service does today, a call is all or nothing: when one version fails, the others are
//! `SKIPPED` (user guide, update-package-version-status).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Effect;
use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    EXPECTED, IN_DOMAIN, IN_NAMESPACE, IN_REPOSITORY, OF_FORMAT, OF_OWNER, OF_PACKAGE, Parameter,
    REVISIONS, SOME_VERSIONS, STATUS,
};
use crate::sandbox::random;
use crate::sandbox::state::{Change, Package, State, Status, VersionRecord};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::write(
        "UpdatePackageVersionsStatus",
        "POST",
        "/v1/package/versions/update_status",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
            SOME_VERSIONS,
            REVISIONS,
            EXPECTED,
            Parameter::body("targetStatus", STATUS),
        ],
        update,
    ),
    Operation::write(
        "DisposePackageVersions",
        "POST",
        "/v1/package/versions/dispose",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
            SOME_VERSIONS,
            REVISIONS,
            EXPECTED,
        ],
        dispose,
    ),
    Operation::write(
        "DeletePackageVersions",
        "POST",
        "/v1/package/versions/delete",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
            SOME_VERSIONS,
            EXPECTED,
        ],
        delete,
    ),
];

/// What became of one version of a batch.
pub(super) enum Fate {
    /// Changed: revision, status and how.
    Done {
        revision: String,
        status: &'static str,
        changes: Vec<Change>,
    },
    /// Already as wanted; named in neither map.
    Same,
    Failed {
        code: &'static str,
        message: String,
    },
}

impl Fate {
    pub(super) fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed {
            code,
            message: message.into(),
        }
    }
}

/// The two maps of an answer, and the changes if nothing failed.
pub(super) fn settle(fates: Vec<(String, Fate)>) -> Effect {
    let any_failed = fates
        .iter()
        .any(|(_, fate)| matches!(fate, Fate::Failed { .. }));
    let mut successful = Map::new();
    let mut failed = Map::new();
    let mut all = Vec::new();
    for (version, fate) in fates {
        match fate {
            Fate::Failed { code, message } => {
                failed.insert(version, json!({"errorCode": code, "errorMessage": message}));
            }
            Fate::Done { .. } | Fate::Same if any_failed => {
                let skipped =
                    json!({"errorCode": "SKIPPED", "errorMessage": "Another version failed."});
                failed.insert(version, skipped);
            }
            Fate::Done {
                revision,
                status,
                changes,
            } => {
                successful.insert(version, json!({"revision": revision, "status": status}));
                all.extend(changes);
            }
            Fate::Same => {}
        }
    }
    Effect::write(
        json!({"successfulVersions": successful, "failedVersions": failed}),
        all,
    )
}

/// The versions a call names, each once, in their order.
pub(super) fn named(call: &Call<'_>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    call.value("versions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|version| seen.insert(*version))
        .map(str::to_owned)
        .collect()
}

fn each(
    state: &State,
    call: &Call<'_>,
    mut change: impl FnMut(&VersionRecord) -> Result<Fate, ControlError>,
) -> Result<Vec<(String, Fate)>, ControlError> {
    let package = call.find_package(state)?;
    named(call)
        .into_iter()
        .map(|name| {
            let fate = match package.versions.get(&name) {
                None => Fate::failed("NOT_FOUND", format!("Version {name} was not found.")),
                Some(version) => match mismatch(call, version) {
                    Some(fate) => fate,
                    None => change(version)?,
                },
            };
            Ok((name, fate))
        })
        .collect()
}

/// Whether the version is not what the caller expects it to be.
fn mismatch(call: &Call<'_>, version: &VersionRecord) -> Option<Fate> {
    let wanted = call
        .value("versionRevisions")
        .and_then(|revisions| revisions.get(&version.version))
        .and_then(Value::as_str);
    if let Some(wanted) = wanted.filter(|wanted| *wanted != version.revision) {
        return Some(Fate::failed(
            "MISMATCHED_REVISION",
            format!("current: {}, expected: {wanted}", version.revision),
        ));
    }
    let expected = call.text("expectedStatus")?;
    (expected != version.status.as_str()).then(|| {
        Fate::failed(
            "MISMATCHED_STATUS",
            format!("current: {}, expected: {expected}", version.status.as_str()),
        )
    })
}

fn update(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let target = call.text("targetStatus").and_then(Status::parse);
    let Some(target @ (Status::Published | Status::Unlisted | Status::Archived)) = target else {
        return Err(ControlError::field(
            "targetStatus must be Published, Unlisted or Archived",
        ));
    };
    let fates = each(state, call, |version| {
        if version.status == Status::Disposed {
            return Ok(Fate::failed(
                "NOT_ALLOWED",
                "A disposed version can only be deleted.",
            ));
        }
        with_status(call, version, target)
    })?;
    Ok(settle(fates))
}

fn dispose(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let fates = each(state, call, |version| {
        with_status(call, version, Status::Disposed)
    })?;
    Ok(settle(fates))
}

fn with_status(
    call: &Call<'_>,
    version: &VersionRecord,
    status: Status,
) -> Result<Fate, ControlError> {
    let mut record = version.clone();
    if record.status != status {
        record.status = status;
        record.revision = random::hex::<16>()?;
    }
    if status == Status::Disposed {
        record.assets.clear();
    }
    Ok(Fate::Done {
        revision: record.revision.clone(),
        status: status.as_str(),
        changes: vec![put(call, &version.version, Some(record))],
    })
}

fn delete(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let package = call.find_package(state)?;
    let mut gone = Vec::new();
    let fates = each(state, call, |version| {
        gone.push(version.version.clone());
        Ok(Fate::Done {
            revision: version.revision.clone(),
            status: "Deleted",
            changes: vec![put(call, &version.version, None)],
        })
    })?;
    let mut effect = settle(fates);
    if !effect.changes.is_empty() {
        effect.changes.push(without_tags(call, package, &gone));
    }
    Ok(effect)
}

/// Tags go with the versions they name.
fn without_tags(call: &Call<'_>, package: &Package, gone: &[String]) -> Change {
    let mut record = package.record.clone();
    record
        .dist_tags
        .retain(|_, tagged| !gone.iter().any(|version| *tagged == version.as_str()));
    record.modified = call.shared.clock.now();
    Change::Package {
        domain: call.domain(),
        repository: call.repository().to_owned(),
        package: call.package(),
        record: Some(record),
    }
}

fn put(call: &Call<'_>, version: &str, record: Option<VersionRecord>) -> Change {
    Change::Version {
        domain: call.domain(),
        repository: call.repository().to_owned(),
        package: call.package(),
        version: version.to_owned(),
        record: record.map(Box::new),
    }
}
