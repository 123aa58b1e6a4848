//! Bad input gets a clear error that names the file, the place and the next step, and leaves nothing behind.

use std::fs;

use crate::support::{Home, run};

/// What a command says about a package.json, and with which status it ends.
fn refusal(command: &str, package_json: Option<&str>, flags: &[&str]) -> (Option<i32>, String) {
    let home = Home::new();
    let directory = home.folder("a");
    if let Some(text) = package_json {
        home.file("a/package.json", text);
    }
    let ran = run(home
        .consign()
        .args([command])
        .args(flags)
        .current_dir(&directory));
    assert_eq!(ran.stdout, "", "{}", ran.stderr);
    let left = fs::read_dir(&directory).unwrap().count();
    assert_eq!(
        left,
        usize::from(package_json.is_some()),
        "a file was left behind"
    );
    (ran.code, ran.stderr)
}

#[test]
fn each_refusal_names_what_is_wrong_and_the_next_step() {
    let nowhere: &[&str] = &["--registry=http://127.0.0.1:9/"];
    for (command, package_json, flags, code, words) in [
        (
            "pack",
            None,
            nowhere,
            254,
            [
                "code ENOENT",
                "package.json",
                "next: run in the directory of a package",
            ],
        ),
        (
            "publish",
            None,
            nowhere,
            254,
            [
                "code ENOENT",
                "package.json",
                "next: run in the directory of a package",
            ],
        ),
        (
            "pack",
            Some("{\n  \"name\": \"a\",\n  version: 1\n}"),
            nowhere,
            1,
            ["code EJSONPARSE", "line 3, column 3", "version: 1"],
        ),
        (
            "pack",
            Some("{\"name\":\"a\",}"),
            nowhere,
            1,
            ["code EJSONPARSE", "line 1, column 13", "no trailing commas"],
        ),
        (
            "pack",
            Some(""),
            nowhere,
            1,
            ["code EJSONPARSE", "package.json", "next:"],
        ),
        (
            "pack",
            Some("<<<<<<< HEAD\n{}\n"),
            nowhere,
            1,
            ["code EJSONPARSE", "line 1", "merge conflict"],
        ),
        (
            "pack",
            Some("null"),
            nowhere,
            1,
            ["Can not normalize without content", "next:", "\"name\""],
        ),
        (
            "pack",
            Some("{\"version\":\"1.0.0\"}"),
            nowhere,
            1,
            ["must have name and version", "next:", "package.json"],
        ),
        (
            "pack",
            Some("{\"name\":\"a\"}"),
            nowhere,
            1,
            ["must have name and version", "next:", "package.json"],
        ),
        (
            "publish",
            Some("{\"name\":\"a b\",\"version\":\"1.0.0\"}"),
            nowhere,
            1,
            ["Invalid name: \"a b\"", "next:", "URL-safe"],
        ),
        (
            "publish",
            Some("{\"name\":\"a\",\"version\":\"one\"}"),
            nowhere,
            1,
            ["Invalid version: \"one\"", "next:", "1.0.0"],
        ),
        (
            "publish",
            Some("{\"name\":\"a\",\"version\":\"1.0.0-rc.1\"}"),
            nowhere,
            1,
            ["must specify a tag using --tag", "next:", "--tag next"],
        ),
        (
            "publish",
            Some("{\"name\":\"a\",\"version\":\"1.0.0\"}"),
            &["--registry=http://127.0.0.1:9/", "--tag=1.x"],
            1,
            ["must not be a valid SemVer range: 1.x", "next:", "--tag"],
        ),
        (
            "publish",
            Some("{\"name\":\"a\",\"version\":\"1.0.0\"}"),
            nowhere,
            1,
            [
                "code ENEEDAUTH",
                "logged in to http://127.0.0.1:9/",
                "//127.0.0.1:9/:_authToken",
            ],
        ),
        (
            "pack",
            Some("{\"name\":\"a\",\"version\":\"1.0.0\",\"files\":{}}"),
            nowhere,
            1,
            ["\"files\" in", "not an array", "next:"],
        ),
    ] {
        let (status, stderr) = refusal(command, package_json, flags);
        assert_eq!(status, Some(code), "{command} {package_json:?}: {stderr}");
        for word in words {
            assert!(
                stderr.contains(word),
                "{command} {package_json:?}: {word:?} in\n{stderr}"
            );
        }
    }
}

#[test]
fn a_private_package_is_refused_before_anything_is_sent() {
    let home = Home::new();
    home.npmrc("//127.0.0.1:9/:_authToken=secret\nregistry=http://127.0.0.1:9/\n");
    home.file(
        "a/package.json",
        r#"{"name":"a","version":"1.0.0","private":true}"#,
    );
    let ran = run(home.consign().args(["publish", "./a"]));
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("code EPRIVATE"), "{}", ran.stderr);
}

#[test]
fn usage_errors_end_with_two() {
    let home = Home::new();
    for arguments in [
        &["publish", "a", "b"][..],
        &["rehearse", "--nonsense"],
        &["nonsense"],
        &[],
    ] {
        let ran = run(home.consign().args(arguments));
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_destination_that_is_not_there_is_named() {
    let home = Home::new();
    home.file("a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    let ran = run(home
        .consign()
        .args(["pack", "./a", "--pack-destination", "missing"]));
    assert_eq!(ran.code, Some(254), "{}", ran.stderr);
    assert!(ran.stderr.contains("missing"), "{}", ran.stderr);
}
