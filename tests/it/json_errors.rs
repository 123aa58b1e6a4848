//! What `publish --json` prints when it fails: npm's object, with npm's code and words where the refusal is npm's.

use serde_json::{Value, json};

use crate::support::{Answer, Home, Peer, Peers, Scripted, packument, run};

struct Case {
    manifest: Value,
    flags: &'static [&'static str],
    /// What the registry answers to a PUT.
    status: u16,
    /// The words are npm's, too.
    has_npms_summary: bool,
}

fn cases() -> Vec<Case> {
    let case = |manifest: Value, flags, status, has_npms_summary| Case {
        manifest,
        flags,
        status,
        has_npms_summary,
    };
    let plain = json!({"name": "a", "version": "1.0.0"});
    let with = |key: &str, value: Value| {
        let mut manifest = plain.clone();
        manifest[key] = value;
        manifest
    };
    vec![
        case(with("private", json!(true)), &[], 201, true),
        case(with("version", json!("1.0.0-rc.1")), &[], 201, true),
        case(with("version", json!("one")), &[], 201, true),
        case(with("name", json!("_a")), &[], 201, true),
        case(with("name", json!("a b")), &[], 201, false),
        case(with("main", json!(5)), &[], 201, true),
        case(json!({"version": "1.0.0"}), &[], 201, false),
        case(plain.clone(), &["--tag", "1.x"], 201, true),
        case(plain.clone(), &["--tag", "a b"], 201, true),
        case(plain.clone(), &["--access", "restricted"], 201, true),
        case(
            plain.clone(),
            &["--registry", "http://127.0.0.1:9/x/"],
            201,
            true,
        ),
        case(plain.clone(), &["-w", "gone"], 201, false),
        case(
            with("scripts", json!({"prepack": "exit 3"})),
            &[],
            201,
            false,
        ),
        case(
            with("scripts", json!({"prepack": "kill -9 $$"})),
            &["--foreground-scripts=false"],
            201,
            false,
        ),
        case(plain.clone(), &[], 400, true),
        case(plain.clone(), &[], 401, true),
        case(plain.clone(), &[], 402, true),
        case(plain.clone(), &[], 403, true),
        case(plain.clone(), &[], 404, true),
        // That the version is there is said before npm's words.
        case(plain.clone(), &[], 409, false),
        case(plain.clone(), &[], 410, true),
        case(plain.clone(), &[], 413, true),
        case(plain.clone(), &[], 422, true),
    ]
}

#[test]
fn codes_and_words_are_npms() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    for case in cases() {
        let status = case.status;
        let registry = Scripted::start(move |asked, _| match asked.method.as_str() {
            "PUT" => Answer::json(status, &json!({"error": "because"})),
            _ => Answer::json(404, &json!({})),
        });
        let home = Home::new();
        home.npmrc(&registry.npmrc("t"));
        home.file("p/package.json", case.manifest.to_string());
        let said = |mut command: std::process::Command| {
            command.current_dir(home.path("p"));
            let ran = run(command.args(["publish", "--json"]).args(case.flags));
            let printed: Value = serde_json::from_str(&ran.stdout)
                .unwrap_or_else(|error| panic!("{error}: {}\n{}", ran.stdout, ran.stderr));
            (ran.code, printed["error"].clone())
        };
        let (npms_code, npms) = said(peers.command(Peer::Npm, &home));
        let (code, ours) = said(home.consign());
        let shown = format!("{} {:?} {status}", case.manifest, case.flags);
        assert_eq!(ours["code"], npms["code"], "{shown}: {ours}");
        if case.has_npms_summary {
            assert_eq!(ours["summary"], npms["summary"], "{shown}");
        }
        // Nothing that npm says of the registry's answer is missing.
        let is_told = |object: &Value| object["summary"].as_str().unwrap().contains("because");
        assert!(
            status == 201 || (is_told(&ours) && is_told(&npms)),
            "{shown}: {ours}"
        );
        // An outcome has a status of its own.
        if ours["outcome"].is_null() {
            assert_eq!(code, npms_code, "{shown}: {ours}");
        }
        let keys: Vec<_> = ours.as_object().unwrap().keys().collect();
        let known = ["code", "summary", "detail", "outcome"];
        assert!(
            keys.iter().all(|key| known.contains(&key.as_str())),
            "{keys:?}"
        );
        assert!(ours["detail"].is_string(), "{ours}");
    }
}

