//! `consign doctor` and `consign publish` over the same planted faults: what doctor names, publish ends with, in the
//! same words. The table in `docs/doctor.md` is what this sees.

mod faults;
mod packages;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::stage::{Stage, put};
use crate::support::{Ran, run};
use faults::{Fault, faults};

/// How the package is published, and what with.
struct Plan {
    manifest: Value,
    registry: String,
    variables: BTreeMap<String, String>,
    flags: Vec<String>,
}

impl Plan {
    fn flag(&mut self, flag: &str) {
        self.flags.push(flag.to_owned());
    }

    fn variable(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Nothing wrong with it.
    fn of(stage: &Stage, manifest: Value) -> Self {
        Self {
            manifest,
            registry: stage.registry().to_owned(),
            variables: stage.environment.clone(),
            flags: Vec::new(),
        }
    }
}

fn command(stage: &Stage, plan: &Plan, name: &str) -> Command {
    let manifest = match &plan.manifest {
        Value::Null => "{\"name\": \"tool\",, }".to_owned(),
        manifest => manifest.to_string(),
    };
    stage.home.file("tool/package.json", manifest);
    stage.home.file("tool/index.js", "module.exports = 1;\n");
    let mut command = stage.home.consign();
    command
        .envs(&plan.variables)
        .args([name, "./tool", "--json", "--wait=0", "--fetch-retries=0"])
        .arg(format!("--registry={}", plan.registry))
        .args(&plan.flags);
    command
}

fn printed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"))
}

/// What a fault led to.
struct Seen {
    check: Value,
    doctor: Option<i32>,
    publish: Option<i32>,
    error: Value,
    talk: String,
}

fn see(fault: &Fault, stage: &Stage) -> Seen {
    let mut plan = Plan::of(stage, json!({"name": "tool", "version": "1.0.0"}));
    (fault.plant)(stage, &mut plan);
    let before = stage.log().len();
    let doctor = run(&mut command(stage, &plan, "doctor"));
    if plan.variables["AWS_ENDPOINT_URL"] == stage.endpoint() {
        for entry in &stage.log()[before..] {
            assert!(
                is_harmless(entry),
                "{}: doctor asked for {entry}",
                fault.name
            );
        }
    }
    let publish = run(&mut command(stage, &plan, "publish"));
    for said in [
        &doctor.stdout,
        &doctor.stderr,
        &publish.stdout,
        &publish.stderr,
    ] {
        assert!(
            !said.contains("planted-"),
            "{}: a secret in {said}",
            fault.name
        );
    }
    let told = printed(&doctor);
    let (_, package) = told.as_object().unwrap().iter().next().unwrap();
    let checks = package["checks"].as_array().unwrap();
    assert_eq!(package["ok"], doctor.code == Some(0), "{told:#}");
    let failed = checks.iter().find(|check| check["verdict"] == "fail");
    let (name, verdict) = fault.seen;
    let named = checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(named["verdict"], verdict, "{}: {told:#}", fault.name);
    if let Some(failed) = failed {
        assert_eq!(failed["name"], name, "{}: {told:#}", fault.name);
    }
    let error = printed(&publish)["error"].clone();
    Seen {
        check: named.clone(),
        doctor: doctor.code,
        publish: publish.code,
        error,
        talk: publish.stderr,
    }
}

/// Whether a request changes nothing at the registry: the API's own reads, among which a token.
fn is_harmless(entry: &Value) -> bool {
    let action = entry["action"].as_str().unwrap_or_default();
    let reads = [
        "Describe",
        "List",
        "ReadFrom",
        "GetAuthorizationToken",
        "GetRepositoryEndpoint",
    ];
    let reads = reads.iter().any(|part| action.contains(part));
    reads
        || action.contains(":Get")
        || entry["method"] == "GET"
        // What was refused before an action was known, and STS.
        || (action.is_empty() && entry["method"] == "POST")
}

#[test]
fn doctor_names_what_publish_fails_with() {
    let mut rows = String::new();
    for fault in faults() {
        let Some(stage) = Stage::with((fault.config)()) else {
            return;
        };
        let seen = see(&fault, &stage);
        let text = seen.check["text"].as_str().unwrap();
        let next = seen.check["next"].as_str().unwrap_or_default();
        let name = fault.name;
        match fault.seen.1 {
            "fail" => {
                assert_eq!(
                    seen.doctor, seen.publish,
                    "{name}: {} {}",
                    seen.check, seen.error
                );
                assert_ne!(seen.publish, Some(0), "{name}");
                // A publish may hear the same refusal to its PUT.
                let summary = seen.error["summary"].as_str().unwrap();
                let is_said =
                    summary.contains(text) || summary.contains(&text.replace(" GET ", " PUT "));
                assert!(is_said, "{name}: {text:?} in {summary:?}");
                assert_eq!(seen.error["detail"], next, "{name}");
                assert_ne!(next, "", "{name}: no next step");
            }
            "warn" => {
                assert_eq!((seen.doctor, seen.publish), (Some(0), Some(0)), "{name}");
                // The SDK makes up for the clock.
                assert!(
                    fault.seen.0 == "clock" || seen.talk.contains(text),
                    "{name}: {text:?} in {}",
                    seen.talk
                );
            }
            "ok" => assert_eq!((seen.doctor, seen.publish), (Some(0), Some(0)), "{name}"),
            // The one thing that shows only when it is done.
            _ => assert_eq!((seen.doctor, seen.publish), (Some(0), Some(13)), "{name}"),
        }
        rows.push_str(&row(&fault, &seen, &stage));
    }
    documented(&rows);
}

