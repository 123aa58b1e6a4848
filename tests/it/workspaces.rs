//! Generated workspace roots, mapped and selected by consign and by npm's own modules.

mod generate;

use std::collections::BTreeMap;
use std::path::Path;

use consign::config::{Config, Flags};
use consign::environment::Environment;
use consign::workspace::{self, Selection};
use serde_json::{Value, json};

use crate::support::{Judge, Random, campaign, no_failures, real_npm};
use generate::Case;

fn pairs(members: &[workspace::Member]) -> Value {
    members
        .iter()
        .map(|member| json!([member.name, member.directory.to_string_lossy()]))
        .collect()
}

fn code(error: &workspace::WorkspaceError) -> Value {
    json!(error.code())
}

/// npm's answer with the class of an error that has no code taken off, and names as text.
fn normal(value: Option<&Value>) -> Value {
    match value {
        Some(Value::String(code)) if matches!(code.as_str(), "TypeError" | "Error") => Value::Null,
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| match (item.get(0), item.get(1)) {
                (Some(name @ Value::Number(_)), Some(path)) => json!([name.to_string(), path]),
                // npm keeps a slash at the end of the root that an empty pattern finds.
                (Some(name), Some(Value::String(path))) => {
                    json!([name, path.trim_end_matches('/')])
                }
                _ => item.clone(),
            })
            .collect(),
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

#[test]
fn members_and_selections_are_npms() {
    let Some(mut judge) = Judge::start("workspaces.mjs") else {
        return;
    };
    let (cases, seed) = campaign(120);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for number in 0..cases {
        let case = Case::generate(&mut Random::of_case(seed, number));
        let theirs = judge.ask(&json!({
            "root": case.root,
            "cwd": case.cwd,
            "filters": case.filters,
            "includeRoot": case.include_root,
        }));
        let (mapped, map_error, text) = match workspace::map(&case.root, &case.workspaces) {
            Ok(members) => (pairs(&members), None, String::new()),
            Err(error) => (Value::Null, Some(code(&error)), error.to_string()),
        };
        let selection = Selection {
            filters: case.filters.clone(),
            include_root: case.include_root,
        };
        let (selected, select_error, _) = match workspace::select(&case.root, &selection, &case.cwd)
        {
            Ok(members) => (pairs(&members), None, String::new()),
            Err(error) => (Value::Null, Some(code(&error)), error.to_string()),
        };
        let mut differences = Vec::new();
        for (what, own, other) in [
            ("map", &mapped, normal(theirs.get("map"))),
            ("selected", &selected, normal(theirs.get("selected"))),
            (
                "error",
                &map_error.clone().unwrap_or_default(),
                normal(theirs.get("error")),
            ),
            (
                "selectError",
                &select_error.clone().unwrap_or_default(),
                normal(theirs.get("selectError")),
            ),
        ] {
            if *own != other {
                differences.push(format!("{what}: ours {own}, npm's {other}"));
            }
        }
        if theirs.get("error") == Some(&json!("EDUPLICATEWORKSPACE"))
            && theirs.get("message").and_then(Value::as_str) != Some(&text)
        {
            differences.push(format!(
                "message: ours {text:?}, npm's {}",
                theirs["message"]
            ));
        }
        let kind = match theirs.get("error") {
            Some(code) => code.to_string(),
            None => format!("{} members", theirs["map"].as_array().map_or(0, Vec::len)),
        };
        *outcomes.entry(kind).or_default() += 1;
        if !differences.is_empty() {
            failures.push(format!(
                "seed {seed}, case {number}: {} {:?} from {}\n  {}\n  {}",
                case.workspaces,
                case.filters,
                relative(&case.root, &case.cwd),
                differences.join("\n  "),
                case.files.join("\n  ")
            ));
        }
    }
    println!("{cases} roots: {outcomes:?}");
    no_failures(&failures, cases);
}

fn relative(root: &Path, cwd: &Path) -> String {
    consign::node::relative(root, cwd)
        .to_string_lossy()
        .into_owned()
}

/// What `npm pack --json` packs, by name and in order; an error's first words otherwise.
fn packed_by_npm(directory: &Path, home: &Path, arguments: &[&str]) -> Vec<String> {
    let output = real_npm()
        .unwrap()
        .args(["pack", "--dry-run", "--json"])
        .args(arguments)
        .current_dir(directory)
        .env("HOME", home)
        .env("npm_config_update_notifier", "false")
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    match &answer {
        Value::Array(packed) => packed
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect(),
        other => vec![other["error"]["summary"].as_str().unwrap().to_owned()],
    }
}

fn selected_by_us(directory: &Path, home: &Path, arguments: &[&str]) -> Vec<String> {
    let environment = Environment::new(
        [("HOME".into(), home.into()), ("PREFIX".into(), home.into())],
        directory,
        home,
    );
    let flags = Flags::parse(["pack"].iter().chain(arguments).copied(), &environment).unwrap();
    let config = match Config::load(&environment, flags) {
        Ok(config) => config,
        Err(error) => return vec![error.to_string()],
    };
    match config.workspaces() {
        Ok(Some(members)) => members.into_iter().map(|member| member.name).collect(),
        // Without workspaces the package of the directory is meant.
        Ok(None) => {
            let text = std::fs::read_to_string(directory.join("package.json")).unwrap();
            let manifest: Value = serde_json::from_str(&text).unwrap();
            vec![manifest["name"].as_str().unwrap().to_owned()]
        }
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn real_npm_packs_the_same_members() {
    if real_npm().is_none() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(directory.path()).unwrap();
    let (root, home) = (base.join("root"), base.join("home"));
    for (folder, manifest) in [
        (
            "",
            json!({ "name": "root", "version": "1.0.0", "workspaces": ["packages/*", "tools/x"] }),
        ),
        ("packages/b", json!({ "name": "@s/b", "version": "1.0.0" })),
        (
            "packages/a",
            json!({ "name": "z", "version": "1.0.0", "private": true }),
        ),
        ("packages/c", json!({ "name": "c", "version": "1.0.0" })),
        ("tools/x", json!({ "name": "x", "version": "1.0.0" })),
        ("tools/y", json!({ "name": "y", "version": "1.0.0" })),
    ] {
        let folder = root.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
    }
    std::fs::create_dir_all(root.join("packages/c/deep")).unwrap();
    std::fs::create_dir_all(&home).unwrap();
    let cases: [(&str, &[&str]); 14] = [
        ("", &[]),
        ("", &["-ws"]),
        ("", &["--workspaces", "-iwr"]),
        ("", &["-w", "x", "-w", "packages/a"]),
        ("", &["--workspace=packages"]),
        ("", &["-w", "./packages/b", "--include-workspace-root"]),
        ("", &["-w", "y"]),
        ("packages/c", &[]),
        ("packages/c/deep", &[]),
        ("packages/c", &["--no-workspaces"]),
        ("packages/c", &["-w", "z"]),
        ("packages/c", &["-ws"]),
        ("packages", &["-w", "a"]),
        ("", &["--no-workspaces", "-w", "c"]),
    ];
    for (folder, arguments) in cases {
        let directory = root.join(folder);
        let theirs = packed_by_npm(&directory, &home, arguments);
        let ours = selected_by_us(&directory, &home, arguments);
        assert_eq!(ours, theirs, "{folder} {arguments:?} (ours, npm's)");
    }
}
