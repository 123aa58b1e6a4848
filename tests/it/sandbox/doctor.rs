//! `consign doctor` and `consign publish` over the same planted faults: what doctor names, publish ends with, in the
//! same words. The table in `docs/doctor.md` is what this sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use consign::sandbox::Config;
use consign::sandbox::config::{Policy, RepositoryConfig, RoleConfig};
use serde_json::{Value, json};

use super::stage::{Request, Stage, put};
use crate::support::{Ran, run};

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
}

/// What is wrong.
struct Fault {
    name: &'static str,
    config: fn() -> Config,
    plant: fn(&Stage, &mut Plan),
    /// The check that names it, and how.
    seen: (&'static str, &'static str),
}

fn fault(
    name: &'static str,
    seen: (&'static str, &'static str),
    plant: fn(&Stage, &mut Plan),
) -> Fault {
    Fault {
        name,
        config: Config::default,
        plant,
        seen,
    }
}

fn denied(
    name: &'static str,
    seen: (&'static str, &'static str),
    config: fn() -> Config,
    plant: fn(&Stage, &mut Plan),
) -> Fault {
    Fault {
        name,
        config,
        plant,
        seen,
    }
}

/// A user who may do everything but what this statement says.
fn but(statement: &str) -> Config {
    let text = format!(
        r#"{{"Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*"}}, {statement}]}}"#
    );
    let mut config = Config::default();
    config.principals[0].policies = vec![Policy::parse(&text).unwrap()];
    config
}

const TOOL: &str = "/package?domain=sandbox&repository=npm&format=npm&package=tool";
const CODEARTIFACT: &str = "codeartifact.us-east-1";

fn host(first: &str, rest: &str, path: &str) -> String {
    format!("https://{first}.{rest}/{path}/")
}

/// Publishes `tool@1.0.0` with other contents.
fn publish_other(stage: &Stage) {
    let status = put(stage.registry(), &stage.token(), ("tool", "1.0.0"), "other");
    assert_eq!(status, 200);
}

fn set_status(stage: &Stage, status: &str) {
    publish_other(stage);
    let path =
        "/package/versions/update_status?domain=sandbox&repository=npm&format=npm&package=tool";
    let body = json!({"versions": ["1.0.0"], "targetStatus": status});
    stage.api("POST", path, &body);
}

