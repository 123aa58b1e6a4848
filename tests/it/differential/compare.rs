//! One tree packed by the library and by npm, and what differs.

use std::path::{Path, PathBuf};

use consign::error::Error;
use consign::manifest::Manifest;
use consign::output::contents::Contents;
use consign::output::{Level, Log};
use consign::pack::{NoScripts, PackOptions, Packer};
use consign::packlist::{FileEntry, Packlist, PacklistError, Workspaces};
use consign::tarball::TarballError;
use serde_json::{Value, json};

use super::tree::Tree;
use crate::support::Judge;

/// What the library answers.
pub(crate) enum Ours {
    /// The files in the tarball's order; what `pack --json` prints, which names the tarball's digests; whether
    /// anything is bundled.
    Packed(Packlist, Value, bool),
    /// A refusal, by npm's error code or, without one, by the kind of JavaScript error.
    Refused(String),
}

/// Hears nothing: warnings are counted in the packlist.
struct Silence;

impl Log for Silence {
    fn log(&self, _: Level, _: &str, _: &str) {}

    fn hears(&self, _: Level) -> bool {
        false
    }
}

/// Asks the judge about a tree already on disk.
pub(crate) fn ask(judge: &mut Judge, tree: &Tree, base: &Path) {
    let mut request = json!({"kind": "pack", "directory": tree.target_in(base)});
    if let Some((prefix, selected)) = &tree.workspaces {
        request["prefix"] = json!(base.join(prefix));
        request["workspaces"] = selected
            .iter()
            .map(|member| json!(base.join(member)))
            .collect();
    }
    judge.send(&request);
}

/// The library's answer.
pub(crate) fn ours(tree: &Tree, base: &Path) -> Ours {
    let root = tree.target_in(base);
    let manifest = match Manifest::read_to_pack(&root) {
        Ok(manifest) => manifest,
        Err(error) => return Ours::Refused(error.code().unwrap_or("Error").to_owned()),
    };
    let selected: Vec<PathBuf>;
    let prefix: PathBuf;
    let workspaces = match &tree.workspaces {
        Some((root, members)) => {
            prefix = base.join(root);
            selected = members.iter().map(|member| base.join(member)).collect();
            Some(Workspaces {
                prefix: &prefix,
                selected: &selected,
            })
        }
        None => None,
    };
    let packer = Packer {
        options: PackOptions {
            workspaces,
            ..PackOptions::default()
        },
        scripts: &NoScripts,
        log: &Silence,
    };
    let answer = packer.list(&manifest).and_then(|list| {
        let packed = packer.pack_dry(&manifest)?;
        Ok((list, packed))
    });
    match answer {
        Ok((list, packed)) => {
            let json = serde_json::to_value(Contents(&packed)).expect("contents are plain data");
            let declared = manifest
                .document()
                .get("bundleDependencies")
                .and_then(Value::as_array);
            let bundles = declared.into_iter().flatten().any(|name| {
                let bundled = json["bundled"].as_array();
                bundled.is_some_and(|bundled| bundled.contains(name))
            });
            Ours::Packed(list, json, bundles)
        }
        Err(Error::Packlist(error)) => Ours::Refused(code(&error)),
        Err(Error::Tarball(TarballError::Empty { .. })) => Ours::Refused("TypeError".to_owned()),
        Err(error) => Ours::Refused(error.code().unwrap_or_else(|| "Error".to_owned())),
    }
}

fn io_code(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(2) => "ENOENT",
        Some(13) => "EACCES",
        Some(20) => "ENOTDIR",
        Some(21) => "EISDIR",
        Some(36) => "ENAMETOOLONG",
        Some(40) => "ELOOP",
        _ => "?",
    }
    .to_owned()
}

