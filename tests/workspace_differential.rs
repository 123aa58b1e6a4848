//! Generated workspace roots, mapped and selected by consign and by npm's own modules.
//!
//! `CONSIGN_DIFFERENTIAL_CASES` sets how many, `CONSIGN_DIFFERENTIAL_SEED` where to begin.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failure here is a failed test; a test says why it was skipped"
)]
#![expect(dead_code, reason = "the generator and the judge are shared")]

#[path = "differential/generator.rs"]
mod generator;
#[path = "differential/judge.rs"]
mod judge;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use consign::config::{Config, Flags};
use consign::environment::Environment;
use consign::workspace::{self, Selection};
use generator::Random;
use judge::Judge;
use serde_json::{Value, json};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

const FOLDERS: [&str; 18] = [
    "packages/a",
    "packages/b",
    "packages/B2",
    "packages/a-b",
    "packages/a/sub",
    "packages/ä",
    "packages/.hidden",
    "packages/@s/c",
    "packages/node_modules/x",
    "packages/{a}",
    "apps/one",
    "apps/two/deep/er",
    "apps/10",
    "apps/9",
    "@scope/a",
    ".dot/a",
    "node_modules/y",
    "libs/a",
];

const PATTERNS: [&str; 46] = [
    "packages/*",
    "packages/*",
    "packages/**",
    "**",
    "*",
    "*/*",
    "apps/*",
    "./packages/*",
    "/packages/*",
    ".//packages/*/",
    "packages/a",
    "packages/a/",
    "packages/{a,b}",
    "packages/{a,b,}",
    "packages/{a}",
    "apps/{9..10}",
    "packages/@(a|b)",
    "packages/!(a)",
    "packages/+(a|b|-)",
    "packages/?(a)",
    "packages/*(a|b)",
    "packages/[ab]",
    "packages/[!a]*",
    "packages/[a-b]*",
    "packages/?",
    "packages/.*",
    "packages/.hidden",
    "{packages,apps}/*",
    "**/a",
    "apps/**/er",
    "apps/**/deep/*",
    "node_modules/*",
    "packages/node_modules/x",
    "link/*",
    "packages/link",
    "packages\\*",
    "!packages/a",
    "!!packages/a",
    "!packages/*",
    "!**/a",
    "!**",
    "!packages/a/**",
    ".",
    "",
    "packages/../apps/*",
    "none/*",
];

struct Case {
    _directory: tempfile::TempDir,
    root: PathBuf,
    cwd: PathBuf,
    workspaces: Value,
    filters: Vec<String>,
    include_root: bool,
    files: Vec<String>,
}

impl Case {
    fn generate(random: &mut Random) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(directory.path()).unwrap();
        let root = base.join("root");
        std::fs::create_dir_all(&root).unwrap();
        let mut files = Vec::new();
        for folder in FOLDERS {
            if !random.chance(55) {
                continue;
            }
            let path = root.join(folder);
            std::fs::create_dir_all(&path).unwrap();
            let name = folder.replace(['/', '.', '@', '{', '}'], "-");
            let manifest = match random.below(40) {
                0 => "{".to_owned(),
                1 => "{\"name\":\"twice\"}".to_owned(),
                2..6 => "{}".to_owned(),
                6..9 => continue,
                9 => "\u{feff}{\"name\":\"bom\"}".to_owned(),
                10 => "{\"name\":7,\"private\":true}".to_owned(),
                11 => {
                    // A folder where the manifest belongs.
                    std::fs::create_dir_all(path.join("package.json")).unwrap();
                    continue;
                }
                _ => format!("{{\"name\":\"{name}\",\"version\":\"1.0.0\"}}"),
            };
            if std::fs::write(path.join("package.json"), &manifest).is_ok() {
                files.push(format!("{folder}: {manifest}"));
            }
        }
        if random.chance(25) {
            std::fs::create_dir_all(root.join("packages")).unwrap();
            let place = random.pick(&["packages/link", "link", "apps-link"]);
            let target = random.pick(&["packages", "apps", "libs/a", "packages/a", "missing"]);
            std::os::unix::fs::symlink(root.join(target), root.join(place)).unwrap();
            files.push(format!("{place} -> {target}"));
        }
        let mut patterns: Vec<String> = (0..=random.below(3))
            .map(|_| random.pick(&PATTERNS).to_owned())
            .collect();
        if patterns.iter().any(|pattern| pattern == ".") {
            // With an empty pattern npm names the root twice, and calls that a conflict.
            patterns.retain(|pattern| !pattern.is_empty());
        }
        if random.chance(20) {
            patterns.push(format!("!{}", random.pick(&PATTERNS)));
        }
        let workspaces = match random.below(25) {
            0 => json!({ "packages": patterns, "nohoist": [] }),
            1 => json!("packages/*"),
            2 => json!({}),
            _ => json!(patterns),
        };
        let manifest = json!({ "name": "root", "workspaces": workspaces });
        std::fs::write(root.join("package.json"), manifest.to_string()).unwrap();
        let cwd = match random.below(6) {
            0 => root.join("packages/a"),
            1 => root.join("packages"),
            2 => base.clone(),
            _ => root.clone(),
        };
        let cwd = if cwd.is_dir() { cwd } else { root.clone() };
        // An empty pattern names the root by a path that ends in a slash, so npm's filters pass
        // it over; ours do not.
        let most = if patterns.iter().any(String::is_empty) {
            1
        } else {
            4
        };
        let filters = (0..random.below(most))
            .map(|_| {
                random
                    .pick(&[
                        "packages-a",
                        "packages/a",
                        "./packages/a",
                        "packages",
                        "./packages",
                        "packages/",
                        "apps",
                        "a",
                        ".",
                        "..",
                        "../b",
                        "twice",
                        "none",
                        "root/packages",
                        "packages/*",
                        "pack*",
                    ])
                    .to_owned()
            })
            .collect();
        Self {
            _directory: directory,
            root,
            cwd,
            workspaces,
            filters,
            include_root: random.chance(25),
            files,
        }
    }
}

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
    let cases = number("CONSIGN_DIFFERENTIAL_CASES", 120);
    let first = number("CONSIGN_DIFFERENTIAL_SEED", 1);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in first..first + cases {
        let case = Case::generate(&mut Random::new(seed));
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
                "seed {seed}: {} {:?} from {}\n  {}\n  {}",
                case.workspaces,
                case.filters,
                relative(&case.root, &case.cwd),
                differences.join("\n  "),
                case.files.join("\n  ")
            ));
        }
    }
    println!("{cases} roots: {outcomes:?}");
    let shown = usize::try_from(number("CONSIGN_DIFFERENTIAL_SHOWN", 5)).unwrap();
    assert!(
        failures.is_empty(),
        "{} of {cases} differ\n{}",
        failures.len(),
        failures
            .iter()
            .take(shown)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}

fn relative(root: &Path, cwd: &Path) -> String {
    consign::node::relative(root, cwd)
        .to_string_lossy()
        .into_owned()
}

/// What `npm pack --json` packs, by name and in order; an error's first words otherwise.
fn packed_by_npm(directory: &Path, home: &Path, arguments: &[&str]) -> Vec<String> {
    let output = std::process::Command::new("npm")
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
    if std::process::Command::new("npm")
        .arg("-v")
        .output()
        .is_err()
    {
        assert!(std::env::var_os("CI").is_none(), "needs npm");
        println!("skipped: needs npm");
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
