//! `consign whoami` and `consign ping`, on `CodeArtifact` and beside npm elsewhere.

use serde_json::{Value, json};

use super::{registry, stranger, with_keys};
use crate::support::{Answer, Home, Peer, Peers, Ran, Sandbox, Scripted, run};

const READER: &str = r#"
[[principals]]
name = "tokens-only"
policies = ['''
{"Statement": [{"Effect": "Allow", "Resource": "*", "Action":
 ["codeartifact:GetAuthorizationToken", "sts:GetServiceBearerToken"]}]}
''']
"#;

#[test]
fn what_the_identity_may_do_is_tried_without_changing_anything() {
    let sandbox = Sandbox::with(READER);
    let home = Home::new();
    let consign = |arguments: &[&str]| {
        run(with_keys(&mut stranger(&sandbox, &home), &sandbox)
            .args(arguments)
            .arg(registry(&sandbox)))
    };
    let told = consign(&["whoami"]).success();
    assert_eq!(told.stdout, "arn:aws:iam::111122223333:user/tokens-only\n");
    for words in [
        "token: yes",
        "read: no",
        "codeartifact:ReadFromRepository",
        "publish: unknown",
    ] {
        assert!(told.stderr.contains(words), "{words:?} in {}", told.stderr);
    }
    let told: Value =
        serde_json::from_str(&consign(&["whoami", "--json"]).success().stdout).unwrap();
    assert_eq!(told["permissions"]["token"]["allowed"], true);
    assert_eq!(told["permissions"]["read"]["allowed"], false);
    assert_eq!(told["permissions"]["publish"]["allowed"], Value::Null);
    assert_eq!(told["domainOwner"], "111122223333");
    let ping = consign(&["ping"]);
    assert_eq!(ping.code, Some(13), "{}", ping.stderr);
    assert!(ping.stderr.contains("E403"), "{}", ping.stderr);
}

#[test]
fn a_repository_is_found_by_its_name() {
    let sandbox = Sandbox::start();
    let home = Home::new();
    let mut command = stranger(&sandbox, &home);
    with_keys(&mut command, &sandbox);
    let ran = run(command.args(["ping", "--domain", "sandbox", "--repository", "npm"])).success();
    assert!(
        ran.stderr.contains(sandbox.variable("CONSIGN_REGISTRY")),
        "{}",
        ran.stderr
    );
    assert_eq!(sandbox.count("codeartifact:GetRepositoryEndpoint"), 1);
}

#[test]
fn a_repository_is_found_and_published_to_by_its_name_and_endpoint_type() {
    for (kind, asked_for) in [("ipv4", ""), ("dualstack", "endpointType=dualstack")] {
        let sandbox = Sandbox::start();
        let home = Home::new();
        let package = home.file("p/package.json", r#"{"name": "tool", "version": "1.0.0"}"#);
        let consign = |arguments: &[&str]| {
            let mut command = stranger(&sandbox, &home);
            with_keys(&mut command, &sandbox);
            let named = [
                "--domain=sandbox",
                "--repository=npm",
                "--endpoint-type",
                kind,
            ];
            run(command.args(arguments).args(named)).success()
        };
        let directory = package.parent().unwrap().to_str().unwrap();
        consign(&["doctor", directory]);
        consign(&["publish", directory, "--wait=0"]);
        let again = consign(&["publish", directory, "--wait=0"]);
        assert!(again.stderr.contains("already there"), "{}", again.stderr);
        let log = sandbox.admin("GET", "log", &Value::Null);
        let entries = log["entries"].as_array().unwrap();
        let asked: Vec<_> = entries
            .iter()
            .filter(|entry| entry["action"] == "codeartifact:GetRepositoryEndpoint")
            .map(Value::to_string)
            .collect();
        assert!(!asked.is_empty());
        assert!(
            asked.iter().any(|entry| entry.contains(asked_for)),
            "{kind}: {asked:?}"
        );
    }
}

/// What a client says: lines of stderr without its name and the time it took, and all of stdout.
fn said(ran: &Ran) -> (Option<i32>, String, Vec<String>) {
    let lines = ran
        .stderr
        .lines()
        .filter(|line| !line.contains("complete log"));
    let lines = lines.map(|line| {
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        match words.as_slice() {
            ["notice", "PONG", time] if time.ends_with("ms") => "notice PONG TIME".to_owned(),
            words => words.join(" "),
        }
    });
    (ran.code, ran.stdout.clone(), lines.collect())
}

#[test]
fn elsewhere_both_say_what_npm_says() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    for (npmrc, command) in [
        ("KEY:_authToken=t\n", "whoami"),
        ("KEY:_authToken=t\n", "whoami --json"),
        // A user with a password is known without asking.
        ("KEY:username=anna\nKEY:_password=c2VjcmV0\n", "whoami"),
        ("KEY:_auth=YW5uYTpzZWNyZXQ=\n", "whoami"),
        ("", "ping"),
        ("KEY:_authToken=t\n", "ping"),
    ] {
        let home = Home::new();
        let server = Scripted::start(|asked, _| match asked.path.as_str() {
            "/npm/-/whoami" => Answer::json(200, &json!({"username": "anna"})),
            "/npm/-/ping" => Answer::json(200, &json!({"deep": {"a": 1}})),
            _ => Answer::json(404, &json!({})),
        });
        let url = format!("{}npm/", server.url);
        let key = url.strip_prefix("http:").unwrap();
        home.npmrc(&format!("registry={url}\n{}", npmrc.replace("KEY", key)));
        let ours = run(home.consign().args(command.split(' ')));
        let theirs = run(peers.command(Peer::Npm, &home).args(command.split(' ')));
        assert_eq!(said(&ours), said(&theirs), "{npmrc:?} {command}");
    }
    let home = Home::new();
    home.npmrc("registry=http://127.0.0.1:9/\n");
    let ours = run(home.consign().arg("whoami"));
    let theirs = run(peers.command(Peer::Npm, &home).arg("whoami"));
    assert_eq!(ours.code, theirs.code);
    assert!(ours.stderr.contains("code ENEEDAUTH") && theirs.stderr.contains("code ENEEDAUTH"));
}
