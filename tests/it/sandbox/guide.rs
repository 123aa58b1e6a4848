//! The guide's own sequence: the AWS CLI sets everything up, npm publishes and installs.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::documented::check_row;
use super::stage::Stage;
use crate::support::{Peer, run};

/// npm as its user's `.npmrc` has it, and nothing else.
fn npm(stage: &Stage, folder: &Path, words: &str) -> Command {
    let mut command = stage.peers.command(Peer::Npm, &stage.home);
    command.current_dir(folder).args(words.split(' '));
    command
}

#[test]
fn the_aws_cli_sets_up_and_npm_publishes_and_installs() {
    let Some(stage) = Stage::start() else { return };
    let mut commands: Vec<String> = Vec::new();
    let mut aws = |words: &str| -> Value {
        let command = words.split(' ').next().unwrap().to_owned();
        if !commands.contains(&command) {
            commands.push(command);
        }
        stage.aws(words)
    };
    let created = aws("create-domain --domain guide");
    assert_eq!(created["domain"]["status"], "Active");
    assert_eq!(created["domain"]["owner"], "111122223333");
    let missing = stage.aws_refused("describe-domain --domain nowhere");
    assert!(missing.contains("ResourceNotFoundException"), "{missing}");
    let base = "--domain guide --domain-owner 111122223333";
    aws(&format!("create-repository {base} --repository releases"));
    aws(&format!("create-repository {base} --repository npm-store"));
    let store = aws(&format!(
        "associate-external-connection {base} --repository npm-store --external-connection public:npmjs"
    ));
    assert_eq!(
        store["repository"]["externalConnections"],
        json!([{"externalConnectionName": "public:npmjs", "packageFormat": "npm", "status": "Available"}])
    );
    let updated = aws(&format!(
        "update-repository {base} --repository releases --upstreams repositoryName=npm-store"
    ));
    assert_eq!(
        updated["repository"]["upstreams"],
        json!([{"repositoryName": "npm-store"}])
    );
    let token = aws(&format!("get-authorization-token {base}"));
    let parts = token["authorizationToken"].as_str().unwrap().split('.');
    assert_eq!(parts.count(), 5);
    let endpoint = aws(&format!(
        "get-repository-endpoint {base} --repository releases --format npm"
    ));
    let registry = endpoint["repositoryEndpoint"].as_str().unwrap().to_owned();
    assert!(registry.ends_with("/npm/d/guide-111122223333/releases/"));

    // `login` runs npm; the one that is found first on the PATH.
    let mut path = stage.peers.script(".installed/bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let login = run(stage
        .aws_command(&format!("login --tool npm {base} --repository releases"))
        .env("PATH", path))
    .success();
    assert!(login.stdout.contains("Successfully configured npm"));
    let written = std::fs::read_to_string(stage.home.path("home/.npmrc")).unwrap();
    assert!(
        written.contains(&format!("registry={registry}\n")),
        "{written}"
    );
    commands.push("login --tool npm".to_owned());

    let first = stage.package("@acme/tool", "1.0.0", "41");
    let second = stage.package("@acme/tool", "1.1.0", "42");
    let said = |folder: &Path, words: &str| run(&mut npm(&stage, folder, words)).success();
    assert_eq!(said(&first, "publish").stdout.trim(), "+ @acme/tool@1.0.0");
    said(&second, "publish --tag next");
    assert_eq!(
        said(&first, "dist-tag ls @acme/tool").stdout,
        "latest: 1.0.0\nnext: 1.1.0\n"
    );
    said(&first, "dist-tag add @acme/tool@1.1.0 latest");
    said(&first, "dist-tag rm @acme/tool next");
    let tags = said(&first, "view @acme/tool dist-tags --json").stdout;
    assert_eq!(
        serde_json::from_str::<Value>(&tags).unwrap(),
        json!({"latest": "1.1.0"})
    );
    let project = stage.project("project");
    said(&project, "install @acme/tool --no-audit --no-fund");
    assert_eq!(stage.required(&project, "@acme/tool"), "42");
    said(&first, "deprecate @acme/tool@1.0.0 old");
    let view = |what: &str| said(&first, &format!("view @acme/tool@1.0.0 {what}")).stdout;
    assert_eq!(view("deprecated").trim(), "old");
    assert!(said(&first, "ping").stderr.contains("PONG"));
    for unsupported in [
        "whoami",
        "search tool",
        "team ls acme",
        "profile get",
        "token list",
        "star @acme/tool",
        "access list packages",
    ] {
        let ran = run(&mut npm(&stage, &first, unsupported));
        assert_ne!(
            ran.code,
            Some(0),
            "{unsupported} is not supported by the service"
        );
    }
    // npm takes the 404 for "it was gone already" and says it has unpublished; nothing is gone.
    run(&mut npm(&stage, &first, "unpublish @acme/tool@1.0.0"));
    assert_eq!(view("version").trim(), "1.0.0");
    // Whatever went wrong, it went wrong here: the sandbox saw each of them.
    let refused = stage
        .log()
        .iter()
        .filter(|entry| entry["status"] == 404)
        .count();
    assert!(refused >= 7, "{refused} requests were refused");

    let version = run(stage.peers.command(Peer::Aws, &stage.home).arg("--version")).success();
    let version = version
        .stdout
        .split([' ', '/'])
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let listed = commands
        .iter()
        .map(|command| format!("`{command}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let cells = [format!("AWS CLI {version}"), listed];
    check_row("commands", "AWS CLI", &cells.each_ref().map(String::as_str));
}

/// A hosts file or a proxy leads the service's own host names here; with a proxy, npm names them in the request itself.
#[test]
fn npm_works_under_the_services_own_host_name() {
    let Some(stage) = Stage::start() else { return };
    let host = "sandbox-111122223333.d.codeartifact.us-east-1.amazonaws.com";
    stage.home.npmrc(&format!(
        "registry=http://{host}/npm/npm/\n//{host}/npm/npm/:_authToken={}\nproxy={}/\nnoproxy=localhost\naudit=false\n",
        stage.token(),
        stage.endpoint()
    ));
    let said = |folder: &Path, words: &str| run(&mut npm(&stage, folder, words)).success();
    let package = stage.package("@acme/tool", "1.0.0", "5");
    said(&package, "publish");
    let project = stage.project("project");
    said(&project, "install @acme/tool");
    assert_eq!(stage.required(&project, "@acme/tool"), "5");
    let lock = std::fs::read_to_string(project.join("package-lock.json")).unwrap();
    assert!(
        lock.contains(&format!(
            "http://{host}/npm/npm/@acme/tool/-/tool-1.0.0.tgz"
        )),
        "{lock}"
    );
    assert!(stage.log().iter().any(|entry| entry["host"] == host));
}

#[test]
fn a_published_version_reads_back_through_the_api() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    stage.log_in(stage.registry(), &token);
    let package = stage.package("@acme/tool", "1.0.0", "1");
    stage.npm(&package, "publish");
    let integrity = stage.npm(&package, "view @acme/tool dist.integrity");

    let package = format!(
        "--domain {} --repository npm --format npm --namespace acme --package tool",
        stage.domain()
    );
    let one = format!("{package} --package-version 1.0.0");
    let assets = stage.aws(&format!("list-package-version-assets {one}"));
    let asset = &assets["assets"][0];
    assert_eq!(asset["name"], "package.tgz");
    let hexadecimal = asset["hashes"]["SHA-512"].as_str().unwrap();
    let bytes: Vec<u8> = (0..64)
        .map(|at| u8::from_str_radix(&hexadecimal[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    assert_eq!(integrity.trim(), format!("sha512-{encoded}"));
    for (hash, length) in [("MD5", 32), ("SHA-1", 40), ("SHA-256", 64)] {
        assert_eq!(asset["hashes"][hash].as_str().unwrap().len(), length);
    }

    let described = stage.aws(&format!("describe-package-version {one}"));
    assert_eq!(described["packageVersion"]["status"], "Published");
    assert_eq!(
        described["packageVersion"]["origin"]["originType"],
        "INTERNAL"
    );
    let described = stage.aws(&format!("describe-package {package}"));
    assert_eq!(
        described["package"]["originConfiguration"]["restrictions"],
        json!({"publish": "ALLOW", "upstream": "BLOCK"})
    );
    let file = stage.home.path("asset.tgz");
    run(stage
        .aws_command(&format!(
            "get-package-version-asset {one} --asset package.tgz"
        ))
        .arg(&file))
    .success();
    assert_eq!(
        std::fs::metadata(&file).unwrap().len(),
        asset["size"].as_u64().unwrap()
    );
}

#[test]
fn listings_come_in_pages() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    for version in ["1.0.0", "1.1.0", "1.2.0", "2.0.0", "10.0.0"] {
        let body = super::stage::document("paged", version, version.as_bytes()).to_string();
        let url = format!("{}paged", stage.registry());
        let answer = super::stage::Request::new("PUT", &url)
            .bearer(&token)
            .body(body)
            .send();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let command = format!(
        "list-package-versions --domain {} --repository npm --format npm --package paged",
        stage.domain()
    );
    let all = stage.aws(&format!(
        "{command} --page-size 2 --query versions[].version"
    ));
    assert_eq!(all.as_array().unwrap().len(), 5, "{all}");
    let page = stage.aws(&format!("{command} --max-items 2"));
    assert_eq!(page["versions"].as_array().unwrap().len(), 2);
    assert_eq!(page["defaultDisplayVersion"], "10.0.0");
    let newest = stage.aws(&format!(
        "{command} --sort-by PUBLISHED_TIME --query versions[0].version"
    ));
    assert_eq!(newest, "10.0.0");
}