fn code(error: &PacklistError) -> String {
    match error {
        PacklistError::Directory { source, .. }
        | PacklistError::IgnoreFile { source, .. }
        | PacklistError::Metadata { source, .. } => io_code(source),
        PacklistError::NotUnicode { .. } | PacklistError::Backslash { .. } => "ENOENT".to_owned(),
        PacklistError::Files { .. } | PacklistError::Dependency { .. } => "TypeError".to_owned(),
        PacklistError::NoTarget { .. } => "ERR_INVALID_ARG_TYPE".to_owned(),
        PacklistError::MissingTarget { .. } => "EMISSINGTARGET".to_owned(),
        PacklistError::Pattern { .. } => "SyntaxError".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What differs between the library's answer and npm's; empty when nothing does.
pub(crate) fn differences(ours: &Ours, theirs: &Value) -> Vec<String> {
    let refused = &theirs["refused"];
    if breaks_down(refused) {
        return Vec::new();
    }
    match ours {
        Ours::Refused(code) => {
            let expected = refused["code"]
                .as_str()
                .or_else(|| refused["name"].as_str());
            // Where several things are wrong npm reports whichever it comes upon first.
            let while_walking = |code: &str| {
                matches!(
                    code,
                    "ENOENT"
                        | "EISDIR"
                        | "ENOTDIR"
                        | "ELOOP"
                        | "EACCES"
                        | "SyntaxError"
                        | "TypeError"
                )
            };
            if expected == Some(code.as_str())
                || (while_walking(code) && expected.is_some_and(is_about_links))
                || (while_walking(code) && expected.is_some_and(while_walking))
            {
                Vec::new()
            } else {
                vec![format!("refusal: ours {code}, npm {}", theirs["refused"])]
            }
        }
        Ours::Packed(list, json, _) if refused.is_null() => packed_differences(list, json, theirs),
        // With nothing to bundle the library does not look at what is installed.
        Ours::Packed(_, _, false) if refused["code"].as_str().is_some_and(is_about_links) => {
            Vec::new()
        }
        Ours::Packed(list, _, _) => {
            vec![format!(
                "npm refuses ({refused}), ours packs {:?}",
                paths(&list.entries)
            )]
        }
    }
}

/// Whether npm did not refuse but break down: links in a circle keep it waiting for ever, and links
/// through the package itself leave its tree with holes.
pub(crate) fn breaks_down(refused: &Value) -> bool {
    let message = refused["message"].as_str().unwrap_or_default();
    refused["code"] == "NEVER" || message.starts_with("Cannot read properties of null")
}

/// npm's errors about links that its hidden lockfile lists: to something unlisted, or to nowhere.
fn is_about_links(code: &str) -> bool {
    matches!(code, "EMISSINGTARGET" | "ERR_INVALID_ARG_TYPE")
}

fn paths(entries: &[FileEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn packed_differences(list: &Packlist, json: &Value, theirs: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let ours = paths(&list.entries);
    let expected: Vec<&str> = theirs["files"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if ours != expected {
        let missing: Vec<_> = expected
            .iter()
            .filter(|path| !ours.contains(path))
            .collect();
        let extra: Vec<_> = ours
            .iter()
            .filter(|path| !expected.contains(path))
            .collect();
        if missing.is_empty() && extra.is_empty() {
            differences.push(format!("order: ours {ours:?}, npm {expected:?}"));
        } else {
            differences.push(format!("list: missing {missing:?}, extra {extra:?}"));
        }
        return differences;
    }
    let warned = theirs["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|line| {
            line.as_str()
                .is_some_and(|line| line.starts_with("gitignore-fallback"))
        })
        .count();
    if warned != list.warnings.len() {
        differences.push(format!(
            "warnings: ours {}, npm {warned}",
            list.warnings.len()
        ));
    }
    // node-tar may hang on hard links; the list is all there is then.
    if theirs["never"] == true {
        return differences;
    }
    let theirs = &theirs["json"];
    // The digests are the tarball's, so with them every byte of it agrees.
    for (key, expected) in theirs.as_object().into_iter().flatten() {
        // A newline in a PAX record confuses npm's own reader, from which its list of files is.
        let misread = key == "files" && ours.iter().any(|path| path.contains(['\n', '\r']));
        if json[key] != *expected && !misread {
            differences.push(format!("{key}: ours {}, npm {expected}", json[key]));
        }
    }
    let keys = |json: &Value| -> Vec<String> {
        json.as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect()
    };
    if keys(json) != keys(theirs) {
        differences.push(format!(
            "keys: ours {:?}, npm {:?}",
            keys(json),
            keys(theirs)
        ));
    }
    differences
}
