//! `docs/sandbox-example.toml` as the documentation says to use it.

use std::fs;
use std::path::Path;

use consign::sandbox::{Config, Sandbox};
use serde_json::Value;

use super::process::Server;
use super::stage::{block_on, pack};
use crate::support::{Home, Peer, Peers, run};

#[test]
fn what_the_configuration_names_and_is_not_there_is_said() {
    let text = include_str!("../../../docs/sandbox-example.toml");
    let warnings = |text: &str| {
        let config = Config::parse(text, Path::new("/nowhere")).unwrap();
        block_on(async { Sandbox::bind(config).await.unwrap().warnings() })
    };
    assert_eq!(
        warnings(text),
        ["public:npmjs is served from the folder /nowhere/public-packages, which is not there"]
    );
    let unserved = "[[repositories]]\nname = 'npm-store'\nexternal_connection = 'public:npmjs'\n";
    let said = warnings(unserved);
    assert!(
        said[0].starts_with("public:npmjs of the repository npm-store is served from nothing"),
        "{said:?}"
    );
    assert_eq!(warnings(""), [""; 0]);
}

#[test]
fn the_example_is_ready_for_the_usual_case() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    home.file(
        "sandbox.toml",
        include_str!("../../../docs/sandbox-example.toml"),
    );
    home.file(
        "outside/package.json",
        r#"{"name": "outside", "version": "1.0.0", "main": "index.js"}"#,
    );
    home.file("outside/index.js", "module.exports = 7;\n");
    pack(
        &home,
        &peers,
        &home.path("outside"),
        &home.path("public-packages"),
    );
    let server = Server::start(&home, &["--config", "sandbox.toml"]);
    let variable = |name: &str| server.environment[name].as_str();

    // The publisher has least privilege: a token of an hour at most, and its own scope.
    let publisher = |words: &str| {
        run(peers
            .command(Peer::Aws, &home)
            .env("AWS_ENDPOINT_URL", variable("AWS_ENDPOINT_URL"))
            .env("AWS_DEFAULT_REGION", variable("AWS_REGION"))
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env(
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            )
            .args(words.split(' ')))
    };
    let call = "codeartifact get-authorization-token --domain team --output text \
        --query authorizationToken";
    let call = call.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(publisher(&call).stderr.contains("(AccessDeniedException)"));
    let token = publisher(&format!("{call} --duration-seconds 3600")).success();
    let registry = variable("CONSIGN_REGISTRY");
    let key = registry.strip_prefix("http:").unwrap();
    home.npmrc(&format!(
        "registry={registry}\n{key}:_authToken={}\naudit=false\nfund=false\n",
        token.stdout.trim()
    ));
    let npm = |folder: &str, words: &str| {
        run(peers
            .command(Peer::Npm, &home)
            .args(words.split(' '))
            .current_dir(home.path(folder)))
    };
    home.file(
        "tool/package.json",
        r#"{"name": "@acme/tool", "version": "1.0.0", "dependencies": {"outside": "1.0.0"}}"#,
    );
    npm("tool", "publish").success();
    home.file(
        "stray/package.json",
        r#"{"name": "stray", "version": "1.0.0"}"#,
    );
    assert!(npm("stray", "publish").stderr.contains("E403"));
    // What it depends on comes through the npm-store.
    home.file("project/package.json", "{}");
    npm("project", "install @acme/tool").success();
    let outside = home.path("project/node_modules/outside/index.js");
    assert_eq!(
        fs::read_to_string(outside).unwrap(),
        "module.exports = 7;\n"
    );

    // consign takes its own token, with the keys of the environment.
    home.file(
        "ours/package.json",
        r#"{"name": "@acme/ours", "version": "1.0.0"}"#,
    );
    run(home.consign().envs(&server.environment).args([
        "publish",
        "ours",
        &format!("--registry={registry}"),
    ]))
    .success();

    // A machine has the role.
    let container = |name: &str| (name.to_owned(), server.machine[name].clone());
    let identity = run(peers
        .command(Peer::Aws, &home)
        .env("AWS_ENDPOINT_URL", variable("AWS_ENDPOINT_URL"))
        .env("AWS_DEFAULT_REGION", variable("AWS_REGION"))
        .envs([
            container("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            container("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        ])
        .args(["sts", "get-caller-identity"]))
    .success();
    let identity: Value = serde_json::from_str(&identity.stdout).unwrap();
    assert_eq!(
        identity["Arn"],
        "arn:aws:sts::111122223333:assumed-role/release/i-0sandbox"
    );
}
