//! Assets' bytes, by their SHA-256.
//!
//! An upload is spooled while its digests are taken, and gets its name only when it is accepted.
//! Under `--data` the bytes are synced and renamed into place before the journal names them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use tempfile::{NamedTempFile, TempDir};

use super::StoreError;
use crate::sandbox::random::hex_of;
use crate::sandbox::state::AssetRecord;

/// Uploads up to this many bytes stay in memory when there is no data directory.
const IN_MEMORY: usize = 1 << 20;

/// Where the bytes of an asset are.
#[derive(Debug, Clone)]
pub(crate) enum Blob {
    Memory(Bytes),
    File(PathBuf),
}

/// Every asset's bytes.
#[derive(Debug)]
pub(crate) struct Blobs {
    home: Home,
}

#[derive(Debug)]
enum Home {
    Memory {
        blobs: Mutex<HashMap<String, Blob>>,
        /// Made when the first upload comes, where it can be.
        spill: Mutex<Option<TempDir>>,
    },
    Directory {
        blobs: PathBuf,
        spool: PathBuf,
    },
}

/// The four digests the service reports, lowercase hexadecimal, and the length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) size: u64,
    pub(crate) md5: String,
    pub(crate) sha1: String,
    pub(crate) sha256: String,
    pub(crate) sha512: String,
}

impl Digests {
    /// The record of an asset with these digests.
    pub(crate) fn asset(&self, name: &str) -> AssetRecord {
        AssetRecord {
            name: name.to_owned(),
            size: self.size,
            md5: self.md5.clone(),
            sha1: self.sha1.clone(),
            sha256: self.sha256.clone(),
            sha512: self.sha512.clone(),
        }
    }
}

/// An upload while it arrives.
#[derive(Debug)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    file: Option<NamedTempFile>,
    directory: SpoolDirectory,
    digests: DigestWriter,
}

/// Takes the four digests of what is written to it.
#[derive(Debug, Default)]
pub(crate) struct DigestWriter {
    size: u64,
    md5: Md5,
    sha1: Sha1,
    sha256: Sha256,
    sha512: Sha512,
}

impl DigestWriter {
    fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.md5.update(bytes);
        self.sha1.update(bytes);
        self.sha256.update(bytes);
        self.sha512.update(bytes);
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            size: self.size,
            md5: hex_of(&self.md5.finalize()),
            sha1: hex_of(&self.sha1.finalize()),
            sha256: hex_of(&self.sha256.finalize()),
            sha512: hex_of(&self.sha512.finalize()),
        }
    }
}

impl Write for DigestWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
enum SpoolDirectory {
    /// From the first byte.
    Always(PathBuf),
    /// When the upload outgrows [`IN_MEMORY`].
    WhenLarge(PathBuf),
    /// Never: no temporary directory can be made, as on an image that holds nothing else.
    Never,
}

/// An upload that is complete and not yet accepted. Dropping it removes the bytes.
#[derive(Debug)]
pub(crate) struct Spooled {
    pub(crate) digests: Digests,
    memory: Vec<u8>,
    file: Option<NamedTempFile>,
}

impl Blobs {
    pub(super) fn in_memory() -> Self {
        Self {
            home: Home::Memory {
                blobs: Mutex::default(),
                spill: Mutex::default(),
            },
        }
    }

