//! Statuses, deletion, copies: through the API, with their effect on the npm side.

use serde_json::{Value, json};

use super::stage::{Stage, put, read};

const PACKAGE: &str = "domain=sandbox&repository=npm&format=npm&package=staged";

fn published(versions: &[&str]) -> Option<(Stage, String)> {
    let stage = Stage::start()?;
    let token = stage.token();
    for version in versions {
        assert_eq!(
            put(stage.registry(), &token, ("staged", version), version),
            200
        );
    }
    Some((stage, token))
}

fn update(stage: &Stage, versions: &[&str], status: &str) -> Value {
    let path = format!("/package/versions/update_status?{PACKAGE}");
    stage.api(
        "POST",
        &path,
        &json!({"versions": versions, "targetStatus": status}),
    )
}

#[test]
fn each_status_shows_in_packument_tarball_and_republish() {
    let Some((stage, token)) = published(&["1.0.0", "2.0.0"]) else {
        return;
    };
    let seen = || {
        let packument = read(stage.registry(), &token, "staged").json();
        let tarball = read(stage.registry(), &token, "staged/-/staged-1.0.0.tgz");
        (packument["versions"].get("1.0.0").is_some(), tarball.status)
    };
    let again = || put(stage.registry(), &token, ("staged", "1.0.0"), "1.0.0");
    assert_eq!((seen(), again()), ((true, 200), 200));
    let answer = update(&stage, &["1.0.0"], "Unlisted");
    assert_eq!(answer["successfulVersions"]["1.0.0"]["status"], "Unlisted");
    assert_eq!((seen(), again()), ((false, 200), 409));
    update(&stage, &["1.0.0"], "Archived");
    assert_eq!((seen(), again()), ((false, 404), 409));
    update(&stage, &["1.0.0"], "Published");
    assert_eq!((seen(), again()), ((true, 200), 200));

    let path = format!("/package/versions/dispose?{PACKAGE}");
    stage.api("POST", &path, &json!({"versions": ["1.0.0"]}));
    assert_eq!((seen(), again()), ((false, 404), 409));
    let failed = update(&stage, &["1.0.0"], "Published");
    assert_eq!(
        failed["failedVersions"]["1.0.0"]["errorCode"],
        "NOT_ALLOWED"
    );

    let path = format!("/package/versions/delete?{PACKAGE}");
    let deleted = stage.api(
        "POST",
        &path,
        &json!({"versions": ["1.0.0"], "expectedStatus": "Disposed"}),
    );
    assert_eq!(deleted["successfulVersions"]["1.0.0"]["status"], "Deleted");
    assert_eq!(
        put(stage.registry(), &token, ("staged", "1.0.0"), "other"),
        200,
        "free again"
    );
}

#[test]
fn a_batch_is_all_or_nothing() {
    let Some((stage, _)) = published(&["1.0.0", "2.0.0"]) else {
        return;
    };
    let answer = update(&stage, &["1.0.0", "9.0.0"], "Unlisted");
    assert_eq!(answer["successfulVersions"], json!({}));
    assert_eq!(answer["failedVersions"]["1.0.0"]["errorCode"], "SKIPPED");
    assert_eq!(answer["failedVersions"]["9.0.0"]["errorCode"], "NOT_FOUND");
    let path = format!("/package/versions/update_status?{PACKAGE}");
    let answer = stage.api(
        "POST",
        &path,
        &json!({"versions": ["1.0.0"], "targetStatus": "Unlisted", "expectedStatus": "Archived"}),
    );
    assert_eq!(
        answer["failedVersions"]["1.0.0"]["errorCode"],
        "MISMATCHED_STATUS"
    );
    assert_eq!(
        answer["failedVersions"]["1.0.0"]["errorMessage"],
        "current: Published, expected: Archived"
    );
    let answer = stage.api(
        "POST",
        &path,
        &json!({"versions": ["1.0.0"], "targetStatus": "Unlisted", "versionRevisions": {"1.0.0": "x"}}),
    );
    assert_eq!(
        answer["failedVersions"]["1.0.0"]["errorCode"],
        "MISMATCHED_REVISION"
    );
}

#[test]
fn a_copy_takes_its_tags_along_even_backwards() {
    let Some((stage, token)) = published(&["1.0.0"]) else {
        return;
    };
    stage.api(
        "POST",
        "/repository?domain=sandbox&repository=prod",
        &json!({}),
    );
    let prod = stage.registry_of("prod");
    let copy = |body: Value| {
        stage.api(
            "POST",
            "/package/versions/copy?domain=sandbox&source-repository=npm&destination-repository=prod&format=npm&package=staged",
            &body,
        )
    };
    let latest = || read(&prod, &token, "staged").json()["dist-tags"]["latest"].clone();
    let first = copy(json!({"versions": ["1.0.0"]}));
    assert_eq!(first["successfulVersions"]["1.0.0"]["status"], "Published");
    assert_eq!(latest(), "1.0.0");
    let same = copy(json!({"versions": ["1.0.0"]}));
    assert_eq!(
        same,
        json!({"successfulVersions": {}, "failedVersions": {}})
    );

    assert_eq!(put(&prod, &token, ("staged", "2.0.0"), "2"), 200);
    assert_eq!(latest(), "2.0.0");
    copy(json!({"versions": ["1.0.0"]}));
    assert_eq!(latest(), "1.0.0");

    let path = format!(
        "/package/versions/delete?{}",
        PACKAGE.replace("=npm&format", "=prod&format")
    );
    stage.api("POST", &path, &json!({"versions": ["1.0.0"]}));
    assert_eq!(put(&prod, &token, ("staged", "1.0.0"), "other"), 200);
    let refused = copy(json!({"versions": ["1.0.0"]}));
    assert_eq!(
        refused["failedVersions"]["1.0.0"]["errorCode"],
        "ALREADY_EXISTS"
    );
    let forced = copy(json!({"versions": ["1.0.0"], "allowOverwrite": true}));
    assert_eq!(forced["successfulVersions"]["1.0.0"]["status"], "Published");
    let missing = copy(json!({"versions": ["7.0.0"]}));
    assert_eq!(missing["failedVersions"]["7.0.0"]["errorCode"], "NOT_FOUND");
}

#[test]
fn generic_packages_are_published_through_the_api_alone() {
    let Some(stage) = Stage::start() else { return };
    let file = stage.home.file("asset.bin", b"some bytes");
    let command = |version: &str, more: &str| {
        let mut command = stage.aws_command(&format!(
            "publish-package-version --domain sandbox --repository npm --format generic --namespace acme \
             --package blob --package-version {version} --asset-name asset.bin{more}"
        ));
        command.arg("--asset-content").arg(&file).args([
            "--asset-sha256",
            "d0b85ca01d07dc2dba19d89b0b6e0a02ba2fb2dcdbb2b1ee2b8fe70d0a1ce8cc",
        ]);
        command
    };
    let wrong = crate::support::run(&mut command("1.0.0", ""));
    assert!(wrong.stderr.contains("Exception"), "{}", wrong.stderr);
    let digest = {
        use sha2::Digest as _;
        sha2::Sha256::digest(b"some bytes")
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    };
    let mut right = stage.aws_command(
        "publish-package-version --domain sandbox --repository npm --format generic --namespace acme --package blob \
         --package-version 1.0.0 --asset-name asset.bin",
    );
    right
        .arg("--asset-content")
        .arg(&file)
        .args(["--asset-sha256", &digest]);
    let ran = crate::support::run(&mut right).success();
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer["status"], "Published");
    assert_eq!(answer["asset"]["hashes"]["SHA-256"], digest.as_str());
}
