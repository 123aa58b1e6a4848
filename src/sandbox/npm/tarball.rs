//! Tarballs: a redirect to the second host, or the bytes themselves.

use axum::response::Response;
use http::header::LOCATION;

use super::NpmError;
use super::access::Visit;
use super::publish::{ASSET, check_dist};
use super::retain::retain;
use super::view;
use crate::sandbox::assets;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::names::PackageId;
use crate::sandbox::reach::Step;
use crate::sandbox::reply;
use crate::sandbox::server::Incoming;
use crate::sandbox::state::{AssetRecord, VersionRecord};
use crate::sandbox::store::StoreError;

pub(super) async fn get(
    visit: &Visit<'_>,
    package: &PackageId,
    file: &str,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    let version = file
        .strip_prefix(&package.name)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_suffix(".tgz"))
        .ok_or_else(|| NpmError::refused(404, format!("{file} is not a tarball's name")))?;
    let asset = find(visit, package, version).await?;
    let damage = incoming.strike(visit.shared, |fault| {
        matches!(
            fault,
            FaultKind::TruncateTarball | FaultKind::CorruptTarball
        )
    });
    let shared = visit.shared;
    if !shared.config.assumptions.redirect_tarballs {
        return Ok(assets::blob(shared, &asset.sha256, asset.size, damage.as_ref()).await);
    }
    let link = shared
        .links
        .make(&asset.sha256, asset.size, shared.clock.now(), damage)
        .map_err(StoreError::from)?;
    // Another name for the same address: clients take hosts apart by name, and npm by name alone.
    let host = if incoming.authority.starts_with("localhost") {
        "127.0.0.1"
    } else {
        "localhost"
    };
    let location = format!("http://{host}:{}{link}", shared.assets_address.port());
    Ok(reply::with(
        reply::bytes(shared.config.assumptions.redirect_status, "text/plain", ""),
        LOCATION,
        &location,
    ))
}

/// Finds the tarball, fetching and keeping it if it comes from elsewhere.
async fn find(
    visit: &Visit<'_>,
    package: &PackageId,
    version: &str,
) -> Result<AssetRecord, NpmError> {
    let missing = || {
        NpmError::refused(
            404,
            format!("no version {version} of {}", package.npm_name()),
        )
    };
    let now = visit.shared.clock.now();
    let (merged, _) = view::search(visit, package).await;
    let record = merged
        .version(version)
        .filter(|version| version.status.is_served() && version.visible <= now)
        .ok_or_else(missing)?;
    let step = merged.found.get(version).ok_or_else(missing)?;
    let asset = match (record.assets.first(), step) {
        (Some(asset), _) => asset.clone(),
        (None, Step::External { connection, .. }) => fetch(visit, connection, package, record)
            .await?
            .ok_or_else(missing)?,
        (None, Step::Repository(_)) => return Err(missing()),
    };
    if step.repository() != visit.repository || record.assets.is_empty() {
        retain(visit, package, record, &asset, &merged).await?;
    }
    Ok(asset)
}

/// Brings a tarball in through an external connection; its bytes must be those its manifest names.
async fn fetch(
    visit: &Visit<'_>,
    connection: &str,
    package: &PackageId,
    version: &VersionRecord,
) -> Result<Option<AssetRecord>, NpmError> {
    let shared = visit.shared;
    let spooled = shared
        .externals
        .tarball(connection, package, version, shared.store.blobs())
        .await
        .map_err(|error| NpmError::refused(502, error.to_string()))?;
    let Some(spooled) = spooled else {
        return Ok(None);
    };
    check_dist(version.manifest.get("dist"), &spooled.digests)
        .map_err(|_| NpmError::refused(502, "the upstream's tarball is not what it says"))?;
    let asset = spooled.digests.asset(ASSET);
    shared.store.keep(spooled).await?;
    Ok(Some(asset))
}
