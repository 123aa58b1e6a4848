//! Retention: a version that was asked for through a repository stays in it.
//!
//! The repository whose external connection brought the version keeps it as well; repositories in
//! between do not (user guide, repos-upstream-behavior).

use serde_json::Map;

use super::NpmError;
use super::access::Visit;
use crate::sandbox::names::PackageId;
use crate::sandbox::reach::{Merged, Step};
use crate::sandbox::state::{
    AssetRecord, Change, Package, PackageRecord, Restrictions, State, VersionRecord,
};

/// Keeps `version`, now with its asset, where it was asked for and where it came in.
pub(super) async fn retain(
    visit: &Visit<'_>,
    package: &PackageId,
    version: &VersionRecord,
    asset: &AssetRecord,
    merged: &Merged,
) -> Result<(), NpmError> {
    let mut homes = vec![visit.repository.to_owned()];
    if let Some(Step::External { repository, .. }) = merged.found.get(&version.version)
        && !homes.contains(repository)
    {
        homes.push(repository.clone());
    }
    let record = VersionRecord {
        assets: vec![asset.clone()],
        ..version.clone()
    };
    let now = visit.shared.clock.now();
    visit
        .shared
        .store
        .transact(|state| {
            let changes = homes
                .iter()
                .flat_map(|home| changes(state, visit, home, package, &record, merged, now))
                .collect();
            Ok::<_, NpmError>(((), changes))
        })
        .await
}

fn changes(
    state: &State,
    visit: &Visit<'_>,
    home: &str,
    package: &PackageId,
    record: &VersionRecord,
    merged: &Merged,
    now: i64,
) -> Vec<Change> {
    let known = state.package(&visit.domain, home, package);
    let present = known.is_some_and(|known| known.versions.contains_key(&record.version));
    if present || state.repository(&visit.domain, home).is_none() {
        return Vec::new();
    }
    let mut package_record = known.map_or_else(
        || PackageRecord {
            restrictions: Restrictions::INGESTED,
            dist_tags: Map::new(),
            created: now,
            modified: now,
        },
        |known| known.record.clone(),
    );
    for (tag, tagged) in &merged.tags {
        if *tagged == record.version.as_str() {
            package_record.dist_tags.insert(tag.clone(), tagged.clone());
        }
    }
    vec![
        Change::Package {
            domain: visit.domain.clone(),
            repository: home.to_owned(),
            package: package.clone(),
            record: Some(package_record),
        },
        Change::Version {
            domain: visit.domain.clone(),
            repository: home.to_owned(),
            package: package.clone(),
            version: record.version.clone(),
            record: Some(Box::new(VersionRecord {
                sequence: known.map_or(1, Package::next_sequence),
                ..record.clone()
            })),
        },
    ]
}
