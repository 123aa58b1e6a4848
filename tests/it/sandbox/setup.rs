//! `consign setup`: what it makes, what it leaves alone, and that what it prints is enough.

use std::process::Command;

use consign::sandbox::Config;
use consign::sandbox::config::{Policy, RoleConfig};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::support::{Ran, run};

fn setup(stage: &Stage, flags: &[&str]) -> Ran {
    run(consign(stage)
        .args([
            "setup",
            "--domain=team",
            "--repository=releases",
            "--domain-owner=111122223333",
            "--json",
        ])
        .args(flags))
}

/// With the sandbox's keys, and without the names of what it has from the start.
fn consign(stage: &Stage) -> Command {
    let mut command = stage.home.consign();
    for (name, value) in &stage.environment {
        if !name.starts_with("CONSIGN_") {
            command.env(name, value);
        }
    }
    command
}

fn printed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

fn states(ran: &Ran) -> Vec<String> {
    let told = printed(ran);
    let steps = told["steps"].as_array().unwrap();
    let state = |step: &Value| step["state"].as_str().unwrap().to_owned();
    steps.iter().map(state).collect()
}

#[test]
fn a_setup_is_shown_done_once_and_enough_to_publish() {
    let Some(stage) = Stage::start() else { return };
    let shown = setup(&stage, &["--dry-run"]).success();
    assert_eq!(states(&shown), ["missing"; 4]);
    for entry in stage.log() {
        let action = entry["action"].as_str().unwrap_or_default();
        assert!(
            !action.contains(":Create") && !action.contains(":Associate"),
            "{entry}"
        );
    }
    let done = setup(&stage, &["--github=acme/tool", "--scope=@acme"]).success();
    assert_eq!(states(&done), ["created"; 4]);
    assert_eq!(states(&setup(&stage, &[]).success()), ["exists"; 4]);
    let store = stage.api(
        "GET",
        "/repository?domain=team&repository=npm-store",
        &Value::Null,
    );
    let connection = &store["repository"]["externalConnections"][0]["externalConnectionName"];
    assert_eq!(*connection, "public:npmjs");
    let own = stage.api(
        "GET",
        "/repository?domain=team&repository=releases",
        &Value::Null,
    );
    assert_eq!(
        own["repository"]["upstreams"],
        json!([{"repositoryName": "npm-store"}])
    );

    let told = printed(&done);
    let registry = told["registry"].as_str().unwrap();
    assert!(
        told["workflow"].as_str().unwrap().contains(registry),
        "{told:#}"
    );
    assert!(
        told["trustPolicy"]
            .to_string()
            .contains("repo:acme/tool:ref:refs/tags/v*"),
        "{told:#}"
    );

    // Whoever has the printed policy alone publishes there, and only what it names.
    let mut config = Config {
        domain: "team".to_owned(),
        repository: "releases".to_owned(),
        ..Config::default()
    };
    config.principals[0].policies = vec![Policy::parse(&told["policy"].to_string()).unwrap()];
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let publish = |name: &str| {
        let package = stage.package(name, "1.0.0", "1");
        run(consign(&stage)
            .arg("publish")
            .arg(&package)
            .args(["--wait=0", &format!("--registry={}", stage.registry())]))
    };
    publish("@acme/tool").success();
    assert_eq!(publish("@other/tool").code, Some(13));
    assert_eq!(publish("tool").code, Some(13));
}

