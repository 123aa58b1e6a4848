//! A tarball that lies ready: published as it is, with the manifest that is in it.
//!
//! The bytes are read twice, once to look into them and once to send them, and never held as a whole unless they are
//! few. Source: pacote 21.5.1 `file.js` and `fetcher.js`, npm 11.19.1 `lib/utils/tar.js`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{Packed, Release, bundled, filename, in_listing_order, text};
use crate::error::Error;
use crate::manifest::{Beside, ManifestError, TarballOrigin, Unpacked, prepare_tarball};
use crate::output::progress::{Counted, Work};
use crate::output::{Level, Log};
use crate::tarball::entries::{ArchiveError, Entries, Entry, EntryKind};
use crate::tarball::{DigestReader, Digests, PackedFile, Spooled};

/// Files that go into the manifest are no longer than this.
const LONGEST_TEXT: u64 = 16 * 1024 * 1024;

/// Why a ready tarball cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum ReadyError {
    /// It cannot be opened.
    #[error("could not read {}", path.display())]
    Open {
        /// The tarball.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is none.
    #[error("{} cannot be published", path.display())]
    Archive {
        /// The tarball.
        path: PathBuf,
        /// What is wrong with it.
        source: ArchiveError,
    },
    /// npm finds no manifest in it.
    #[error("{} has no package.json directly below its top folder", path.display())]
    NoManifest {
        /// The tarball.
        path: PathBuf,
        /// Entries of that name that are elsewhere, or no files.
        others: Vec<String>,
    },
    /// A file that goes into the manifest is too long.
    #[error("{entry} in {} has {size} bytes", path.display())]
    LongText {
        /// The tarball.
        path: PathBuf,
        /// The file in it.
        entry: String,
        /// Its size.
        size: u64,
    },
    /// An entry's path leads out of the folder that it is unpacked into.
    #[error("{} has an entry that leads out of the package: {entry}", path.display())]
    Unsafe {
        /// The tarball.
        path: PathBuf,
        /// The entry.
        entry: String,
    },
}

impl ReadyError {
    /// npm's code for it, or ours where npm publishes without a word.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Open { source, .. } => crate::node::system_code(source),
            Self::Archive { source, .. } => source.code(),
            Self::NoManifest { .. } => Some("ENOENT"),
            Self::LongText { .. } => Some("EFBIG"),
            Self::Unsafe { .. } => Some("EGATE"),
        }
    }

    /// npm's exit status for it, or that of a gate where npm publishes.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Open { source, .. } => crate::node::system_status(source),
            Self::Archive { source, .. } => source.exit_status(),
            Self::NoManifest { .. } => 254,
            Self::LongText { .. } => 1,
            Self::Unsafe { .. } => 15,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Open { source, .. } if source.kind() == io::ErrorKind::IsADirectory => {
                "to publish a directory whose name ends like a tarball's, run consign in it".to_owned()
            }
            Self::Open { .. } => "check the path; a tarball is written by `consign pack`".to_owned(),
            Self::Archive { source, .. } => match source {
                ArchiveError::CutOff { .. }
                | ArchiveError::Damaged(_)
                | ArchiveError::Empty
                | ArchiveError::Header { .. } => {
                    "get it once more: a download or a copy seems not to have been whole".to_owned()
                }
                ArchiveError::Read(_) => return None,
                _ => "pack it again with `consign pack`: it has to be a tar archive, gzipped or plain".to_owned(),
            },
            Self::NoManifest { others, .. } => match others.first() {
                Some(other) => format!(
                    "there is {other}, but npm takes package/package.json, a file in a folder of the tarball"
                ),
                None => "pack the package's directory with `consign pack`".to_owned(),
            },
            Self::LongText { .. } => "leave it out, or make it shorter".to_owned(),
            Self::Unsafe { .. } => {
                "do not trust it; --force publishes it all the same, as npm would".to_owned()
            }
        })
    }
}

/// A tarball as it was given.
#[derive(Debug, Clone, Copy)]
pub struct Ready<'a> {
    /// What the command was told: a path, perhaps with `file:` before it.
    pub argument: &'a str,
    /// Where relative paths begin, absolute.
    pub working_directory: &'a Path,
    /// Entries that lead out of the package are let through.
    pub is_forced: bool,
}

