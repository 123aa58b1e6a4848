//! Every source of credentials, each alone: consign says where it found them, is who it should be,
//! and publishes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::{OTHER, ROLE, ROLES, registry, stranger, with_keys};
use crate::support::{Home, Sandbox, confine, run};

type Prepare = fn(&Sandbox, &Home, &mut Command);

/// One source.
struct Source {
    /// As the table names it.
    name: &'static str,
    /// What a job sets.
    set: &'static str,
    prepare: Prepare,
    /// What consign says it found.
    found: String,
    /// The end of the ARN.
    arn: &'static str,
}

const SESSION: &str = ":assumed-role/release/";

fn sources() -> Vec<Source> {
    let role = |words: &str| format!("{words} {ROLE}");
    vec![
        Source {
            name: "environment",
            set: "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`",
            prepare: |sandbox, _, command| {
                with_keys(command, sandbox);
            },
            found: "environment variables".into(),
            arn: ":user/administrator",
        },
        Source {
            name: "profile",
            set: "`--profile NAME` or `AWS_PROFILE`",
            prepare: |sandbox, home, command| {
                config(home, "[profile ci]\nregion = us-east-1\n");
                credentials(home);
                // A profile that is asked for counts before keys in the environment.
                with_keys(command, sandbox).env("CONSIGN_PROFILE", "ci");
            },
            found: "profile ci".into(),
            arn: ":user/other",
        },
        Source {
            name: "profile, role of a source profile",
            set: "`role_arn` and `source_profile` in the profile",
            prepare: |_, home, command| {
                credentials(home);
                config(
                    home,
                    &format!("[profile release]\nrole_arn = {ROLE}\nsource_profile = ci\n"),
                );
                command.env("AWS_PROFILE", "release");
            },
            found: "profile".into(),
            arn: SESSION,
        },
        Source {
            name: "profile, role of the environment's keys",
            set: "`role_arn` and `credential_source = Environment`",
            prepare: |sandbox, home, command| {
                config(
                    home,
                    &format!(
                        "[profile release]\nrole_arn = {ROLE}\ncredential_source = Environment\n"
                    ),
                );
                with_keys(command, sandbox).env("CONSIGN_PROFILE", "release");
            },
            found: "profile release".into(),
            arn: SESSION,
        },
        Source {
            name: "SSO",
            set: "`sso_session` in the profile, after `aws sso login`",
            prepare: |sandbox, home, command| {
                let hash = Sha1::digest("acme");
                let hash: Vec<String> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                let hash = hash.concat();
                let token = json!({
                    "startUrl": "https://acme.awsapps.com/start", "region": "us-east-1",
                    "accessToken": sandbox.identities["CONSIGN_SSO_ACCESS_TOKEN"],
                    "expiresAt": "2099-01-01T00:00:00Z",
                });
                home.file(
                    format!("home/.aws/sso/cache/{hash}.json"),
                    token.to_string(),
                );
                config(
                    home,
                    "[profile people]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = release\n\
                     [sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n",
                );
                command.env("AWS_PROFILE", "people");
            },
            found: "profile, SSO".into(),
            arn: SESSION,
        },
        Source {
            name: "credential_process",
            set: "`credential_process` in the profile",
            prepare: |_, home, command| {
                let answer =
                    json!({"Version": 1, "AccessKeyId": OTHER.0, "SecretAccessKey": OTHER.1});
                let answer = home.file("process.json", answer.to_string());
                config(
                    home,
                    &format!(
                        "[profile process]\ncredential_process = cat {}\n",
                        answer.display()
                    ),
                );
                command.env("AWS_PROFILE", "process");
            },
            found: "profile, credential_process".into(),
            arn: ":user/other",
        },
        Source {
            name: "web identity (EKS, GitLab)",
            set: "`AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` or `--role-arn`",
            prepare: |sandbox, home, command| {
                let token = home.file("web-identity", identity_token(sandbox));
                command
                    .env("AWS_WEB_IDENTITY_TOKEN_FILE", token)
                    .env("AWS_ROLE_ARN", ROLE);
            },
            found: role("web identity token file, role"),
            arn: SESSION,
        },
        Source {
            name: "container (ECS, CodeBuild)",
            set: "`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, or `…_FULL_URI` with `AWS_CONTAINER_AUTHORIZATION_TOKEN`",
            prepare: |sandbox, _, command| {
                for name in [
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                ] {
                    command.env(name, &sandbox.identities[name]);
                }
            },
            found: "container credentials".into(),
            arn: SESSION,
        },
        Source {
            name: "container (EKS Pod Identity)",
            set: "`AWS_CONTAINER_CREDENTIALS_FULL_URI` with `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`",
            prepare: |sandbox, home, command| {
                let name = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
                let token = &sandbox.identities["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
                command.env(name, &sandbox.identities[name]).env(
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                    home.file("pod-identity", token),
                );
            },
            found: "container credentials".into(),
            arn: SESSION,
        },
        Source {
            name: "instance (IMDSv2)",
            set: "nothing; `AWS_EC2_METADATA_DISABLED=true` switches it off",
            prepare: |sandbox, _, command| {
                let name = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
                command
                    .env(name, &sandbox.identities[name])
                    .env("AWS_EC2_METADATA_DISABLED", "false");
            },
            found: "instance metadata".into(),
            arn: SESSION,
        },
        Source {
            name: "GitHub Actions",
            set: "`permissions: id-token: write` and `AWS_ROLE_ARN` or `--role-arn`; no action",
            prepare: |sandbox, _, command| {
                github(sandbox, command).env("CONSIGN_ROLE_ARN", ROLE);
            },
            found: role("GitHub Actions identity token, role"),
            arn: SESSION,
        },
        Source {
            name: "GitHub Actions, role of a profile",
            set: "`permissions: id-token: write` and a profile that holds `role_arn` alone",
            prepare: |sandbox, home, command| {
                config(home, &format!("[profile release]\nrole_arn = {ROLE}\n"));
                github(sandbox, command).env("AWS_PROFILE", "release");
            },
            found: role("GitHub Actions identity token, role"),
            arn: SESSION,
        },
        Source {
            name: "a role over any of these",
            set: "`--role-arn`",
            prepare: |sandbox, _, command| {
                with_keys(command, sandbox).env("CONSIGN_ROLE_ARN", ROLE);
            },
            found: role("assumed role"),
            arn: SESSION,
        },
    ]
}

fn config(home: &Home, text: &str) {
    home.file("home/.aws/config", text);
}

fn credentials(home: &Home) {
    let (id, secret) = OTHER;
    home.file(
        "home/.aws/credentials",
        format!("[ci]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
    );
}

/// What GitHub sets in a job with `id-token: write`.
pub(super) fn github<'c>(sandbox: &Sandbox, command: &'c mut Command) -> &'c mut Command {
    command.env("GITHUB_ACTIONS", "true");
    for name in [
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    ] {
        command.env(name, &sandbox.identities[name]);
    }
    command
}

