//! A tarball that lies ready, published as it is: by consign and by the real npm, to the same recording registry.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::{EntryType, Header};

use crate::support::{Answer, Asked, Home, Peer, Peers, Scripted, packument, run};

const TOKEN: &str = "planted-secret-token";

/// An entry: path, type flag, data.
type Entry<'a> = (&'a str, u8, &'a [u8]);

/// A tar stream with these entries, whatever their paths are.
fn tar(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, flag, data) in entries {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(EntryType::new(*flag));
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        if *flag == b'2' {
            header.set_link_name("p").unwrap();
        }
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn one(package_json: &str) -> Vec<u8> {
    gzip(&tar(&[(
        "package/package.json",
        b'0',
        package_json.as_bytes(),
    )]))
}

/// Accepts what is put and shows it.
fn good(asked: &Asked, before: &[Asked]) -> Answer {
    match asked.method.as_str() {
        "PUT" => Answer::json(201, &json!({"ok": true})),
        _ => packument(before),
    }
}

/// What a publish sent and said.
struct Published {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    puts: Vec<Asked>,
}

impl Published {
    /// The document without what names Node and npm.
    #[track_caller]
    fn document(&self) -> Value {
        assert_eq!(self.puts.len(), 1, "{}", self.stderr);
        let mut document = self.puts[0].document();
        for version in document["versions"].as_object_mut().unwrap().values_mut() {
            for key in ["_nodeVersion", "_npmVersion"] {
                version.as_object_mut().unwrap().shift_remove(key);
            }
            // Each registry listens on a port of its own.
            version["dist"]["tarball"] = Value::Null;
        }
        document
    }

    fn notices(&self, program: &str) -> Vec<String> {
        let lines = self.stderr.lines();
        lines
            .filter_map(|line| line.strip_prefix(program))
            .filter(|line| line.starts_with(" notice") && !line.contains("Publishing to"))
            .map(|line| line.replace("  ", " "))
            .collect()
    }
}

fn publish_in(
    home: &Home,
    mut command: Command,
    directory: &Path,
    arguments: &[&str],
) -> Published {
    let registry = Scripted::start(good);
    home.npmrc(&registry.npmrc(TOKEN));
    let ran = run(command
        .current_dir(directory)
        .arg("publish")
        .args(arguments));
    for said in [&ran.stdout, &ran.stderr] {
        assert!(!said.contains(TOKEN), "the token is in the output:\n{said}");
    }
    let mut puts = registry.asked();
    puts.retain(|asked| asked.method == "PUT");
    Published {
        code: ran.code,
        stdout: ran.stdout,
        stderr: ran.stderr,
        puts,
    }
}

/// A tarball of a package with everything that npm takes into a manifest from the files around it.
fn rich() -> Vec<u8> {
    let manifest = r#"{
        "version": "v1.2.3", "name": "@s/rich", "main": "lib/m.js", "bin": "./gone.js", "_private": 1,
        "directories": {"man": "man"}, "repository": "a/b", "keywords": "x, y",
        "scripts": {"prepublishOnly": "exit 7", "prepack": "exit 7", "prepare": "exit 7", "publish": "exit 7",
                    "postpublish": "exit 7", "postpack": "exit 7"},
        "workspaces": ["x"], "dependencies": {"w": "workspace:^", "h": "foo/bar"}
    }"#;
    tar(&[
        ("top/", b'5', b""),
        (
            "top/README.md",
            b'0',
            "# Title\n\nSays \u{fc}.\n".as_bytes(),
        ),
        ("top/lib/m.js", b'0', b"1"),
        ("top/lib/m.d.ts", b'0', b"2"),
        ("top/man/a/p.1", b'0', b"3"),
        ("top/man/p.7", b'0', b"4"),
        ("top/AUTHORS", b'0', b"A <a@b.c>\n# no\nB\n"),
        ("top/server.js", b'0', b""),
        ("top/x.gyp", b'0', b"{}"),
        ("top/link", b'2', b""),
        ("top/package.json", b'0', manifest.as_bytes()),
    ])
}

