//! Rewriting of ranges and `publishConfig`, against a table and against the real pnpm.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use consign::manifest::json;
use consign::manifest::rewrite::{Catalogs, RewriteError, Workspace, publish_directory, rewrite};
use serde_json::{Map, Value, json};

use crate::support::{Home, Peer, Peers};

const WORKSPACE_FILE: &str = "packages: [a, b, c]\ncatalog:\n  x: ^1.2.3\n  w: workspace:^\n  loop: 'catalog:'\n  \
                              f: file:../f\ncatalogs:\n  n:\n    y: ~2.0.0\n";

fn workspace() -> Workspace {
    let members = [("bb", "2.3.4"), ("cc", "0.1.0-beta.1"), ("w", "7.0.0")];
    Workspace {
        members: BTreeMap::from(
            members.map(|(name, version)| (name.to_owned(), version.to_owned())),
        ),
        catalogs: Catalogs::from_yaml(WORKSPACE_FILE).unwrap(),
    }
}

fn rewritten(field: &str, dependency: &str, range: &str) -> Result<String, RewriteError> {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("sub")).unwrap();
    fs::write(
        directory.path().join("sub/package.json"),
        r#"{"name": "sub", "version": "4.5.6"}"#,
    )
    .unwrap();
    let mut map = object(json!({field: {dependency: range}}));
    rewrite(directory.path(), &mut map, &workspace())?;
    Ok(map[field][dependency].as_str().unwrap().to_owned())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[test]
fn ranges_become_what_a_consumer_can_install() {
    for (field, dependency, range, expected) in [
        ("dependencies", "bb", "workspace:*", "2.3.4"),
        ("dependencies", "bb", "workspace:", "2.3.4"),
        ("devDependencies", "bb", "workspace:^", "^2.3.4"),
        ("optionalDependencies", "cc", "workspace:~", "~0.1.0-beta.1"),
        ("dependencies", "alias", "workspace:bb@^", "npm:bb@^2.3.4"),
        ("dependencies", "alias", "workspace:bb@^1", "npm:bb@^1"),
        ("dependencies", "bb", "workspace:bb@*", "2.3.4"),
        ("dependencies", "sub", "workspace:./sub", "4.5.6"),
        ("dependencies", "other", "workspace:./sub", "npm:sub@4.5.6"),
        (
            "dependencies",
            "unknown",
            "workspace:^1.0.0 || 2",
            "^1.0.0 || 2",
        ),
        ("dependencies", "x", "catalog:", "^1.2.3"),
        ("dependencies", "x", "catalog: default ", "^1.2.3"),
        ("peerDependencies", "y", "catalog:n", "~2.0.0"),
        ("dependencies", "w", "catalog:", "^7.0.0"),
        ("dependencies", "z", "^1", "^1"),
        (
            "peerDependencies",
            "bb",
            "workspace:>= || ^9",
            ">=2.3.4 || ^9",
        ),
        (
            "peerDependencies",
            "cc",
            "^1 || workspace:^ || workspace:~",
            "^1 || ^0.1.0-beta.1 || ~0.1.0-beta.1",
        ),
        ("peerDependencies", "bb", "workspace:*", "2.3.4"),
        ("peerDependencies", "bb", "workspace:^1.x", "^1.x"),
        ("peerDependencies", "alias", "workspace:bb@^", "npm:bb@*"),
        ("peerDependencies", "sub", "workspace:./sub", "4.5.6"),
        ("bundleDependencies", "bb", "workspace:*", "workspace:*"),
    ] {
        assert_eq!(
            rewritten(field, dependency, range).unwrap(),
            expected,
            "{field}.{dependency} {range:?}"
        );
    }
}