    /// Opens the blobs of a data directory and sweeps out what no version points at.
    pub(super) fn open<'a>(
        directory: &Path,
        referenced: impl Iterator<Item = &'a str>,
    ) -> Result<Self, StoreError> {
        let blobs = directory.join("blobs");
        let spool = directory.join("spool");
        for path in [&blobs, &spool] {
            std::fs::create_dir_all(path).map_err(StoreError::file(path, "created"))?;
        }
        let referenced: HashSet<&str> = referenced.collect();
        sweep(&blobs, |name| referenced.contains(name))?;
        sweep(&spool, |_| false)?;
        if let Some(missing) = referenced.iter().find(|name| !blobs.join(name).is_file()) {
            return Err(StoreError::MissingBlob((*missing).to_owned()));
        }
        Ok(Self {
            home: Home::Directory { blobs, spool },
        })
    }

    /// A place for an upload to arrive at.
    pub(crate) fn spool(&self) -> Spool {
        let directory = match &self.home {
            Home::Directory { spool, .. } => SpoolDirectory::Always(spool.clone()),
            Home::Memory { spill, .. } => {
                let mut spill = spill.lock().unwrap_or_else(PoisonError::into_inner);
                if spill.is_none() {
                    *spill = TempDir::with_prefix("consign-sandbox-").ok();
                }
                match spill.as_ref() {
                    Some(directory) => SpoolDirectory::WhenLarge(directory.path().to_owned()),
                    None => SpoolDirectory::Never,
                }
            }
        };
        Spool {
            memory: Vec::new(),
            file: None,
            directory,
            digests: DigestWriter::default(),
        }
    }

    /// Gives an upload its lasting name. Does blocking file work.
    pub(crate) fn keep(&self, spooled: Spooled) -> Result<(), StoreError> {
        let Spooled {
            digests,
            memory,
            file,
        } = spooled;
        match (&self.home, file) {
            (Home::Directory { blobs, .. }, Some(file)) => {
                let target = blobs.join(&digests.sha256);
                file.as_file()
                    .sync_all()
                    .map_err(StoreError::file(&target, "written"))?;
                file.persist(&target)
                    .map_err(|error| StoreError::file(&target, "written")(error.error))?;
                sync_directory(blobs)
            }
            (Home::Directory { .. }, None) => Ok(()),
            (Home::Memory { blobs, .. }, file) => {
                let blob = match file {
                    None => Blob::Memory(memory.into()),
                    Some(file) => {
                        let target = file.path().with_file_name(&digests.sha256);
                        file.persist(&target)
                            .map_err(|error| StoreError::file(&target, "written")(error.error))?;
                        Blob::File(target)
                    }
                };
                blobs
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(digests.sha256, blob);
                Ok(())
            }
        }
    }

    /// The bytes of the asset with this SHA-256.
    pub(crate) fn find(&self, sha256: &str) -> Option<Blob> {
        match &self.home {
            Home::Directory { blobs, .. } => Some(Blob::File(blobs.join(sha256))),
            Home::Memory { blobs, .. } => blobs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(sha256)
                .cloned(),
        }
    }
}

impl Spool {
    /// Takes the next bytes of the upload.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.digests.update(bytes);
        let directory = match &self.directory {
            SpoolDirectory::WhenLarge(_)
                if self.file.is_none() && self.memory.len() + bytes.len() <= IN_MEMORY =>
            {
                self.memory.extend_from_slice(bytes);
                return Ok(());
            }
            SpoolDirectory::Never => {
                self.memory.extend_from_slice(bytes);
                return Ok(());
            }
            SpoolDirectory::Always(directory) | SpoolDirectory::WhenLarge(directory) => directory,
        };
        let mut file = if let Some(file) = self.file.take() {
            file
        } else {
            let mut file =
                NamedTempFile::new_in(directory).map_err(StoreError::file(directory, "written"))?;
            file.write_all(&std::mem::take(&mut self.memory))
                .map_err(StoreError::file(directory, "written"))?;
            file
        };
        file.write_all(bytes)
            .map_err(StoreError::file(directory, "written"))?;
        self.file = Some(file);
        Ok(())
    }

    /// The upload is complete.
    pub(crate) fn finish(mut self) -> Result<Spooled, StoreError> {
        if matches!(self.directory, SpoolDirectory::Always(_)) && self.file.is_none() {
            // An empty asset under `--data` needs its file as well.
            self.write(&[])?;
        }
        Ok(Spooled {
            digests: self.digests.finish(),
            memory: self.memory,
            file: self.file,
        })
    }
}

fn sweep(directory: &Path, keep: impl Fn(&str) -> bool) -> Result<(), StoreError> {
    let entries = std::fs::read_dir(directory).map_err(StoreError::file(directory, "read"))?;
    for entry in entries {
        let entry = entry.map_err(StoreError::file(directory, "read"))?;
        if !entry.file_name().to_str().is_some_and(&keep) {
            let path = entry.path();
            std::fs::remove_file(&path).map_err(StoreError::file(&path, "removed"))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    File::open(directory)
        .and_then(|handle| handle.sync_all())
        .map_err(StoreError::file(directory, "synced"))
}

/// Elsewhere a directory cannot be opened as a file; the rename is all there is.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> Result<(), StoreError> {
    Ok(())
}
