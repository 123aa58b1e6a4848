//! What a package version is made of: assets, readme, dependencies.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    ASSET, FROM_PAGE, IN_DOMAIN, IN_NAMESPACE, IN_REPOSITORY, OF_FORMAT, OF_OWNER, OF_PACKAGE,
    OF_VERSION, PER_PAGE, Parameter, VERSION_REVISION,
};
use super::{Answer, Effect, describe, paging};
use crate::sandbox::names::PackageId;
use crate::sandbox::state::{State, VersionRecord};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read(
        "ListPackageVersionAssets",
        "POST",
        "/v1/package/version/assets",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
            OF_VERSION,
            PER_PAGE,
            FROM_PAGE,
        ],
        list,
    ),
    Operation::read(
        "GetPackageVersionAsset",
        "GET",
        "/v1/package/version/asset",
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
            Parameter::query("revision", VERSION_REVISION).optional(),
        ],
        bytes,
    ),
    Operation::read(
        "GetPackageVersionReadme",
        "GET",
        "/v1/package/version/readme",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
            OF_VERSION,
        ],
        readme,
    ),
    Operation::read(
        "ListPackageVersionDependencies",
        "POST",
        "/v1/package/version/dependencies",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
            OF_VERSION,
            FROM_PAGE,
        ],
        dependencies,
    ),
];

/// How an answer about one version begins.
fn about(call: &Call<'_>, version: &VersionRecord) -> Map<String, Value> {
    let mut members = describe::coordinates(&call.package());
    members.insert("version".to_owned(), version.version.as_str().into());
    members.insert(
        "versionRevision".to_owned(),
        version.revision.as_str().into(),
    );
    members
}

fn list(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let version = call.find_version(state)?;
    let items = version
        .assets
        .iter()
        .map(|asset| (asset.name.clone(), describe::asset(asset)));
    let (assets, next) = paging::page(call, items)?;
    let mut answer = about(call, version);
    answer.insert("assets".to_owned(), assets.into());
    answer.insert("nextToken".to_owned(), next.into());
    Ok(Effect::read(answer.into()))
}

fn bytes(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let version = call.find_version(state)?;
    let name = call.text("asset").unwrap_or_default();
    let wanted = call.text("revision");
    let asset = version
        .assets
        .iter()
        .find(|asset| asset.name == name)
        .filter(|_| version.status.is_served())
        .filter(|_| wanted.is_none_or(|revision| revision == version.revision))
        .ok_or_else(|| {
            ControlError::not_found("asset", name, format!("Asset not found: {name}"))
        })?;
    Ok(Effect {
        answer: Answer::Asset {
            asset: asset.clone(),
            version: version.version.clone(),
            revision: version.revision.clone(),
        },
        changes: Vec::new(),
    })
}

fn readme(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let version = call.find_version(state)?;
    let readme = version
        .manifest
        .get("readme")
        .and_then(Value::as_str)
        .ok_or_else(|| {
            ControlError::not_found("package-version", &version.version, "There is no readme.")
        })?;
    let mut answer = about(call, version);
    answer.insert("readme".to_owned(), readme.into());
    Ok(Effect::read(answer.into()))
}

/// The dependency types in npm's words, one entry each (user guide, package dependencies).
fn dependencies(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let version = call.find_version(state)?;
    let mut items = Vec::new();
    for (member, kind) in [
        ("dependencies", "regular"),
        ("devDependencies", "dev"),
        ("peerDependencies", "peer"),
        ("optionalDependencies", "optional"),
    ] {
        let Some(Value::Object(wanted)) = version.manifest.get(member) else {
            continue;
        };
        for (name, range) in wanted {
            let id = PackageId::parse_npm(name);
            items.push((
                format!("{kind} {name}"),
                json!({
                    "namespace": id.as_ref().and_then(|id| id.namespace.as_deref()),
                    "package": id.as_ref().map_or(name.as_str(), |id| id.name.as_str()),
                    "dependencyType": kind,
                    "versionRequirement": range,
                }),
            ));
        }
    }
    let (dependencies, next) = paging::page(call, items)?;
    let mut answer = about(call, version);
    answer.insert("dependencies".to_owned(), dependencies.into());
    answer.insert("nextToken".to_owned(), next.into());
    Ok(Effect::read(answer.into()))
}
