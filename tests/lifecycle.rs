//! Scripts: order, environment and endings, compared with the real npm.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failure here is a failed test; a test says why it was skipped"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use consign::config::{Config, Flags, user_agent};
use consign::environment::Environment;
use consign::lifecycle::{
    Event, Script, ScriptContext, ScriptError, Stdio, postpack_variables, prepare_variables,
};
use serde_json::{Value, json};

/// Records its environment and its turn.
const RECORD: &str = "env -0 > \"$RECORDS/$npm_lifecycle_event\"; \
                      echo \"$npm_lifecycle_event\" >> \"$RECORDS/order\"";

type Recorded = (Vec<String>, BTreeMap<String, BTreeMap<String, String>>);

struct Package {
    _directory: tempfile::TempDir,
    root: PathBuf,
}

impl Package {
    fn new(manifest: &Value, npmrc: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        for name in ["package/deep", "home", "ours", "npms"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        let package = root.join("package");
        std::fs::write(package.join("package.json"), manifest.to_string()).unwrap();
        std::fs::write(package.join("run.js"), "").unwrap();
        std::fs::write(package.join(".npmrc"), npmrc).unwrap();
        // Nothing outside of this machine is asked.
        let user = "registry=http://127.0.0.1:9/\nupdate-notifier=false\n";
        std::fs::write(root.join("home/.npmrc"), user).unwrap();
        Self {
            _directory: directory,
            root,
        }
    }

    fn variables(&self, records: &str, more: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        let mut variables: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), std::env::var_os("PATH").unwrap()),
            ("HOME".into(), self.root.join("home").into()),
            ("RECORDS".into(), self.root.join(records).into()),
            // Nobody answers there; without this npm asks again and again.
            ("npm_config_fetch_retries".into(), "0".into()),
        ];
        for (name, value) in more {
            variables.push((name.into(), value.into()));
        }
        variables
    }

    fn recorded(&self, records: &str) -> Recorded {
        let directory = self.root.join(records);
        let order = std::fs::read_to_string(directory.join("order")).unwrap_or_default();
        let order: Vec<String> = order.lines().map(str::to_owned).collect();
        let mut events = BTreeMap::new();
        for event in &order {
            let text = std::fs::read(directory.join(event)).unwrap();
            let variables = String::from_utf8_lossy(&text)
                .split('\0')
                .filter_map(|line| line.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            events.insert(event.clone(), variables);
        }
        (order, events)
    }
}

fn manifest(more: &Value) -> Value {
    let scripts: serde_json::Map<String, Value> = [
        "prepublishOnly",
        "prepack",
        "prepare",
        "postpack",
        "publish",
        "postpublish",
        "preprepack",
        "postprepare",
        "prepublish",
    ]
    .into_iter()
    .map(|event| (event.to_owned(), RECORD.into()))
    .collect();
    let mut manifest = json!({ "name": "@scope/recorder", "version": "1.2.3", "scripts": scripts });
    let members = manifest.as_object_mut().unwrap();
    for (key, value) in more.as_object().unwrap() {
        members.insert(key.clone(), value.clone());
    }
    manifest
}

/// The whole sequence of a command, as its order is documented.
fn run_ours(
    package: &Package,
    arguments: &[&str],
    more: &[(&str, &str)],
    manifest: &Value,
    node_version: &str,
    integrity: &str,
) {
    let directory = package.root.join("package");
    let environment = Environment::new(
        package.variables("ours", more),
        &directory,
        package.root.join("home"),
    );
    let flags = Flags::parse(arguments.iter().copied(), &environment).unwrap();
    let config = Config::load(&environment, flags).unwrap();
    let agent = user_agent(config.flat(), &environment, node_version);
    let context = ScriptContext::new(&config, arguments[0], &agent, false);
    let mut manifest = manifest.clone();
    manifest["_id"] = "@scope/recorder@1.2.3".into();
    let is_publish = arguments[0] == "publish";
    for event in [
        Event::PrepublishOnly,
        Event::Prepack,
        Event::Prepare,
        Event::Postpack,
        Event::Publish,
        Event::Postpublish,
    ] {
        if !is_publish && !event.is_packing() {
            continue;
        }
        let extra: Vec<(&str, String)> = match event {
            Event::Prepare => prepare_variables(&directory).into(),
            Event::Postpack => postpack_variables(&directory, integrity).into(),
            _ => Vec::new(),
        };
        let script = Script::of(event, &directory, &manifest).unwrap();
        script.run(&context, &extra, Stdio::Inherited).unwrap();
    }
}

/// What differs on purpose or names the moment.
fn is_compared(name: &str) -> bool {
    !matches!(name, "_" | "SHLVL" | "OLDPWD" | "PWD" | "RECORDS")
}