/// The printed trust policy lets in the jobs that it was printed for: their identity becomes a session of the role,
/// which publishes with the printed policy and nothing else.
#[test]
fn the_printed_trust_policy_lets_in_one_repositorys_jobs() {
    let Some(stage) = Stage::start() else { return };
    let policies = |flags: &[&str]| {
        let told = printed(&setup(
            &stage,
            &[&["--dry-run", "--scope=@acme"], flags].concat(),
        ));
        let policy = |name: &str| Policy::parse(&told[name].to_string()).unwrap();
        (policy("trustPolicy"), policy("policy"))
    };
    let tags = ["--github=acme/tool"];
    let environment = ["--github=acme/tool", "--github-environment=release"];
    for (flags, subject, is_let_in) in [
        (&tags[..], "repo:acme/tool:ref:refs/tags/v1.0.0", true),
        (&tags, "repo:acme/tool:ref:refs/heads/main", false),
        (&tags, "repo:acme/tool:pull_request", false),
        (&tags, "repo:acme/other:ref:refs/tags/v1.0.0", false),
        (&tags, "repo:evil/acme/tool:ref:refs/tags/v1.0.0", false),
        (&environment, "repo:acme/tool:environment:release", true),
        (&environment, "repo:acme/tool:environment:release2", false),
        (&environment, "repo:acme/tool:ref:refs/tags/v1.0.0", false),
    ] {
        let (trust, policy) = policies(flags);
        let config = Config {
            domain: "team".to_owned(),
            repository: "releases".to_owned(),
            oidc_subject: subject.to_owned(),
            roles: vec![RoleConfig {
                name: "publish-packages".to_owned(),
                account: None,
                policies: vec![policy],
                trust: vec![trust],
                trusted_audience: None,
                trusted_subjects: Vec::new(),
                trusted_principals: Vec::new(),
                longest_session: 3600,
                instance_role: false,
                single_sign_on: false,
            }],
            ..Config::default()
        };
        let Some(github) = Stage::with(config) else {
            return;
        };
        let package = github.package("@acme/tool", "1.0.0", "1");
        let mut publish = github.home.consign();
        for (name, value) in github.environment.iter().chain(&github.machine) {
            let is_jobs =
                name.starts_with("ACTIONS_") || name == "AWS_ENDPOINT_URL" || name == "AWS_REGION";
            if is_jobs {
                publish.env(name, value);
            }
        }
        let ran = run(publish
            .env("GITHUB_ACTIONS", "true")
            .env(
                "AWS_ROLE_ARN",
                "arn:aws:iam::111122223333:role/publish-packages",
            )
            .arg("publish")
            .arg(&package)
            .args(["--wait=0", &format!("--registry={}", github.registry())]));
        let assumed = github.log().iter().any(|entry| {
            let principal = entry["principal"].as_str().unwrap_or_default();
            principal.contains(":assumed-role/publish-packages/")
        });
        assert_eq!(assumed, is_let_in, "{subject}: {ran:?}");
        let code = if is_let_in { 0 } else { 13 };
        assert_eq!(ran.code, Some(code), "{subject}: {ran:?}");
        assert!(
            is_let_in || ran.stderr.contains("AssumeRoleWithWebIdentity"),
            "{subject}: {ran:?}"
        );
    }
}

#[test]
fn a_setup_that_broke_off_goes_on() {
    let Some(stage) = Stage::start() else { return };
    stage.fault(
        &json!({"fault": "status", "status": 400, "path": "/v1/repository/external-connection"}),
    );
    let broken = setup(&stage, &[]);
    assert_ne!(broken.code, Some(0), "{broken:?}");
    assert_eq!(
        states(&broken),
        ["created", "created", "missing", "missing"]
    );
    assert!(
        broken
            .stderr
            .contains("connection of npm-store to public:npmjs"),
        "{broken:?}"
    );
    assert_ne!(printed(&broken)["error"], Value::Null);
    let resumed = setup(&stage, &[]).success();
    assert_eq!(states(&resumed), ["exists", "exists", "created", "created"]);
}

#[test]
fn what_is_there_with_other_settings_stays() {
    let Some(stage) = Stage::start() else { return };
    stage.api("POST", "/domain?domain=team", &json!({}));
    stage.api(
        "POST",
        "/repository?domain=team&repository=releases",
        &json!({}),
    );
    let ran = setup(&stage, &["--store=public"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(states(&ran), ["exists", "missing", "missing", "differs"]);
    let detail = printed(&ran)["steps"][3]["detail"].clone();
    assert!(
        detail.as_str().unwrap().contains("update-repository"),
        "{detail}"
    );
    let own = stage.api(
        "GET",
        "/repository?domain=team&repository=releases",
        &Value::Null,
    );
    let upstreams = own["repository"]["upstreams"].as_array();
    assert!(upstreams.is_none_or(Vec::is_empty), "{own}");
    // Without a repository in front of npmjs all is as it was asked for.
    assert_eq!(
        states(&setup(&stage, &["--no-store"]).success()),
        ["exists", "exists"]
    );
}

#[test]
fn names_are_asked_for() {
    let Some(stage) = Stage::start() else { return };
    for (flags, words) in [
        (&["setup", "--domain=team"][..], "--repository"),
        (
            &["setup", "--domain=team", "--repository=a1", "--store=a1"][..],
            "need two",
        ),
        (
            &["setup", "--domain=team", "--repository=a1", "--store=_"][..],
            "--store",
        ),
        (
            &[
                "setup",
                "--domain=team",
                "--repository=a1",
                "--github=acme/*",
            ][..],
            "GitHub",
        ),
    ] {
        let ran = run(consign(&stage).args(flags));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(words), "{words} in {ran:?}");
    }
}
