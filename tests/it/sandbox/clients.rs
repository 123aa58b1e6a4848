//! The same publish and install with every client, and the table of them in `docs/sandbox.md`.

use std::fs;
use std::path::{Path, PathBuf};

use consign::sandbox::Config;
use serde_json::json;

use super::stage::Stage;
use crate::support::run;

struct Client {
    name: &'static str,
    publish: &'static str,
    install: &'static str,
}

const CLIENTS: [Client; 5] = [
    Client {
        name: "npm",
        publish: "publish",
        install: "install @acme/tool",
    },
    Client {
        name: "pnpm",
        publish: "publish --no-git-checks",
        install: "add @acme/tool",
    },
    Client {
        name: "yarn",
        publish: "npm publish",
        install: "add @acme/tool",
    },
    Client {
        name: "yarn1",
        publish: "publish --non-interactive --new-version 1.0.0",
        install: "add @acme/tool",
    },
    Client {
        name: "bun",
        publish: "publish",
        install: "add @acme/tool",
    },
];

/// One line of the table: what became of each operation.
type Line = Vec<(&'static str, String)>;

/// The marks between which the table stands in the document.
const BEGIN: &str = "<!-- clients: written by tests/it/sandbox/clients.rs -->\n";
const END: &str = "<!-- end of clients -->\n";

#[test]
fn every_client_publishes_and_installs() {
    let mut table = String::from(
        "| client | publish | again, identical | again, other contents | install, tarball by 307 | install, tarball by 302 |\n|---|---|---|---|---|---|\n",
    );
    for client in &CLIENTS {
        let Some(stage) = Stage::start() else { return };
        let mut line = exercise(&stage, client);
        line.push(("install over 307", install(&stage, client)));
        let mut config = Config::default();
        config.assumptions.redirect_status = 302;
        let Some(other) = Stage::with(config) else {
            return;
        };
        exercise(&other, client);
        line.push(("install over 302", install(&other, client)));
        assert_eq!(
            outcome(&line, "publish"),
            "yes",
            "{}: {line:?}",
            client.name
        );
        assert_eq!(
            outcome(&line, "install over 302"),
            "yes",
            "{}: {line:?}",
            client.name
        );
        assert_eq!(
            outcome(&line, "other"),
            "refused",
            "{}: {line:?}",
            client.name
        );
        let cells: Vec<&str> = line.iter().map(|(_, cell)| cell.as_str()).collect();
        let version = version(&stage, client);
        table = format!("{table}| {version} | {} |\n", cells.join(" | "));
    }
    check_document(&table);
}

fn outcome<'a>(line: &'a Line, operation: &str) -> &'a str {
    line.iter()
        .find(|(name, _)| *name == operation)
        .map_or("", |(_, cell)| cell)
}

fn version(stage: &Stage, client: &Client) -> String {
    let ran = run(&mut stage.client(client.name, &stage.home.path("home"), "--version"));
    let name = client.name.trim_end_matches('1');
    format!("{name} {}", ran.stdout.trim())
}

fn exercise(stage: &Stage, client: &Client) -> Line {
    let token = stage.token();
    stage.log_in(stage.registry(), &token);
    let mut line = Line::new();
    let prepared = |value: &str| {
        let package = stage.package("@acme/tool", "1.0.0", value);
        configure(stage, client, &package, &token);
        if client.name == "yarn" {
            // It publishes only what it has installed.
            run(&mut stage.client(client.name, &package, "install")).success();
        }
        package
    };
    let mut publish = |package: &Path, column: &'static str| {
        let ran = run(&mut stage.client(client.name, package, client.publish));
        let cell = match ran.code {
            Some(0) if column == "publish" => "yes".to_owned(),
            Some(0) => "success".to_owned(),
            _ if column == "publish" => format!("{}{}", ran.stdout, ran.stderr),
            _ => "refused".to_owned(),
        };
        line.push((column, cell));
    };
    // The same directory untouched: yarn 1 packs modification times, so a fresh one is other contents.
    let first = prepared("1");
    publish(&first, "publish");
    publish(&first, "identical");
    publish(&prepared("2"), "other");
    line
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

/// The table in the document is the one that was just found; `CONSIGN_WRITE_DOCS` puts it there.
fn check_document(table: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/sandbox.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the table's opening mark");
    let (written, after) = rest.split_once(END).expect("the table's closing mark");
    if std::env::var_os("CONSIGN_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            written, table,
            "run the test with CONSIGN_WRITE_DOCS=1 and look at the change"
        );
    }
}
