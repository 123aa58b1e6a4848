//! What is taken with credentials: how many tokens, for how long, and who gets to see them.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::sources::github;
use super::{ROLE, ROLES, registry, stranger, with_keys};
use crate::support::{Home, Peer, Peers, Sandbox, run};

const TAKE: &str = "codeartifact:GetAuthorizationToken";

/// Seconds since 1970 of `2026-01-31T12:00:00Z` and its like.
fn seconds(text: &str) -> i64 {
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;
    OffsetDateTime::parse(text, &Rfc3339)
        .unwrap()
        .unix_timestamp()
}

#[test]
fn one_token_does_for_all_packages_of_a_run() {
    let sandbox = Sandbox::with(ROLES);
    let home = Home::new();
    home.file(
        "w/package.json",
        r#"{"name":"w","version":"1.0.0","private":true,"workspaces":["p*"]}"#,
    );
    for index in 0..4 {
        let manifest = json!({"name": format!("@acme/p{index}"), "version": "1.0.0"});
        home.file(format!("w/p{index}/package.json"), manifest.to_string());
    }
    let ran = run(with_keys(&mut stranger(&sandbox, &home), &sandbox)
        .args([
            "publish",
            "--workspaces",
            "--loglevel=info",
            &registry(&sandbox),
        ])
        .current_dir(home.path("w")))
    .success();
    assert_eq!(ran.stdout.lines().count(), 4, "{}", ran.stdout);
    assert_eq!(sandbox.count(TAKE), 1);
    let taken = "took a token for the domain sandbox of account 111122223333, good until ";
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains(taken))
        .unwrap();
    let end = line.rsplit(' ').next().unwrap();
    // A publish asks for no more than a quarter of an hour.
    let now = seconds(
        sandbox.admin("GET", "clock", &Value::Null)["time"]
            .as_str()
            .unwrap(),
    );
    assert!((seconds(end) - now - 900).abs() < 60, "{line}");
}

#[test]
fn a_refused_token_is_renewed_once() {
    let sandbox = Sandbox::with(ROLES);
    let home = Home::new();
    home.file("p/package.json", r#"{"name":"@acme/p","version":"1.0.0"}"#);
    let publish = || {
        run(with_keys(&mut stranger(&sandbox, &home), &sandbox).args([
            "publish",
            "./p",
            "--fetch-retries=0",
            &registry(&sandbox),
        ]))
    };
    let refuse = |times: u32| {
        let fault =
            json!({"fault": "status", "status": 401, "method": "PUT", "path": "*", "times": times});
        sandbox.admin("POST", "faults", &fault);
    };
    refuse(2);
    let refused = publish();
    assert_eq!(refused.code, Some(13), "{}", refused.stderr);
    assert_eq!(sandbox.count(TAKE), 2, "one, and another after the 401");
    refuse(1);
    publish().success();
    assert_eq!(sandbox.count(TAKE), 4);
}

#[test]
fn a_token_that_ends_between_two_packages_is_renewed() {
    let sandbox = Sandbox::with(ROLES);
    let home = Home::new();
    // AWS lets a clock be off by a quarter of an hour, either way.
    sandbox.admin("POST", "clock", &json!({"advance": -600}));
    let admin = format!("{}/_sandbox/clock", sandbox.variable("AWS_ENDPOINT_URL"));
    home.file(
        "later.mjs",
        format!("await fetch('{admin}', {{method: 'POST', body: '{{\"advance\": 1200}}'}})"),
    );
    home.file(
        "w/package.json",
        r#"{"name":"w","version":"1.0.0","private":true,"workspaces":["a","b"]}"#,
    );
    home.file(
        "w/a/package.json",
        r#"{"name":"@acme/a","version":"1.0.0"}"#,
    );
    let script = format!("node {}", home.path("later.mjs").display());
    let manifest =
        json!({"name": "@acme/b", "version": "1.0.0", "scripts": {"prepublishOnly": script}});
    home.file("w/b/package.json", manifest.to_string());
    run(with_keys(&mut stranger(&sandbox, &home), &sandbox)
        .args(["publish", "--workspaces", &registry(&sandbox)])
        .current_dir(home.path("w")))
    .success();
    assert_eq!(sandbox.count(TAKE), 2);
}

#[test]
fn every_format_holds_the_token_that_aws_gives() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let sandbox = Sandbox::with(ROLES);
    let home = Home::new();
    let consign = |arguments: &[&str]| {
        run(stranger(&sandbox, &home)
            .envs(&sandbox.environment)
            .arg("token")
            .args(arguments))
        .success()
        .stdout
    };
    let url = sandbox.variable("CONSIGN_REGISTRY");
    let key = url.strip_prefix("http:").unwrap();
    let is_token = |text: &str| {
        assert_eq!(text.split('.').count(), 5, "{text}");
        // What counts is that the registry takes it.
        let path = url
            .split_once("127.0.0.1")
            .unwrap()
            .1
            .split_once('/')
            .unwrap()
            .1;
        sandbox.http(
            "GET",
            &format!("/{path}-/ping"),
            &[&format!("authorization: Bearer {text}")],
            "",
        );
    };
    is_token(consign(&[]).strip_suffix('\n').unwrap());
    is_token(
        consign(&["--format", "env"])
            .trim_end()
            .strip_prefix("export CODEARTIFACT_AUTH_TOKEN=")
            .unwrap(),
    );
    is_token(
        consign(&["--format=header"])
            .trim_end()
            .strip_prefix("Authorization: Bearer ")
            .unwrap(),
    );
    let npmrc = consign(&["--format=npmrc", "--scope=acme"]);
    let (first, second) = npmrc.trim_end().split_once('\n').unwrap();
    assert_eq!(first, format!("@acme:registry={url}"));
    is_token(second.strip_prefix(&format!("{key}:_authToken=")).unwrap());

    for duration in ["900", "3600", "43200", "0"] {
        let ours: Value =
            serde_json::from_str(&consign(&["--format=json", "--duration", duration])).unwrap();
        let ran = run(peers
            .command(Peer::Aws, &home)
            .envs(&sandbox.environment)
            .args([
                "codeartifact",
                "get-authorization-token",
                "--duration-seconds",
                duration,
            ])
            .args(["--domain", sandbox.variable("CONSIGN_DOMAIN")])
            .args(["--domain-owner", sandbox.variable("CONSIGN_DOMAIN_OWNER")]))
        .success();
        let theirs: Value = serde_json::from_str(&ran.stdout).unwrap();
        is_token(ours["authorizationToken"].as_str().unwrap());
        is_token(theirs["authorizationToken"].as_str().unwrap());
        // Version 1 of the AWS CLI prints the number that the service sends, version 2 a date.
        let end = |token: &Value| match &token["expiration"] {
            Value::String(date) => seconds(date),
            number => number
                .to_string()
                .split('.')
                .next()
                .unwrap()
                .parse()
                .unwrap(),
        };
        assert!((end(&ours) - end(&theirs)).abs() < 60, "{ours} {theirs}");
    }
}