/// What a script printed while nobody saw it is shown when it fails.
#[test]
fn collected_output_is_told() {
    let home = Home::new();
    let prepack = "echo out-of-it; echo err-of-it >&2; exit 4";
    let manifest = json!({"name": "a", "version": "1.0.0", "scripts": {"prepack": prepack}});
    home.file("p/package.json", manifest.to_string());
    let ran = run(home
        .consign()
        .args(["publish", "./p", "--foreground-scripts=false"]));
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    for words in ["out-of-it", "err-of-it", "code 4"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
}

/// `publishConfig` switches off the scripts of the packing, not the others.
#[test]
fn publish_config_ignores_the_scripts_of_packing() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    let registry = Scripted::start(|_, _| Answer::json(404, &json!({})));
    home.npmrc(&registry.npmrc("t"));
    let events = [
        "prepublishOnly",
        "prepack",
        "prepare",
        "postpack",
        "publish",
        "postpublish",
    ];
    let scripts: serde_json::Map<_, _> = events
        .iter()
        .map(|event| {
            (
                (*event).to_owned(),
                json!("echo $npm_lifecycle_event >> ../ran"),
            )
        })
        .collect();
    let manifest = json!({
        "name": "a", "version": "1.0.0", "scripts": scripts,
        "publishConfig": {"ignore-scripts": true},
    });
    home.file("p/package.json", manifest.to_string());
    let mut orders = Vec::new();
    for flags in [&["--dry-run"][..], &["--dry-run", "--no-ignore-scripts"]] {
        for mut command in [peers.command(Peer::Npm, &home), home.consign()] {
            command.current_dir(home.path("p"));
            run(command.arg("publish").args(flags)).success();
            orders.push(std::fs::read_to_string(home.path("ran")).unwrap());
            std::fs::remove_file(home.path("ran")).unwrap();
        }
    }
    assert_eq!(orders[0], "prepublishOnly\npublish\npostpublish\n");
    assert_eq!(orders[0], orders[1]);
    assert_eq!(orders[2].lines().count(), 6);
    assert_eq!(orders[2], orders[3]);
}

/// Members that were published before the error are told beside it, as npm tells them.
#[test]
fn members_before_the_error_are_told() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let home = Home::new();
    home.file(
        "w/package.json",
        r#"{"name":"r","private":true,"workspaces":["a","b","c","d"]}"#,
    );
    home.file("w/a/package.json", r#"{"name":"@s/a","version":"1.0.0"}"#);
    home.file(
        "w/b/package.json",
        r#"{"name":"b","version":"1.0.0","private":true}"#,
    );
    home.file("w/c/package.json", r#"{"name":"c","version":"1.0.0-rc.1"}"#);
    home.file("w/d/package.json", r#"{"name":"d","version":"1.0.0"}"#);
    let mut printed = Vec::new();
    for mut command in [peers.command(Peer::Npm, &home), home.consign()] {
        let registry = Scripted::start(|asked, before| match asked.method.as_str() {
            "PUT" => Answer::json(201, &json!({})),
            _ => packument(before),
        });
        home.npmrc(&registry.npmrc("t"));
        command.current_dir(home.path("w"));
        let ran = run(command.args(["publish", "--workspaces", "--json"]));
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("Skipping workspace b"),
            "{}",
            ran.stderr
        );
        let puts = registry.lines();
        let puts: Vec<_> = puts.iter().filter(|line| line.starts_with("PUT")).collect();
        assert_eq!(puts, ["PUT /@s%2fa"]);
        let mut object: Value = serde_json::from_str(&ran.stdout).unwrap();
        object["@s/a"]
            .as_object_mut()
            .unwrap()
            .shift_remove("outcome");
        // What to do next is in other words.
        object["error"]["detail"] = Value::Null;
        printed.push(object.to_string());
    }
    assert_eq!(printed[0], printed[1]);
}