/// A row of the table, without what differs from run to run.
fn row(fault: &Fault, seen: &Seen, stage: &Stage) -> String {
    let (check, verdict) = fault.seen;
    let outcome = match seen.error["outcome"].as_str() {
        _ if seen.publish == Some(0) => "exit 0".to_owned(),
        Some(outcome) => format!("{outcome}, exit {}", seen.publish.unwrap()),
        None => format!("exit {}", seen.publish.unwrap()),
    };
    let cell = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        let text = text.lines().next().unwrap_or_default();
        let text = text.replace(stage.endpoint(), "https://REGISTRY");
        let text = text.replace(stage.home.path("").to_str().unwrap(), "/");
        let text = match text.split_once(" seconds behind") {
            Some((_, rest)) => format!("this machine's clock is 3600 seconds behind{rest}"),
            None => text,
        };
        let text = without_ports(&without_ports(&text, "127.0.0.1:"), "localhost:");
        text.replace('|', "\\|").replace('<', "&lt;")
    };
    format!(
        "| {} | `{check}`: {verdict} | {} | {} | {outcome} |\n",
        fault.name,
        cell(&seen.check["text"]),
        cell(&seen.check["next"]),
    )
}

/// The text with `REGISTRY` for this host and its port.
fn without_ports(text: &str, host: &str) -> String {
    let mut parts = text.split(host);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        text + "REGISTRY" + rest
    })
}

/// Holds the table against the one in `docs/doctor.md`; `CONSIGN_WRITE_DOCS` puts it there.
fn documented(rows: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        "<!-- faults: written by tests/it/sandbox/doctor.rs -->\n",
        "<!-- end of faults -->\n",
    );
    let (before, rest) = text.split_once(begin).unwrap();
    let (written, after) = rest.split_once(end).unwrap();
    let head = "| fault | check | doctor says | next step | publish |\n|---|---|---|---|---|\n";
    let table = format!("{head}{rows}");
    if std::env::var_os("CONSIGN_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        written, table,
        "run the test with CONSIGN_WRITE_DOCS=1 and look at the change"
    );
}

#[test]
fn a_package_without_fault_is_fit_and_nothing_changes() {
    let Some(stage) = Stage::start() else { return };
    let scripts = json!({"prepack": "touch ran"});
    let manifest = json!({"name": "tool", "version": "1.0.0", "scripts": scripts});
    let plan = Plan::of(&stage, manifest);
    let doctor = || run(&mut command(&stage, &plan, "doctor")).success();
    let told = printed(&doctor());
    let checks = told["tool@1.0.0"]["checks"].as_array().unwrap().clone();
    let verdict = |name: &str| {
        let check = checks.iter().find(|check| check["name"] == name);
        check.unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    for name in [
        "registry",
        "credentials",
        "size",
        "identity",
        "token",
        "clock",
        "endpoint",
        "read",
        "version",
        "origin",
    ] {
        assert_eq!(verdict(name), "ok", "{name}: {told:#}");
    }
    // What a script would make of the package was not looked at, and is said.
    assert_eq!(verdict("package"), "warn");
    assert!(!stage.home.path("tool/ran").exists());
    for entry in stage.log() {
        assert!(is_harmless(&entry), "{entry}");
    }
    assert_eq!(
        put(stage.registry(), &stage.token(), ("tool", "1.0.0"), "x"),
        200,
        "still free"
    );
}

#[test]
fn the_package_checks_also_run_for_other_registries() {
    let Some(stage) = Stage::start() else { return };
    // Under another name it is a registry like any other.
    let registry = stage.registry().replace("127.0.0.1", "localhost");
    stage.log_in(&registry, &stage.token());
    let plan = Plan {
        registry,
        ..Plan::of(&stage, json!({"name": "tool", "version": "1.0.0"}))
    };
    let told = printed(&run(&mut command(&stage, &plan, "doctor")).success());
    let checks = told["tool@1.0.0"]["checks"].as_array().unwrap().clone();
    let verdict = |name: &str| {
        let check = checks.iter().find(|check| check["name"] == name);
        check.unwrap()["verdict"].clone()
    };
    for name in [
        "package",
        "registry",
        "credentials",
        "size",
        "clock",
        "read",
        "version",
        "tag",
    ] {
        assert_eq!(verdict(name), "ok", "{name}: {told:#}");
    }
    for name in ["identity", "token", "endpoint", "origin", "permission"] {
        assert_eq!(verdict(name), "skip", "{name}: {told:#}");
    }
}