#[test]
fn npm_sends_the_same_document_for_each_way_to_name_it() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    let directory = home.folder("p");
    let plain = rich();
    home.file("p/x.tgz", gzip(&plain));
    home.file("p/x.tar.gz", gzip(&plain));
    home.file("p/X.TAR", &plain);
    home.file("p/a b%20c.tgz", gzip(&plain));
    home.file("p/sub/y.tgz", gzip(&plain));
    home.file("p/deeper/keep", "");
    let absolute = directory.join("x.tgz").to_string_lossy().into_owned();
    let file = format!("file://{absolute}");
    for name in [
        "x.tgz",
        "./x.tgz",
        "file:x.tgz",
        "file:./x.tar.gz",
        "X.TAR",
        "./sub/../sub/y.tgz",
        "a b%20c.tgz",
        &absolute,
        &file,
    ] {
        let arguments = ["--access=public", name];
        let npm = publish_in(
            &home,
            peers.command(Peer::Npm, &home),
            &directory,
            &arguments,
        );
        let ours = publish_in(&home, home.consign(), &directory, &arguments);
        assert_eq!(npm.code, Some(0), "{}", npm.stderr);
        assert_eq!(ours.code, Some(0), "{}", ours.stderr);
        // As text: the order of the keys counts.
        assert_eq!(
            ours.document().to_string(),
            npm.document().to_string(),
            "{name}"
        );
        assert_eq!(ours.stdout, npm.stdout);
        assert_eq!(ours.notices("consign"), npm.notices("npm"), "{name}");
        let data = &ours.document()["_attachments"]["@s/rich-1.2.3.tgz"]["data"];
        let path = name.strip_prefix("file://").unwrap_or(name);
        let path = directory.join(path.strip_prefix("file:").unwrap_or(path));
        assert_eq!(
            STANDARD.decode(data.as_str().unwrap()).unwrap(),
            fs::read(path).unwrap(),
            "{name}"
        );
    }
    // A folder above, and what publishConfig says.
    home.file(
        "p/x.tgz",
        one(
            r#"{"name":"b","version":"1.0.0-rc.1","publishConfig":{"tag":"rc","access":"public"}}"#,
        ),
    );
    let directory = home.path("p/deeper");
    for arguments in [&["../x.tgz"][..], &["../x.tgz", "--json", "--tag", "other"]] {
        let npm = publish_in(
            &home,
            peers.command(Peer::Npm, &home),
            &directory,
            arguments,
        );
        let ours = publish_in(&home, home.consign(), &directory, arguments);
        assert_eq!(ours.document().to_string(), npm.document().to_string());
        if arguments.contains(&"--json") {
            let mut printed: Value = serde_json::from_str(&ours.stdout).unwrap();
            let outcome = printed["b"]
                .as_object_mut()
                .unwrap()
                .shift_remove("outcome");
            assert_eq!(outcome, Some(json!("published")));
            let npms: Value = serde_json::from_str(&npm.stdout).unwrap();
            assert_eq!(printed.to_string(), npms.to_string());
        }
    }
}