#[test]
fn pnpm_takes_it_as_its_token_helper() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let sandbox = Sandbox::with(ROLES);
    let home = Home::new();
    let url = sandbox.variable("CONSIGN_REGISTRY");
    let key = url.strip_prefix("http:").unwrap();
    home.file(
        "p/package.json",
        r#"{"name":"@acme/tool","version":"1.0.0"}"#,
    );
    run(stranger(&sandbox, &home)
        .envs(&sandbox.environment)
        .args(["publish", "./p"]))
    .success();
    let helper = home.path("consign-token");
    symlink(crate::support::consign_binary(), &helper).unwrap();
    for helper in [
        // A link under the helper's name, which needs no arguments; and pnpm 12 takes some.
        helper.display().to_string(),
        format!(
            "{} token --duration 900",
            crate::support::consign_binary().display()
        ),
    ] {
        home.npmrc(&format!("registry={url}\n{key}:tokenHelper={helper}\n"));
        let project = home.folder(format!("project-{}", helper.len()));
        fs::write(
            project.join("package.json"),
            r#"{"name":"project","version":"1.0.0"}"#,
        )
        .unwrap();
        let before = sandbox.count(TAKE);
        run(home
            .command(peers.script(".installed/bin/pnpm"))
            .envs(&sandbox.environment)
            .args(["add", "@acme/tool", "--ignore-scripts"])
            .current_dir(&project))
        .success();
        assert!(
            project
                .join("node_modules/@acme/tool/package.json")
                .is_file()
        );
        assert!(sandbox.count(TAKE) > before);
    }
}

#[test]
fn what_is_secret_is_seen_nowhere() {
    let sandbox = Sandbox::with(ROLES);
    let home = Home::new();
    let request_token = sandbox.identities["ACTIONS_ID_TOKEN_REQUEST_TOKEN"].clone();
    // What a script can see of consign: its own environment and every command line.
    let spy =
        "env >> ../spied; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\\\0' ' ' >> ../spied; true";
    let scripts = json!({"prepublishOnly": spy, "publish": spy, "postpublish": spy});
    let manifest = json!({"name": "@acme/p", "version": "1.0.0", "scripts": scripts});
    home.file("p/package.json", manifest.to_string());
    let consign = || {
        let mut command = stranger(&sandbox, &home);
        github(&sandbox, &mut command).env("AWS_ROLE_ARN", ROLE);
        command
    };
    let registry = registry(&sandbox);
    let mut said = String::new();
    for arguments in [
        &["publish", "./p", "--loglevel=silly"][..],
        &["publish", "./p", "--json", "--loglevel=silly"],
        &["whoami", "--loglevel=silly"],
        &["whoami", "--json", "--loglevel=silly"],
        &["ping", "--loglevel=silly"],
        &["login", "--dry-run", "--loglevel=silly"],
    ] {
        let ran = run(consign().args(arguments).arg(&registry)).success();
        said.push_str(&ran.stdout);
        said.push_str(&ran.stderr);
    }
    let spied = fs::read_to_string(home.path("spied")).unwrap();
    assert!(spied.contains("npm_lifecycle_event=postpublish"), "{spied}");
    // A job's own variables reach its scripts, as with npm.
    let spied = spied.replace(
        &format!("ACTIONS_ID_TOKEN_REQUEST_TOKEN={request_token}"),
        "",
    );
    // Tokens of the registry and of GitHub are JSON in base64url.
    for secret in ["eyJ", request_token.as_str()] {
        assert!(!said.contains(secret), "{secret} was said: {said}");
        assert!(!spied.contains(secret), "{secret} was seen: {spied}");
    }
    if let Some((file, _)) = crate::support::files_below(&home.path("home"))
        .into_iter()
        .next()
    {
        panic!("{} was written", file.display());
    }
    // Where a token is written on purpose, it is in no argument list: `login` runs no program.
    run(consign().args(["login", &registry])).success();
    assert!(
        fs::read_to_string(home.path("home/.npmrc"))
            .unwrap()
            .contains("eyJ")
    );
}