/// A command line, the package's `.npmrc`, variables, and fields of the manifest.
struct Case {
    arguments: &'static [&'static str],
    npmrc: &'static str,
    variables: &'static [(&'static str, &'static str)],
    fields: Value,
}

fn cases() -> Vec<Case> {
    let fields = json!({
        "config": { "a": { "b": [1, { "c": null }] }, "t": true, "z": false, "n": 1.50, "e": {},
            "port": "80", "x-y": "dash" },
        "engines": { "node": ">=1" },
        "bin": { "recorder": "run.js" },
    });
    vec![
        Case {
            arguments: &["pack", "--dry-run"],
            npmrc: "",
            variables: &[],
            fields: json!({}),
        },
        Case {
            arguments: &["publish", "--dry-run"],
            npmrc: "",
            variables: &[],
            fields: fields.clone(),
        },
        Case {
            arguments: &[
                "publish",
                "--dry-run",
                "--tag",
                "next",
                "--otp=123",
                "--unknown=1",
                "-d",
            ],
            npmrc: "//h.test/:_authToken=planted\nregistry=http://127.0.0.1:9/\ntag=old\n",
            variables: &[
                ("npm_config_access", "public"),
                ("NPM_CONFIG_TAG", "env"),
                ("EDITOR", "ed"),
            ],
            fields,
        },
        Case {
            arguments: &[
                "pack",
                "--dry-run",
                "--no-color",
                "--ca",
                "a",
                "--ca",
                "b",
                "--omit=dev",
            ],
            npmrc: "node-options=--no-warnings\nstrict-ssl=false\n[section]\nx=1\n",
            variables: &[
                ("npm_config_loglevel", "error"),
                ("npm_config_noproxy", "x.test"),
            ],
            fields: json!({ "config": "text", "engines": ["a", "b"] }),
        },
        Case {
            arguments: &[
                "publish",
                "--dry-run",
                "--loglevel=notice",
                "--prefix=.",
                "--json",
            ],
            npmrc: "loglevel=error\ncache=~/cache\neditor=nano\nproduction=true\n",
            variables: &[
                ("npm_config_loglevel", "warn"),
                ("Path", "/nowhere:/usr/bin"),
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("NODE_ENV", "test"),
            ],
            fields: json!({}),
        },
        Case {
            arguments: &[
                "publish",
                "--dry-run",
                "--foreground-scripts=false",
                "--script-shell=sh",
            ],
            npmrc: "provenance=false\nyes=true\n",
            variables: &[
                ("npm_config_user_agent", "mine/{npm-version} {CI}"),
                ("CI_NAME", "codeship"),
            ],
            fields: json!({}),
        },
        Case {
            arguments: &["pack", "--dry-run"],
            npmrc: "init.author.name=x\nworkspaces-update=false\nunicode=false\n",
            variables: &[
                ("npm_config__private", "x"),
                ("npm_config_init_author_name", "me"),
                ("NODE_ENV", "production"),
            ],
            fields: json!({ "engines": null }),
        },
    ]
}

#[test]
fn order_and_environment_are_npms() {
    let Ok(version) = Command::new("node").arg("--version").output() else {
        assert!(std::env::var_os("CI").is_none(), "needs node");
        println!("skipped: needs node");
        return;
    };
    let node_version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    for case in cases() {
        compare_with_npm(&case, &node_version);
    }
}

