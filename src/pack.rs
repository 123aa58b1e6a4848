//! From a package directory to a tarball: manifest, packlist, tar, gzip,
//! digests.
//!
//! Synchronous code over `Read` and `Write`; it starts no async runtime.

use std::fs;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use crate::error::Error;
use crate::manifest::{Manifest, prepare_directory, version_object};
use crate::output::{Level, Log};
use crate::packlist::{Package, Packlist, Warning, listing_order, packlist};
use crate::tarball::{
    DigestWriter, Digests, NpmGzip, PackedFile, Spool, Spooled, TarballError, write_archive,
};

/// A packed package: what `npm pack` tells about it.
#[derive(Debug, Clone)]
pub struct Packed {
    /// `name@version`, as the manifest's `_id` says it.
    pub id: String,
    /// Package name.
    pub name: String,
    /// Version.
    pub version: String,
    /// What npm calls the tarball: `<name>-<version>.tgz`, a scope without its
    /// `@` and with `-` for its slash.
    pub filename: String,
    /// The files, in the order of npm's listing.
    pub listing: Vec<PackedFile>,
    /// Names of bundled packages, in the order of the tarball.
    pub bundled: Vec<String>,
    /// The tarball's digests and size.
    pub digests: Digests,
}

impl Packed {
    /// Bytes of all files.
    pub fn unpacked_size(&self) -> u64 {
        self.listing.iter().map(|file| file.size).sum()
    }
}

/// A package packed for publishing: what a publish document is made of.
pub struct Release {
    /// What was packed.
    pub packed: Packed,
    /// The manifest, prepared for publishing.
    pub manifest: Map<String, Value>,
    /// The tarball.
    pub tarball: Spooled,
}

impl Release {
    /// The version object of the publish document, but for `dist`.
    ///
    /// # Errors
    /// [`Error::Manifest`] for a private package and for names and versions
    /// that no registry takes.
    pub fn version_object(&self) -> Result<Map<String, Value>, Error> {
        Ok(version_object(&self.manifest, None, None)?)
    }
}

/// A package directory that is ready to be packed: its manifest was read and
/// has a name and a version.
pub struct Source {
    manifest: Manifest,
}

impl Source {
    /// Reads the manifest of a directory.
    ///
    /// # Errors
    /// [`Error::Manifest`].
    pub fn read(directory: &Path) -> Result<Self, Error> {
        Ok(Self {
            manifest: Manifest::read_to_pack(directory)?,
        })
    }

    /// Lists the files, and says what npm warns about.
    ///
    /// # Errors
    /// [`Error::Packlist`].
    pub fn list(&self, log: &dyn Log) -> Result<Packlist, Error> {
        let list = packlist(&Package {
            root: self.manifest.directory(),
            manifest: self.manifest.document(),
            workspaces: None,
        })?;
        for warning in &list.warnings {
            let (title, text) = warning_text(*warning);
            log.log(Level::Warn, title, text);
        }
        Ok(list)
    }

