//! Picking members by the flags that name them (npm 11.19.1 `get-workspaces.js`, `base-cmd.js`).

use std::path::{Path, PathBuf};

use super::pattern::Glob;
use super::{Member, WorkspaceError, map, read_manifest};
use crate::node::{relative, resolve};

/// What the flags ask for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// `--workspace` values, in order; empty for all members.
    pub filters: Vec<String>,
    /// `--include-workspace-root`.
    pub include_root: bool,
}

/// The members to work on below `root`: in the members' order when no filter is given, else in the
/// filters' order without repeats; the root first if it is included. A filter is a member's name,
/// its path, or the path of a folder with members in it; paths are taken relative to `directory`,
/// where the command was started.
///
/// # Errors
/// As for [`map`], `NoneFound` when nothing is left, and the root's own manifest.
pub fn select(
    root: &Path,
    selection: &Selection,
    directory: &Path,
) -> Result<Vec<Member>, WorkspaceError> {
    let manifest = read_manifest(&root.join("package.json"))?;
    let members = match manifest.get("workspaces") {
        Some(workspaces) => map(root, workspaces)?,
        None => Vec::new(),
    };
    let mut selected: Vec<Member> = Vec::new();
    if selection.include_root
        && let Some(member) = super::member(root)?
    {
        selected.push(member);
    }
    // A later member of the same name takes the earlier one's place.
    let add = |selected: &mut Vec<Member>, member: &Member| match selected
        .iter_mut()
        .find(|known| known.name == member.name)
    {
        Some(known) => *known = member.clone(),
        None => selected.push(member.clone()),
    };
    if selection.filters.is_empty() {
        for member in &members {
            add(&mut selected, member);
        }
    }
    let base = reference_directory(root, directory);
    for filter in &selection.filters {
        for member in &members {
            if names(filter, member, root, &base, directory) {
                add(&mut selected, member);
            }
        }
    }
    if selected.is_empty() {
        return Err(WorkspaceError::NoneFound(selection.filters.clone()));
    }
    Ok(selected)
}

/// What filters are relative to: the working directory, or the root when the working directory is
/// outside of it.
fn reference_directory(root: &Path, directory: &Path) -> PathBuf {
    if relative(root, directory).starts_with("..") {
        root.to_path_buf()
    } else {
        directory.to_path_buf()
    }
}

fn names(filter: &str, member: &Member, root: &Path, base: &Path, directory: &Path) -> bool {
    if filter == member.name || resolve(base, filter) == member.directory {
        return true;
    }
    let mut path = relative(base, &member.directory)
        .to_string_lossy()
        .into_owned();
    if filter.starts_with("./") {
        path.insert_str(0, "./");
    }
    let below_root = relative(root, &resolve(directory, filter));
    let below = |folder: &str| Glob::new(&format!("{folder}/*")).matches(&path);
    below(&below_root.to_string_lossy()) || below(filter)
}
