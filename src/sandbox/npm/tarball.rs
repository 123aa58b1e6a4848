//! Tarballs: a redirect to the second host, or the bytes themselves.

use axum::response::Response;
use http::header::LOCATION;

use super::NpmError;
use super::access::Visit;
use crate::sandbox::assets;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::names::PackageId;
use crate::sandbox::reply;
use crate::sandbox::server::Incoming;
use crate::sandbox::state::AssetRecord;
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
    let damage = incoming.take_fault(|fault| {
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
        reply::bytes(307, "text/plain", ""),
        LOCATION,
        &location,
    ))
}

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
    let state = visit.shared.store.read();
    let now = visit.shared.clock.now();
    state
        .package(&visit.domain, visit.repository, package)
        .and_then(|package| package.versions.get(version))
        .filter(|version| version.status.is_served() && version.visible <= now)
        .and_then(|version| version.assets.first())
        .cloned()
        .ok_or_else(missing)
}
