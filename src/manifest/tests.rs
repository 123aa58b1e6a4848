//! Refusals by what stands on the disk: kind, npm's code, exit status and the next step.

use std::fs;
use std::path::Path;

use miette::Diagnostic;
use serde_json::{Map, Value, json};

use super::*;

fn directory(package_json: Option<&str>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    if let Some(text) = package_json {
        fs::write(directory.path().join("package.json"), text).unwrap();
    }
    directory
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[test]
fn a_package_that_cannot_be_packed_is_refused_as_npm_refuses_it() {
    for (package_json, message, code, status) in [
        (None, "Could not read package.json", Some("ENOENT"), 254),
        (Some(""), "Invalid package.json", Some("EJSONPARSE"), 1),
        (
            Some("{\n<<<<<<< a\n"),
            "Invalid package.json",
            Some("EJSONPARSE"),
            1,
        ),
        (Some("null"), "Can not normalize without content", None, 1),
        (Some("0"), "Can not normalize without content", None, 1),
        (Some("\"a\""), "package.json must hold an object", None, 1),
        (
            Some("{}"),
            "Invalid package, must have name and version",
            None,
            1,
        ),
        (
            Some("[]"),
            "Invalid package, must have name and version",
            None,
            1,
        ),
        (
            Some("{\"name\": \"a\", \"version\": \"\"}"),
            "Invalid package, must have",
            None,
            1,
        ),
        (
            Some("{\"bin\": [1]}"),
            "The \"path\" argument must be of type string",
            Some("ERR_INVALID_ARG_TYPE"),
            1,
        ),
    ] {
        let directory = directory(package_json);
        let error = Manifest::read_to_pack(directory.path()).unwrap_err();
        assert!(
            error.to_string().starts_with(message),
            "{package_json:?}: {error}"
        );
        assert_eq!(
            (error.code(), error.exit_status()),
            (code, status),
            "{package_json:?}"
        );
        assert!(error.hint().is_some(), "{package_json:?}");
    }
}

#[test]
fn a_directory_in_place_of_package_json_has_the_status_of_its_error() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("package.json")).unwrap();
    let error = read(directory.path()).unwrap_err();
    assert_eq!((error.code(), error.exit_status()), (Some("EISDIR"), 235));
}

#[test]
fn a_package_to_publish_is_refused_as_npm_refuses_it() {
    for (package_json, message) in [
        (
            "{\"name\": 5, \"version\": \"1.0.0\"}",
            "name field must be a string.",
        ),
        (
            "{\"name\": \"a b\", \"version\": \"1.0.0\"}",
            "Invalid name: \"a b\"",
        ),
        (
            "{\"name\": \"a\", \"version\": \"1\"}",
            "Invalid version: \"1\"",
        ),
        (
            "{\"name\": \"a\", \"version\": \"1.0.0\", \"main\": 5}",
            "The \"main\" attribute must be of type string.",
        ),
        (
            "{\"contributors\": [null]}",
            "Cannot read properties of null (reading 'name')",
        ),
        (
            "{\"directories\": {\"bin\": 5}}",
            "ref.replace is not a function",
        ),
    ] {
        let directory = directory(Some(package_json));
        let error = prepare_directory(directory.path()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.hint().is_some(), "{package_json}");
    }
}

#[test]
fn a_finished_version_has_its_keys_in_npms_order() {
    let directory = directory(Some(
        "{\"name\": \"@sc/t1\", \"version\": \"1.0.0\", \"description\": \"d\", \"bin\": \"./cli.js\"}",
    ));
    fs::write(directory.path().join("README.md"), "hi\n").unwrap();
    let Prepared {
        document,
        corrections,
        warnings,
    } = prepare_directory(directory.path()).unwrap();
    let mut finished = version_object(&document, Some("20.20.2"), None).unwrap();
    set_dist(&mut finished, "i", "s", "t");
    assert_eq!(
        json::compact(&Value::Object(finished)),
        concat!(
            r#"{"name":"@sc/t1","version":"1.0.0","description":"d","bin":{"t1":"cli.js"},"readme":"hi\n","#,
            r#""readmeFilename":"README.md","_id":"@sc/t1@1.0.0","_nodeVersion":"20.20.2","#,
            r#""dist":{"integrity":"i","shasum":"s","tarball":"t"}}"#
        )
    );
    assert_eq!(corrections.len(), 3);
    assert_eq!(
        warnings,
        vec!["package-json @sc/t1@1.0.0 No bin file found at cli.js"; 2]
    );
}

#[test]
fn a_private_package_and_a_bad_tag_are_refused() {
    let private = object(json!({"name": "a", "version": "1.0.0", "private": true}));
    assert_eq!(
        version_object(&private, None, None).unwrap_err().code(),
        Some("EPRIVATE")
    );
    assert!(matches!(
        is_prerelease(&object(json!({"version": ""}))),
        Err(ManifestError::MissingVersion)
    ));
    for (tag, code) in [("v1", None), ("1.x", None), ("", None), ("x", None)] {
        assert_eq!(check_tag(tag).unwrap_err().code(), code, "{tag}");
    }
    assert!(check_tag("next").is_ok());
    assert_eq!(
        check_package_and_tag("a", "1.0.0", "a b")
            .unwrap_err()
            .code(),
        Some("EINVALIDTAGNAME")
    );
    assert_eq!(
        check_package_and_tag("", "1.0.0", "latest")
            .unwrap_err()
            .code(),
        Some("EINVALIDTAGNAME")
    );
    assert_eq!(
        check_package_and_tag("_a", "1.0.0", "latest")
            .unwrap_err()
            .code(),
        Some("EINVALIDPACKAGENAME")
    );
    assert!(check_package_and_tag("a", "1.0.0", "a/b").is_ok());
}

#[test]
fn a_syntax_error_can_be_shown_with_its_source() {
    let Err(ManifestError::Syntax { source, .. }) = parse(Path::new("package.json"), b"{\"a\": }")
    else {
        panic!("that is no JSON");
    };
    assert_eq!((source.line(), source.column()), (1, 7));
    assert!(source.source_code().is_some());
}

#[test]
fn a_tarball_is_named_as_npm_names_it() {
    for (argument, from, resolved) in [
        ("x.tgz", "file:x.tgz", "/w/d/x.tgz"),
        ("./x.tgz", "file:x.tgz", "/w/d/x.tgz"),
        ("/abs/x.tgz", "file:/abs/x.tgz", "/abs/x.tgz"),
        ("../y/x.tgz", "file:../y/x.tgz", "/w/y/x.tgz"),
        ("file:x.tgz", "file:x.tgz", "/w/d/x.tgz"),
        ("file:/abs/./x.tgz", "file:/abs/x.tgz", "/abs/x.tgz"),
        ("file:///abs/x.tgz", "file:/abs/x.tgz", "/abs/x.tgz"),
        ("file://abs/x.tgz", "file:/abs/x.tgz", "/abs/x.tgz"),
        ("sub/../x.tgz", "file:x.tgz", "/w/d/x.tgz"),
        (
            "./a b#c%20d.tgz",
            "file:a b#c%20d.tgz",
            "/w/d/a b#c%20d.tgz",
        ),
        ("/w/d/x.tgz", "file:/w/d/x.tgz", "/w/d/x.tgz"),
        ("/../x.tgz", "file:../x.tgz", "/w/x.tgz"),
    ] {
        let origin = TarballOrigin::of_file(argument, "/w/d", "sha512-AA==");
        assert_eq!(
            (origin.from.as_str(), origin.resolved.as_str()),
            (from, resolved),
            "{argument}"
        );
    }
}
