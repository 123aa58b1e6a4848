//! `gitHead`: the commit a package is published from, read from `.git` without git.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (step `gitHead`), @npmcli/git 7 `find.js`.

use std::path::Path;

use serde_json::{Map, Value};

use super::files::Beside;
use super::json::text;
use super::{files, javascript};

const REFERENCE: &str = "ref: ";

/// Fills `gitHead` if there is none and the package lies in a git checkout; a tarball lies in none.
pub(crate) fn fill(beside: Beside<'_>, map: &mut Map<String, Value>) {
    let Beside::Directory(directory) = beside else {
        return;
    };
    if javascript::truthy(map.get("gitHead")) {
        return;
    }
    let checkout = directory
        .ancestors()
        .find(|ancestor| files::exists(&ancestor.join(".git")));
    if let Some(commit) = checkout.and_then(|checkout| commit(&checkout.join(".git"))) {
        javascript::assign(map, "gitHead", Value::String(commit));
    }
}

/// The commit that `HEAD` stands for: directly, by a file, or by a line of `packed-refs`.
///
/// `None` for a worktree, whose `.git` is a file, as npm does not follow it.
fn commit(git: &Path) -> Option<String> {
    let head = files::read(&git.join("HEAD")).ok()?;
    let Some(reference) = head.strip_prefix(REFERENCE) else {
        return Some(text::trim(&head).to_owned()).filter(|commit| !commit.is_empty());
    };
    let reference = text::trim(reference);
    let loose = files::read(&files::resolve(git, reference)).unwrap_or_default();
    let loose = text::trim(loose.strip_prefix(REFERENCE).unwrap_or(&loose));
    if !loose.is_empty() {
        return Some(loose.to_owned());
    }
    let packed = files::read(&git.join("packed-refs")).ok()?;
    packed
        .split('\n')
        .find_map(|line| packed_commit(line, reference))
        .map(str::to_owned)
}

/// The commit of a line `<40 hexadecimal digits> <reference>`.
fn packed_commit<'line>(line: &'line str, reference: &str) -> Option<&'line str> {
    let (commit, rest) = line.split_at_checked(40)?;
    let name = rest.strip_prefix(' ')?;
    let is_commit = commit
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_one_line = !name.is_empty() && !name.contains(['\r', '\u{2028}', '\u{2029}']);
    (is_commit && is_one_line && text::trim(name) == reference).then_some(commit)
}
