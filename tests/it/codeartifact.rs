//! Publishing to `CodeArtifact` from the registry URL alone, against the embedded look-alike.

use crate::support::{Home, Sandbox, run};

fn package(home: &Home) {
    home.file("a/package.json", r#"{"name":"@s/a","version":"1.0.0"}"#);
    home.file("a/index.js", "1\n");
}

#[test]
fn the_registry_url_and_aws_credentials_are_enough() {
    let sandbox = Sandbox::start();
    let home = Home::new();
    package(&home);
    let registry = format!("--registry={}", sandbox.variable("CONSIGN_REGISTRY"));
    let publish = |home: &Home| {
        run(home
            .consign()
            .envs(&sandbox.environment)
            .args(["publish", "./a", &registry]))
    };
    let first = publish(&home).success();
    assert_eq!(first.stdout, "+ @s/a@1.0.0\n");
    assert!(!home.path("home/.npmrc").exists(), "nothing was written");
    let again = publish(&home).success();
    assert!(
        again.stderr.contains("identical contents"),
        "{}",
        again.stderr
    );
    home.file("a/index.js", "2\n");
    home.file("a/more.js", "");
    let other = publish(&home);
    assert_eq!(other.code, Some(10), "{}", other.stderr);
    for line in [
        "index.js: contents differ (2 bytes in ours, 2 in the registry's)",
        "more.js: only in ours",
    ] {
        assert!(other.stderr.contains(line), "{line:?} in {}", other.stderr);
    }
}

#[test]
fn a_reference_to_an_unset_variable_does_not_stand_in_the_way() {
    let sandbox = Sandbox::start();
    let home = Home::new();
    package(&home);
    let registry = sandbox.variable("CONSIGN_REGISTRY");
    let host = registry.trim_start_matches("http:");
    home.npmrc(&format!(
        "registry={registry}\n{host}:_authToken=${{CODEARTIFACT_AUTH_TOKEN}}\n"
    ));
    run(home
        .consign()
        .envs(&sandbox.environment)
        .args(["publish", "./a"]))
    .success();
}

#[test]
fn wrong_aws_credentials_end_as_unauthenticated() {
    let sandbox = Sandbox::start();
    let home = Home::new();
    package(&home);
    let registry = format!("--registry={}", sandbox.variable("CONSIGN_REGISTRY"));
    let ran = run(home
        .consign()
        .envs(&sandbox.environment)
        .env("AWS_SECRET_ACCESS_KEY", "wrong-planted-secret")
        .args(["publish", "./a", &registry, "--loglevel=silly"]));
    assert_eq!(ran.code, Some(13), "{}", ran.stderr);
    for words in [
        "outcome unauthenticated",
        "the secret key does not belong to the access key",
    ] {
        assert!(ran.stderr.contains(words), "{words:?} in {}", ran.stderr);
    }
    assert!(
        !ran.stderr.contains("wrong-planted-secret"),
        "{}",
        ran.stderr
    );
}

#[test]
fn no_aws_credentials_are_named_as_missing() {
    let home = Home::new();
    package(&home);
    let ran = run(home
        .consign()
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .args([
            "publish",
            "./a",
            "--registry=http://127.0.0.1:9/npm/d/org-111122223333/repo/",
        ]));
    assert_eq!(ran.code, Some(13), "{}", ran.stderr);
    assert!(ran.stderr.contains("no AWS credentials"), "{}", ran.stderr);
    assert!(ran.stderr.contains("AWS_ACCESS_KEY_ID"), "{}", ran.stderr);
}

#[test]
fn a_url_that_only_looks_like_an_endpoint_is_diagnosed() {
    let home = Home::new();
    package(&home);
    for (url, words) in [
        (
            "https://111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/repo/",
            "the domain is missing",
        ),
        (
            "https://org-111122223333.d.codeartifact.region.amazonaws.com/npm/repo/",
            "placeholder",
        ),
        (
            "https://org-111122223333.codeartifact.eu-west-1.amazonaws.com/npm/repo/",
            "`.d.` belongs to hosts",
        ),
        (
            "https://org-111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/",
            "/npm/<repository>/",
        ),
    ] {
        let ran = run(home
            .consign()
            .args(["publish", "./a", &format!("--registry={url}")]));
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{words:?} in {}", ran.stderr);
        assert!(ran.stderr.contains("next: "), "{}", ran.stderr);
    }
}

#[test]
fn a_rehearsal_tells_each_step() {
    let home = Home::new();
    package(&home);
    let ran = run(home.consign().args(["rehearse", "./a", "--json"])).success();
    let printed: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(printed["ok"], true);
    let steps: Vec<_> = printed["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| &step["name"])
        .collect();
    assert_eq!(
        steps,
        [
            "pack",
            "sandbox",
            "token",
            "publish",
            "packument",
            "tarball"
        ]
    );
    home.file(
        "b/package.json",
        r#"{"name":"b","version":"1.0.0","private":true}"#,
    );
    let private = run(home.consign().args(["rehearse", "./b"]));
    assert_eq!(private.code, Some(1), "{}", private.stdout);
    assert!(
        private.stdout.contains("FAIL publish"),
        "{}",
        private.stdout
    );
}
