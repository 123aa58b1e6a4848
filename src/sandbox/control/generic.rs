//! `PublishPackageVersion`, which the service has for the format `generic` only.
//!
//! The body is the asset itself. Its digest comes in `x-amz-content-sha256`, which is also what the
//! signature covers, so the body is spooled before the caller is known.

use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    ASSET, IN_DOMAIN, IN_NAMESPACE, IN_REPOSITORY, OF_FORMAT, OF_OWNER, OF_PACKAGE, OF_VERSION,
    Parameter, Shape,
};
use super::{Effect, describe};
use crate::sandbox::groups;
use crate::sandbox::random;
use crate::sandbox::server::{Incoming, Shared};
use crate::sandbox::state::{
    Change, Origin, Package, PackageRecord, Restriction, Restrictions, State, Status, VersionRecord,
};
use crate::sandbox::store::Spooled;

pub(super) const NAME: &str = "PublishPackageVersion";

pub(super) const OPERATIONS: &[Operation] = &[Operation::write(
    NAME,
    "POST",
    "/v1/package/version/publish",
    Access::Package,
    &[
        IN_DOMAIN,
        OF_OWNER,
        IN_REPOSITORY,
        OF_FORMAT,
        IN_NAMESPACE,
        OF_PACKAGE,
        OF_VERSION,
        Parameter::query("asset", ASSET),
        Parameter::query("unfinished", Shape::Flag).optional(),
    ],
    publish,
)];

/// Spools the body.
pub(super) async fn receive(
    shared: &Shared,
    incoming: &mut Incoming,
) -> Result<Spooled, ControlError> {
    let mut spool = shared.store.blobs().spool();
    let mut received = 0;
    while let Some(frame) = incoming.body.frame().await {
        let frame = frame
            .map_err(|_| ControlError::validation("CANNOT_PARSE", "The body could not be read."))?;
        if let Some(data) = frame.data_ref() {
            received += data.len() as u64;
            if received > shared.config.limits.asset {
                return Err(ControlError::quota("asset", "", "The asset is too large."));
            }
            spool.write(data)?;
        }
    }
    Ok(spool.finish()?)
}

/// The digest header is required, and must be the body's.
pub(super) fn check(incoming: &Incoming, upload: &Spooled) -> Result<(), ControlError> {
    if incoming.header("x-amz-content-sha256") == Some(upload.digests.sha256.as_str()) {
        Ok(())
    } else {
        Err(ControlError::field(
            "assetSHA256 is not the SHA-256 of the asset's content.",
        ))
    }
}

fn publish(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let repository = call.find_repository(state, call.repository())?;
    let id = call.package();
    if id.format != "generic" || id.namespace.is_none() {
        return Err(ControlError::field(
            "Packages are published this way in the format generic only, with a namespace.",
        ));
    }
    let now = call.shared.clock.now();
    let known = repository.packages.get(&id);
    let record = known.map_or_else(
        || PackageRecord {
            restrictions: Restrictions::PUBLISHED,
            dist_tags: Map::new(),
            created: now,
            modified: now,
        },
        |known| known.record.clone(),
    );
    let domain = call.find_domain(state)?;
    if record.restrictions.publish == Restriction::Block
        || !groups::allows(domain, &id, "PUBLISH", call.repository())
    {
        return Err(ControlError::access_denied(
            "The origin controls of the package block publishing.",
        ));
    }
    let (Some(name), Some(asset_name), Some(digests)) =
        (call.text("version"), call.text("asset"), &call.upload)
    else {
        return Err(ControlError::field(
            "Version, asset and content are needed.",
        ));
    };
    let asset = digests.asset(asset_name);
    let version = known.and_then(|known| known.versions.get(name));
    let conflict = |what: &str| ControlError::conflict("package-version", name, what);
    let unfinished = call.flag("unfinished");
    let mut version = match version {
        Some(version) if version.status != Status::Unfinished => {
            return if version.assets.contains(&asset) {
                Ok(Effect::read(answer(
                    call,
                    version,
                    &describe::asset(&asset),
                )))
            } else {
                Err(conflict("The version is finished."))
            };
        }
        Some(version) => (**version).clone(),
        None => VersionRecord {
            version: name.to_owned(),
            sequence: known.map_or(1, Package::next_sequence),
            published: now,
            visible: 0,
            revision: String::new(),
            status: Status::Unfinished,
            origin: Origin::Internal(call.repository().to_owned()),
            manifest: Value::Null,
            assets: Vec::new(),
        },
    };
    match version.assets.iter().find(|known| known.name == asset.name) {
        Some(same) if *same == asset => {}
        Some(_) => return Err(conflict("The version has another asset of this name.")),
        None => version.assets.push(asset.clone()),
    }
    if !unfinished {
        version.status = Status::Published;
    }
    version.revision = random::hex::<16>()?;
    let answer = answer(call, &version, &describe::asset(&asset));
    let (domain, repository) = (call.domain(), call.repository().to_owned());
    Ok(Effect::write(
        answer,
        vec![
            Change::Package {
                domain: domain.clone(),
                repository: repository.clone(),
                package: id.clone(),
                record: Some(PackageRecord {
                    modified: now,
                    ..record
                }),
            },
            Change::Version {
                domain,
                repository,
                package: id,
                version: version.version.clone(),
                record: Some(Box::new(version)),
            },
        ],
    ))
}

fn answer(call: &Call<'_>, version: &VersionRecord, asset: &Value) -> Value {
    let mut members = describe::coordinates(&call.package());
    members.insert("version".to_owned(), version.version.as_str().into());
    members.insert(
        "versionRevision".to_owned(),
        version.revision.as_str().into(),
    );
    members.insert("status".to_owned(), json!(version.status.as_str()));
    members.insert("asset".to_owned(), asset.clone());
    members.into()
}
