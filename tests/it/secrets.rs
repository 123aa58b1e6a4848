//! Nothing that is secret is ever printed: no token, password, one-time code or key, whatever happens, at any level.
//!
//! Every place a secret can come from holds one of its own, so that a leak says where it came from. What is said is
//! searched for each of them as it was given and in the forms it takes on its way: base64, URL escapes.

use std::collections::BTreeMap;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::support::{Answer, Asked, Home, Sandbox, Scripted, packument, run};

const LEVELS: [&str; 8] = [
    "silent", "error", "warn", "notice", "http", "info", "verbose", "silly",
];

/// A secret that names its place.
fn planted(place: &str) -> String {
    format!("planted-{place}-x9")
}

/// One run of the program.
struct Scene {
    what: &'static str,
    npmrc: String,
    project: String,
    variables: Vec<(String, String)>,
    arguments: Vec<String>,
    /// More of package.json.
    fields: serde_json::Value,
    /// What the registry says to an upload.
    put: (u16, &'static str),
}

/// What was said.
fn say(home: &Home, scene: &Scene, level: &str) -> String {
    let mut manifest = json!({"name": "a", "version": "1.0.0"});
    for (key, value) in scene.fields.as_object().into_iter().flatten() {
        manifest[key] = value.clone();
    }
    home.file("a/package.json", manifest.to_string());
    home.file("a/.npmrc", &scene.project);
    home.npmrc(&scene.npmrc);
    let mut command: Command = home.consign();
    command
        .args(["publish", "--wait=0", "--loglevel", level])
        .args(&scene.arguments)
        .env("npm_config_fetch_retries", "0")
        .envs(scene.variables.iter().cloned())
        .current_dir(home.path("a"));
    let ran = run(&mut command);
    format!("{}{}", ran.stdout, ran.stderr)
}

/// Fails if one of the secrets is in the text, in any of its forms.
#[track_caller]
fn holds_none(text: &str, secrets: &[String], what: &str) {
    for secret in secrets {
        let escaped = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let pair = STANDARD.encode(format!("user:{secret}"));
        for form in [secret.clone(), STANDARD.encode(secret), pair, escaped] {
            assert!(!text.contains(&form), "{what} shows {form}:\n{text}");
        }
    }
}

/// All words of the scene's files, variables and arguments that were planted.
fn secrets_of(scene: &Scene) -> Vec<String> {
    let variables = scene.variables.iter().map(|(_, value)| value.clone());
    let everything: Vec<String> = [
        scene.npmrc.clone(),
        scene.project.clone(),
        scene.fields.to_string(),
    ]
    .into_iter()
    .chain(variables)
    .chain(scene.arguments.iter().cloned())
    .collect();
    let all = everything.join("\n");
    // What is planted in base64 is found by its plain form, too.
    let encoded = ["password", "auth"].map(planted);
    all.match_indices("planted-")
        .map(|(at, _)| {
            let end = all[at..].find("-x9").expect("a planted word's end");
            all[at..at + end + 3].to_owned()
        })
        .chain(encoded)
        .collect()
}

fn scenes(registry: &str) -> Vec<Scene> {
    let host = registry.trim_start_matches("http:");
    let plain = || Scene {
        what: "a publish",
        npmrc: format!(
            "registry={registry}\n{host}:_authToken={}\n",
            planted("token")
        ),
        project: String::new(),
        variables: Vec::new(),
        arguments: Vec::new(),
        fields: json!({}),
        put: (201, "{}"),
    };
    let words = |texts: &[&str]| {
        texts
            .iter()
            .map(|&text| text.to_owned())
            .collect::<Vec<_>>()
    };
    let password = STANDARD.encode(planted("password"));
    let basic = STANDARD.encode(format!("user:{}", planted("auth")));
    vec![
        plain(),
        Scene {
            what: "a refusal",
            put: (403, r#"{"error":"not you"}"#),
            ..plain()
        },
        Scene {
            what: "a refusal that repeats the credentials",
            put: (401, "ECHO"),
            arguments: vec!["--otp".to_owned(), planted("otp")],
            ..plain()
        },
        Scene {
            what: "an upset registry",
            put: (500, "ECHO"),
            ..plain()
        },
        Scene {
            what: "a one-time password wanted, none that counts given",
            put: (401, r#"{"error":"You must provide a one-time pass."}"#),
            variables: vec![("npm_config_otp".to_owned(), planted("otp-variable"))],
            ..plain()
        },
        Scene {
            what: "a one-time password in package.json",
            fields: json!({"publishConfig": {"otp": planted("otp-package")}}),
            ..plain()
        },
        Scene {
            what: "a password in two lines",
            npmrc: format!(
                "registry={registry}\n{host}:username=user\n{host}:_password={password}\n"
            ),
            ..plain()
        },
        Scene {
            what: "name and password in one",
            npmrc: format!("registry={registry}\n{host}:_auth={basic}\n"),
            put: (401, "ECHO"),
            ..plain()
        },
        Scene {
            what: "credentials without a registry",
            npmrc: format!(
                "registry={registry}\n_authToken={}\n",
                planted("bare-token")
            ),
            project: format!(
                "_auth={}\n_password={}\n",
                planted("bare-auth"),
                planted("bare-password")
            ),
            ..plain()
        },
        Scene {
            what: "credentials for another place",
            npmrc: format!(
                "registry={registry}\n//other.test/:_authToken={}\n{}:_authToken={}\n{host}:_authtoken={}\n",
                planted("other"),
                host.trim_end_matches('/'),
                planted("no-slash"),
                planted("wrong-case"),
            ),
            ..plain()
        },
        Scene {
            what: "credentials in variables",
            npmrc: format!("registry={registry}\n{host}:_authToken=${{TOKEN}}\n"),
            variables: vec![
                ("TOKEN".to_owned(), planted("variable")),
                (
                    format!("npm_config_{host}:_password"),
                    planted("config-variable"),
                ),
                ("AWS_ACCESS_KEY_ID".to_owned(), planted("key-id")),
                ("AWS_SECRET_ACCESS_KEY".to_owned(), planted("aws-secret")),
                ("AWS_SESSION_TOKEN".to_owned(), planted("session")),
                ("NPM_TOKEN".to_owned(), planted("npm-token")),
            ],
            ..plain()
        },
        Scene {
            what: "credentials on the command line",
            arguments: vec![
                format!("--{host}:_authToken={}", planted("flag")),
                format!("--{host}:_password"),
                planted("flag-word"),
                "--unknown-token".to_owned(),
                planted("unknown-flag"),
            ],
            ..plain()
        },
        Scene {
            what: "passwords of proxies",
            npmrc: format!(
                "registry={registry}\n{host}:_authToken={}\nproxy=http://user:{}@127.0.0.1:9/\n",
                planted("token"),
                planted("proxy"),
            ),
            variables: vec![
                (
                    "HTTPS_PROXY".to_owned(),
                    format!("http://user:{}@127.0.0.1:9", planted("proxy-variable")),
                ),
                (
                    "npm_config_https_proxy".to_owned(),
                    format!("http://u:{}@[broken", planted("proxy-broken")),
                ),
            ],
            ..plain()
        },
        Scene {
            what: "a registry with a password in its URL",
            npmrc: format!(
                "registry=http://user:{}@{}\n",
                planted("url"),
                host.trim_start_matches('/')
            ),
            ..plain()
        },
        Scene {
            what: "a registry that is none, with a password",
            npmrc: format!("registry=ftp//user:{}@nowhere\n", planted("no-url")),
            ..plain()
        },
        Scene {
            what: "nobody there, with a password in the URL",
            arguments: vec![format!(
                "--registry=http://user:{}@127.0.0.1:9/",
                planted("flag-url")
            )],
            npmrc: format!("//127.0.0.1:9/:_authToken={}\n", planted("nobody")),
            ..plain()
        },
        Scene {
            what: "keys in the configuration",
            npmrc: format!(
                "registry={registry}\n{host}:_authToken={}\nkey=\"-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----\"\ncert=\"{}\"\nca=\"{}\"\n",
                planted("token"),
                planted("key"),
                planted("cert"),
                planted("ca"),
            ),
            ..plain()
        },
        Scene {
            what: "values of the wrong kind",
            npmrc: format!(
                "registry={registry}\n{host}:_authToken={}\notp[]={}\notp[]={}\n",
                planted("token"),
                planted("otp-1"),
                planted("otp-2")
            ),
            variables: vec![("npm_config_access".to_owned(), "odd".to_owned())],
            ..plain()
        },
        Scene {
            what: "a package that cannot be published",
            fields: json!({"private": true}),
            ..plain()
        },
        Scene {
            what: "a dry run, as JSON",
            arguments: words(&["--dry-run", "--json"]),
            ..plain()
        },
        Scene {
            what: "a refusal, as JSON",
            arguments: words(&["--json"]),
            put: (401, "ECHO"),
            ..plain()
        },
        Scene {
            what: "an address of a repository with a password",
            fields: json!({
                "repository": format!("https://user:{}@github.com/a/b", planted("repository")),
                "homepage": format!("https://user:{}@example.com", planted("homepage")),
                "bugs": format!("https://user:{}@example.com/bugs", planted("bugs")),
            }),
            ..plain()
        },
        Scene {
            what: "a failing script",
            fields: json!({"scripts": {"prepublishOnly": "exit 3"}}),
            ..plain()
        },
    ]
}

/// A registry that says what it is told to, or everything that it was told.
fn registry(put: (u16, &'static str)) -> Scripted {
    let echo = |asked: &Asked| {
        let told: BTreeMap<&str, &str> = asked
            .headers
            .iter()
            .filter(|(name, _)| name == "authorization" || name == "npm-otp")
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        json!({"error": format!("what do you mean by {told:?}?")}).to_string()
    };
    Scripted::start(move |asked, before| match (asked.method.as_str(), put) {
        ("PUT", (status, "ECHO")) => Answer::Reply(status, "application/json", echo(asked)),
        ("PUT", (status, body)) => Answer::Reply(status, "application/json", body.to_owned()),
        _ if put.0 < 400 => packument(before),
        _ => Answer::Reply(404, "application/json", echo(asked)),
    })
}

#[test]
fn no_level_shows_what_is_secret() {
    let home = Home::new();
    let count = scenes("http://127.0.0.1:9/").len();
    let mut leaks = Vec::new();
    for index in 0..count {
        let put = scenes("http://127.0.0.1:9/")[index].put;
        let server = registry(put);
        let scene = &scenes(&server.url)[index];
        let secrets = secrets_of(scene);
        let mut heard = String::new();
        for level in LEVELS {
            let said = say(&home, scene, level);
            let what = format!("{} at {level}", scene.what);
            let found = std::panic::catch_unwind(|| holds_none(&said, &secrets, &what));
            if let Err(message) = found {
                leaks.push(
                    message
                        .downcast_ref::<String>()
                        .cloned()
                        .unwrap_or_default(),
                );
                break;
            }
            heard = said;
        }
        assert!(
            !heard.is_empty() || !leaks.is_empty(),
            "{} says nothing",
            scene.what
        );
    }
    assert!(
        leaks.is_empty(),
        "{} leaks\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn tokens_that_consign_fetches_are_not_shown() {
    let sandbox = Sandbox::start();
    let home = Home::new();
    let secret = sandbox.variable("AWS_SECRET_ACCESS_KEY").to_owned();
    for (number, level) in LEVELS.iter().enumerate() {
        let manifest = json!({
            "name": "fetched", "version": format!("1.0.{number}"),
            "scripts": {"prepack": "env", "postpublish": "env"},
        });
        home.file("a/package.json", manifest.to_string());
        let ran = run(home
            .consign()
            .envs(
                sandbox
                    .environment
                    .iter()
                    .filter(|(name, _)| *name != "AWS_SECRET_ACCESS_KEY"),
            )
            .env("AWS_SECRET_ACCESS_KEY", &secret)
            .args(["publish", "./a", "--loglevel", level])
            .args(["--registry", sandbox.variable("CONSIGN_REGISTRY")]))
        .success();
        // The scripts print what they inherit, which is the user's own; consign's words come with its name.
        let said: String = ran
            .stderr
            .lines()
            .filter(|line| line.starts_with("consign "))
            .collect();
        holds_none(&said, std::slice::from_ref(&secret), level);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        // A token is five parts in base64, of which the first is a JOSE header.
        assert!(!all.contains("eyJ"), "{level} shows a token:\n{all}");
        assert!(all.contains("npm_lifecycle_event=postpublish"), "{all}");
    }
}