fn compare_with_npm(case: &Case, node_version: &str) {
    let arguments = case.arguments;
    let manifest = manifest(&case.fields);
    let package = Package::new(&manifest, case.npmrc);
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(package.root.join("package"))
        .env_clear()
        .envs(package.variables("npms", case.variables))
        .output()
        .unwrap();
    let (order, theirs) = package.recorded("npms");
    assert!(
        !order.is_empty(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let integrity = &theirs["postpack"]["npm_package_integrity"];
    run_ours(
        &package,
        arguments,
        case.variables,
        &manifest,
        node_version,
        integrity,
    );
    let (our_order, ours) = package.recorded("ours");
    assert_eq!(our_order, order, "{arguments:?}");
    for (event, variables) in &theirs {
        let own = &ours[event];
        let names: std::collections::BTreeSet<&String> =
            variables.keys().chain(own.keys()).collect();
        for name in names.into_iter().filter(|name| is_compared(name)) {
            assert_eq!(
                own.get(name),
                variables.get(name),
                "{arguments:?} {event} {name} (ours, npm's)"
            );
        }
    }
}

fn run_one(command: &str, stdio: Stdio, more: &[(&str, &str)]) -> Result<(), ScriptError> {
    let directory = tempfile::tempdir().unwrap();
    let environment = Environment::new(
        std::iter::once(("PATH".into(), std::env::var_os("PATH").unwrap())).chain(
            more.iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        ),
        directory.path(),
        directory.path(),
    );
    let config = Config::load(&environment, Flags::default()).unwrap();
    let context = ScriptContext::new(&config, "pack", "agent", false);
    let manifest = json!({ "scripts": { "prepack": command } });
    let script = Script::of(Event::Prepack, directory.path(), &manifest).unwrap();
    script.run(&context, &[], stdio)
}

#[test]
fn a_status_is_handed_on() {
    let error = run_one("exit 3", Stdio::Inherited, &[]).unwrap_err();
    assert_eq!(error.exit_status(), 3);
    assert_eq!(error.code().as_deref(), Some("3"));
    assert!(error.to_string().contains("sh -c exit 3"), "{error}");
}

#[test]
fn a_signal_is_passed_on_only_with_the_terminal() {
    let error = run_one("kill -TERM $$", Stdio::Inherited, &[]).unwrap_err();
    assert_eq!(error.exit_status(), 143);
    assert!(error.to_string().contains("SIGTERM"), "{error}");
    let error = run_one("kill -TERM $$", Stdio::Collected, &[]).unwrap_err();
    assert_eq!(error.exit_status(), 1);
}

#[test]
fn collected_output_comes_with_the_failure() {
    let error = run_one("echo out; echo err >&2; exit 1", Stdio::Collected, &[]).unwrap_err();
    let ScriptError::Exited { output, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"err\n");
    assert!(!format!("{error:?}").contains("out\\n"));
}

#[test]
fn a_missing_shell_has_nodes_status_and_a_hint() {
    let shell = [("npm_config_script_shell", "no-such-shell")];
    let error = run_one("exit 0", Stdio::Inherited, &shell).unwrap_err();
    assert_eq!(error.exit_status(), 254);
    assert_eq!(error.code().as_deref(), Some("ENOENT"));
    assert!(error.hint().unwrap().contains("--script-shell"));
}

#[test]
fn a_missing_node_is_hinted_at() {
    let directory = tempfile::tempdir().unwrap();
    let shell = [
        ("PATH", directory.path().to_str().unwrap()),
        ("npm_config_script_shell", "/bin/sh"),
    ];
    let environment = Environment::new(
        shell
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into())),
        directory.path(),
        directory.path(),
    );
    let config = Config::load(&environment, Flags::default()).unwrap();
    let context = ScriptContext::new(&config, "pack", "agent", false);
    let manifest = json!({ "scripts": { "prepack": "node build.js" } });
    let script = Script::of(Event::Prepack, directory.path(), &manifest).unwrap();
    let error = script.run(&context, &[], Stdio::Collected).unwrap_err();
    assert_eq!(error.exit_status(), 127);
    assert!(error.hint().unwrap().contains("no `node` on PATH"));
}

#[test]
fn a_signal_during_a_script_goes_to_the_script() {
    const CHILD: &str = "CONSIGN_TEST_SIGNALLED_CHILD";
    // The script signals its parent and then waits, in vain unless the signal comes back to it.
    let command = "trap 'exit 7' TERM; kill -TERM $PPID; while :; do :; done";
    if std::env::var_os(CHILD).is_some() {
        let error = run_one(command, Stdio::Inherited, &[]).unwrap_err();
        assert_eq!(error.exit_status(), 7);
        // And afterwards the signal ends the process as ever.
        let own = std::process::id().to_string();
        Command::new("kill").args(["-TERM", &own]).status().unwrap();
        loop {
            std::thread::park();
        }
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_signal_during_a_script_goes_to_the_script"])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(15)
    );
}

#[test]
fn a_banner_is_npms() {
    let manifest = json!({ "_id": "a@1.0.0", "scripts": { "prepack": " one\ntwo " } });
    let script = Script::of(Event::Prepack, Path::new("/"), &manifest).unwrap();
    assert_eq!(script.banner(), "\n> a@1.0.0 prepack\n> one\n> two\n");
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let environment = Environment::new(
        [
            ("npm_config_otp".into(), "planted".into()),
            ("npm_config_//h/:_authToken".into(), "planted".into()),
        ],
        "/",
        "/",
    );
    let flags = Flags::parse(["publish", "--//i/:_authToken=planted"], &environment).unwrap();
    let shown = format!("{flags:?}");
    let config = Config::load(&environment, flags).unwrap();
    let context = ScriptContext::new(&config, "publish", "agent", false);
    let shown = format!(
        "{shown}{environment:?}{config:?}{:?}{context:?}",
        config.flat()
    );
    assert!(!shown.contains("planted"), "{shown}");
}
