//! Whose credentials a publish uses, when it gets them, and who does not see them.

use serde_json::json;

use crate::support::{Answer, Home, Sandbox, Scripted, run};

/// What npm's two lookups disagree about is said in words: the check before a publish wants the registry's own key.
#[test]
fn a_token_above_the_registry_is_pointed_at() {
    let registry = Scripted::start(|_, _| Answer::json(404, &json!({})));
    let host = registry.url.trim_start_matches("http:").to_owned();
    let home = Home::new();
    home.file("p/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    for (address, key, wanted, words) in [
        (
            "npm/",
            &host[..],
            "npm/:_authToken",
            "is above the registry's path",
        ),
        (
            "npm",
            &format!("{host}npm/"),
            ":_authToken",
            "if the registry's address ended with a slash",
        ),
        (
            "npm/",
            &format!("{host}npm"),
            "npm/:_authToken",
            "lacks the slash before the colon",
        ),
        (
            "npm/",
            &format!("{host}other/"),
            "npm/:_authToken",
            "is for another path on the same host",
        ),
    ] {
        home.npmrc(&format!(
            "registry={}{address}\n{key}:_authToken=planted-token\n",
            registry.url
        ));
        let ran = run(home.consign().args(["publish", "./p", "--loglevel=silly"]));
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("code ENEEDAUTH"), "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        assert!(ran.stderr.contains(wanted), "{wanted}: {}", ran.stderr);
        assert!(ran.stderr.contains(".npmrc"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("planted-token"), "{}", ran.stderr);
    }
    assert!(registry.asked().is_empty(), "{:?}", registry.lines());
}

/// Scripts run first and see no token; what they make can be what the token is got with.
#[test]
fn a_token_is_fetched_after_the_scripts_and_kept_from_them() {
    let sandbox = Sandbox::start();
    let home = Home::new();
    let record = "env > ../$npm_lifecycle_event.env";
    let events = [
        "prepublishOnly",
        "prepack",
        "prepare",
        "postpack",
        "publish",
        "postpublish",
    ];
    let mut scripts: serde_json::Map<String, serde_json::Value> = events
        .iter()
        .map(|event| ((*event).to_owned(), json!(record)))
        .collect();
    // The last script before the upload is the one that brings the credentials.
    scripts["postpack"] = json!(format!("{record} && mv ../later ../aws-credentials"));
    let manifest = json!({"name": "a", "version": "1.0.0", "scripts": scripts});
    home.file("p/package.json", manifest.to_string());

    let is_secret = |name: &str| matches!(name, "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY");
    let (secret, open): (Vec<_>, Vec<_>) = sandbox
        .environment
        .iter()
        .partition(|(name, _)| is_secret(name));
    assert_eq!(secret.len(), 2);
    let lines = secret
        .iter()
        .map(|(name, value)| format!("{} = {value}\n", name.to_ascii_lowercase()));
    let lines: String = lines.collect();
    home.file("later", format!("[default]\n{lines}"));
    let registry = format!("--registry={}", sandbox.variable("CONSIGN_REGISTRY"));
    let ran = run(home
        .consign()
        .envs(open)
        .env("AWS_SHARED_CREDENTIALS_FILE", home.path("aws-credentials"))
        .current_dir(home.path("p"))
        .args(["publish", "--loglevel=silly", &registry]))
    .success();
    assert!(ran.stdout.contains("+ a@1.0.0"), "{}", ran.stdout);
    for event in events {
        let environment = std::fs::read_to_string(home.path(format!("{event}.env"))).unwrap();
        assert!(environment.contains("npm_lifecycle_event="), "{event}");
        for line in environment.lines() {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            let looks_like_one = value.len() > 300 && name != "PATH";
            let lower = name.to_ascii_lowercase();
            assert!(
                !looks_like_one && !lower.contains("authtoken") && !lower.contains("auth_token"),
                "{event} sees {line}"
            );
        }
    }
}

/// On an image without Node a script that needs it ends as with npm, and one line more says why.
#[cfg(unix)]
#[test]
fn a_script_that_needs_node_says_so_where_there_is_none() {
    let registry = Scripted::start(|_, _| Answer::json(404, &json!({})));
    let home = Home::new();
    home.npmrc(&registry.npmrc("t"));
    let tools = home.folder("tools");
    std::os::unix::fs::symlink("/bin/sh", tools.join("sh")).unwrap();
    let manifest =
        json!({"name": "a", "version": "1.0.0", "scripts": {"prepack": "node build.js"}});
    home.file("p/package.json", manifest.to_string());
    for (arguments, code) in [(&["publish", "./p"][..], 127), (&["pack", "./p"], 127)] {
        let ran = run(home.consign().env("PATH", &tools).args(arguments));
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        assert!(ran.stderr.contains("code 127"), "{}", ran.stderr);
        assert!(ran.stderr.contains("no `node` on PATH"), "{}", ran.stderr);
    }
    assert!(registry.asked().is_empty());
    let ran = run(home.consign().env("PATH", &tools).args([
        "pack",
        "./p",
        "--ignore-scripts",
        "--dry-run",
    ]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}
