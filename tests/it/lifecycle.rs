//! Scripts: what each is told and when, compared with the real npm; and how they end.

mod cases;
mod endings;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use consign::lifecycle::Event;
use serde_json::{Value, json};

use crate::support::{Answer, Home, Scripted, npm_directory, packument};
use cases::{Case, cases};

/// Records its environment and its turn, once for each package.
const RECORD: &str = "env -0 > \"$RECORDS/${npm_package_name##*/}:$npm_lifecycle_event\"; \
                      echo \"${npm_package_name##*/}:$npm_lifecycle_event\" >> \"$RECORDS/order\"";

/// Names that nothing runs, although they look like it.
const NOT_RUN: [&str; 3] = ["preprepack", "postprepare", "prepublish"];

/// What is meant to be different, or is the shell's own: consign has its own user agent.
const NOT_COMPARED: [&str; 6] = [
    "_",
    "SHLVL",
    "OLDPWD",
    "PWD",
    "RECORDS",
    "npm_config_user_agent",
];

/// How a command went: the order of events, with the upload as `PUT`; each event's variables; its end.
struct Recorded {
    order: Vec<String>,
    events: BTreeMap<String, BTreeMap<String, String>>,
    status: Option<i32>,
    stderr: String,
}

/// A registry that writes an upload into the order of events, wherever that is kept at the moment.
struct Registry {
    server: Scripted,
    records: Arc<Mutex<PathBuf>>,
}

impl Registry {
    fn start() -> Self {
        let records = Arc::new(Mutex::new(PathBuf::new()));
        let shared = Arc::clone(&records);
        let server = Scripted::start(move |asked, before| {
            if asked.method != "PUT" {
                return packument(before);
            }
            let order = shared.lock().unwrap().join("order");
            let mut file = OpenOptions::new()
                .append(true)
                .create(true)
                .open(order)
                .unwrap();
            writeln!(file, "PUT").unwrap();
            Answer::json(200, &json!({}))
        });
        Self { server, records }
    }
}

/// The case's files, and one of the two programs to run in them.
struct Run<'a> {
    case: &'a Case,
    registry: &'a Registry,
    root: PathBuf,
    npm: &'a Path,
}

