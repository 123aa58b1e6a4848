//! Which files of a package directory are packed, and in which order: npm's answer exactly.
//!
//! [`packlist`] walks the package, follows its bundled dependencies and sorts what it found into
//! tar order; [`listing_order`] gives the order of the `files` that `--json` prints.
//!
//! Source: npm-packlist 10.0.4 as npm 11.19.1 calls it; npm-behaviour.md §1.

mod bundle;
pub(crate) mod minimatch;
mod order;
mod outside;
mod rules;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use minimatch::PatternError;
pub use order::{listing_order, tar_order};

use crate::workspace::Member;

/// What to list.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// The package's directory, absolute.
    pub root: &'a Path,
    /// `package.json` after npm's *pack* normalisation: `bin` is an object of root-relative paths,
    /// `bundleDependencies` an array.
    pub manifest: &'a Map<String, Value>,
    /// The members of the package's own `workspaces`, selected or not; with any, `package.json`
    /// files below the root count as ignore files.
    pub members: &'a [Member],
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
    /// A directory, or a bundled file, with a backslash in its name cannot be packed.
    #[error("the name of {} has a backslash in it", path.display())]
    Backslash {
        /// The directory or file.
        path: PathBuf,
    },
    /// A dependency's requirement is no string.
    #[error("the dependency {name:?} in {} is not a string", package.join("package.json").display())]
    Dependency {
        /// The package's directory.
        package: PathBuf,
        /// The dependency.
        name: String,
    },
    /// The hidden lockfile has a link that points nowhere.
    #[error("{} lists {location} as a link, and not where to", lockfile.display())]
    NoTarget {
        /// The lockfile.
        lockfile: PathBuf,
        /// The link.
        location: String,
    },
    /// The hidden lockfile has a link to something it does not list.
    #[error("{} lists {location} as a link to {target}, which it does not list", lockfile.display())]
    MissingTarget {
        /// The lockfile.
        lockfile: PathBuf,
        /// The link.
        location: String,
        /// What it points to.
        target: String,
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

impl PacklistError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotUnicode { .. } => "rename it, or leave it out with `files` or .npmignore",
            Self::Backslash { .. } => {
                "rename it without the backslash, or leave it out with `files` or .npmignore"
            }
            Self::Files { .. } => {
                "write \"files\" as an array of paths and patterns, for example [\"lib\"]"
            }
            Self::Dependency { name, .. } => {
                return Some(format!("write the version range of {name:?} as a string"));
            }
            Self::NoTarget { .. } | Self::MissingTarget { .. } => {
                "run npm install to write the lockfile anew, or delete it"
            }
            Self::Pattern { .. } => "change or remove the rule",
            Self::Directory { .. } => {
                "make it readable, or leave it out with `files` or .npmignore"
            }
            Self::IgnoreFile { .. } | Self::Metadata { .. } => return None,
        };
        Some(hint.to_owned())
    }
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

/// One line of an ignore file, taken by itself.
#[derive(Debug)]
pub struct Rule(minimatch::Pattern);

impl Rule {
    /// Compiles a line, which is neither blank nor a comment.
    ///
    /// # Errors
    /// What npm's matcher cannot compile, and what it could not compile without running out of
    /// memory or stack.
    pub fn new(line: &str) -> Result<Self, PatternError> {
        minimatch::Pattern::new(line).map(Self)
    }

    /// Whether it takes entries back in: it begins with an odd number of `!`.
    pub fn is_negated(&self) -> bool {
        self.0.negated
    }

    /// Whether it matches a path, its leading `!`s aside.
    ///
    /// The path is relative and `/`-separated; a leading or final `/` counts. With `partial` it is
    /// enough that the path could become a match once more parts are added.
    pub fn matches(&self, path: &str, partial: bool) -> bool {
        self.0.matches_text(path, partial)
    }
}

/// Lists the files of a package in tar order.
///
/// # Errors
/// Whatever npm refuses too: unreadable directories and ignore files, names that cannot be packed,
/// `files` in a form that cannot be read, rules that are no patterns.
pub fn packlist(package: &Package<'_>) -> Result<Packlist, PacklistError> {
    let plan = bundle::Plan::new(package)?;
    let rules = rules::package_rules(package.root, package.manifest)?;
    let extra_defaults = match &package.workspaces {
        Some(workspaces) => outside::rules(package.root, workspaces)?,
        None => Vec::new(),
    };
    let walk = walk::Walk {
        root: package.root,
        kind: walk::RootKind::Full,
        package: &rules,
        extra_defaults: &extra_defaults,
        manifests_ignore: !package.members.is_empty(),
    };
    let walked = walk.run()?;
    let mut entries = walked.files;
    let mut warnings = Vec::new();
    if walked.used_gitignore {
        warnings.push(Warning::GitignoreFallback);
    }
    if let Some(plan) = plan {
        let bundled = plan.collect(package)?;
        entries.extend(bundled.files);
        warnings.extend(bundled.warnings);
    }
    let mut entries = order::sort_for_tar(entries, |entry| &entry.path);
    entries.dedup_by(|one, other| one.path == other.path);
    let bundled = bundled_names(&entries);
    Ok(Packlist {
        entries,
        bundled,
        warnings,
    })
}

/// A packed file's path as it stands in the tarball, below `package/`: node-tar drops whatever
/// Windows would take for the root of a path (`C:x.js` becomes `x.js`, `c:/x.js` too).
pub fn tarball_path(path: &str) -> &str {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let mut path = path;
    loop {
        let root = match path.as_bytes() {
            [first, ..] if is_separator(first) => network_root(path).unwrap_or(1),
            [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() => {
                2 + usize::from(rest.first().is_some_and(is_separator))
            }
            _ => return path,
        };
        path = path.get(root..).unwrap_or_default();
    }
}

/// The length of a leading `\\\\host\\share\\`.
fn network_root(path: &str) -> Option<usize> {
    let inner = path
        .strip_prefix("\\\\")
        .or_else(|| path.strip_prefix("\\/"))?;
    let is_separator = |character: char| matches!(character, '/' | '\\');
    let host = inner.find(is_separator).filter(|length| *length > 0)?;
    let after_host = inner.get(host..)?;
    let share = after_host.trim_start_matches(is_separator);
    let share_length = share.find(is_separator).unwrap_or(share.len());
    if share_length == 0 {
        return None;
    }
    let end = path.len() - share.len() + share_length;
    Some((end + 1).min(path.len()))
}

/// The packages below `node_modules` that the entries belong to, in their order.
fn bundled_names(entries: &[FileEntry]) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    entries
        .iter()
        .filter_map(|entry| {
            let inner = tarball_path(&entry.path).strip_prefix("node_modules/")?;
            let scope = if inner.starts_with('@') {
                inner.find('/').map_or(0, |at| at + 1)
            } else {
                0
            };
            let name_end = inner
                .get(scope..)?
                .find('/')
                .map_or(inner.len(), |at| scope + at);
            inner.get(..name_end)
        })
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails where it must not")]
mod tests;
