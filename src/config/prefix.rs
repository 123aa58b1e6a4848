//! The two directories that decide which files are read: the global prefix and the local one
//! (`@npmcli/config` 10.12 `loadGlobalPrefix`, `loadLocalPrefix`).

use std::path::{Path, PathBuf};

use super::Installation;
use crate::environment::Environment;
use crate::node::resolve;
use crate::workspace::{self, WorkspaceError};

/// The prefix where there is no Node to be relative to: where Node's own images put it.
const PREFIX_WITHOUT_NODE: &str = "/usr/local";

/// The global prefix, as text that is not yet resolved: `PREFIX`, else the directory above the
/// one that holds `node` (below `DESTDIR`).
pub(crate) fn global_prefix(environment: &Environment, installation: &Installation) -> String {
    if let Some(prefix) = environment.non_empty("PREFIX") {
        return prefix;
    }
    let windows = environment.platform().is_windows();
    let Some(node) = &installation.node else {
        return PREFIX_WITHOUT_NODE.to_owned();
    };
    let directory = node.parent().unwrap_or(node);
    if windows {
        return directory.to_string_lossy().into_owned();
    }
    let prefix = directory.parent().unwrap_or(directory);
    match environment.non_empty("DESTDIR") {
        Some(root) => format!("{root}/{}", prefix.display()),
        None => prefix.to_string_lossy().into_owned(),
    }
}

/// The directory whose `.npmrc` is the project's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalPrefix {
    /// The directory: of the package, or of the workspace root above it.
    pub(crate) directory: PathBuf,
    /// The member the command was started in, when `directory` is a workspace root above it.
    pub(crate) member: Option<PathBuf>,
}

/// How the search for the local prefix is bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// `--prefix`: no search.
    pub(crate) prefix: Option<&'a str>,
    /// `--no-workspaces`, or global mode: the first directory found is it.
    pub(crate) ignore_workspaces: bool,
}

/// Walks up from the working directory to a `package.json` or `node_modules`, and on to a
/// workspace root that counts that directory among its members.
pub(crate) fn local_prefix(
    environment: &Environment,
    search: Search<'_>,
) -> Result<LocalPrefix, WorkspaceError> {
    let start = environment.current_directory();
    if let Some(prefix) = search.prefix {
        return Ok(LocalPrefix {
            directory: PathBuf::from(prefix),
            member: None,
        });
    }
    let start = resolve(start, "");
    let mut found: Option<PathBuf> = None;
    for directory in start.ancestors() {
        let has_manifest = directory.join("package.json").is_file();
        let Some(package) = &found else {
            if has_manifest || directory.join("node_modules").is_dir() {
                found = Some(directory.to_path_buf());
                if search.ignore_workspaces {
                    break;
                }
            }
            continue;
        };
        if has_manifest && is_member(directory, package)? {
            return Ok(LocalPrefix {
                directory: directory.to_path_buf(),
                member: Some(package.clone()),
            });
        }
    }
    Ok(LocalPrefix {
        directory: found.unwrap_or(start),
        member: None,
    })
}

/// Whether `root`'s workspaces include `package`. A manifest that cannot be read has none.
fn is_member(root: &Path, package: &Path) -> Result<bool, WorkspaceError> {
    let Some(patterns) = workspace::declared(root) else {
        return Ok(false);
    };
    Ok(workspace::map(root, &patterns)?
        .iter()
        .any(|member| member.directory == package))
}
