//! A PUT of a packument without attachments: `npm deprecate`, and dist-tags beside it.
//!
//! Of everything in the document only `versions[v].deprecated` and `dist-tags` can change; the rest
//! of a version is immutable.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::NpmError;
use super::access::Visit;
use crate::sandbox::names::PackageId;
use crate::sandbox::random;
use crate::sandbox::reply;
use crate::sandbox::server::Incoming;
use crate::sandbox::state::{Change, State};
use crate::sandbox::store::StoreError;

pub(super) async fn put(
    visit: &Visit<'_>,
    package: &PackageId,
    document: &Map<String, Value>,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    let action = visit.shared.config.assumptions.metadata_action.clone();
    visit.may_on_package(&action, package, incoming)?;
    let revision = random::hex::<16>().map_err(StoreError::from)?;
    let now = visit.shared.clock.now();
    visit
        .shared
        .store
        .transact(|state| {
            decide(state, visit, package, document, &revision, now).map(|changes| ((), changes))
        })
        .await?;
    Ok(reply::json(200, &json!({"ok": true, "success": true})))
}

fn decide(
    state: &State,
    visit: &Visit<'_>,
    package: &PackageId,
    document: &Map<String, Value>,
    revision: &str,
    now: i64,
) -> Result<Vec<Change>, NpmError> {
    let known = state
        .package(&visit.domain, visit.repository, package)
        .ok_or_else(|| NpmError::refused(404, format!("no package {}", package.npm_name())))?;
    let sent = |name: &str| document.get(name).and_then(Value::as_object);
    let Some(versions) = sent("versions") else {
        return Err(NpmError::bad_request(
            "the document has neither an attachment nor versions",
        ));
    };
    let mut changes = Vec::new();
    for (name, manifest) in versions {
        let Some(version) = known.versions.get(name) else {
            return Err(NpmError::bad_request(format!(
                "{name} is not a version of {}, and nothing is attached",
                package.npm_name()
            )));
        };
        let wanted = manifest
            .get("deprecated")
            .filter(|text| **text != Value::Null);
        if version.manifest.get("deprecated") == wanted {
            continue;
        }
        let mut record = (**version).clone();
        if let Value::Object(manifest) = &mut record.manifest {
            match wanted {
                Some(text) => {
                    manifest.insert("deprecated".to_owned(), text.clone());
                }
                None => {
                    manifest.shift_remove("deprecated");
                }
            }
        }
        revision.clone_into(&mut record.revision);
        changes.push(Change::Version {
            domain: visit.domain.clone(),
            repository: visit.repository.to_owned(),
            package: package.clone(),
            version: name.clone(),
            record: Some(Box::new(record)),
        });
    }
    let mut record = known.record.clone();
    if let Some(tags) = sent("dist-tags") {
        if let Some(lost) = tags.values().find(|version| {
            !version
                .as_str()
                .is_some_and(|name| known.versions.contains_key(name))
        }) {
            return Err(NpmError::bad_request(format!(
                "a dist-tag names {lost}, which is not a version"
            )));
        }
        record.dist_tags.clone_from(tags);
    }
    if !changes.is_empty() || record.dist_tags != known.record.dist_tags {
        record.modified = now;
        changes.push(Change::Package {
            domain: visit.domain.clone(),
            repository: visit.repository.to_owned(),
            package: package.clone(),
            record: Some(record),
        });
    }
    Ok(changes)
}
