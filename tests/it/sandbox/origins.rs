//! Upstreams, external connections, origin controls, package groups.

use consign::sandbox::Config;
use consign::sandbox::config::{ExternalConfig, ExternalSource, RepositoryConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::stage::{Stage, pack, put, read};
use crate::support::{Peers, Registry, Target};

/// `npm` over `inner` over `npm-store`, which has `public:npmjs`; its folder is the one given.
fn layered(folder: &TempDir) -> Option<Stage> {
    let repository =
        |name: &str, upstream: Option<&str>, connection: Option<&str>| RepositoryConfig {
            name: name.to_owned(),
            upstreams: upstream.map(str::to_owned).into_iter().collect(),
            external_connection: connection.map(str::to_owned),
        };
    Stage::with(Config {
        repositories: vec![
            repository("npm-store", None, Some("public:npmjs")),
            repository("inner", Some("npm-store"), None),
            repository("npm", Some("inner"), None),
        ],
        external_connections: vec![ExternalConfig {
            name: "public:npmjs".to_owned(),
            source: ExternalSource::Folder(folder.path().to_owned()),
        }],
        ..Config::default()
    })
}

fn versions(stage: &Stage, repository: &str, package: &str) -> Vec<Value> {
    let path = format!(
        "/v1/package/versions?domain=sandbox&repository={repository}&format=npm&package={package}"
    );
    let answer = stage.signed("POST", &path, "");
    if answer.status == 404 {
        return Vec::new();
    }
    answer.json()["versions"].as_array().unwrap().clone()
}

fn restrictions(stage: &Stage, repository: &str, package: &str) -> Value {
    let path =
        format!("/package?domain=sandbox&repository={repository}&format=npm&package={package}");
    stage.api("GET", &path, &Value::Null)["package"]["originConfiguration"]["restrictions"].clone()
}

fn restrict(stage: &Stage, repository: &str, package: &str, publish: &str, upstream: &str) {
    let path =
        format!("/package?domain=sandbox&repository={repository}&format=npm&package={package}");
    stage.api(
        "POST",
        &path,
        &json!({"restrictions": {"publish": publish, "upstream": upstream}}),
    );
}

#[test]
fn a_public_package_is_installed_retained_and_guarded() {
    let folder = tempfile::tempdir().unwrap();
    let Some(stage) = layered(&folder) else {
        return;
    };
    for (version, value) in [("1.0.0", "1"), ("1.1.0", "2")] {
        let package = stage.package("public-tool", version, value);
        pack(&stage.home, &stage.peers, &package, folder.path());
    }
    let token = stage.token();
    stage.log_in(stage.registry(), &token);
    let project = stage.project("project");
    stage.npm(&project, "install public-tool@1.0.0");
    assert_eq!(stage.required(&project, "public-tool"), "1");

    // What was asked for stays where it was asked for and where it came in, not in between.
    for (repository, count) in [("npm", 1), ("inner", 0), ("npm-store", 1)] {
        let retained = versions(&stage, repository, "public-tool");
        assert_eq!(retained.len(), count, "{repository}: {retained:?}");
        for version in retained {
            assert_eq!(version["version"], "1.0.0");
            assert_eq!(
                version["origin"],
                json!({"domainEntryPoint": {"externalConnectionName": "public:npmjs"}, "originType": "EXTERNAL"})
            );
        }
    }
    assert_eq!(
        restrictions(&stage, "npm", "public-tool"),
        json!({"publish": "BLOCK", "upstream": "ALLOW"})
    );
    let put = |version: &str| put(stage.registry(), &token, ("public-tool", version), "own");
    assert_eq!(
        put("9.0.0"),
        403,
        "publishing is blocked once a package was ingested"
    );
    restrict(&stage, "npm", "public-tool", "ALLOW", "ALLOW");
    assert_eq!(put("1.1.0"), 409, "the version is reachable upstream");
    assert_eq!(put("9.0.0"), 200);
    restrict(&stage, "npm", "public-tool", "ALLOW", "BLOCK");
    let packument = read(stage.registry(), &token, "public-tool").json();
    let listed: Vec<&String> = packument["versions"].as_object().unwrap().keys().collect();
    assert_eq!(
        listed,
        ["1.0.0", "9.0.0"],
        "what is not retained is out of reach"
    );
    assert_eq!(put("1.1.0"), 200);
}

#[test]
fn publishing_a_public_name_hides_the_public_versions() {
    let folder = tempfile::tempdir().unwrap();
    let Some(stage) = layered(&folder) else {
        return;
    };
    let package = stage.package("shadowed", "1.0.0", "1");
    pack(&stage.home, &stage.peers, &package, folder.path());
    let token = stage.token();
    let listed = || {
        let packument = read(stage.registry(), &token, "shadowed").json();
        packument["versions"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(), ["1.0.0"]);
    assert_eq!(
        put(stage.registry(), &token, ("shadowed", "2.0.0"), "own"),
        200
    );
    assert_eq!(
        restrictions(&stage, "npm", "shadowed"),
        json!({"publish": "ALLOW", "upstream": "BLOCK"})
    );
    assert_eq!(listed(), ["2.0.0"]);
    restrict(&stage, "npm", "shadowed", "ALLOW", "ALLOW");
    assert_eq!(listed(), ["2.0.0", "1.0.0"]);
}

#[test]
fn an_upstreams_tag_wins() {
    let folder = tempfile::tempdir().unwrap();
    let Some(stage) = layered(&folder) else {
        return;
    };
    let token = stage.token();
    let inner = stage.registry_of("inner");
    assert_eq!(put(&inner, &token, ("tagged", "1.0.1"), "upstream"), 200);
    restrict(&stage, "npm", "tagged", "ALLOW", "ALLOW");
    assert_eq!(
        put(stage.registry(), &token, ("tagged", "1.0.2"), "own"),
        200
    );
    let packument = read(stage.registry(), &token, "tagged").json();
    assert_eq!(packument["dist-tags"], json!({"latest": "1.0.1"}));
    assert_eq!(packument["versions"].as_object().unwrap().len(), 2);
}

#[test]
fn a_package_group_blocks_what_comes_from_outside_or_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let Some(stage) = layered(&folder) else {
        return;
    };
    let package = stage.package("grouped", "1.0.0", "1");
    pack(&stage.home, &stage.peers, &package, folder.path());
    let token = stage.token();
    let status = || read(stage.registry(), &token, "grouped").status;
    assert_eq!(status(), 200);
    stage.api(
        "POST",
        "/package-group?domain=sandbox",
        &json!({"packageGroup": "/npm//*"}),
    );
    let update = |restriction: &str, mode: &str| {
        stage.api(
            "PUT",
            "/package-group-origin-configuration?domain=sandbox&package-group=%2Fnpm%2F%2F%2A",
            &json!({"restrictions": {restriction: mode}}),
        )
    };
    update("EXTERNAL_UPSTREAM", "BLOCK");
    assert_eq!(status(), 404);
    let described = update("PUBLISH", "BLOCK");
    assert_eq!(
        described["packageGroup"]["originConfiguration"]["restrictions"]["PUBLISH"]["effectiveMode"],
        "BLOCK"
    );
    assert_eq!(
        put(stage.registry(), &token, ("grouped", "2.0.0"), "own"),
        403
    );
    assert_eq!(
        put(stage.registry(), &token, ("@other/grouped", "2.0.0"), "own"),
        200
    );
    let associated =
        stage.aws("get-associated-package-group --domain sandbox --format npm --package grouped");
    assert_eq!(associated["packageGroup"]["pattern"], "/npm//*");
}

#[test]
fn an_external_connection_may_be_a_real_registry() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let verdaccio = Registry::shared(Target::Verdaccio, &peers);
    let config = Config {
        repositories: vec![
            RepositoryConfig {
                name: "npm-store".to_owned(),
                external_connection: Some("public:npmjs".to_owned()),
                ..RepositoryConfig::default()
            },
            RepositoryConfig {
                name: "npm".to_owned(),
                upstreams: vec!["npm-store".to_owned()],
                external_connection: None,
            },
        ],
        external_connections: vec![ExternalConfig {
            name: "public:npmjs".to_owned(),
            source: ExternalSource::Registry(verdaccio.url.parse().unwrap()),
        }],
        ..Config::default()
    };
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let token = stage.token();
    stage.log_in(stage.registry(), &token);
    let project = stage.project("project");
    // It has dependencies of its own, and all of them come in the same way.
    stage.npm(&project, "install debug --ignore-scripts");
    assert!(project.join("node_modules/ms").is_dir());
    assert_eq!(versions(&stage, "npm", "debug").len(), 1);
    assert_eq!(versions(&stage, "npm-store", "debug").len(), 1);
}