/// Tarballs that npm refuses, and with which code it does.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let whole = one(r#"{"name":"a","version":"1.0.0"}"#);
    let plain = tar(&[("package/package.json", b'0', &[b' '; 2000])]);
    let package: &[u8] = br#"{"name":"a","version":"1.0.0"}"#;
    vec![
        ("truncated.tgz", whole[..whole.len() - 9].to_vec()),
        ("garbage.tgz", [&whole[..], &[b'x'; 90]].concat()),
        ("html.tgz", b"<html>no</html>".repeat(100)),
        ("zeros.tar", vec![0; 10240]),
        ("empty.tgz", Vec::new()),
        ("short.tar.gz", b"hello".to_vec()),
        ("cut.tar", plain[..1200].to_vec()),
        (
            "no-manifest.tgz",
            gzip(&tar(&[("package/a.js", b'0', b"1")])),
        ),
        ("flat.tgz", gzip(&tar(&[("package.json", b'0', package)]))),
        (
            "dotted.tgz",
            gzip(&tar(&[("./package/package.json", b'0', package)])),
        ),
        (
            "link.tgz",
            gzip(&tar(&[
                ("package/p", b'0', package),
                ("package/package.json", b'2', b""),
            ])),
        ),
        ("json.tgz", one(r#"{"name": "a",}"#)),
        ("null.tgz", one("null")),
        ("no-name.tgz", one(r#"{"version":"1.0.0"}"#)),
        ("no-version.tgz", one(r#"{"name":"a"}"#)),
        ("bad-name.tgz", one(r#"{"name":"_a b","version":"1.0.0"}"#)),
        ("bad-version.tgz", one(r#"{"name":"a","version":"1"}"#)),
        (
            "private.tgz",
            one(r#"{"name":"a","version":"1.0.0","private":true}"#),
        ),
        ("prerelease.tgz", one(r#"{"name":"a","version":"1.0.0-a"}"#)),
        ("missing.tgz", Vec::new()),
    ]
}

#[test]
fn what_npm_refuses_is_refused_with_its_code_and_says_more() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    let directory = home.folder("p");
    for (name, bytes) in broken() {
        if name != "missing.tgz" {
            home.file(format!("p/{name}"), bytes);
        }
        let arguments = [&format!("./{name}"), "--json"];
        let npm = publish_in(
            &home,
            peers.command(Peer::Npm, &home),
            &directory,
            &arguments,
        );
        let ours = publish_in(&home, home.consign(), &directory, &arguments);
        let error = |published: &Published| {
            let printed: Value = serde_json::from_str(&published.stdout).unwrap();
            printed["error"].clone()
        };
        let (ours_said, npms) = (error(&ours), error(&npm));
        assert_eq!(ours_said["code"], npms["code"], "{name}: {}", ours.stderr);
        assert_eq!(ours.code, npm.code, "{name}: {}", ours.stderr);
        assert!(ours.puts.is_empty(), "{name} was sent");
        assert!(ours.stderr.contains("next: "), "{name}: {}", ours.stderr);
        let is_about_the_manifest = ["private", "prerelease", "name", "version", "null"]
            .iter()
            .any(|word| name.contains(word));
        assert!(
            is_about_the_manifest || ours.stderr.contains(name),
            "{name} is not named: {}",
            ours.stderr
        );
    }
    // A directory of such a name.
    home.folder("p/d.tgz");
    let ours = publish_in(&home, home.consign(), &directory, &["./d.tgz"]);
    assert_eq!(ours.code, Some(235), "{}", ours.stderr);
    assert!(ours.stderr.contains("code EISDIR"), "{}", ours.stderr);
}

#[test]
fn what_npm_lets_through_and_nobody_should_is_a_gate() {
    let home = Home::new();
    let directory = home.folder("p");
    let package: &[u8] = br#"{"name":"a","version":"1.0.0"}"#;
    for path in [
        "package/../../evil",
        "/etc/evil",
        "..",
        "package/..\\..\\evil",
    ] {
        let bytes = gzip(&tar(&[
            ("package/package.json", b'0', package),
            (path, b'0', b"x"),
        ]));
        home.file("p/x.tgz", &bytes);
        let ours = publish_in(&home, home.consign(), &directory, &["x.tgz"]);
        assert_eq!(ours.code, Some(15), "{}", ours.stderr);
        assert!(
            ours.stderr.contains("outcome gate-failed"),
            "{}",
            ours.stderr
        );
        assert!(ours.stderr.contains(path), "{}", ours.stderr);
        assert!(ours.puts.is_empty());
        let forced = publish_in(&home, home.consign(), &directory, &["x.tgz", "--force"]);
        assert_eq!(forced.code, Some(0), "{}", forced.stderr);
        assert_eq!(forced.puts.len(), 1);
    }
    for (name, flag, data, words) in [
        // An extended header that claims five gigabytes.
        ("x", b'x', Vec::new(), "longer than a megabyte"),
        ("README.md", b'0', vec![b' '; 17 << 20], "README.md in"),
    ] {
        let mut bytes = tar(&[("package/package.json", b'0', package)]);
        bytes.truncate(bytes.len() - 1024);
        let mut next = tar(&[(&format!("package/{name}"), flag, &data)]);
        if flag == b'x' {
            let mut header = Header::from_byte_slice(&next[..512]).clone();
            header.set_size(5 << 30);
            header.set_cksum();
            next[..512].copy_from_slice(header.as_bytes());
        }
        bytes.extend(next);
        home.file("p/x.tgz", gzip(&bytes));
        let ours = publish_in(&home, home.consign(), &directory, &["x.tgz"]);
        assert_eq!(ours.code, Some(1), "{}", ours.stderr);
        assert!(ours.stderr.contains(words), "{}", ours.stderr);
        assert!(ours.puts.is_empty());
    }
}

#[test]
fn an_archive_without_an_end_is_warned_about() {
    let home = Home::new();
    let directory = home.folder("p");
    let mut plain = tar(&[(
        "package/package.json",
        b'0',
        br#"{"name":"a","version":"1.0.0"}"#,
    )]);
    plain.truncate(1024);
    home.file("p/x.tar", &plain);
    let ours = publish_in(&home, home.consign(), &directory, &["x.tar"]);
    assert_eq!(ours.code, Some(0), "{}", ours.stderr);
    assert!(
        ours.stderr.contains("lacks the end mark"),
        "{}",
        ours.stderr
    );
}

#[test]
fn what_is_not_on_this_machine_is_refused() {
    let home = Home::new();
    let directory = home.folder("p");
    home.file("p/x.bin", "x");
    for (argument, code, words) in [
        ("https://h/x.tgz", 1, "is not on this machine"),
        ("git@github.com:a/b.git", 1, "is not on this machine"),
        ("./x.bin", 236, ".tgz, .tar.gz or .tar"),
    ] {
        let ours = publish_in(&home, home.consign(), &directory, &[argument]);
        assert_eq!(ours.code, Some(code), "{}", ours.stderr);
        assert!(ours.stderr.contains(words), "{}", ours.stderr);
        assert!(ours.puts.is_empty());
    }
}

/// More than stays in memory, and twice: the conflict that the second publish finds is looked into.
#[test]
fn a_large_tarball_is_sent_from_its_file() {
    let home = Home::new();
    let directory = home.folder("p");
    let noise: Vec<u8> = (0..12_000_000_u32)
        .map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()[2])
        .collect();
    let package: &[u8] = br#"{"name":"a","version":"1.0.0"}"#;
    let large = tar(&[
        ("package/package.json", b'0', package),
        ("package/n", b'0', &noise),
    ]);
    home.file("p/x.tar", &large);
    let ours = publish_in(&home, home.consign(), &directory, &["x.tar"]);
    assert_eq!(ours.code, Some(0), "{}", ours.stderr);
    let data = &ours.document()["_attachments"]["a-1.0.0.tgz"];
    assert_eq!(data["length"], large.len());
    assert!(STANDARD.decode(data["data"].as_str().unwrap()).unwrap() == large);
}
