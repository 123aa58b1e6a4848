//! Scripts: order, environment and endings, compared with the real npm.

mod endings;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use consign::config::{Config, Flags, user_agent};
use consign::environment::Environment;
use consign::lifecycle::{
    Event, Script, ScriptContext, Stdio, postpack_variables, prepare_variables,
};
use serde_json::{Value, json};

use crate::support::real_npm;

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
    if real_npm().is_none() {
        return;
    }
    let version = Command::new("node").arg("--version").output().unwrap();
    let node_version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    for case in cases() {
        compare_with_npm(&case, &node_version);
    }
}

fn compare_with_npm(case: &Case, node_version: &str) {
    let arguments = case.arguments;
    let manifest = manifest(&case.fields);
    let package = Package::new(&manifest, case.npmrc);
    let output = real_npm()
        .unwrap()
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
        let names: BTreeSet<&String> = variables.keys().chain(own.keys()).collect();
        for name in names.into_iter().filter(|name| is_compared(name)) {
            assert_eq!(
                own.get(name),
                variables.get(name),
                "{arguments:?} {event} {name} (ours, npm's)"
            );
        }
    }
}