#[test]
fn ranges_that_lead_nowhere_are_refused_by_name() {
    for (dependency, range, named, code) in [
        (
            "gone",
            "workspace:*",
            "gone",
            Some("ERR_PNPM_CANNOT_RESOLVE_WORKSPACE_PROTOCOL"),
        ),
        (
            "bb",
            "workspace:gone@^",
            "gone",
            Some("ERR_PNPM_CANNOT_RESOLVE_WORKSPACE_PROTOCOL"),
        ),
        (
            "bb",
            "workspace:../gone",
            "../gone",
            Some("ERR_PNPM_CANNOT_RESOLVE_WORKSPACE_PROTOCOL"),
        ),
        ("bb", "workspace:packages/bb", "packages/bb", None),
        (
            "gone",
            "catalog:",
            "gone",
            Some("ERR_PNPM_CATALOG_ENTRY_NOT_FOUND_FOR_SPEC"),
        ),
        (
            "x",
            "catalog:gone",
            "gone",
            Some("ERR_PNPM_CATALOG_ENTRY_NOT_FOUND_FOR_SPEC"),
        ),
        (
            "loop",
            "catalog:",
            "loop",
            Some("ERR_PNPM_CATALOG_ENTRY_INVALID_RECURSIVE_DEFINITION"),
        ),
        (
            "f",
            "catalog:",
            "file:../f",
            Some("ERR_PNPM_CATALOG_ENTRY_INVALID_SPEC"),
        ),
    ] {
        let error = rewritten("dependencies", dependency, range).unwrap_err();
        assert!(error.to_string().contains(named), "{range:?}: {error}");
        assert_eq!(error.code(), code, "{range:?}");
        assert!(error.hint().is_some(), "{range:?}");
    }
    assert!(rewritten("peerDependencies", "bb", "workspace:latest").is_err());
}

#[test]
fn a_package_that_is_no_member_is_looked_for_among_the_installed() {
    let directory = tempfile::tempdir().unwrap();
    let installed = directory.path().join("node_modules/@s/d");
    fs::create_dir_all(&installed).unwrap();
    fs::write(
        installed.join("package.json"),
        r#"{"name": "@s/real", "version": "1.1.1"}"#,
    )
    .unwrap();
    let mut map = object(json!({"dependencies": {"@s/d": "workspace:^"}}));
    rewrite(directory.path(), &mut map, &Workspace::default()).unwrap();
    assert_eq!(map["dependencies"]["@s/d"], "npm:@s/real@^1.1.1");
    fs::write(installed.join("package.json"), "{").unwrap();
    let mut map = object(json!({"dependencies": {"@s/d": "workspace:^"}}));
    let error = rewrite(directory.path(), &mut map, &Workspace::default()).unwrap_err();
    assert!(matches!(error, RewriteError::UnreadableMember { .. }));
}

#[test]
fn publish_config_overrides_fields_in_place_and_keeps_its_settings() {
    let mut map = object(json!({
        "name": "a", "main": "src/x.ts", "publishConfig": {"types": "x.d.ts", "main": "dist/x.js", "access": "public"},
    }));
    let changes = rewrite(Path::new("/"), &mut map, &Workspace::default()).unwrap();
    let printed = json::compact(&Value::Object(map.clone()));
    assert_eq!(
        printed,
        r#"{"name":"a","main":"dist/x.js","publishConfig":{"access":"public"},"types":"x.d.ts"}"#
    );
    assert_eq!(
        changes
            .iter()
            .map(|change| change.field.as_str())
            .collect::<Vec<_>>(),
        ["types", "main"]
    );
    assert_eq!(changes[1].from, Some(json!("src/x.ts")));

    assert_eq!(
        rewrite(Path::new("/"), &mut map, &Workspace::default()).unwrap(),
        []
    );
    let mut map = object(json!({"publishConfig": {"bin": {"a": "b"}}}));
    rewrite(Path::new("/"), &mut map, &Workspace::default()).unwrap();
    assert_eq!(Value::Object(map), json!({"bin": {"a": "b"}}));
    let map = object(json!({"publishConfig": {"directory": "dist"}}));
    assert_eq!(publish_directory(&map).as_deref(), Some("dist"));
}

