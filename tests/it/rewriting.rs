//! What only its workspace understands, resolved in what is packed and in what is sent; and npm's way with `--no-rewrite`.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::{Answer, Asked, Home, Peer, Peers, Scripted, packument, run};

const PNPM: &str =
    "packages: ['packages/*', '!**/ignored']\ncatalog:\n  x: ^1.2.3\ncatalogs:\n  n: {y: ~2.0.0}\n";

const MANIFEST: &str = r#"{
    "name": "a",
    "version": "1.0.0",
    "main": "src/index.ts",
    "dependencies": {"b": "workspace:^", "c": "workspace:*", "x": "catalog:", "z": "^1"},
    "peerDependencies": {"y": "catalog:n", "b": "workspace:>="},
    "publishConfig": {"main": "dist/index.js", "types": "dist/index.d.ts", "access": "public"}
}
"#;

/// A workspace of pnpm's with the packages a, b and `c`.
fn workspace(home: &Home) {
    home.file(
        "w/package.json",
        r#"{"name":"root","version":"9.9.9","private":true}"#,
    );
    home.file("w/pnpm-workspace.yaml", PNPM);
    home.file("w/packages/a/package.json", MANIFEST);
    home.file("w/packages/a/dist/index.js", "1\n");
    home.file(
        "w/packages/b/package.json",
        r#"{"name":"b","version":"2.3.4"}"#,
    );
    home.file(
        "w/packages/c/package.json",
        r#"{"name":"c","version":"0.1.0"}"#,
    );
}

/// The text of an entry of a tarball.
fn entry(tarball: &[u8], path: &str) -> Option<String> {
    let mut archive = tar::Archive::new(GzDecoder::new(tarball));
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let mut entry = entries.find(|entry| entry.path().unwrap() == Path::new(path))?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
    Some(text)
}

fn packed_manifest(tarball: &[u8]) -> Value {
    serde_json::from_str(&entry(tarball, "package/package.json").unwrap()).unwrap()
}

/// Accepts what is put and shows it.
fn good(asked: &Asked, before: &[Asked]) -> Answer {
    match asked.method.as_str() {
        "PUT" => Answer::json(201, &json!({"ok": true})),
        _ => packument(before),
    }
}

/// Publishes the package in a directory: its version object, the tarball, and what was printed as JSON.
fn publish(home: &Home, directory: &str, flags: &[&str]) -> (Value, Vec<u8>, Value) {
    let registry = Scripted::start(good);
    home.npmrc(&registry.npmrc("t"));
    let mut command = home.consign();
    let command = command
        .current_dir(home.path(directory))
        .args(["publish", "--json"]);
    let ran = run(command.args(flags)).success();
    let asked = registry.asked();
    let put = asked.iter().find(|asked| asked.method == "PUT").unwrap();
    let document = put.document();
    let attachments = document["_attachments"].as_object().unwrap();
    let tarball = attachments.values().next().unwrap()["data"]
        .as_str()
        .unwrap();
    let version = document["versions"].as_object().unwrap().values().next();
    (
        version.unwrap().clone(),
        STANDARD.decode(tarball).unwrap(),
        serde_json::from_str(&ran.stdout).unwrap(),
    )
}

fn pack(home: &Home, directory: &str, flags: &[&str]) -> Vec<u8> {
    let mut command = home.consign();
    let destination = home.folder("packed");
    let command = command
        .current_dir(home.path(directory))
        .args(["pack", "--pack-destination"])
        .arg(&destination)
        .args(flags);
    let ran = run(command).success();
    std::fs::read(destination.join(ran.stdout.trim())).unwrap()
}