    /// Writes the tarball of the files listed: the writer gets the bytes of
    /// the `.tgz`.
    ///
    /// # Errors
    /// [`Error::Tarball`]; what was written by then is to be thrown away.
    pub fn write<W: Write>(&self, list: &Packlist, writer: W) -> Result<(Packed, W), Error> {
        let document = self.manifest.document();
        let mut gzip = NpmGzip::new(DigestWriter::new(writer), NonZeroUsize::MIN);
        let root = self.manifest.directory();
        let files = write_archive(root, &list.entries, &bins(document), &mut gzip)?;
        let (writer, digests) = gzip.finish().map_err(TarballError::Write)?.finish();
        let text = |key: &str| {
            document
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let packed = Packed {
            id: text("_id").to_owned(),
            name: text("name").to_owned(),
            version: text("version").to_owned(),
            filename: filename(text("name"), text("version")),
            bundled: bundled(&files),
            listing: in_listing_order(files),
            digests,
        };
        Ok((packed, writer))
    }

    /// Packs into a file of npm's name in `directory`. The file appears when
    /// it is whole; one that was there is replaced, and keeps its mode.
    ///
    /// # Errors
    /// As [`Source::list`] and [`Source::write`], and [`Error::Write`].
    pub fn pack_into(&self, directory: &Path, log: &dyn Log) -> Result<Packed, Error> {
        // Listed before the file exists, so that it is never packed itself.
        let list = self.list(log)?;
        let write_error = |source| Error::Write {
            path: directory.to_owned(),
            source,
        };
        let file = temporary_file(directory).map_err(write_error)?;
        let (packed, file) = self.write(&list, file)?;
        let path = directory.join(&packed.filename);
        persist(file, &path).map_err(|source| Error::Write { path, source })?;
        Ok(packed)
    }
}

/// A file in `directory` that is gone unless it is persisted. Its mode is what
/// the process's umask leaves, as of any new file.
fn temporary_file(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".consign-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// Gives a whole file its name, through a link that stands there, as npm does.
fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(old) = fs::metadata(&target) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.persist(&target)?;
    Ok(())
}

/// Packs a directory and prepares its manifest for publishing.
///
/// # Errors
/// [`Error::Manifest`], [`Error::Packlist`], [`Error::Tarball`].
pub fn pack_release(directory: &Path, log: &dyn Log) -> Result<Release, Error> {
    // npm prepares the manifest before it packs, too: what it refuses to
    // publish it does not pack.
    prepare_directory(directory)?;
    let source = Source::read(directory)?;
    let (mut packed, spool) = source.write(&source.list(log)?, Spool::default())?;
    let prepared = prepare_directory(directory)?;
    for line in &prepared.warnings {
        log.log(Level::Warn, "", line);
    }
    if !prepared.corrections.is_empty() {
        log.log(
            Level::Warn,
            "publish",
            "package.json had errors that were corrected for publishing; `npm pkg fix` corrects the file",
        );
        let lines = prepared.corrections.join("\n");
        log.log(
            Level::Warn,
            "publish",
            &format!("errors corrected:\n{lines}"),
        );
    }
    let manifest = prepared.document;
    let text = |key: &str| {
        manifest
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    (packed.id, packed.name, packed.version) = (text("_id"), text("name"), text("version"));
    packed.filename = filename(&packed.name, &packed.version);
    let tarball = spool.finish().map_err(TarballError::Write)?;
    Ok(Release {
        packed,
        manifest,
        tarball,
    })
}

/// The values of a normalised manifest's `bin`.
fn bins(manifest: &Map<String, Value>) -> Vec<&str> {
    let bins = manifest.get("bin").and_then(Value::as_object);
    bins.into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_str)
        .collect()
}

fn in_listing_order(files: Vec<PackedFile>) -> Vec<PackedFile> {
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let order = listing_order(&paths);
    let mut files: Vec<_> = files.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|index| files[index].take())
        .collect()
}

/// npm's title and words for a warning.
fn warning_text(warning: Warning) -> (&'static str, &'static str) {
    match warning {
        Warning::GitignoreFallback => (
            "gitignore-fallback",
            "No .npmignore file found, using .gitignore for file exclusion. Consider creating a \
             .npmignore file to explicitly control published files.",
        ),
    }
}

/// The packages under `node_modules/`, in the order of the tarball.
fn bundled(files: &[PackedFile]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for file in files {
        let Some(rest) = file.path.strip_prefix("node_modules/") else {
            continue;
        };
        let parts = if rest.starts_with('@') { 2 } else { 1 };
        let name = rest.split('/').take(parts).collect::<Vec<_>>().join("/");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The file name npm gives a tarball. Only the first `@` and the first `/`
/// change, whatever the name holds.
fn filename(name: &str, version: &str) -> String {
    format!(
        "{}-{version}.tgz",
        name.replacen('@', "", 1).replacen('/', "-", 1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tarballs_are_named_as_npm_names_them() {
        for (name, expected) in [
            ("a", "a-1.0.0.tgz"),
            ("@a/b", "a-b-1.0.0.tgz"),
            ("a b", "a b-1.0.0.tgz"),
            ("@a/b/c@d", "a-b/c@d-1.0.0.tgz"),
        ] {
            assert_eq!(filename(name, "1.0.0"), expected);
        }
    }

    #[test]
    fn bundled_names_come_once_and_with_their_scope() {
        let file = |path: &str| PackedFile {
            path: path.into(),
            size: 0,
            mode: 0o644,
        };
        let files = [
            "node_modules/b/x.js",
            "a.js",
            "node_modules/@s/c/y",
            "node_modules/b/z",
        ];
        assert_eq!(bundled(&files.map(file)), ["b", "@s/c"]);
    }
}
