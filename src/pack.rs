//! From a package directory to a tarball: manifest, packlist, tar, gzip,
//! digests. Or from a tarball that lies ready to what is known of it.
//!
//! Synchronous code over `Read` and `Write`; it starts no async runtime.

mod ready;
mod rewriting;

use std::fs;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread::available_parallelism;

use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use crate::error::Error;
use crate::lifecycle::{Event, postpack_variables, prepare_variables};
use crate::manifest::{Manifest, ManifestError, prepare_directory, upload_warning, version_object};
use crate::output::progress::{Counted, Work};
use crate::output::{Level, Log};
use crate::packlist::{Package, Packlist, Warning, Workspaces, listing_order, packlist};
use crate::tarball::{
    Compression, DigestWriter, Digests, Gzip, PackedFile, Spool, Spooled, TarballError,
    write_archive,
};
use crate::workspace;

use rewriting::Source;

pub use ready::{Ready, ReadyError};

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
    /// `manifest` is normalised for packing, `files` in the tarball's order.
    fn new(manifest: &Map<String, Value>, files: Vec<PackedFile>, digests: Digests) -> Self {
        let (name, version) = (text(manifest, "name"), text(manifest, "version"));
        Self {
            id: text(manifest, "_id"),
            filename: filename(&name, &version),
            name,
            version,
            bundled: bundled(files.iter().map(|file| file.path.as_str())),
            listing: in_listing_order(files),
            digests,
        }
    }

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
    /// The configuration that the package brings along.
    pub publish_config: Option<Value>,
    /// The same before scripts changed package.json. It still counts for what is sent.
    earlier_config: Option<Value>,
    /// The tarball.
    pub tarball: Spooled,
    /// What was warned of while the manifest was prepared.
    warnings: Vec<String>,
}

impl Release {
    /// Whether the manifest says that the package is not to be published.
    pub fn is_private(&self) -> bool {
        matches!(
            self.version_object(),
            Err(Error::Manifest(ManifestError::Private))
        )
    }

    /// The version object of the publish document, but for `dist`.
    ///
    /// # Errors
    /// [`Error::Manifest`] for a private package and for names and versions
    /// that no registry takes.
    pub fn version_object(&self) -> Result<Map<String, Value>, Error> {
        Ok(version_object(&self.manifest, None, None)?)
    }

    /// The configuration that counts: what package.json brought along before its scripts ran, and over that what it
    /// brings along now.
    pub fn configuration(&self) -> Option<Value> {
        match (&self.earlier_config, &self.publish_config) {
            (Some(Value::Object(earlier)), Some(Value::Object(now))) => {
                let mut both = earlier.clone();
                both.extend(now.clone());
                Some(Value::Object(both))
            }
            (Some(earlier @ Value::Object(_)), _) => Some(earlier.clone()),
            (_, now) => now.clone(),
        }
    }

    /// What npm warns of when it uploads, if that was not said before of the package.json as it is written.
    pub fn upload_warning(&self) -> Option<String> {
        upload_warning(&self.manifest).filter(|line| !self.warnings.contains(line))
    }
}

/// How packages are packed.
#[derive(Debug, Clone, Copy, Default)]
pub struct PackOptions<'a> {
    /// Which gzip the tarball gets.
    pub compression: Compression,
    /// How many threads read and compress; as many as the machine has for us, unless said. The bytes do not
    /// depend on them.
    pub threads: Option<NonZeroUsize>,
    /// The selected workspaces, if any were: what is packed depends on them.
    pub workspaces: Option<Workspaces<'a>>,
    /// package.json is packed as it is, as npm does, even where no consumer could install it.
    pub is_verbatim: bool,
}

impl PackOptions<'_> {
    /// A package that one thread packs in a millisecond starts no other: asking for the machine's alone takes
    /// half of one in a container.
    fn threads_for(&self, list: &Packlist) -> NonZeroUsize {
        const SMALL: u64 = 256 * 1024;
        if stream_size(list) <= SMALL {
            return NonZeroUsize::MIN;
        }
        let machine = || available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(machine)
    }
}

