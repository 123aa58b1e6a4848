//! An external connection served from a folder of `.tgz` files.
//!
//! Each file is a package version; its `package.json` is the manifest. Tags are what a registry
//! would have: `latest` on the highest version that is no prerelease.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use nodejs_semver::Version;
use serde_json::{Map, Value, json};

use super::{ExternalError, ExternalPackage};
use crate::sandbox::integrity::integrity;
use crate::sandbox::names::PackageId;
use crate::sandbox::state::{Origin, Status, VersionRecord};
use crate::sandbox::store::{Blobs, DigestWriter, Digests, Spooled};
use crate::tarball::entries::{Entries, EntryKind};

/// A manifest larger than this is not read, in bytes.
const MANIFEST: u64 = 8 << 20;

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// What was read of each file.
    known: Mutex<HashMap<PathBuf, Known>>,
}

/// A file's time and size when it was read, and what it was; `None` is no package.
type Known = (SystemTime, u64, Option<Arc<Entry>>);

#[derive(Debug)]
struct Entry {
    name: String,
    version: String,
    manifest: Value,
    /// Milliseconds since 1970.
    modified: i64,
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            known: Mutex::default(),
        }
    }

    pub(super) fn package(
        &self,
        connection: &str,
        package: &PackageId,
    ) -> Result<Option<ExternalPackage>, ExternalError> {
        let name = package.npm_name();
        let mut entries: Vec<Arc<Entry>> = self.entries()?;
        entries.retain(|entry| entry.name == name);
        let parsed = |entry: &Arc<Entry>| Version::parse(&entry.version).ok();
        entries.sort_by_key(parsed);
        let latest = entries
            .iter()
            .rfind(|entry| parsed(entry).is_some_and(|version| !version.is_prerelease()))
            .or(entries.last());
        let Some(latest) = latest else {
            return Ok(None);
        };
        let mut tags = Map::new();
        tags.insert("latest".to_owned(), latest.version.as_str().into());
        let times = || entries.iter().map(|entry| entry.modified);
        Ok(Some(ExternalPackage {
            created: times().min().unwrap_or_default(),
            modified: times().max().unwrap_or_default(),
            tags,
            versions: entries
                .iter()
                .zip(1..)
                .map(|(entry, sequence)| Arc::new(entry.record(connection, sequence)))
                .collect(),
        }))
    }

    pub(super) fn tarball(
        &self,
        package: &PackageId,
        version: &str,
        blobs: &Blobs,
    ) -> Result<Option<Spooled>, ExternalError> {
        let name = package.npm_name();
        let entries = self.entries()?;
        let Some(entry) = entries
            .iter()
            .find(|entry| entry.name == name && entry.version == version)
        else {
            return Ok(None);
        };
        let mut file = File::open(&entry.path)
            .map_err(|error| ExternalError::Folder(entry.path.clone(), error))?;
        let mut spool = blobs.spool();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = file
                .read(&mut buffer)
                .map_err(|error| ExternalError::Folder(entry.path.clone(), error))?;
            match buffer.get(..count) {
                Some([]) | None => break,
                Some(bytes) => spool.write(bytes)?,
            }
        }
        Ok(Some(spool.finish()?))
    }

    /// Every tarball in the folder, and one folder deeper.
    fn entries(&self) -> Result<Vec<Arc<Entry>>, ExternalError> {
        let mut entries = Vec::new();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for path in tarballs(&self.path, true)? {
            let metadata = std::fs::metadata(&path)
                .map_err(|error| ExternalError::Folder(path.clone(), error))?;
            let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
            let size = metadata.len();
            let entry = match known.get(&path) {
                Some((time, length, entry)) if *time == modified && *length == size => {
                    entry.clone()
                }
                _ => {
                    let entry = read(&path, modified).map(Arc::new);
                    known.insert(path, (modified, size, entry.clone()));
                    entry
                }
            };
            entries.extend(entry);
        }
        Ok(entries)
    }
}

fn tarballs(folder: &Path, deeper: bool) -> Result<Vec<PathBuf>, ExternalError> {
    let failed = |error| ExternalError::Folder(folder.to_owned(), error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "tgz") {
            found.push(path);
        } else if deeper && path.is_dir() {
            found.extend(tarballs(&path, false)?);
        }
    }
    found.sort();
    Ok(found)
}

/// A file that is not a package's tarball is passed over.
fn read(path: &Path, modified: SystemTime) -> Option<Entry> {
    let manifest = manifest(path)?;
    let text = |name: &str| {
        manifest
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let (name, version) = (text("name")?, text("version")?);
    let digests = digests(path)?;
    let mut manifest = manifest;
    if let Value::Object(members) = &mut manifest {
        let integrity = integrity(&digests.sha512);
        members.insert(
            "dist".to_owned(),
            json!({"integrity": integrity, "shasum": digests.sha1}),
        );
    }
    let modified = modified.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(Entry {
        name,
        version,
        manifest,
        modified: i64::try_from(modified).ok()?,
        path: path.to_owned(),
    })
}

/// The package.json directly below the top folder, whatever that is called.
fn manifest(path: &Path) -> Option<Value> {
    let mut entries = Entries::new(File::open(path).ok()?).ok()?;
    while let Some(entry) = entries.next().ok()? {
        let inside = entry.path.split_once('/').map(|(_, inside)| inside);
        if entry.kind == EntryKind::File && inside == Some("package.json") {
            let mut text = Vec::new();
            entries.take(MANIFEST).read_to_end(&mut text).ok()?;
            return serde_json::from_slice(&text).ok();
        }
    }
    None
}

fn digests(path: &Path) -> Option<Digests> {
    let mut file = File::open(path).ok()?;
    let mut taken = DigestWriter::default();
    std::io::copy(&mut file, &mut taken).ok()?;
    Some(taken.finish())
}

impl Entry {
    fn record(&self, connection: &str, sequence: u64) -> VersionRecord {
        VersionRecord {
            version: self.version.clone(),
            sequence,
            published: self.modified,
            visible: 0,
            revision: format!("{:x}", self.modified),
            status: Status::Published,
            origin: Origin::External(connection.to_owned()),
            manifest: self.manifest.clone(),
            assets: Vec::new(),
        }
    }
}