impl Ready<'_> {
    /// Reads it to its end and takes its manifest. No script runs.
    ///
    /// # Errors
    /// [`Error::Ready`], and [`Error::Manifest`] for the package.json in it.
    pub fn release(&self, log: &dyn Log) -> Result<Release, Error> {
        let directory = self.working_directory.to_string_lossy();
        let mut origin = TarballOrigin::of_file(self.argument, &directory, "");
        let path = PathBuf::from(&origin.resolved);
        let tarball = open(&path).map_err(|source| {
            let path = path.clone();
            ReadyError::Open { path, source }
        })?;
        let looked = self.look(&path, &tarball, log)?;
        origin.integrity = looked.digests.integrity.to_string();
        let prepared = prepare_tarball(Beside::Tarball(&looked.unpacked), &origin);
        let prepared = prepared.map_err(|error| match error {
            ManifestError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                let others = looked.manifests.clone();
                ReadyError::NoManifest { path, others }.into()
            }
            error => Error::Manifest(error),
        })?;
        for line in &prepared.warnings {
            log.log(Level::Warn, "", line);
        }
        let manifest = prepared.document;
        let (name, version) = (text(&manifest, "name"), text(&manifest, "version"));
        let packed = Packed {
            id: text(&manifest, "_id"),
            filename: filename(&name, &version),
            name,
            version,
            bundled: looked.bundled,
            listing: in_listing_order(looked.files),
            digests: looked.digests,
        };
        Ok(Release {
            packed,
            publish_config: manifest
                .get("publishConfig")
                .filter(|config| !config.is_null())
                .cloned(),
            manifest,
            earlier_config: None,
            tarball,
            warnings: prepared.warnings,
        })
    }

    fn look(&self, path: &Path, tarball: &Spooled, log: &dyn Log) -> Result<Looked, ReadyError> {
        let archive = |source| ReadyError::Archive {
            path: path.to_owned(),
            source,
        };
        let mut looked = Looked::at(path);
        let meter = log.begin(Work {
            doing: "reading",
            bytes: Some(tarball.size()),
            files: None,
            then: "looking into it",
        });
        let mut bytes = DigestReader::new(Counted {
            inner: tarball.reader(),
            counter: meter.counter(),
        });
        let mut entries = Entries::new(&mut bytes).map_err(archive)?;
        while let Some(entry) = entries.next().map_err(archive)? {
            if !self.is_forced && leads_out(&entry.path) {
                return Err(ReadyError::Unsafe {
                    path: path.to_owned(),
                    entry: entry.path,
                });
            }
            looked.add(&entry, &mut entries)?;
        }
        if !entries.is_marked() {
            let text = format!(
                "{} lacks the end mark of a tar archive: files may be missing",
                path.display()
            );
            log.log(Level::Warn, "tar", &text);
        }
        drop(entries);
        looked.digests = bytes
            .finish()
            .map_err(|error| archive(ArchiveError::Read(error)))?;
        Ok(looked)
    }
}

fn open(path: &Path) -> io::Result<Spooled> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Spooled::of_file(file)
}

/// What one look at a tarball shows.
struct Looked {
    path: PathBuf,
    unpacked: Unpacked,
    files: Vec<PackedFile>,
    bundled: Vec<String>,
    /// Entries that could have been the manifest.
    manifests: Vec<String>,
    digests: Digests,
}

impl Looked {
    fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            unpacked: Unpacked::of(path),
            files: Vec::new(),
            bundled: Vec::new(),
            manifests: Vec::new(),
            digests: Digests::of(b""),
        }
    }

    fn add(&mut self, entry: &Entry, entries: &mut Entries<'_>) -> Result<(), ReadyError> {
        let Entry {
            path, size, mode, ..
        } = entry;
        let below_package = path.strip_prefix("package/");
        if let Some(name) = below_package.and_then(|path| bundled([path]).pop())
            && !self.bundled.contains(&name)
        {
            self.bundled.push(name);
        }
        self.files.push(PackedFile {
            path: below_package.unwrap_or(path).to_owned(),
            size: *size,
            mode: *mode,
        });
        if path.ends_with("package.json") && self.manifests.len() < 3 {
            self.manifests.push(path.clone());
        }
        // Whatever the top folder is called. An entry without one is nowhere.
        let Some((_, inside)) = path.split_once('/') else {
            return Ok(());
        };
        let inside = inside.trim_start_matches('/');
        match entry.kind {
            EntryKind::Directory => self.unpacked.add_directory(inside),
            EntryKind::File => {
                let contents = self.contents(inside, *size, entries)?;
                self.unpacked.add_file(inside, contents);
            }
            // npm does not unpack these.
            EntryKind::Link | EntryKind::Special => {}
        }
        Ok(())
    }

    /// What a file holds, if its contents go into the manifest.
    fn contents(
        &self,
        inside: &str,
        size: u64,
        entries: &mut Entries<'_>,
    ) -> Result<Option<Vec<u8>>, ReadyError> {
        let inside = inside.trim_start_matches("./");
        let is_comment_only = inside == "index.js";
        if !Unpacked::is_read(inside) || (is_comment_only && size > LONGEST_TEXT) {
            return Ok(None);
        }
        if size > LONGEST_TEXT {
            return Err(ReadyError::LongText {
                path: self.path.clone(),
                entry: inside.to_owned(),
                size,
            });
        }
        let mut contents = Vec::new();
        let read = entries.read_to_end(&mut contents);
        // What is too short shows when the next entry is looked for.
        read.map_err(|error| ReadyError::Archive {
            path: self.path.clone(),
            source: ArchiveError::of(error),
        })?;
        Ok(Some(contents))
    }
}

/// Whether a path leads out of the folder it is unpacked into. npm's own clients leave such entries out, others may
/// not.
fn leads_out(path: &str) -> bool {
    path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..")
}