fn identity_token(sandbox: &Sandbox) -> String {
    let token = &sandbox.identities["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
    let body = sandbox.http(
        "GET",
        "/oidc/token?audience=sts.amazonaws.com",
        &[&format!("authorization: Bearer {token}")],
        "",
    );
    let body: Value = serde_json::from_str(&body).unwrap();
    body["value"].as_str().unwrap().to_owned()
}

#[test]
fn every_source_publishes() {
    let sandbox = Sandbox::with(ROLES);
    let registry = registry(&sandbox);
    let mut table =
        "| source | a job sets | consign finds | the caller is |\n|---|---|---|---|\n".to_owned();
    for (index, source) in sources().into_iter().enumerate() {
        let home = Home::new();
        let consign = || {
            let mut command = stranger(&sandbox, &home);
            (source.prepare)(&sandbox, &home, &mut command);
            command
        };
        let who = run(consign().args(["whoami", "--json", &registry])).success();
        let who: Value = serde_json::from_str(&who.stdout).unwrap();
        assert_eq!(who["source"], source.found, "{}", source.name);
        let arn = who["arn"].as_str().unwrap();
        assert!(arn.contains(source.arn), "{}: {arn}", source.name);
        let manifest = json!({"name": format!("@acme/p{index}"), "version": "1.0.0"});
        home.file("p/package.json", manifest.to_string());
        let published = run(consign().args(["publish", "./p", &registry])).success();
        assert_eq!(published.stdout, format!("+ @acme/p{index}@1.0.0\n"));
        let found = source.found.replace(ROLE, "*ARN*");
        let caller = match source.arn {
            SESSION => "a session of the role",
            _ => "the user",
        };
        writeln!(
            table,
            "| {} | {} | {found} | {caller} |",
            source.name, source.set
        )
        .unwrap();
    }
    // Past the capturing of output: the table is to be seen in CI.
    let mut stderr = std::io::stderr();
    std::io::Write::write_all(&mut stderr, format!("\n{table}").as_bytes()).unwrap();
    documented(&table);
}

/// Holds the table against the one in `docs/aws.md`; `CONSIGN_WRITE_DOCS` puts it there.
fn documented(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/aws.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        "<!-- sources: written by tests/it/aws/sources.rs -->\n",
        "<!-- end of sources -->\n",
    );
    let (before, rest) = text.split_once(begin).expect("the table's opening mark");
    let (written, after) = rest.split_once(end).expect("the table's closing mark");
    if std::env::var_os("CONSIGN_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    assert_eq!(
        written, table,
        "run the test with CONSIGN_WRITE_DOCS=1 and look at the change"
    );
}

