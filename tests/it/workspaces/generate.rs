//! Random workspace roots: folders, patterns, and what is selected from where.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::Random;

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

pub(super) struct Case {
    _directory: tempfile::TempDir,
    pub(super) root: PathBuf,
    pub(super) cwd: PathBuf,
    pub(super) workspaces: Value,
    pub(super) filters: Vec<String>,
    pub(super) include_root: bool,
    pub(super) files: Vec<String>,
}

impl Case {
    pub(super) fn generate(random: &mut Random) -> Self {
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
