//! Which files of a package directory are packed, and in which order: npm's answer exactly.
//!
//! [`packlist`] walks the package, follows its bundled dependencies and sorts what it found into
//! tar order; [`listing_order`] gives the order of the `files` that `--json` prints.
//!
//! Source: npm-packlist 10.0.4 as npm 11.19.1 calls it; npm-behaviour.md §1.

pub(crate) mod minimatch;
mod order;
mod rules;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use minimatch::PatternError;
pub use order::listing_order;

/// What to list.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// The package's directory, absolute.
    pub root: &'a Path,
    /// `package.json` after npm's *pack* normalisation: `bin` is an object of root-relative paths,
    /// `bundleDependencies` an array.
    pub manifest: &'a Map<String, Value>,
    /// Set only when workspaces were selected.
    pub workspaces: Option<Workspaces<'a>>,
}

/// The workspaces a run was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Workspaces<'a> {
    /// The directory of the workspaces' root, absolute.
    pub prefix: &'a Path,
    /// The directories of the selected members, absolute.
    pub selected: &'a [PathBuf],
}

/// A file to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Relative to the package, `/`-separated.
    pub path: String,
    /// Permission bits with setuid, setgid and sticky: `st_mode & 0o7777`.
    pub mode: u32,
    /// In bytes.
    pub size: u64,
    /// Device and inode when the file has more than one name.
    pub hard_link: Option<(u64, u64)>,
}

/// The former name of [`FileEntry`].
pub type Entry = FileEntry;

impl FileEntry {
    #[cfg(unix)]
    fn new(path: String, metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            path,
            mode: metadata.mode() & 0o7777,
            size: metadata.size(),
            hard_link: (metadata.nlink() > 1).then(|| (metadata.dev(), metadata.ino())),
        }
    }

    #[cfg(not(unix))]
    fn new(path: String, metadata: &std::fs::Metadata) -> Self {
        Self {
            path,
            mode: 0o644,
            size: metadata.len(),
            hard_link: None,
        }
    }
}

/// The files of a package.
#[derive(Debug, Default)]
pub struct Packlist {
    /// In tar order, no path twice.
    pub entries: Vec<FileEntry>,
    /// Names of bundled dependencies, in tar order.
    pub bundled: Vec<String>,
    /// What npm warns about while it lists.
    pub warnings: Vec<Warning>,
}

/// A warning that npm prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// `gitignore-fallback`: there is a `.gitignore` and no `.npmignore`.
    GitignoreFallback,
}

/// Why the files cannot be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PacklistError {
    /// A directory that is to be packed cannot be read.
    #[error("cannot read the directory {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An ignore file is there and cannot be read.
    #[error("cannot read the ignore file {}", path.display())]
    IgnoreFile {
        /// The ignore file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file vanished or cannot be looked at.
    #[error("cannot look at {}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A name that is not UTF-8 cannot be packed.
    #[error("the name of {} is not valid UTF-8", path.display())]
    NotUnicode {
        /// The file or directory.
        path: PathBuf,
    },
    /// A directory with a backslash in its name cannot be packed.
    #[error("the directory name {} has a backslash in it", path.display())]
    Backslash {
        /// The directory.
        path: PathBuf,
    },
    /// The field `files` has no form that can be read.
    #[error("\"files\" in {}: {problem}", package.join("package.json").display())]
    Files {
        /// The package's directory.
        package: PathBuf,
        /// What is wrong.
        problem: FilesProblem,
    },
    /// A rule is no pattern.
    #[error("the rule {rule:?} in {} cannot be used", path.display())]
    Pattern {
        /// The file it comes from.
        path: PathBuf,
        /// The line.
        rule: String,
        /// What is wrong with it.
        #[source]
        source: PatternError,
    },
}

/// What is wrong with `files`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilesProblem {
    /// Neither an array nor a string.
    #[error("it is not an array of strings")]
    NotAList,
    /// An element that is no string.
    #[error("element {index} is not a string")]
    NotText {
        /// Counted from 0.
        index: usize,
    },
}

/// Whether one line of an ignore file, taken by itself, matches a path; its leading `!`s aside.
///
/// The path is relative and `/`-separated; a leading or final `/` counts. With `partial` it is
/// enough that the path could become a match once more parts are added.
pub fn rule_matches(rule: &str, path: &str, partial: bool) -> Result<bool, PatternError> {
    minimatch::Pattern::new(rule).map(|pattern| pattern.matches_text(path, partial))
}

/// Lists the files of a package in tar order.
pub fn packlist(package: &Package<'_>) -> Result<Packlist, PacklistError> {
    let rules = rules::package_rules(package.root, package.manifest)?;
    let walk = walk::Walk {
        root: package.root,
        kind: walk::RootKind::Full,
        package: &rules,
        extra_defaults: &[],
        manifests_ignore: false,
    };
    let walked = walk.run()?;
    let mut entries = walked.files;
    order::sort_for_tar(&mut entries, |entry| &entry.path);
    entries.dedup_by(|one, other| one.path == other.path);
    let warnings = if walked.used_gitignore {
        vec![Warning::GitignoreFallback]
    } else {
        Vec::new()
    };
    Ok(Packlist {
        entries,
        bundled: Vec::new(),
        warnings,
    })
}
