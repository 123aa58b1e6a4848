//! The lines that rule lists are made of: npm's own, those of `package.json`, those of ignore files.
//!
//! Source: npm-packlist 10.0.4 (`defaults`, `strictDefaults`, `processPackage`), ignore-walk
//! (`onReadIgnoreFile`); npm-behaviour.md §1.2-§1.5.

use std::path::Path;

use serde_json::{Map, Value};

use super::super::{FilesProblem, PacklistError};

/// Left out everywhere unless a later rule says otherwise; the anchored ones apply anew in every
/// directory.
pub(crate) const DEFAULT: [&str; 22] = [
    ".npmignore",
    ".gitignore",
    "**/.git",
    "**/.svn",
    "**/.hg",
    "**/CVS",
    "**/.git/**",
    "**/.svn/**",
    "**/.hg/**",
    "**/CVS/**",
    "/.lock-wscript",
    "/.wafpickle-*",
    "/build/config.gypi",
    "npm-debug.log",
    "**/.npmrc",
    ".*.swp",
    ".DS_Store",
    "**/.DS_Store/**",
    "._*",
    "**/._*/**",
    "*.orig",
    "/archived-packages/**",
];

/// The last word in every directory.
pub(crate) const STRICT: &str = "/.git";

/// The last word at a package's root, before what `main`, `browser` and `bin` add.
const PACKAGE_STRICT: [&str; 13] = [
    STRICT,
    "!/package.json",
    "!/readme{,.*[^~$]}",
    "!/copying{,.*[^~$]}",
    "!/license{,.*[^~$]}",
    "!/licence{,.*[^~$]}",
    STRICT,
    "/node_modules",
    ".npmrc",
    "/package-lock.json",
    "/yarn.lock",
    "/pnpm-lock.yaml",
    "/bun.lockb",
];

/// What a package's own `package.json` adds to its root's list.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct PackageRules {
    /// Rules made of `files`; `None` without that field, and then ignore files count.
    pub(crate) files: Option<String>,
    /// Strict rules.
    pub(crate) strict: String,
    /// Files that `files` names exactly. Below them their directories shield them from ignore files.
    pub(crate) required: Vec<String>,
}

/// The rules of an ignore file's text: its lines, trimmed, without blank ones and comments.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n')
        .map(|line| trim(line.strip_suffix('\r').unwrap_or(line)))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `String.prototype.trim`.
fn trim(line: &str) -> &str {
    line.trim_matches(|character: char| {
        u16::try_from(u32::from(character)).is_ok_and(super::super::minimatch::is_javascript_space)
    })
}

/// Reads `files`, `main`, `browser` and `bin` of a normalised manifest. `root` is where the entries
/// of `files` are looked up: what is a file there gets other rules than what is a directory.
pub(crate) fn package_rules(
    root: &Path,
    manifest: &Map<String, Value>,
) -> Result<PackageRules, PacklistError> {
    let mut rules = PackageRules::default();
    let mut strict: Vec<String> = PACKAGE_STRICT.iter().map(ToString::to_string).collect();
    if let Some(entries) = files_entries(root, manifest)? {
        let mut included = vec!["*".to_owned()];
        for entry in entries {
            add_files_entry(
                root,
                &entry,
                &mut included,
                &mut strict,
                &mut rules.required,
            );
        }
        rules.files = Some(included.join("\n"));
    }
    for key in ["browser", "main"] {
        if let Some(value) = manifest.get(key).filter(|value| is_truthy(value)) {
            strict.push(format!("!/{}", javascript_string(value)));
        }
    }
    match manifest.get("bin") {
        Some(Value::Object(bin)) => {
            strict.extend(
                bin.values()
                    .map(|target| format!("!/{}", javascript_string(target))),
            );
        }
        // Only a hidden lockfile may still have one of these.
        Some(Value::Array(bin)) => {
            strict.extend(
                bin.iter()
                    .map(|target| format!("!/{}", javascript_string(target))),
            );
        }
        Some(Value::String(bin)) => {
            strict.extend(bin.chars().map(|character| format!("!/{character}")));
        }
        _ => {}
    }
    rules.strict = strict.join("\n");
    Ok(rules)
}

/// The entries of `files`: `None` when it is absent or falsy. A string counts by its characters.
fn files_entries(
    root: &Path,
    manifest: &Map<String, Value>,
) -> Result<Option<Vec<String>>, PacklistError> {
    let problem = |problem| PacklistError::Files {
        package: root.to_owned(),
        problem,
    };
    match manifest.get("files") {
        None => Ok(None),
        Some(value) if !is_truthy(value) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.chars().map(String::from).collect())),
        Some(Value::Array(entries)) => entries
            .iter()
            .enumerate()
            .map(|(index, entry)| match entry {
                Value::String(text) => Ok(text.clone()),
                _ => Err(problem(FilesProblem::NotText { index })),
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(problem(FilesProblem::NotAList)),
    }
}

fn add_files_entry(
    root: &Path,
    entry: &str,
    included: &mut Vec<String>,
    strict: &mut Vec<String>,
    required: &mut Vec<String>,
) {
    let mut entry = match entry.strip_prefix("./") {
        Some(rest) => format!("/{rest}"),
        None => entry.to_owned(),
    };
    if entry.ends_with("/*") {
        entry.push('*');
    }
    let inverse = format!("!{entry}");
    let target = join(&root.to_string_lossy(), entry.trim_start_matches('!')).replace('\\', "/");
    match std::fs::symlink_metadata(target) {
        Ok(metadata) if metadata.is_file() => {
            strict.insert(0, inverse);
            required.push(entry.strip_prefix('/').unwrap_or(&entry).to_owned());
        }
        Ok(metadata) if metadata.is_dir() => {
            included.push(inverse.clone());
            included.push(format!("{inverse}/**"));
        }
        // Neither file nor directory: not wanted at all.
        Ok(_) => {}
        Err(_) => included.push(inverse),
    }
}

/// `path.posix.join` of an absolute directory and something relative to it.
fn join(directory: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = directory
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let end = if relative.ends_with('/') && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", parts.join("/"))
}

/// The required files that lie directly in the directory `name`, relative to it.
pub(crate) fn required_in(required: &[String], name: &str) -> Vec<String> {
    required
        .iter()
        // Two slashes at the start leave an absolute path, which lies in no directory here.
        .filter(|file| !file.starts_with('/'))
        .filter_map(|file| {
            let mut parts: Vec<&str> = Vec::new();
            for part in file.split('/') {
                match part {
                    "" | "." => {}
                    ".." if parts.last().is_some_and(|last| *last != "..") => {
                        parts.pop();
                    }
                    part => parts.push(part),
                }
            }
            match parts.as_slice() {
                [directory, file] if *directory == name && *file != ".." => {
                    Some(file.replace('\\', "/"))
                }
                _ => None,
            }
        })
        .collect()
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// What JavaScript puts into a template string for the value.
fn javascript_string(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(float) => ryu_js::Buffer::new().format(float).to_owned(),
            None => number.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| match item {
                    Value::Null => String::new(),
                    item => javascript_string(item),
                })
                .collect();
            items.join(",")
        }
        Value::Object(_) => "[object Object]".to_owned(),
    }
}