/// Runs the lifecycle scripts of a package.
pub trait Scripts {
    /// Runs the script that a manifest has for an event, if it has one. `extra`
    /// are variables of this event.
    ///
    /// # Errors
    /// The script's failure, which ends the command.
    fn run(
        &self,
        event: Event,
        directory: &Path,
        manifest: &Map<String, Value>,
        extra: &[(&'static str, String)],
    ) -> Result<(), Error>;
}

/// Runs no script.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoScripts;

impl Scripts for NoScripts {
    fn run(
        &self,
        _: Event,
        _: &Path,
        _: &Map<String, Value>,
        _: &[(&'static str, String)],
    ) -> Result<(), Error> {
        Ok(())
    }
}

/// What a pack works with beside the package.
#[derive(Clone, Copy)]
pub struct Packer<'a> {
    /// How.
    pub options: PackOptions<'a>,
    /// The scripts.
    pub scripts: &'a dyn Scripts,
    /// Who hears what there is to say.
    pub log: &'a dyn Log,
}

impl Packer<'_> {
    /// Packs a directory, whose manifest was read before, into what `open`
    /// gives once the files are listed: `prepack`, `prepare`, the tarball,
    /// `close`, `postpack`.
    fn pack<W: Write, T>(
        &self,
        manifest: &Manifest,
        open: impl FnOnce() -> Result<W, Error>,
        close: impl FnOnce(W, &Packed) -> Result<T, Error>,
    ) -> Result<(Packed, Source, T), Error> {
        let directory = manifest.directory();
        self.scripts
            .run(Event::Prepack, directory, manifest.document(), &[])?;
        // What prepack changed in package.json counts from here on, but for
        // the tarball's name.
        let changed = Manifest::read_normalized(directory)?;
        let extra = prepare_variables(directory);
        self.scripts
            .run(Event::Prepare, directory, changed.document(), &extra)?;
        let source = self.source(directory)?;
        let listing = self.log.begin(Work::of_unknown_length("listing files"));
        let list = self.list(&source.manifest)?;
        drop(listing);
        let threads = self.options.threads_for(&list);
        let gzip = |writer| Gzip::new(writer, self.options.compression, threads);
        let mut gzip = gzip(DigestWriter::new(open()?));
        let meter = self.log.begin(Work {
            doing: "packing",
            bytes: Some(stream_size(&list)),
            files: Some(list.entries.len()),
            then: "finishing",
        });
        let files = write_archive(
            source.manifest.directory(),
            &list.entries,
            &bins(source.manifest.document()),
            source.rewritten.as_ref().map(|packed| packed.text.as_str()),
            threads,
            Counted {
                inner: &mut gzip,
                counter: meter.counter(),
            },
        )?;
        let (writer, digests) = gzip.finish().map_err(TarballError::Write)?.finish();
        drop(meter);
        let named = if source.is_renamed() {
            source.manifest.document()
        } else {
            manifest.document()
        };
        let packed = Packed::new(named, files, digests);
        let closed = close(writer, &packed)?;
        let extra = postpack_variables(directory, &digests.integrity.to_string());
        self.scripts
            .run(Event::Postpack, directory, manifest.document(), &extra)?;
        Ok((packed, source, closed))
    }

    /// Which files the tarball of a directory will hold, in its order.
    ///
    /// # Errors
    /// [`Error::Packlist`], and [`Error::Workspace`] for a root whose members cannot be found.
    pub fn list(&self, manifest: &Manifest) -> Result<Packlist, Error> {
        let members = match manifest.document().get("workspaces") {
            Some(Value::Null) | None => Vec::new(),
            Some(workspaces) => workspace::map(manifest.directory(), workspaces)?,
        };
        let list = packlist(&Package {
            root: manifest.directory(),
            manifest: manifest.document(),
            members: &members,
            workspaces: self.options.workspaces,
        })?;
        for warning in &list.warnings {
            let (title, text) = warning_text(*warning);
            self.log.log(Level::Warn, title, text);
        }
        Ok(list)
    }

    /// Packs without keeping the tarball.
    ///
    /// # Errors
    /// [`Error::Manifest`], [`Error::Packlist`], [`Error::Tarball`] and
    /// [`Error::Script`].
    pub fn pack_dry(&self, manifest: &Manifest) -> Result<Packed, Error> {
        let (packed, _, ()) = self.pack(manifest, || Ok(io::sink()), |_, _| Ok(()))?;
        Ok(packed)
    }

    /// Packs into a file of npm's name in `destination`. The file appears when
    /// it is whole; one that was there is replaced, and keeps its mode.
    ///
    /// # Errors
    /// As [`Packer::pack_dry`], and [`Error::Write`].
    pub fn pack_into(&self, manifest: &Manifest, destination: &Path) -> Result<Packed, Error> {
        // Opened when the files are listed, so that it is never packed itself.
        let open = || {
            temporary_file(destination).map_err(|source| Error::Write {
                path: destination.to_owned(),
                source,
            })
        };
        let close = |file, packed: &Packed| {
            let path = destination.join(&packed.filename);
            persist(file, &path).map_err(|source| Error::Write { path, source })
        };
        let (packed, _, ()) = self.pack(manifest, open, close)?;
        Ok(packed)
    }

    /// Packs for a publish: `prepublishOnly` comes first, and the manifest is
    /// prepared.
    ///
    /// # Errors
    /// As [`Packer::pack_dry`].
    pub fn pack_release(&self, directory: &Path) -> Result<Release, Error> {
        // npm prepares the manifest before it packs, too: what it refuses to
        // publish it does not pack.
        let first = prepare_directory(directory)?.document;
        self.scripts
            .run(Event::PrepublishOnly, directory, &first, &[])?;
        let manifest = Manifest::read_normalized(directory)?;
        let open = || Ok(Spool::default());
        let (mut packed, source, spool) = self.pack(&manifest, open, |spool, _| Ok(spool))?;
        let prepared = source.prepared(directory)?;
        for line in &prepared.warnings {
            self.log.log(Level::Warn, "", line);
        }
        if !prepared.corrections.is_empty() {
            let lines = prepared.corrections.join("\n");
            let text = "package.json had errors that were corrected for publishing; \
                        `npm pkg fix` corrects the file";
            self.log.log(Level::Warn, "publish", text);
            self.log.log(
                Level::Warn,
                "publish",
                &format!("errors corrected:\n{lines}"),
            );
        }
        let mut manifest = prepared.document;
        let publish_config = source.publish_config(directory, &mut manifest)?;
        (packed.id, packed.name, packed.version) = (
            text(&manifest, "_id"),
            text(&manifest, "name"),
            text(&manifest, "version"),
        );
        packed.filename = filename(&packed.name, &packed.version);
        let tarball = spool.finish().map_err(TarballError::Write)?;
        Ok(Release {
            packed,
            manifest,
            publish_config,
            earlier_config: first.get("publishConfig").cloned(),
            tarball,
            warnings: prepared.warnings,
        })
    }
}

/// About how many bytes the tar stream will have: names that need more than a header and files that are links make a
/// difference.
fn stream_size(list: &Packlist) -> u64 {
    const BLOCK: u64 = 512;
    let entry = |size: u64| BLOCK + size.next_multiple_of(BLOCK);
    let entries: u64 = list.entries.iter().map(|file| entry(file.size)).sum();
    entries + 2 * BLOCK
}

fn text(manifest: &Map<String, Value>, key: &str) -> String {
    manifest
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
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
fn bundled<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for path in paths {
        let Some(rest) = path.strip_prefix("node_modules/") else {
            continue;
        };
        let parts = if rest.starts_with('@') { 2 } else { 1 };
        let parts = rest.split('/').take(parts).filter(|part| !part.is_empty());
        let name = parts.collect::<Vec<_>>().join("/");
        if !name.is_empty() && !names.contains(&name) {
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
        let paths = [
            "node_modules/b/x.js",
            "a.js",
            "node_modules/@s/c/y",
            "node_modules/b/z",
        ];
        assert_eq!(bundled(paths), ["b", "@s/c"]);
    }
}