fn faults() -> Vec<Fault> {
    vec![
        fault(
            "package.json is not JSON",
            ("package", "fail"),
            |_, plan| {
                plan.manifest = Value::Null;
            },
        ),
        fault("the package is private", ("package", "fail"), |_, plan| {
            plan.manifest["private"] = true.into();
        }),
        fault(
            "a prerelease without a tag",
            ("package", "fail"),
            |_, plan| {
                plan.manifest["version"] = "2.0.0-rc.1".into();
            },
        ),
        fault(
            "URL: the account without the domain",
            ("registry", "fail"),
            |_, plan| {
                plan.registry = host(
                    "111122223333",
                    &format!("d.{CODEARTIFACT}.amazonaws.com"),
                    "npm/npm",
                );
            },
        ),
        fault("URL: a template's word", ("registry", "fail"), |_, plan| {
            plan.registry = host(
                "team-111122223333",
                "d.codeartifact.region.amazonaws.com",
                "npm/npm",
            );
        }),
        fault(
            "URL: `.d.` in a dual-stack host",
            ("registry", "fail"),
            |_, plan| {
                plan.registry = host(
                    "team-111122223333",
                    &format!("d.{CODEARTIFACT}.on.aws"),
                    "npm/npm",
                );
            },
        ),
        fault("URL: another format", ("registry", "fail"), |_, plan| {
            plan.registry = host(
                "team-111122223333",
                &format!("d.{CODEARTIFACT}.amazonaws.com"),
                "pypi/npm",
            );
        }),
        fault(
            "the token in .npmrc is for another host",
            ("credentials", "fail"),
            |stage, plan| {
                stage.log_in(stage.registry(), "planted-token");
                plan.registry = stage.registry().replace("127.0.0.1", "localhost");
            },
        ),
        fault(
            "larger than the registry takes",
            ("size", "fail"),
            |_, plan| {
                plan.flag("--max-request=100");
            },
        ),
        fault("no credentials", ("identity", "fail"), |_, plan| {
            plan.variables.remove("AWS_ACCESS_KEY_ID");
        }),
        fault(
            "an access key that AWS does not know",
            ("identity", "fail"),
            |_, plan| {
                plan.variable("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN");
            },
        ),
        fault(
            "the secret of another key",
            ("identity", "fail"),
            |_, plan| {
                plan.variable("AWS_SECRET_ACCESS_KEY", "planted-secret");
            },
        ),
        denied(
            "a session that has ended",
            ("identity", "fail"),
            || Config {
                roles: vec![RoleConfig {
                    name: "machine".to_owned(),
                    account: None,
                    policies: vec![Policy::allow_all()],
                    trust: Vec::new(),
                    trusted_audience: None,
                    trusted_subjects: Vec::new(),
                    trusted_principals: Vec::new(),
                    longest_session: 3600,
                    instance_role: true,
                    single_sign_on: false,
                }],
                ..Config::default()
            },
            |stage, plan| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                let now = i64::try_from(now.as_secs()).unwrap();
                // Taken an hour ago, and a minute more.
                stage.admin("POST", "clock", &json!({"set": now - 3630}));
                let session =
                    Request::new("GET", &stage.machine["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
                        .header(
                            "authorization",
                            &stage.machine["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
                        )
                        .send()
                        .json();
                stage.admin("POST", "clock", &json!({"set": now + 30}));
                for (variable, member) in [
                    ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
                    ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
                    ("AWS_SESSION_TOKEN", "Token"),
                ] {
                    plan.variable(variable, session[member].as_str().unwrap());
                }
            },
        ),
        fault(
            "this machine's clock is an hour late",
            ("clock", "warn"),
            |stage, _| {
                stage.admin("POST", "clock", &json!({"advance": 3600}));
            },
        ),
        fault("another region", ("identity", "fail"), |_, plan| {
            plan.variable("AWS_REGION", "eu-west-1");
        }),
        denied(
            "`codeartifact:GetAuthorizationToken` is denied",
            ("token", "fail"),
            || {
                but(
                    r#"{"Effect": "Deny", "Action": "codeartifact:GetAuthorizationToken", "Resource": "*"}"#,
                )
            },
            |_, _| {},
        ),
        denied(
            "`sts:GetServiceBearerToken` is missing",
            ("token", "fail"),
            || but(r#"{"Effect": "Deny", "Action": "sts:GetServiceBearerToken", "Resource": "*"}"#),
            |_, _| {},
        ),
        denied(
            "tokens are capped below `--duration`",
            ("token", "fail"),
            || {
                but(
                    r#"{"Effect": "Deny", "Action": "sts:GetServiceBearerToken", "Resource": "*",
                     "Condition": {"NumericGreaterThan": {"sts:DurationSeconds": 900}}}"#,
                )
            },
            |_, plan| plan.flag("--duration=3600"),
        ),
        fault("no such domain", ("token", "fail"), |stage, plan| {
            plan.registry = stage.registry().replace("/sandbox-", "/nowhere-");
        }),
        fault("the registry is down", ("token", "fail"), |_, plan| {
            // Bound and dropped: nothing listens there any more.
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            plan.variable("AWS_ENDPOINT_URL", format!("http://{address}"));
            plan.variable("AWS_MAX_ATTEMPTS", "1");
            plan.registry = format!("http://{address}/npm/d/sandbox-111122223333/npm/");
        }),
        fault("no such repository", ("endpoint", "fail"), |stage, plan| {
            plan.registry = stage.registry_of("nothing");
        }),
        fault(
            "the token in .npmrc is not believed",
            ("read", "fail"),
            |stage, _| {
                stage.log_in(stage.registry(), "planted-token");
            },
        ),
        denied(
            "`codeartifact:ReadFromRepository` is denied",
            ("read", "fail"),
            || {
                but(
                    r#"{"Effect": "Deny", "Action": "codeartifact:ReadFromRepository", "Resource": "*"}"#,
                )
            },
            |_, _| {},
        ),
        fault(
            "the version is there, with other contents",
            ("version", "fail"),
            |stage, _| {
                publish_other(stage);
            },
        ),
        fault(
            "a higher version is `latest`",
            ("version", "fail"),
            |stage, _| {
                let status = put(
                    stage.registry(),
                    &stage.token(),
                    ("tool", "3.0.0"),
                    "higher",
                );
                assert_eq!(status, 200);
            },
        ),
        fault(
            "the version is unlisted",
            ("version", "fail"),
            |stage, _| {
                set_status(stage, "Unlisted");
            },
        ),
        fault(
            "the version is archived",
            ("version", "fail"),
            |stage, _| {
                set_status(stage, "Archived");
            },
        ),
        fault(
            "the version is disposed",
            ("version", "fail"),
            |stage, _| {
                publish_other(stage);
                let path = "/package/versions/dispose?domain=sandbox&repository=npm&format=npm&package=tool";
                stage.api("POST", path, &json!({"versions": ["1.0.0"]}));
            },
        ),
        fault(
            "origin controls block publishing",
            ("origin", "fail"),
            |stage, _| {
                let body = json!({"restrictions": {"publish": "BLOCK", "upstream": "ALLOW"}});
                stage.api("POST", TOOL, &body);
            },
        ),
        fault(
            "a package group blocks publishing",
            ("origin", "fail"),
            |stage, _| {
                let group = json!({"packageGroup": "/npm//*"});
                stage.api("POST", "/package-group?domain=sandbox", &group);
                let path = "/package-group-origin-configuration?domain=sandbox&package-group=%2Fnpm%2F%2F%2A";
                stage.api("PUT", path, &json!({"restrictions": {"PUBLISH": "BLOCK"}}));
            },
        ),
        Fault {
            name: "an upstream's `latest` counts first",
            config: || Config {
                repositories: ["inner", "outer"]
                    .map(|name| RepositoryConfig {
                        name: name.to_owned(),
                        upstreams: if name == "outer" {
                            vec!["inner".to_owned()]
                        } else {
                            Vec::new()
                        },
                        external_connection: None,
                    })
                    .into(),
                ..Config::default()
            },
            plant: |stage, plan| {
                plan.registry = stage.registry_of("outer");
                let token = stage.token();
                let own = put(&plan.registry, &token, ("tool", "0.1.0"), "own");
                let theirs = put(
                    &stage.registry_of("inner"),
                    &token,
                    ("tool", "0.9.0"),
                    "theirs",
                );
                assert_eq!((own, theirs), (200, 200));
                let body = json!({"restrictions": {"publish": "ALLOW", "upstream": "ALLOW"}});
                stage.api("POST", &TOOL.replace("=npm&f", "=outer&f"), &body);
            },
            seen: ("tag", "warn"),
        },
        fault(
            "the version is there, identical",
            ("version", "ok"),
            |stage, plan| {
                run(&mut command(stage, plan, "publish")).success();
            },
        ),
        denied(
            "`codeartifact:PublishPackageVersion` is denied",
            ("permission", "skip"),
            || {
                but(
                    r#"{"Effect": "Deny", "Action": "codeartifact:PublishPackageVersion", "Resource": "*"}"#,
                )
            },
            |_, _| {},
        ),
    ]
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
    let mut plan = Plan {
        manifest: json!({"name": "tool", "version": "1.0.0"}),
        registry: stage.registry().to_owned(),
        variables: stage.environment.clone(),
        flags: Vec::new(),
    };
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
    let plan = Plan {
        manifest: json!({"name": "tool", "version": "1.0.0", "scripts": {"prepack": "touch ran"}}),
        registry: stage.registry().to_owned(),
        variables: stage.environment.clone(),
        flags: Vec::new(),
    };
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
        manifest: json!({"name": "tool", "version": "1.0.0"}),
        registry,
        variables: stage.environment.clone(),
        flags: Vec::new(),
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