#[test]
fn the_packed_file_and_the_document_agree() {
    let home = Home::new();
    workspace(&home);
    let (version, tarball, printed) = publish(&home, "w/packages/a", &[]);
    let packed = packed_manifest(&tarball);
    assert_eq!(
        packed["dependencies"],
        json!({"b": "^2.3.4", "c": "0.1.0", "x": "^1.2.3", "z": "^1"})
    );
    assert_eq!(
        packed["peerDependencies"],
        json!({"y": "~2.0.0", "b": ">=2.3.4"})
    );
    assert_eq!(packed["main"], "dist/index.js");
    assert_eq!(packed["publishConfig"], json!({"access": "public"}));
    for (key, value) in packed.as_object().unwrap() {
        assert_eq!(&version[key], value, "{key}");
    }
    // The file's own indentation stays.
    let text = entry(&tarball, "package/package.json").unwrap();
    assert!(
        text.starts_with("{\n    \"name\": \"a\",\n") && text.ends_with("}\n"),
        "{text}"
    );
    let files = printed["a"]["files"].as_array().unwrap();
    let size = |path: &str| files.iter().find(|file| file["path"] == path).unwrap()["size"].clone();
    assert_eq!(size("package.json"), text.len());
    assert_eq!(printed["a"]["unpackedSize"], text.len() + 2);
    assert_eq!(printed["a"]["size"], tarball.len());
    assert_eq!(printed["a"]["integrity"], version["dist"]["integrity"]);
    // What `pack` writes is what is sent.
    assert!(pack(&home, "w/packages/a", &[]) == tarball);
}

#[test]
fn pnpm_packs_the_same_package_json() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    workspace(&home);
    for (name, target) in [("b", "b"), ("c", "c")] {
        // pnpm looks where it would have installed.
        let manifest = std::fs::read(home.path(format!("w/packages/{target}/package.json")));
        home.file(
            format!("w/packages/a/node_modules/{name}/package.json"),
            manifest.unwrap(),
        );
    }
    let ours = packed_manifest(&pack(&home, "w/packages/a", &[]));
    let mut pnpm = peers.command(Peer::Pnpm, &home);
    run(pnpm
        .current_dir(home.path("w/packages/a"))
        .args(["pack", "--config.ignore-scripts=true"]))
    .success();
    let theirs = std::fs::read(home.path("w/packages/a/a-1.0.0.tgz")).unwrap();
    assert_eq!(ours.to_string(), packed_manifest(&theirs).to_string());
}

#[test]
fn npms_bytes_are_a_switch_away_and_stay_where_nothing_is_to_resolve() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    workspace(&home);
    let npms = |directory: &str| {
        let mut npm: Command = peers.command(Peer::Npm, &home);
        let destination = home.folder("npms");
        let command = npm
            .current_dir(home.path(directory))
            .args(["pack", "--pack-destination"]);
        let ran = run(command.arg(&destination)).success();
        std::fs::read(destination.join(ran.stdout.trim())).unwrap()
    };
    let npm = npms("w/packages/a");
    assert!(pack(&home, "w/packages/a", &["--no-rewrite"]) == npm);
    assert!(pack(&home, "w/packages/a", &["--rewrite=false"]) == npm);
    assert!(pack(&home, "w/packages/a", &[]) != npm);
    let (version, tarball, _) = publish(&home, "w/packages/a", &["--no-rewrite"]);
    assert!(tarball == npm);
    assert_eq!(version["dependencies"]["b"], "workspace:^");
    // A key of the configuration like any other.
    home.file("w/packages/a/.npmrc", "rewrite=false\n");
    assert!(pack(&home, "w/packages/a", &[]) == npm);
    // Not even the white space of a package without such ranges changes.
    home.file(
        "w/packages/b/package.json",
        "{\"name\":\"b\",\r\n \"version\":\"2.3.4\", \"publishConfig\":{\"tag\":\"t\"}}",
    );
    assert!(pack(&home, "w/packages/b", &[]) == npms("w/packages/b"));
}

