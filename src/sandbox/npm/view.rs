//! A package as a reader of one repository sees it, upstreams and external connections included.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::NpmError;
use super::access::Visit;
use crate::sandbox::names::PackageId;
use crate::sandbox::reach::{self, Answers, Merged, Step};
use crate::sandbox::state::VersionRecord;

/// A package with the versions a packument names.
#[derive(Debug)]
pub(super) struct View {
    pub(super) versions: Vec<Arc<VersionRecord>>,
    pub(super) tags: Map<String, Value>,
    /// Milliseconds since 1970.
    pub(super) created: i64,
    /// Milliseconds since 1970.
    pub(super) modified: i64,
}

/// The package with its visible versions, or 404.
pub(super) async fn view(visit: &Visit<'_>, package: &PackageId) -> Result<View, NpmError> {
    let (merged, _) = search(visit, package).await;
    let now = visit.shared.clock.now();
    let versions: Vec<_> = merged
        .versions
        .into_iter()
        .filter(|version| version.status.is_listed() && version.visible <= now)
        .collect();
    if versions.is_empty() {
        return Err(NpmError::refused(
            404,
            format!("no package {}", package.npm_name()),
        ));
    }
    let mut tags = merged.tags;
    tags.retain(|_, tagged| {
        versions
            .iter()
            .any(|version| *tagged == version.version.as_str())
    });
    Ok(View {
        versions,
        tags,
        created: merged.created,
        modified: merged.modified,
    })
}

/// Everything that is reachable, and what external connections answered on the way. One that does
/// not answer has nothing for now: an outage there does not take the repository down.
pub(super) async fn search(visit: &Visit<'_>, package: &PackageId) -> (Merged, Answers) {
    let shared = visit.shared;
    let steps = {
        let state = shared.store.read();
        reach::steps(&state, shared, &visit.domain, visit.repository, package)
    };
    let mut answers = Answers::new();
    for step in &steps {
        if let Step::External { connection, .. } = step
            && let Ok(Some(answer)) = shared.externals.package(connection, package).await
        {
            answers.insert(step.clone(), answer);
        }
    }
    let state = shared.store.read();
    let merged = reach::merge(&state, &visit.domain, package, &steps, &answers);
    (merged, answers)
}