/// The same in a root directory that holds nothing but the static binary, the package, and the files that a source
/// consists of.
#[test]
fn every_source_publishes_from_an_empty_root() {
    let sandbox = Sandbox::with(ROLES);
    let registry = registry(&sandbox);
    for (index, source) in sources().into_iter().enumerate() {
        // A process to ask is more than an empty root has.
        if source.name == "credential_process" {
            continue;
        }
        let home = Home::new();
        let manifest = json!({"name": format!("@acme/p{index}"), "version": "1.0.0"});
        home.file("p/package.json", manifest.to_string());
        let mut command = stranger(&sandbox, &home);
        (source.prepare)(&sandbox, &home, &mut command);
        command.args(["publish", "/p", &registry]);
        let Some(mut confined) = confine(&command, &home.path("")) else {
            return;
        };
        let published = run(&mut confined).success();
        assert_eq!(
            published.stdout,
            format!("+ @acme/p{index}@1.0.0\n"),
            "{}",
            source.name
        );
    }
}

#[test]
fn what_a_source_lacks_is_said() {
    let sandbox = Sandbox::with(ROLES);
    let registry = registry(&sandbox);
    let cases: [(Prepare, i32, &[&str]); 7] = [
        (
            |_, _, command| {
                command
                    .env("GITHUB_ACTIONS", "true")
                    .env("CONSIGN_ROLE_ARN", ROLE);
            },
            13,
            &["no AWS credentials", "id-token: write"],
        ),
        (
            |sandbox, _, command| {
                github(sandbox, command);
            },
            13,
            &["name the role to assume with it"],
        ),
        (
            |sandbox, _, command| {
                github(sandbox, command)
                    .env("AWS_ROLE_ARN", ROLE)
                    .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "stale-planted-secret");
            },
            13,
            &["GitHub Actions gave no identity token", "401"],
        ),
        (
            |sandbox, _, command| {
                github(sandbox, command)
                    .env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/unknown");
            },
            13,
            &["STS gave no session", "sts:AssumeRoleWithWebIdentity"],
        ),
        (
            |_, _, command| {
                command.env("CONSIGN_PROFILE", "nobody");
            },
            13,
            &["the profile nobody"],
        ),
        (
            |sandbox, _, command| {
                with_keys(command, sandbox)
                    .env("CONSIGN_ROLE_ARN", "arn:aws:iam::111122223333:role/unknown");
            },
            13,
            &["sts:AssumeRole"],
        ),
        (
            |_, home, command| {
                config(
                    home,
                    "[profile people]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = release\n\
                     [sso-session acme]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n",
                );
                command.env("AWS_PROFILE", "people");
            },
            13,
            &["aws sso login"],
        ),
    ];
    for (prepare, code, words) in cases {
        let home = Home::new();
        let mut command = stranger(&sandbox, &home);
        prepare(&sandbox, &home, &mut command);
        let ran = run(command.args(["token", "--loglevel=silly", &registry]));
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        for word in words {
            assert!(ran.stderr.contains(word), "{word:?} in {}", ran.stderr);
        }
        assert!(!ran.stderr.contains("planted-secret"), "{}", ran.stderr);
    }
}