#[test]
fn each_kind_of_workspace_is_understood() {
    for (files, range, expected) in [
        (
            vec![("w/package.json", r#"{"workspaces":["packages/*"]}"#)],
            "workspace:~",
            "~2.3.4",
        ),
        (
            vec![(
                "w/package.json",
                r#"{"workspaces":{"packages":["packages/b"],"catalog":{"b":"^7"}}}"#,
            )],
            "catalog:",
            "^7",
        ),
        (
            vec![
                (
                    "w/package.json",
                    r#"{"workspaces":["packages/*"],"catalog":{"b":"1"}}"#,
                ),
                (
                    "w/.yarnrc.yml",
                    "nodeLinker: node-modules\ncatalog:\n  b: ^8\n",
                ),
            ],
            "catalog:",
            "^8",
        ),
        (
            vec![(
                "w/pnpm-workspace.yaml",
                "packages: ['**']\ncatalogs: {p: {b: 'workspace:^'}}\n",
            )],
            "catalog:p",
            "^2.3.4",
        ),
        // The nearest root counts, and a root is a member itself.
        (
            vec![
                ("pnpm-workspace.yaml", "catalog: {b: no}\n"),
                (
                    "w/package.json",
                    r#"{"name":"b","version":"5.0.0","workspaces":["packages/a"]}"#,
                ),
            ],
            "workspace:^",
            "^5.0.0",
        ),
    ] {
        let home = Home::new();
        for (path, text) in files {
            home.file(path, text);
        }
        home.file(
            "w/packages/b/package.json",
            r#"{"name":"b","version":"2.3.4"}"#,
        );
        let manifest = json!({"name": "a", "version": "1.0.0", "dependencies": {"b": range}});
        home.file("w/packages/a/package.json", manifest.to_string());
        let packed = packed_manifest(&pack(&home, "w/packages/a", &["--no-workspaces"]));
        assert_eq!(packed["dependencies"]["b"], expected, "{range}");
    }
}

#[test]
fn what_leads_nowhere_is_refused_by_name_and_nothing_is_left() {
    for (workspace, range, code, words) in [
        (
            "packages: ['x']",
            "workspace:^",
            "ERR_PNPM_CANNOT_RESOLVE_WORKSPACE_PROTOCOL",
            "\"workspace:^\": b is no member",
        ),
        (
            "catalog: {c: '1'}",
            "catalog:",
            "ERR_PNPM_CATALOG_ENTRY_NOT_FOUND_FOR_SPEC",
            "'b' was found for catalog 'default'",
        ),
        ("catalog: [", "catalog:", "", "pnpm-workspace.yaml"),
        (
            "packages: {a: 1}",
            "workspace:*",
            "",
            "packages must hold a list of patterns",
        ),
    ] {
        let home = Home::new();
        home.file("w/pnpm-workspace.yaml", workspace);
        let manifest = json!({"name": "a", "version": "1.0.0", "dependencies": {"b": range}});
        home.file("w/a/package.json", manifest.to_string());
        let registry = Scripted::start(good);
        home.npmrc(&registry.npmrc("t"));
        for command in ["pack", "publish", "rehearse"] {
            let mut consign = home.consign();
            let ran = run(consign
                .current_dir(home.path("w/a"))
                .args([command, "--json"]));
            assert_eq!(ran.code, Some(1), "{}", ran.stderr);
            assert!(ran.stderr.contains(words), "{}", ran.stderr);
            assert!(ran.stderr.contains("package.json") || ran.stderr.contains("workspace.yaml"));
            let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
            let printed_code = printed["error"]["code"].as_str().unwrap_or_default();
            assert_eq!(printed_code, code, "{}", ran.stdout);
            let mut consign = home.consign();
            let verbatim = [command, "--no-rewrite", "--dry-run"];
            let verbatim = if command == "rehearse" {
                &verbatim[..2]
            } else {
                &verbatim[..]
            };
            run(consign.current_dir(home.path("w/a")).args(verbatim)).success();
        }
        assert!(
            registry.lines().iter().all(|line| line.starts_with("GET")),
            "{:?}",
            registry.lines()
        );
        let left = std::fs::read_dir(home.path("w/a")).unwrap().count();
        assert_eq!(left, 1, "something was left behind");
    }
}

#[test]
fn another_directory_is_packed_where_publish_config_says_so() {
    let home = Home::new();
    workspace(&home);
    let own = json!({
        "name": "a", "version": "1.0.0", "scripts": {"prepack": "echo built > dist/built.js"},
        "publishConfig": {"directory": "dist", "tag": "own", "access": "restricted"},
    });
    home.file("w/packages/a/package.json", own.to_string());
    home.file(
        "w/packages/a/dist/package.json",
        r#"{"name":"@s/a","version":"1.0.1","dependencies":{"b":"workspace:^"},"publishConfig":{"access":"public"},"scripts":{"prepack":"exit 9"}}"#,
    );
    home.file("w/packages/a/dist/README.md", "of dist\n");
    let (version, tarball, printed) = publish(&home, "w/packages/a", &[]);
    assert_eq!(version["_id"], "@s/a@1.0.1");
    assert_eq!(version["dependencies"], json!({"b": "^2.3.4"}));
    assert_eq!(version["readme"], "of dist\n");
    assert_eq!(
        entry(&tarball, "package/built.js").as_deref(),
        Some("built\n")
    );
    assert!(entry(&tarball, "package/dist/package.json").is_none());
    assert_eq!(printed["@s/a"]["filename"], "s-a-1.0.1.tgz");
    // npm's way: the directory is a folder like any other.
    let (version, tarball, _) = publish(
        &home,
        "w/packages/a",
        &["--no-rewrite", "--access=public", "--tag=t"],
    );
    assert_eq!(version["_id"], "a@1.0.0");
    assert!(entry(&tarball, "package/dist/package.json").is_some());

    // What is private stays so, and what is not there is named.
    let mut private = own.clone();
    private["private"] = json!(true);
    home.file("w/packages/a/package.json", private.to_string());
    let refused = |words: &str| {
        let mut consign = home.consign();
        let ran = run(consign
            .current_dir(home.path("w/packages/a"))
            .arg("publish"));
        assert!(
            ran.code != Some(0) && ran.stderr.contains(words),
            "{}",
            ran.stderr
        );
    };
    refused("EPRIVATE");
    home.file(
        "w/packages/a/package.json",
        own.to_string()
            .replace("\"dist\"", "\"gone\"")
            .replace("echo", "true"),
    );
    refused("\"publishConfig.directory\" in");
}

#[test]
fn a_name_of_publish_config_names_the_tarball_too() {
    let home = Home::new();
    home.file(
        "a/package.json",
        r#"{"name":"a","version":"1.0.0","publishConfig":{"name":"@s/renamed","access":"public"}}"#,
    );
    let (version, _, printed) = publish(&home, "a", &[]);
    assert_eq!(version["name"], "@s/renamed");
    assert_eq!(printed["@s/renamed"]["filename"], "s-renamed-1.0.0.tgz");
    let packed = pack(&home, "a", &[]);
    assert!(home.path("packed/s-renamed-1.0.0.tgz").exists());
    assert_eq!(packed_manifest(&packed)["name"], "@s/renamed");
}

/// A package.json that is rewritten no longer holds what its other name on disk holds.
#[cfg(unix)]
#[test]
fn a_rewritten_file_is_no_link() {
    let home = Home::new();
    workspace(&home);
    std::fs::hard_link(
        home.path("w/packages/a/package.json"),
        home.path("w/packages/a/also.json"),
    )
    .unwrap();
    let tarball = pack(&home, "w/packages/a", &[]);
    assert_eq!(
        entry(&tarball, "package/also.json").as_deref(),
        Some(MANIFEST)
    );
    assert_eq!(packed_manifest(&tarball)["dependencies"]["b"], "^2.3.4");
}

#[test]
fn what_was_resolved_is_said() {
    let home = Home::new();
    workspace(&home);
    let mut consign = home.consign();
    let command = consign.current_dir(home.path("w/packages/a"));
    let ran = run(command.args(["pack", "--dry-run", "--loglevel=info"])).success();
    assert!(
        ran.stderr.contains("dependencies.b, dependencies.c"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--no-rewrite"), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("dependencies.b: \"workspace:^\" -> \"^2.3.4\""),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("types: nothing -> \"dist/index.d.ts\""),
        "{}",
        ran.stderr
    );
}
