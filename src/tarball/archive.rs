//! The tar stream of a package: headers, data and the end.

mod read_ahead;

use std::collections::HashMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use read_ahead::ReadAhead;

use super::header::{BLOCK, Kind, append_header, padding};
use super::path::{archive_path, link_target};
use crate::packlist::FileEntry;

/// Why a package could not be written as a tarball.
#[derive(Debug, thiserror::Error)]
pub enum TarballError {
    /// Nothing was selected: not even package.json, which npm never leaves
    /// out unless it is no regular file.
    #[error("no files to pack in {directory}: package.json must be a regular file there")]
    Empty {
        /// The package directory.
        directory: PathBuf,
    },
    /// A selected file cannot be opened or read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not as long as it was when the files were listed, so that its
    /// header would lie.
    #[error("{path} changed while it was being packed ({expected} bytes when listed)")]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its size when the files were listed.
        expected: u64,
    },
    /// The tarball cannot be written.
    #[error("cannot write the tarball")]
    Write(#[source] io::Error),
}

impl TarballError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Changed { .. } => {
                Some("pack again when no build or editor writes into the package".into())
            }
            Self::Read { path, .. } => Some(format!(
                "make {} readable, or leave it out with `files` or .npmignore",
                path.display()
            )),
            Self::Empty { .. } | Self::Write(_) => None,
        }
    }
}

/// An entry as it stands in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFile {
    /// The archive path without its leading `package/`.
    pub path: String,
    /// Bytes of data; 0 for a hard link.
    pub size: u64,
    /// The twelve permission bits.
    pub mode: u32,
}

/// Writes the tar stream of the package in `root`: its files in the order
/// given. `bins` are the values of the manifest's normalised `bin`. `rewritten`
/// stands in for what package.json holds on disk. Small files are read ahead by
/// up to so many threads; the stream does not depend on them.
///
/// Returns the entries as written; of a large package that is the only part
/// that grows with it.
///
/// # Errors
/// Every variant of [`TarballError`]; what was written by then is to be thrown
/// away.
pub fn write_archive(
    root: &Path,
    entries: &[FileEntry],
    bins: &[&str],
    rewritten: Option<&str>,
    threads: NonZeroUsize,
    writer: impl Write,
) -> Result<Vec<PackedFile>, TarballError> {
    if entries.is_empty() {
        return Err(TarballError::Empty {
            directory: root.to_owned(),
        });
    }
    let mut first_names: HashMap<(u64, u64), &str> = HashMap::new();
    let mut packed = Vec::with_capacity(entries.len());
    let mut stream = ReadAhead::new(writer, threads);
    for entry in entries {
        let mode = archive_mode(entry.mode, is_bin(&entry.path, bins));
        let path = archive_path(&entry.path);
        let rewritten = rewritten.filter(|_| entry.path == "package.json");
        // What is rewritten is no longer what its other names hold.
        let hard_link = entry.hard_link.filter(|_| rewritten.is_none());
        let linked = hard_link.and_then(|inode| {
            let first = *first_names.entry(inode).or_insert(&entry.path);
            (first != entry.path).then(|| link_target(first))
        });
        let kind = match &linked {
            Some(target) => Kind::HardLink { target },
            None => Kind::File {
                size: rewritten.map_or(entry.size, |text| text.len() as u64),
            },
        };
        append_header(stream.header(), &path, mode, kind);
        let size = match kind {
            Kind::File { size } => size,
            Kind::HardLink { .. } => 0,
        };
        if let Some(text) = rewritten {
            let out = stream.header();
            out.extend_from_slice(text.as_bytes());
            out.resize(out.len() + padding(size), 0);
        } else {
            stream.data(root.join(&entry.path), size)?;
        }
        let path = match path.strip_prefix("package/") {
            Some(inner) => inner.to_owned(),
            None => path,
        };
        packed.push(PackedFile { path, size, mode });
    }
    stream.header().extend_from_slice(&[0; 2 * BLOCK]);
    stream.finish()?;
    Ok(packed)
}

/// Makes a file's mode portable: its owner can read and write, nobody else can
/// write; a command can be run by all. Neither the process's umask nor the one
/// of the checkout matters beyond what they took from group and others.
fn archive_mode(mode: u32, bin: bool) -> u32 {
    let executable = if bin { 0o111 } else { 0 };
    ((mode & 0o7777) | executable | 0o600) & !0o022
}

/// Whether npm takes the file for a command of the package. npm compares the
/// path *without its first directory* (it means to drop `package/`, which is
/// not there yet): `bin: cli.js` marks `cli.js` and `any/cli.js`, and
/// `bin: bin/cli.js` does not mark `bin/cli.js`.
fn is_bin(path: &str, bins: &[&str]) -> bool {
    // node-tar is given such a path as `./@...`, so the part dropped is `./`.
    let compared = match path.split_once('/') {
        Some((first, rest)) if !path.starts_with('@') && !first.contains('\\') => rest,
        _ => path,
    };
    bins.contains(&compared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_made_portable() {
        for (mode, bin, archived) in [
            (0o644, false, 0o644),
            (0o600, false, 0o600),
            (0o664, false, 0o644),
            (0o777, false, 0o755),
            (0o444, false, 0o644),
            (0o644, true, 0o755),
            (0o4755, false, 0o4755),
        ] {
            assert_eq!(archive_mode(mode, bin), archived, "{mode:o} {bin}");
        }
    }

    #[test]
    fn a_bin_is_compared_with_the_path_without_its_first_directory() {
        let bins = ["cli.js", "bin/x.js", "@s/y.js"];
        for (path, bin) in [
            ("cli.js", true),
            ("foo/cli.js", true),
            ("foo/bar/cli.js", false),
            ("bin/x.js", false),
            ("any/bin/x.js", true),
            ("@s/y.js", true),
            ("a\\b/cli.js", false),
        ] {
            assert_eq!(is_bin(path, &bins), bin, "{path}");
        }
    }
}
