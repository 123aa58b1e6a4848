//! The files beside package.json that end up in the manifest, looked for as npm's glob 13 does.
//!
//! npm reads directories in byte order and visits their entries backwards, file entries of a directory before those of
//! its subdirectories, one level after the other. Which README wins and in which order `bin` and `man` are filled
//! follows from that. Below a level npm reads directories at the same time, so where two of them give the same name
//! its order can depend on timing; here it is the order in which they were found.

use std::collections::VecDeque;
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use super::ManifestError;
use super::json::text;

/// An entry of a directory.
pub(crate) struct Entry {
    /// Bytes that are not UTF-8 are U+FFFD.
    pub(crate) name: String,
    path: PathBuf,
    kind: Option<FileType>,
}

impl Entry {
    /// Whether it is a directory itself, not a link to one.
    pub(crate) fn is_directory(&self) -> bool {
        self.kind.is_some_and(|kind| kind.is_dir())
    }
}

/// The entries of a directory in the order npm's glob visits them; none if it cannot be read.
pub(crate) fn entries(directory: &Path) -> Vec<Entry> {
    let Ok(listing) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = listing.flatten().collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    entries
        .into_iter()
        .map(|entry| Entry {
            name: entry.file_name().to_string_lossy().into_owned(),
            path: entry.path(),
            kind: entry.file_type().ok(),
        })
        .collect()
}

/// Every entry below a directory that is not hidden, directories included, as paths relative to it.
///
/// Links are not followed, not even if `directory` is one.
///
/// # Errors
///
/// [`ManifestError::NullInPath`]; a directory that cannot be read is an empty one.
pub(crate) fn walk(directory: &Path) -> Result<Vec<String>, ManifestError> {
    if directory.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(ManifestError::NullInPath {
            path: directory.to_owned(),
        });
    }
    let mut found = Vec::new();
    let mut waiting = VecDeque::new();
    if fs::symlink_metadata(directory).is_ok_and(|metadata| metadata.is_dir()) {
        waiting.push_back((directory.to_owned(), String::new()));
    }
    while let Some((directory, prefix)) = waiting.pop_front() {
        for entry in entries(&directory) {
            if entry.name.starts_with('.') {
                continue;
            }
            let path = format!("{prefix}{}", entry.name);
            if entry.is_directory() {
                waiting.push_back((entry.path, format!("{path}/")));
            }
            found.push(path);
        }
    }
    Ok(found)
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

/// A text file; bytes that are not UTF-8 are replaced by U+FFFD, a byte order mark stays.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    fs::read(path).map(|bytes| text::escape(&String::from_utf8_lossy(&bytes)).into_owned())
}

/// [`read`], where npm fails if the file cannot be read.
pub(crate) fn read_or_fail(path: PathBuf) -> Result<String, ManifestError> {
    read(&path).map_err(|source| ManifestError::ReadFile { path, source })
}
