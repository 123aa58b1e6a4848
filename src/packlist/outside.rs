//! Rules that selected workspaces bring in from outside the packed directory.
//!
//! A member is packed with the ignore files of the workspaces' root and of every directory down to
//! its own; they are not re-anchored. The root leaves out the members that were selected.
//!
//! Source: npm-packlist 10.0.4 (`readOutOfTreeIgnoreFiles`); npm-behaviour.md §1.2.

use std::io::ErrorKind;
use std::path::{Component, Path};

use super::bundle::relative;
use super::{PacklistError, Workspaces};

/// Default rules beyond npm's own, each a text of lines.
pub(crate) fn rules(
    root: &Path,
    workspaces: &Workspaces<'_>,
) -> Result<Vec<String>, PacklistError> {
    if root == workspaces.prefix {
        return Ok(workspaces
            .selected
            .iter()
            .map(|member| relative(root, member))
            .collect());
    }
    if !workspaces.selected.iter().any(|member| member == root) {
        return Ok(Vec::new());
    }
    let mut directory = workspaces.prefix.to_owned();
    let mut texts: Vec<String> = ignore_file(&directory)?.into_iter().collect();
    let parent = root.parent().unwrap_or(root);
    for part in Path::new(&relative(workspaces.prefix, parent)).components() {
        match part {
            Component::ParentDir => {
                directory.pop();
            }
            part => directory.push(part),
        }
        texts.extend(ignore_file(&directory)?);
    }
    Ok(texts)
}

/// A directory's `.npmignore`, else its `.gitignore`.
fn ignore_file(directory: &Path) -> Result<Option<String>, PacklistError> {
    for name in [".npmignore", ".gitignore"] {
        let path = directory.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => return Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(source) if source.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(PacklistError::IgnoreFile { path, source }),
        }
    }
    Ok(None)
}
