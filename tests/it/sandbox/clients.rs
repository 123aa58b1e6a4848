//! Every command of every client that the service supports, and the table of them in `docs/sandbox.md`.

use std::fs;
use std::path::Path;

use consign::sandbox::Config;
use serde_json::{Value, json};

use super::documented::check_row;
use super::stage::{Stage, read};
use crate::support::run;

/// A client's words for each operation on `@acme/tool`; `None` where it has none.
struct Client {
    /// Its program.
    name: &'static str,
    /// How its row in the document begins.
    key: &'static str,
    publish: &'static str,
    view: &'static str,
    tag: [&'static str; 3],
    deprecate: Option<&'static str>,
    ping: Option<&'static str>,
    install: &'static str,
}

const NPM: Client = Client {
    name: "npm",
    key: "npm ",
    publish: "publish",
    view: "view @acme/tool version",
    tag: [
        "dist-tag add @acme/tool@1.0.0 next",
        "dist-tag ls @acme/tool",
        "dist-tag rm @acme/tool next",
    ],
    deprecate: Some("deprecate @acme/tool@1.0.0 old"),
    ping: Some("ping"),
    install: "install @acme/tool",
};

const PNPM: Client = Client {
    name: "pnpm",
    key: "pnpm ",
    publish: "publish --no-git-checks",
    install: "add @acme/tool",
    ..NPM
};

const YARN_4: Client = Client {
    name: "yarn",
    key: "yarn 4",
    publish: "npm publish",
    view: "npm info @acme/tool --fields version --json",
    tag: [
        "npm tag add @acme/tool@1.0.0 next",
        "npm tag list @acme/tool",
        "npm tag remove @acme/tool next",
    ],
    deprecate: None,
    ping: None,
    install: "add @acme/tool",
};

const YARN_1: Client = Client {
    name: "yarn1",
    key: "yarn 1",
    publish: "publish --non-interactive --new-version 1.0.0",
    view: "info @acme/tool version",
    tag: [
        "tag add @acme/tool@1.0.0 next",
        "tag list @acme/tool",
        "tag remove @acme/tool next",
    ],
    deprecate: None,
    ping: None,
    install: "add @acme/tool",
};

const BUN: Client = Client {
    name: "bun",
    key: "bun ",
    publish: "publish",
    view: "info @acme/tool version",
    tag: [""; 3],
    deprecate: None,
    ping: None,
    install: "add @acme/tool",
};

#[test]
fn npm_does_everything_it_has() {
    exercise(&NPM);
}

#[test]
fn pnpm_does_everything_it_has() {
    exercise(&PNPM);
}

#[test]
fn yarn_4_does_everything_it_has() {
    exercise(&YARN_4);
}

#[test]
fn yarn_1_does_everything_it_has() {
    exercise(&YARN_1);
}

#[test]
fn bun_does_everything_it_has() {
    exercise(&BUN);
}

const NOT_THERE: &str = "no such command";

/// Every operation, in an order in which each builds on the one before; then the row in the document.
fn exercise(client: &Client) {
    let Some(stage) = Stage::start() else { return };
    let first = published(&stage, client);
    let identical = publish(&stage, client, &first);
    let other = publish(&stage, client, &prepared(&stage, client, "2"));
    assert_eq!(other, "refused", "a version is immutable");
    let mut row = vec!["yes".to_owned(), identical, other];
    let said = |words: &str| run(&mut stage.client(client.name, &first, words)).success();
    let viewed = said(client.view);
    assert!(viewed.stdout.contains("1.0.0"), "{viewed:?}");
    row.push("yes".to_owned());
    row.push(tags(&stage, client, &first));
    row.push(client.deprecate.map_or(NOT_THERE.to_owned(), |words| {
        assert_eq!(deprecation(&stage), Value::Null);
        said(words);
        assert_eq!(deprecation(&stage), "old");
        "yes".to_owned()
    }));
    row.push(client.ping.map_or(NOT_THERE.to_owned(), |words| {
        let ran = said(words);
        assert!((ran.stdout + &ran.stderr).contains("PONG"));
        "yes".to_owned()
    }));
    row.push(install(&stage, client));

    let mut config = Config::default();
    config.assumptions.redirect_status = 302;
    let Some(stage) = Stage::with(config) else {
        return;
    };
    published(&stage, client);
    row.push(install(&stage, client));
    row.insert(0, version(&stage, client));
    let cells: Vec<&str> = row.iter().map(String::as_str).collect();
    check_row("clients", client.key, &cells);
}

fn version(stage: &Stage, client: &Client) -> String {
    let ran = run(&mut stage.client(client.name, &stage.home.path("home"), "--version"));
    let name = client.name.trim_end_matches('1');
    format!("{name} {}", ran.stdout.trim())
}

/// The packument's word on `1.0.0`.
fn deprecation(stage: &Stage) -> Value {
    let packument = read(stage.registry(), &stage.token(), "@acme%2ftool").json();
    packument["versions"]["1.0.0"]["deprecated"].clone()
}

/// A directory that the client can publish.
fn prepared(stage: &Stage, client: &Client, value: &str) -> std::path::PathBuf {
    let package = stage.package("@acme/tool", "1.0.0", value);
    configure(stage, client, &package, &stage.token());
    if client.name == "yarn" {
        // It publishes only what it has installed.
        run(&mut stage.client(client.name, &package, "install")).success();
    }
    package
}

/// Publishes `@acme/tool@1.0.0`, which exports 1.
fn published(stage: &Stage, client: &Client) -> std::path::PathBuf {
    stage.log_in(stage.registry(), &stage.token());
    let package = prepared(stage, client, "1");
    run(&mut stage.client(client.name, &package, client.publish)).success();
    package
}

/// Publishes what is there already. The same directory untouched is identical: yarn 1 packs modification times, so a
/// fresh one is other contents.
fn publish(stage: &Stage, client: &Client, package: &Path) -> String {
    let ran = run(&mut stage.client(client.name, package, client.publish));
    let cell = match ran.code {
        Some(0) => "success",
        _ => "refused",
    };
    cell.to_owned()
}

/// Adds a tag, lists the tags, and removes it.
fn tags(stage: &Stage, client: &Client, package: &Path) -> String {
    let [add, list, remove] = client.tag;
    if add.is_empty() {
        return NOT_THERE.to_owned();
    }
    let said = |words: &str| run(&mut stage.client(client.name, package, words)).success();
    let listed = || said(list).stdout;
    said(add);
    let both = listed();
    assert!(both.contains("next") && both.contains("latest"), "{both}");
    said(remove);
    let one = listed();
    assert!(!one.contains("next") && one.contains("latest"), "{one}");
    "yes".to_owned()
}

/// Installs what was published; every tarball comes by a redirect.
fn install(stage: &Stage, client: &Client) -> String {
    let project = stage.project("project");
    configure(stage, client, &project, &stage.token());
    let ran = run(&mut stage.client(client.name, &project, client.install));
    if ran.code == Some(0) && stage.required(&project, "@acme/tool") == "1" {
        "yes".to_owned()
    } else if ran.stderr.contains("400 Bad Request") {
        "no: sends `Authorization` on".to_owned()
    } else {
        format!("{}{}", ran.stdout, ran.stderr)
    }
}

/// Says where the registry is and what the token is, in the client's own way.
fn configure(stage: &Stage, client: &Client, folder: &Path, token: &str) {
    let registry = stage.registry();
    match client.name {
        "yarn" => {
            let settings = json!({
                "npmRegistryServer": registry,
                "npmAuthToken": token,
                "npmAlwaysAuth": true,
                "unsafeHttpWhitelist": ["127.0.0.1", "localhost"],
                "nodeLinker": "node-modules",
                "enableGlobalCache": false,
                "enableTelemetry": false,
                // It keeps away from versions that are younger than three days.
                "npmMinimalAgeGate": 0,
                "enableImmutableInstalls": false,
            });
            // JSON is YAML.
            write(&folder.join(".yarnrc.yml"), &settings.to_string());
            write(&folder.join("yarn.lock"), "");
        }
        "yarn1" => {
            let key = registry.strip_prefix("http:").unwrap();
            write(
                &folder.join(".npmrc"),
                &format!("registry={registry}\n{key}:_authToken={token}\nalways-auth=true\n"),
            );
            write(
                &folder.join(".yarnrc"),
                &format!("registry \"{registry}\"\n"),
            );
        }
        "bun" => write(
            &folder.join("bunfig.toml"),
            &format!(
                "[install]\nregistry = {{ url = \"{registry}\", token = \"{token}\" }}\ncache = false\n"
            ),
        ),
        // npm and pnpm read the home's `.npmrc`.
        _ => {}
    }
}

fn write(path: &Path, contents: &str) {
    fs::write(path, contents).unwrap();
}
