//! What can be wrong with a publish, planted, and the check that has to name it.

use std::time::{SystemTime, UNIX_EPOCH};

use consign::sandbox::Config;
use consign::sandbox::config::{Policy, RepositoryConfig, RoleConfig};
use serde_json::{Value, json};

use super::{Plan, command};
use crate::sandbox::stage::{Request, Stage, put};
use crate::support::run;

/// What is wrong.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) config: fn() -> Config,
    pub(super) plant: fn(&Stage, &mut Plan),
    /// The check that names it, and how.
    pub(super) seen: (&'static str, &'static str),
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

pub(super) fn faults() -> Vec<Fault> {
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
