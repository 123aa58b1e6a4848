//! Listing and describing package versions. These ignore upstreams, as the service does.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    FROM_PAGE, IN_DOMAIN, IN_NAMESPACE, IN_REPOSITORY, OF_FORMAT, OF_OWNER, OF_PACKAGE, OF_VERSION,
    PER_PAGE, Parameter, STATUS, Shape,
};
use super::{Effect, describe, paging};
use crate::sandbox::state::{Origin, Package, State, Status, VersionRecord};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read(
        "ListPackageVersions",
        "POST",
        "/v1/package/versions",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
            Parameter::query("status", STATUS).optional(),
            Parameter::query("sortBy", Shape::One(&["PUBLISHED_TIME"])).optional(),
            PER_PAGE,
            FROM_PAGE,
            Parameter::query(
                "originType",
                Shape::One(&["INTERNAL", "EXTERNAL", "UNKNOWN"]),
            )
            .optional(),
        ],
        list,
    ),
    Operation::read(
        "DescribePackageVersion",
        "GET",
        "/v1/package/version",
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
        describe_one,
    ),
];

fn list(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let package = call.find_package(state)?;
    let mut versions: Vec<_> = package.versions.values().collect();
    if call.text("sortBy").is_some() {
        versions.sort_by_key(|version| Reverse((version.published, version.sequence)));
    }
    let origin_type = |version: &VersionRecord| match version.origin {
        Origin::Internal(_) => "INTERNAL",
        Origin::External(_) => "EXTERNAL",
    };
    let items = versions
        .into_iter()
        .filter(|version| {
            call.text("status")
                .is_none_or(|wanted| version.status.as_str() == wanted)
                && call
                    .text("originType")
                    .is_none_or(|wanted| origin_type(version) == wanted)
        })
        .map(|version| {
            let summary = json!({
                "version": version.version,
                "revision": version.revision,
                "status": version.status.as_str(),
                "origin": describe::origin(version),
            });
            (version.version.clone(), summary)
        });
    let (versions, next) = paging::page(call, items)?;
    let mut answer = describe::coordinates(&call.package());
    answer.insert(
        "defaultDisplayVersion".to_owned(),
        default_display(package).map_or(Value::Null, Value::from),
    );
    answer.insert("versions".to_owned(), versions.into());
    answer.insert("nextToken".to_owned(), next.into());
    Ok(Effect::read(answer.into()))
}

/// The version tagged `latest` while it is published, else the newest published one.
fn default_display(package: &Package) -> Option<&str> {
    let published = |version: &&std::sync::Arc<VersionRecord>| version.status == Status::Published;
    let latest = package
        .record
        .dist_tags
        .get("latest")
        .and_then(Value::as_str)
        .and_then(|latest| package.versions.get(latest))
        .filter(published);
    latest
        .or_else(|| package.in_order().into_iter().rfind(published))
        .map(|version| version.version.as_str())
}

fn describe_one(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let id = call.package();
    let version = call.find_version(state)?;
    let manifest = &version.manifest;
    let text = |name: &str| manifest.get(name).and_then(Value::as_str);
    let source = match manifest.get("repository") {
        Some(Value::String(url)) => Some(url.as_str()),
        Some(repository) => repository.get("url").and_then(Value::as_str),
        None => None,
    };
    let license = match manifest.get("license") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(license) => license.get("type").and_then(Value::as_str),
        None => None,
    };
    Ok(Effect::read(json!({"packageVersion": {
        "format": id.format,
        "namespace": id.namespace,
        "packageName": id.name,
        "displayName": id.npm_name(),
        "version": version.version,
        "summary": text("description"),
        "homePage": text("homepage"),
        "sourceCodeRepository": source,
        "publishedTime": describe::timestamp(version.published),
        "licenses": license.map(|name| json!([{"name": name}])),
        "revision": version.revision,
        "status": version.status.as_str(),
        "origin": describe::origin(version),
    }})))
}
