//! The walk from one package's root: reads every directory once, asks the rules about every entry,
//! and stats each packed file once.
//!
//! Directories are independent of one another once their rule lists are known, so when there are
//! enough of them every core takes some. The order of what comes back is not defined; the caller
//! sorts.
//!
//! Source: npm-packlist 10.0.4 and ignore-walk; npm-behaviour.md §1.1, §1.6.

mod directory;
mod pool;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::rules::{DEFAULT, PackageRules, RuleList, STRICT};
use super::{FileEntry, PacklistError};
use directory::Directory;

/// Which rules a package's root has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RootKind {
    /// The packed package itself, or a bundled dependency that is a symbolic link: all of them.
    Full,
    /// A bundled dependency: only those of its `package.json`.
    Bundled,
}

/// A package to walk.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) root: &'a Path,
    pub(crate) kind: RootKind,
    pub(crate) package: &'a PackageRules,
    /// Default rules beyond npm's own: what the selected workspaces add.
    pub(crate) extra_defaults: &'a [String],
    /// Whether `package.json` files below the root are read as ignore files.
    pub(crate) manifests_ignore: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Files, relative to the root, in no particular order.
    pub(crate) files: Vec<FileEntry>,
    /// Whether the root fell back on its `.gitignore`.
    pub(crate) used_gitignore: bool,
}

/// What all directories of a walk share.
#[derive(Debug)]
struct Shared {
    root: PathBuf,
    manifests_ignore: bool,
}

impl Walk<'_> {
    pub(crate) fn run(&self) -> Result<Walked, PacklistError> {
        let shared = Shared {
            root: self.root.to_owned(),
            manifests_ignore: self.manifests_ignore,
        };
        let (files, used_gitignore) = pool::walk(&shared, Directory::root(self))?;
        Ok(Walked {
            files,
            used_gitignore,
        })
    }
}

/// The list of a directory without ignore file and without required files: most of them.
fn plain_list() -> Result<Arc<RuleList>, PacklistError> {
    static PLAIN: OnceLock<Arc<RuleList>> = OnceLock::new();
    if let Some(list) = PLAIN.get() {
        return Ok(list.clone());
    }
    let list =
        RuleList::compile(DEFAULT.into_iter().chain([STRICT])).map_err(|(rule, source)| {
            PacklistError::Pattern {
                path: PathBuf::from("npm"),
                rule,
                source,
            }
        })?;
    Ok(PLAIN.get_or_init(|| Arc::new(list)).clone())
}
