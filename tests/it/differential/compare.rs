//! One tree packed by the library and by npm, and what differs.

use std::path::{Path, PathBuf};

use consign::manifest::Manifest;
use consign::packlist::{
    FileEntry, Package, Packlist, PacklistError, Workspaces, listing_order, packlist, tarball_path,
};
use consign::tarball::{PackedFile, TarballError, write_archive};
use consign::workspace;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::judge::Judge;
use super::tree::Tree;

/// A tar stream, as far as it is compared.
pub(crate) struct Tar {
    sha256: String,
    files: Vec<PackedFile>,
}

/// What the library answers.
pub(crate) enum Ours {
    Packed(Packlist, Tar),
    /// A refusal, by npm's error code or, without one, by the kind of JavaScript error.
    Refused(String),
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
    judge.ask(&request);
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
    let members = match manifest.document().get("workspaces") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => match workspace::map(&root, value) {
            Ok(members) => members,
            Err(error) => return Ours::Refused(error.code().unwrap_or("Error").to_owned()),
        },
    };
    let package = Package {
        root: &root,
        manifest: manifest.document(),
        members: &members,
        workspaces,
    };
    match packlist(&package) {
        Ok(list) => match tar_stream(&root, &manifest, &list) {
            Ok(tar) => Ours::Packed(list, tar),
            Err(code) => Ours::Refused(code),
        },
        Err(error) => Ours::Refused(code(&error)),
    }
}

/// The tar stream's SHA-256 and its entries.
fn tar_stream(root: &Path, manifest: &Manifest, list: &Packlist) -> Result<Tar, String> {
    let bins = manifest.document().get("bin").and_then(Value::as_object);
    let bins: Vec<&str> = bins
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_str)
        .collect();
    let mut bytes = Vec::new();
    match write_archive(root, &list.entries, &bins, &mut bytes) {
        Ok(files) => {
            let hash = Sha256::digest(&bytes);
            let sha256 = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Tar { sha256, files })
        }
        Err(TarballError::Empty { .. }) => Err("TypeError".to_owned()),
        Err(error) => Err(format!("{error:?}")),
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
                    "ENOENT" | "EISDIR" | "ENOTDIR" | "ELOOP" | "EACCES" | "SyntaxError"
                )
            };
            if expected == Some(code.as_str())
                || (while_walking(code) && expected == Some("EMISSINGTARGET"))
                || (while_walking(code) && expected.is_some_and(while_walking))
            {
                Vec::new()
            } else {
                vec![format!("refusal: ours {code}, npm {}", theirs["refused"])]
            }
        }
        Ours::Packed(list, tar) if refused.is_null() => packed_differences(list, tar, theirs),
        // With nothing to bundle the library does not look at what is installed.
        Ours::Packed(list, _) if list.bundled.is_empty() && refused["code"] == "EMISSINGTARGET" => {
            Vec::new()
        }
        Ours::Packed(list, _) => {
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

fn paths(entries: &[FileEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn packed_differences(list: &Packlist, tar: &Tar, theirs: &Value) -> Vec<String> {
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
    if theirs["sha256"].as_str() != Some(tar.sha256.as_str()) {
        differences.push(format!("tar stream of {ours:?}"));
    }
    // A newline in a PAX record confuses npm's own reader; the tarball's tests look at that.
    if ours.iter().any(|path| path.contains(['\n', '\r'])) {
        return differences;
    }
    let in_tar: Vec<&str> = ours.iter().map(|path| tarball_path(path)).collect();
    let listed: Vec<&str> = listing_order(&in_tar)
        .into_iter()
        .map(|index| in_tar[index])
        .collect();
    let files = theirs["json"]["files"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let expected: Vec<&str> = files
        .iter()
        .filter_map(|file| file["path"].as_str())
        .collect();
    if listed != expected {
        differences.push(format!("listing: ours {listed:?}, npm {expected:?}"));
    }
    let mut sizes: Vec<_> = tar
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.size, file.mode))
        .collect();
    let order = listing_order(&in_tar);
    sizes = order.into_iter().map(|index| sizes[index]).collect();
    let theirs_sizes: Vec<_> = files
        .iter()
        .map(|file| {
            let number = |key: &str| file[key].as_u64().unwrap_or(u64::MAX);
            let mode = u32::try_from(number("mode")).unwrap_or(u32::MAX);
            (
                file["path"].as_str().unwrap_or_default(),
                number("size"),
                mode,
            )
        })
        .collect();
    if sizes != theirs_sizes {
        differences.push(format!(
            "sizes and modes: ours {sizes:?}, npm {theirs_sizes:?}"
        ));
    }
    let bundled: Vec<&str> = theirs["json"]["bundled"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if bundled != list.bundled {
        differences.push(format!("bundled: ours {:?}, npm {bundled:?}", list.bundled));
    }
    differences
}
