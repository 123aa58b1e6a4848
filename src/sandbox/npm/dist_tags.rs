//! `/-/package/{package}/dist-tags`, "identical" to npmjs (user guide, npm-commands).

use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};

use super::access::Visit;
use super::{NpmError, view};
use crate::sandbox::names::PackageId;
use crate::sandbox::reply;
use crate::sandbox::server::Incoming;
use crate::sandbox::state::{Change, State};

/// The largest body of a tag request, in bytes.
const BODY: usize = 4096;

pub(super) async fn list(visit: &Visit<'_>, package: &PackageId) -> Result<Response, NpmError> {
    let view = view::view(visit, package).await?;
    Ok(reply::json(200, &Value::Object(view.tags)))
}

pub(super) async fn set(
    visit: &Visit<'_>,
    package: &PackageId,
    tag: &str,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    let body = Limited::new(std::mem::take(&mut incoming.body), BODY)
        .collect()
        .await
        .map_err(|_| NpmError::bad_request("the body could not be read"))?
        .to_bytes();
    let version: String = serde_json::from_slice(&body)
        .map_err(|_| NpmError::bad_request("the body is not a JSON string"))?;
    if nodejs_semver::Range::parse(tag).is_ok() {
        return Err(NpmError::bad_request(format!(
            "{tag} is a version range and cannot be a tag"
        )));
    }
    change(visit, package, tag, Some(&version), incoming).await
}

pub(super) async fn remove(
    visit: &Visit<'_>,
    package: &PackageId,
    tag: &str,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    change(visit, package, tag, None, incoming).await
}

/// Points `tag` at a version, or removes it.
async fn change(
    visit: &Visit<'_>,
    package: &PackageId,
    tag: &str,
    version: Option<&str>,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    let action = visit.shared.config.assumptions.metadata_action.clone();
    visit.may_on_package(&action, package, incoming)?;
    let now = visit.shared.clock.now();
    visit
        .shared
        .store
        .transact(|state| {
            decide(state, visit, package, tag, version, now).map(|changes| ((), changes))
        })
        .await?;
    Ok(reply::json(200, &json!({"ok": true})))
}

fn decide(
    state: &State,
    visit: &Visit<'_>,
    package: &PackageId,
    tag: &str,
    version: Option<&str>,
    now: i64,
) -> Result<Vec<Change>, NpmError> {
    let known = state
        .package(&visit.domain, visit.repository, package)
        .ok_or_else(|| NpmError::refused(404, format!("no package {}", package.npm_name())))?;
    let mut record = known.record.clone();
    match version {
        Some(name) => {
            let listed = known
                .versions
                .get(name)
                .is_some_and(|version| version.status.is_listed());
            if !listed {
                return Err(NpmError::refused(
                    404,
                    format!("no version {name} of {}", package.npm_name()),
                ));
            }
            record.dist_tags.insert(tag.to_owned(), name.into());
        }
        None => {
            if record.dist_tags.shift_remove(tag).is_none() {
                return Err(NpmError::refused(
                    404,
                    format!("no tag {tag} on {}", package.npm_name()),
                ));
            }
        }
    }
    record.modified = now;
    Ok(vec![Change::Package {
        domain: visit.domain.clone(),
        repository: visit.repository.to_owned(),
        package: package.clone(),
        record: Some(record),
    }])
}
