//! The files beside package.json that end up in the manifest, looked for as npm's glob 13 does.
//!
//! npm reads directories in byte order and visits their entries backwards, file entries of a directory before those of
//! its subdirectories, one level after the other. Which README wins and in which order `bin` and `man` are filled
//! follows from that. Below a level npm reads directories at the same time, so where two of them give the same name
//! its order can depend on timing; here it is the order in which they were found.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::json::text;
use super::{ManifestError, Unpacked};

/// Where the files beside a package.json are.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'a> {
    /// In a directory on disk.
    Directory(&'a Path),
    /// In a tarball.
    Tarball(&'a Unpacked),
}

/// An entry of a directory.
pub(crate) struct Entry {
    /// Bytes that are not UTF-8 are U+FFFD.
    pub(crate) name: String,
    /// Whether it is a directory itself, not a link to one.
    pub(crate) is_directory: bool,
    path: PathBuf,
}

impl Beside<'_> {
    /// The entries beside package.json, in the order npm's glob visits them; none if they cannot be read.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries_of(match self {
            Self::Directory(root) => root,
            Self::Tarball(_) => Path::new(""),
        })
    }

    fn entries_of(&self, directory: &Path) -> Vec<Entry> {
        match self {
            Self::Directory(_) => listed(directory),
            Self::Tarball(unpacked) => {
                let children = unpacked.children(&directory.to_string_lossy());
                let entries = children.into_iter().rev();
                entries
                    .map(|(name, is_directory)| Entry {
                        path: directory.join(name),
                        name: name.to_owned(),
                        is_directory,
                    })
                    .collect()
            }
        }
    }

    /// Every entry below a directory that is not hidden, directories included, as paths relative to it.
    ///
    /// Links are not followed, not even if `directory` is one.
    ///
    /// # Errors
    ///
    /// [`ManifestError::NullInPath`]; a directory that cannot be read is an empty one.
    pub(crate) fn walk(&self, directory: &str) -> Result<Vec<String>, ManifestError> {
        let directory = self.resolve(directory);
        if directory.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(ManifestError::NullInPath { path: directory });
        }
        let is_directory = match self {
            Self::Directory(_) => {
                fs::symlink_metadata(&directory).is_ok_and(|metadata| metadata.is_dir())
            }
            Self::Tarball(_) => true,
        };
        let mut found = Vec::new();
        let mut waiting = VecDeque::new();
        if is_directory {
            waiting.push_back((directory, String::new()));
        }
        while let Some((directory, prefix)) = waiting.pop_front() {
            for entry in self.entries_of(&directory) {
                if entry.name.starts_with('.') {
                    continue;
                }
                let path = format!("{prefix}{}", entry.name);
                if entry.is_directory {
                    waiting.push_back((entry.path, format!("{path}/")));
                }
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Whether there is something at a path, links followed.
    pub(crate) fn exists(&self, path: &str) -> bool {
        let path = self.resolve(path);
        match self {
            Self::Directory(_) => exists(&path),
            Self::Tarball(unpacked) => unpacked.exists(&path.to_string_lossy()),
        }
    }

    /// The bytes of a file.
    pub(crate) fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        let path = self.resolve(path);
        match self {
            Self::Directory(_) => fs::read(path),
            Self::Tarball(unpacked) => unpacked.read(&path.to_string_lossy()),
        }
    }

    /// A text file; bytes that are not UTF-8 are replaced by U+FFFD, a byte order mark stays.
    pub(crate) fn text(&self, path: &str) -> io::Result<String> {
        self.bytes(path).map(|bytes| text_of(&bytes))
    }

    /// [`Self::text`], where npm fails if the file cannot be read.
    pub(crate) fn text_or_fail(&self, path: &str) -> Result<String, ManifestError> {
        self.text(path).map_err(|source| ManifestError::ReadFile {
            path: self.shown(path),
            source,
        })
    }

    /// A path beside package.json, as errors name it.
    pub(crate) fn shown(&self, path: &str) -> PathBuf {
        match self {
            Self::Directory(root) => root.join(path),
            Self::Tarball(unpacked) => {
                PathBuf::from(format!("{} in {}", path, unpacked.tarball().display()))
            }
        }
    }

    /// In a tarball, what leads out of it leads to a path that is not there.
    fn resolve(&self, path: &str) -> PathBuf {
        match self {
            Self::Directory(root) => resolve(root, path),
            Self::Tarball(_) => {
                const ROOT: &str = "/package";
                let resolved = resolve(Path::new(ROOT), path);
                resolved
                    .strip_prefix(ROOT)
                    .map_or_else(|_| resolved.clone(), Path::to_owned)
            }
        }
    }
}

fn listed(directory: &Path) -> Vec<Entry> {
    let Ok(listing) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = listing.flatten().collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    entries
        .into_iter()
        .map(|entry| Entry {
            name: entry.file_name().to_string_lossy().into_owned(),
            is_directory: entry.file_type().is_ok_and(|kind| kind.is_dir()),
            path: entry.path(),
        })
        .collect()
}

/// `path.resolve(directory, path)`: `..` is resolved on the text, a slash at the end is dropped.
pub(crate) fn resolve(directory: &Path, path: &str) -> PathBuf {
    let path = text::plain_lossy(path);
    let mut resolved = if path.starts_with('/') {
        PathBuf::from("/")
    } else {
        directory.to_owned()
    };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                resolved.pop();
            }
            name => resolved.push(name),
        }
    }
    resolved
}

/// Whether there is something at a path, links followed.
pub(crate) fn exists(path: &Path) -> bool {
    fs::metadata(path).is_ok()
}

/// A text file on disk; see [`Beside::text`].
pub(crate) fn read(path: &Path) -> io::Result<String> {
    fs::read(path).map(|bytes| text_of(&bytes))
}

fn text_of(bytes: &[u8]) -> String {
    text::escape(&String::from_utf8_lossy(bytes)).into_owned()
}