#[test]
fn catalogs_are_read_from_yaml_and_package_json() {
    for broken in [
        "catalog: [",
        "catalog: x",
        "catalogs: {a: 1}",
        "catalog: {a: 1}",
        "catalog: {}\ncatalogs: {default: {}}",
    ] {
        assert!(Catalogs::from_yaml(broken).is_err(), "{broken}");
    }
    assert_eq!(Catalogs::from_yaml("").unwrap(), Catalogs::default());
    assert_eq!(
        Catalogs::from_yaml("catalog:\npackages: []").unwrap(),
        Catalogs::default()
    );
    let bun = object(
        json!({"workspaces": {"packages": [], "catalog": {"x": "^1.2.3", "w": "workspace:^", "loop": "catalog:", "f": "file:../f"}, "catalogs": {"n": {"y": "~2.0.0"}}}}),
    );
    assert_eq!(
        Catalogs::from_package_json(&bun).unwrap(),
        Catalogs::from_yaml(WORKSPACE_FILE).unwrap()
    );
    let first = Catalogs::from_yaml("catalog: {a: '1'}").unwrap();
    let second = Catalogs::from_yaml("catalog: {a: '2', b: '3'}").unwrap();
    assert_eq!(
        first.or(second),
        Catalogs::from_yaml("catalog: {a: '1', b: '3'}").unwrap()
    );
}

#[test]
fn pnpm_packs_the_same_manifest() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "package.json",
        r#"{"name": "root", "version": "1.0.0", "private": true}"#,
    );
    write("pnpm-workspace.yaml", WORKSPACE_FILE);
    write("b/package.json", r#"{"name": "bb", "version": "2.3.4"}"#);
    write(
        "c/package.json",
        r#"{"name": "cc", "version": "0.1.0-beta.1"}"#,
    );
    let manifest = json!({
        "name": "aa", "version": "1.0.0", "main": "src/x.js",
        "publishConfig": {
            "types": "t.d.ts", "main": "dist/x.js", "access": "public", "exports": {".": "./e.js"}, "name": "renamed",
            "umd:main": "u.js", "files": ["x"], "engines": {"node": ">=1"}, "typings": "y.d.ts",
        },
        "dependencies": {
            "bb": "workspace:*", "b2": "workspace:bb@^", "x": "catalog:", "r": "workspace:../c", "v": "workspace:^1.0.0",
            "al": "workspace:cc@^1", "plain": "^1",
        },
        "devDependencies": {"cc": "workspace:~", "y": "catalog:n"},
        "optionalDependencies": {"bb": "workspace:"},
        "peerDependencies": {"bb": "workspace:>= || ^9", "cc": "^1 || workspace:^", "z": "workspace:^1", "b2": "workspace:bb@^"},
    });
    write("a/package.json", &manifest.to_string());
    for (link, target) in [("bb", "b"), ("b2", "b"), ("cc", "c"), ("r", "c")] {
        write(
            &format!("a/node_modules/{link}/package.json"),
            &fs::read_to_string(root.path().join(target).join("package.json")).unwrap(),
        );
    }
    let package = root.path().join("a");
    let packed = peers
        .command(Peer::Pnpm, &home)
        .arg("pack")
        .current_dir(&package)
        .output()
        .unwrap();
    assert!(
        packed.status.success(),
        "{}",
        String::from_utf8_lossy(&packed.stderr)
    );
    let tarball = package.join("renamed-1.0.0.tgz");
    let unpacked = Command::new("tar")
        .arg("xzOf")
        .arg(&tarball)
        .arg("package/package.json")
        .output()
        .unwrap();

    let mut ours = object(manifest);
    rewrite(&package, &mut ours, &workspace()).unwrap();
    assert_eq!(
        json::pretty(&Value::Object(ours)),
        String::from_utf8(unpacked.stdout).unwrap().trim_end()
    );
}
