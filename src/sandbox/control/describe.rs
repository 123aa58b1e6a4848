//! The shapes in which the API describes what is there.

use serde_json::{Value, json};

use crate::sandbox::names::{DomainKey, PackageId};
use crate::sandbox::state::{
    AssetRecord, Domain, Origin, PolicyRecord, RepositoryRecord, Restrictions, VersionRecord,
};

/// Seconds since 1970 with a fraction, as `rest-json` writes a timestamp.
pub(super) fn timestamp(milliseconds: i64) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a double holds milliseconds exactly for the next 280,000 years"
    )]
    let seconds = milliseconds as f64 / 1000.0;
    seconds.into()
}

pub(super) fn domain(region: &str, key: &DomainKey, domain: &Domain, status: &str) -> Value {
    let size: u64 = domain
        .repositories
        .values()
        .flat_map(|repository| repository.packages.values())
        .flat_map(|package| package.versions.values())
        .flat_map(|version| &version.assets)
        .map(|asset| asset.size)
        .sum();
    json!({
        "name": key.name,
        "owner": key.owner,
        "arn": key.arn(region),
        "status": status,
        "createdTime": timestamp(domain.record.created),
        "encryptionKey": domain.record.encryption_key,
        "repositoryCount": domain.repositories.len(),
        "assetSizeBytes": size,
        "s3BucketArn": format!("arn:aws:s3:::assets-{}-{region}", key.owner),
    })
}

pub(super) fn repository(
    region: &str,
    key: &DomainKey,
    name: &str,
    record: &RepositoryRecord,
) -> Value {
    let upstreams: Vec<Value> = record
        .upstreams
        .iter()
        .map(|name| json!({"repositoryName": name}))
        .collect();
    let connections: Vec<Value> = record
        .external_connections
        .iter()
        .map(|name| {
            json!({
                "externalConnectionName": name,
                "packageFormat": connection_format(name),
                "status": "Available",
            })
        })
        .collect();
    let mut described = repository_summary(region, key, name, record);
    if let Value::Object(members) = &mut described {
        members.insert("upstreams".to_owned(), upstreams.into());
        members.insert("externalConnections".to_owned(), connections.into());
    }
    described
}

pub(super) fn repository_summary(
    region: &str,
    key: &DomainKey,
    name: &str,
    record: &RepositoryRecord,
) -> Value {
    json!({
        "name": name,
        "administratorAccount": record.administrator,
        "domainName": key.name,
        "domainOwner": key.owner,
        "arn": key.repository_arn(region, name),
        "description": record.description,
        "createdTime": timestamp(record.created),
    })
}

/// The package format behind an external connection; `None` for a name the service does not have.
pub(super) fn connection_format(name: &str) -> Option<&'static str> {
    Some(match name {
        "public:npmjs" => "npm",
        "public:pypi" => "pypi",
        "public:maven-central"
        | "public:maven-googleandroid"
        | "public:maven-gradleplugins"
        | "public:maven-commonsware"
        | "public:maven-clojars" => "maven",
        "public:nuget-org" => "nuget",
        "public:ruby-gems-org" => "ruby",
        "public:crates-io" => "cargo",
        _ => return None,
    })
}

/// `originConfiguration`.
pub(super) fn origin_configuration(restrictions: Restrictions) -> Value {
    json!({"restrictions": {
        "publish": restrictions.publish.as_str(),
        "upstream": restrictions.upstream.as_str(),
    }})
}

/// Format, namespace and package, as the answers about versions begin.
pub(super) fn coordinates(package: &PackageId) -> serde_json::Map<String, Value> {
    let described = json!({
        "format": package.format,
        "namespace": package.namespace,
        "package": package.name,
    });
    match described {
        Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}

pub(super) fn origin(version: &VersionRecord) -> Value {
    match &version.origin {
        Origin::Internal(repository) => json!({
            "domainEntryPoint": {"repositoryName": repository},
            "originType": "INTERNAL",
        }),
        Origin::External(connection) => json!({
            "domainEntryPoint": {"externalConnectionName": connection},
            "originType": "EXTERNAL",
        }),
    }
}

pub(super) fn asset(asset: &AssetRecord) -> Value {
    json!({
        "name": asset.name,
        "size": asset.size,
        "hashes": {
            "MD5": asset.md5,
            "SHA-1": asset.sha1,
            "SHA-256": asset.sha256,
            "SHA-512": asset.sha512,
        },
    })
}

pub(super) fn policy(arn: &str, policy: &PolicyRecord) -> Value {
    json!({"policy": {
        "resourceArn": arn,
        "revision": policy.revision,
        "document": policy.document,
    }})
}
