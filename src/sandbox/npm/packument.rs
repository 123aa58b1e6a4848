//! Packuments: everything about a package in one document.
//!
//! Full, or abbreviated for whoever accepts `application/vnd.npm.install-v1+json` (npm registry
//! API, "Package metadata"). `dist.tarball` is made for the host the reader used.

use axum::response::Response;
use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::NpmError;
use super::access::Visit;
use super::view::{View, view};
use crate::sandbox::clock::iso8601;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::integrity::integrity;
use crate::sandbox::names::PackageId;
use crate::sandbox::random::hex_of;
use crate::sandbox::reply;
use crate::sandbox::server::Incoming;
use crate::sandbox::state::VersionRecord;

const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";

/// The members of a manifest that the abbreviated form keeps.
const INSTALL_MEMBERS: &[&str] = &[
    "name",
    "version",
    "deprecated",
    "dependencies",
    "optionalDependencies",
    "devDependencies",
    "bundleDependencies",
    "bundledDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "acceptDependencies",
    "bin",
    "directories",
    "dist",
    "engines",
    "funding",
    "cpu",
    "os",
    "libc",
    "hasInstallScript",
    "_hasShrinkwrap",
];

pub(super) async fn get(
    visit: &Visit<'_>,
    package: &PackageId,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    let wrong = incoming.strike(visit.shared, |fault| {
        matches!(fault, FaultKind::WrongIntegrity)
    });
    let view = view(visit, package).await?;
    let assumptions = &visit.shared.config.assumptions;
    let abbreviated = assumptions.abbreviated_packument
        && incoming
            .header("accept")
            .is_some_and(|accepted| accepted.contains(ABBREVIATED));
    let mut document = full(visit, package, &view, wrong.is_some());
    if abbreviated {
        abbreviate(&mut document, &view, assumptions.abbreviated_time);
    }
    let body = Value::Object(document).to_string();
    let tag = format!("\"{}\"", hex_of(&Sha256::digest(&body)));
    let known = incoming
        .headers
        .get(IF_NONE_MATCH)
        .is_some_and(|sent| sent.as_bytes() == tag.as_bytes());
    let mut response = if assumptions.packument_etag && known {
        reply::bytes(304, "application/json", "")
    } else {
        reply::bytes(200, "application/json", body)
    };
    if abbreviated {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, http::HeaderValue::from_static(ABBREVIATED));
    }
    Ok(if assumptions.packument_etag {
        reply::with(response, ETAG, &tag)
    } else {
        response
    })
}

fn full(visit: &Visit<'_>, package: &PackageId, view: &View, wrong: bool) -> Map<String, Value> {
    let name = package.npm_name();
    let mut versions = Map::new();
    let mut time = Map::new();
    time.insert("created".to_owned(), iso8601(view.created).into());
    time.insert("modified".to_owned(), iso8601(view.modified).into());
    for version in &view.versions {
        time.insert(version.version.clone(), iso8601(version.published).into());
        let manifest = manifest(visit, package, version, wrong);
        versions.insert(version.version.clone(), Value::Object(manifest));
    }
    let latest = view
        .tags
        .get("latest")
        .and_then(Value::as_str)
        .and_then(|latest| {
            view.versions
                .iter()
                .find(|version| version.version == latest)
        })
        .or_else(|| view.versions.last());
    let mut document = Map::new();
    document.insert("_id".to_owned(), name.as_str().into());
    if visit.shared.config.assumptions.packument_revision {
        let revisions: Vec<&str> = view
            .versions
            .iter()
            .map(|version| version.revision.as_str())
            .collect();
        let digest = hex_of(&Sha256::digest(revisions.concat()));
        let revision = format!(
            "{}-{}",
            revisions.len(),
            digest.get(..32).unwrap_or_default()
        );
        document.insert("_rev".to_owned(), revision.into());
    }
    document.insert("name".to_owned(), name.into());
    document.insert("dist-tags".to_owned(), Value::Object(view.tags.clone()));
    document.insert("versions".to_owned(), Value::Object(versions));
    document.insert("time".to_owned(), Value::Object(time));
    for member in [
        "description",
        "readme",
        "readmeFilename",
        "homepage",
        "keywords",
        "repository",
        "author",
        "bugs",
        "license",
        "maintainers",
    ] {
        if let Some(value) = latest.and_then(|latest| latest.manifest.get(member)) {
            document.insert(member.to_owned(), value.clone());
        }
    }
    document
}

/// A version's manifest as it is served: as published, with the server's own `dist`.
fn manifest(
    visit: &Visit<'_>,
    package: &PackageId,
    version: &VersionRecord,
    wrong: bool,
) -> Map<String, Value> {
    let mut manifest = match &version.manifest {
        Value::Object(manifest) => manifest.clone(),
        _ => Map::new(),
    };
    let mut dist = match manifest.get("dist") {
        Some(Value::Object(dist)) => dist.clone(),
        _ => Map::new(),
    };
    if let Some(asset) = version.assets.first() {
        dist.insert("integrity".to_owned(), integrity(&asset.sha512).into());
        dist.insert("shasum".to_owned(), asset.sha1.as_str().into());
    }
    if wrong {
        dist.insert("integrity".to_owned(), integrity(&"0".repeat(128)).into());
        dist.insert("shasum".to_owned(), "0".repeat(40).into());
    }
    let tarball = visit.tarball_url(package, &version.version);
    dist.insert("tarball".to_owned(), tarball.into());
    manifest.insert("dist".to_owned(), Value::Object(dist));
    manifest
}

fn abbreviate(document: &mut Map<String, Value>, view: &View, with_time: bool) {
    document.retain(|member, _| {
        matches!(member.as_str(), "name" | "dist-tags" | "versions")
            || (with_time && member == "time")
    });
    document.insert("modified".to_owned(), iso8601(view.modified).into());
    let Some(Value::Object(versions)) = document.get_mut("versions") else {
        return;
    };
    for version in versions.values_mut() {
        if let Value::Object(manifest) = version {
            let scripts = manifest.get("scripts").and_then(Value::as_object);
            let installs = scripts.is_some_and(|scripts| {
                ["preinstall", "install", "postinstall"]
                    .iter()
                    .any(|script| scripts.contains_key(*script))
            });
            if installs {
                manifest.insert("hasInstallScript".to_owned(), true.into());
            }
            manifest.retain(|member, _| INSTALL_MEMBERS.contains(&member.as_str()));
        }
    }
}