impl Run<'_> {
    /// Writes the files anew: scripts may have changed them.
    fn write(&self) {
        let root = &self.root;
        if root.exists() {
            fs::remove_dir_all(root).unwrap();
        }
        for name in ["package/deep", "beside", "home", "records", "bin"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let write = |path: &str, text: &str| fs::write(root.join(path), text).unwrap();
        let manifest = manifest("@scope/recorder", self.case);
        write("package/package.json", &manifest.to_string());
        let mut changed = manifest;
        changed["version"] = json!("2.0.0");
        changed["description"] = json!("changed");
        write("package/run.json", &changed.to_string());
        write("package/run.js", "");
        if self.case.is_member {
            let mut root = manifest_of("recorders", self.case);
            root["workspaces"] = json!(["package"]);
            // What the scripts record lies in it, and is not to be packed.
            root["files"] = json!(["none"]);
            write("package.json", &root.to_string());
        } else {
            write("package/.npmrc", self.case.npmrc);
        }
        let npmrc = self.registry.server.npmrc("planted-token");
        write("home/.npmrc", &format!("{npmrc}update-notifier=false\n"));
        symlink(self.npm.join("bin/npm-cli.js"), root.join("bin/npm")).unwrap();
    }

    fn run(&self, program: &Path) -> Recorded {
        self.write();
        let records = self.root.join("records");
        self.registry.records.lock().unwrap().clone_from(&records);
        self.registry.server.take();
        let mut path = self.root.join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let mut variables: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), path),
            ("HOME".into(), self.root.join("home").into()),
            ("PREFIX".into(), self.root.join("prefix").into()),
            ("RECORDS".into(), records.clone().into()),
            ("npm_config_fetch_retries".into(), "0".into()),
        ];
        for (name, value) in self.case.variables {
            variables.push((name.into(), value.into()));
        }
        let output = Command::new(program)
            .args(self.case.arguments)
            .current_dir(self.root.join(self.case.folder))
            .env_clear()
            .envs(variables)
            .output()
            .unwrap();
        let order = fs::read_to_string(records.join("order")).unwrap_or_default();
        let order: Vec<String> = order.lines().map(str::to_owned).collect();
        let events = order
            .iter()
            .filter(|event| *event != "PUT")
            .map(|event| {
                (
                    event.clone(),
                    variables_in(&fs::read(records.join(event)).unwrap()),
                )
            })
            .collect();
        Recorded {
            order,
            events,
            // As a shell has it.
            status: output
                .status
                .code()
                .or_else(|| Some(128 + output.status.signal()?)),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn variables_in(text: &[u8]) -> BTreeMap<String, String> {
    String::from_utf8_lossy(text)
        .split('\0')
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A manifest that records every event, with the fields and scripts of the case.
fn manifest(name: &str, case: &Case) -> Value {
    let mut manifest = manifest_of(name, case);
    for (key, value) in case.fields.as_object().into_iter().flatten() {
        manifest[key] = value.clone();
    }
    manifest
}

fn manifest_of(name: &str, case: &Case) -> Value {
    let events = [
        Event::PrepublishOnly,
        Event::Prepack,
        Event::Prepare,
        Event::Postpack,
        Event::Publish,
        Event::Postpublish,
    ];
    let mut scripts = serde_json::Map::new();
    for event in events.iter().map(|event| event.name()).chain(NOT_RUN) {
        let own = case.scripts.iter().find(|(known, _)| *known == event);
        let command = own.map_or_else(|| RECORD.to_owned(), |(_, own)| format!("{RECORD}; {own}"));
        scripts.insert(event.to_owned(), command.into());
    }
    json!({ "name": name, "version": "1.2.3", "scripts": scripts })
}

#[test]
fn order_and_environment_are_npms() {
    let Some(npm) = npm_directory() else {
        return;
    };
    let home = Home::new();
    let registry = Registry::start();
    for case in &cases() {
        let run = Run {
            case,
            registry: &registry,
            root: fs::canonicalize(home.path("")).unwrap().join("case"),
            npm,
        };
        let theirs = run.run(&npm.join("bin/npm-cli.js"));
        let ours = run.run(Path::new(home.consign().get_program()));
        compare(case, &ours, &theirs);
    }
}

fn compare(case: &Case, ours: &Recorded, theirs: &Recorded) {
    let what = format!("{:?} {:?} in {}", case.arguments, case.scripts, case.folder);
    let said = format!("{}\n{}", ours.stderr, theirs.stderr);
    let is_silent = case.arguments.contains(&"--ignore-scripts");
    let events = theirs.events.len();
    assert!(
        if is_silent { events == 0 } else { events > 0 },
        "{what}: {events} events\n{said}"
    );
    assert_eq!(ours.order, theirs.order, "{what} (ours, npm's)\n{said}");
    assert_eq!(ours.status, theirs.status, "{what} (ours, npm's)\n{said}");
    for (event, variables) in &theirs.events {
        let own = &ours.events[event];
        let names: BTreeSet<&String> = variables.keys().chain(own.keys()).collect();
        for name in names
            .into_iter()
            .filter(|name| !NOT_COMPARED.contains(&name.as_str()))
        {
            assert_eq!(
                own.get(name),
                variables.get(name),
                "{what} {event} {name} (ours, npm's)"
            );
        }
        let planted = own
            .iter()
            .find(|(_, value)| value.contains("planted-token"));
        assert_eq!(planted, None, "{what} {event}");
    }
}

#[test]
fn a_user_agent_that_is_configured_is_told_to_scripts_and_registries() {
    let home = Home::new();
    let registry = Scripted::start(|asked, before| match asked.method.as_str() {
        "PUT" => Answer::json(200, &json!({})),
        _ => packument(before),
    });
    home.npmrc(&format!(
        "{}user-agent=mine/{{npm-version}} {{CI}}\n",
        registry.npmrc("t")
    ));
    home.file(
        "a/package.json",
        r#"{"name":"a","version":"1.0.0","scripts":{"prepack":"echo \"agent $npm_config_user_agent\""}}"#,
    );
    let mut command = home.consign();
    command.args(["publish", "./a"]).env("CI_NAME", "codeship");
    let ran = crate::support::run(&mut command).success();
    assert!(
        ran.stdout.contains("agent mine/11.19.1 ci/codeship\n"),
        "{}",
        ran.stdout
    );
    let agents: BTreeSet<String> = registry
        .asked()
        .iter()
        .map(|asked| asked.header("user-agent").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        agents.into_iter().collect::<Vec<_>>(),
        ["mine/11.19.1 ci/codeship"]
    );
}
