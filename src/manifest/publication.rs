//! From a directory or an unpacked tarball to the version object in the publish document.
//!
//! Source: npm 11.19.1 `lib/commands/publish.js`, libnpmpublish 11.2.0 `publish.js` (`patchManifest`,
//! `buildMetadata`), pacote 21.5.1 `file.js`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::files::Beside;
use super::fix::{Fixed, fix};
use super::json::text;
use super::prepare::prepare;
use super::version::{self, Version};
use super::{ManifestError, javascript, name, posix, read};

/// A manifest as npm would publish it, and what npm says about it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The manifest, keys in npm's order.
    pub document: Map<String, Value>,
    /// The lines npm prints below `errors corrected:`; empty for a tarball.
    pub corrections: Vec<String>,
    /// Other warnings, as npm prints them after `npm warn `.
    pub warnings: Vec<String>,
}

/// Where a tarball that is published as it is came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TarballOrigin {
    /// `sha512-<base64>` of its bytes.
    pub integrity: String,
    /// Its absolute path.
    pub resolved: String,
    /// `file:<path relative to the working directory>`, or `file:<absolute path>` if it was given as one.
    pub from: String,
}

impl TarballOrigin {
    /// Names a tarball as npm names it that was given as `argument` (a path, with or without `file:`) in
    /// `working_directory`, which is absolute.
    pub fn of_file(argument: &str, working_directory: &str, integrity: impl Into<String>) -> Self {
        // Only lower-case: npm takes `FILE:x.tgz` for a file of that name.
        let path = argument.strip_prefix("file:").unwrap_or(argument);
        // npm-package-arg takes `/../x` for a relative path, and any number of slashes in front for one.
        let unrooted = path.trim_start_matches('/');
        let is_relative =
            unrooted.len() == path.len() || matches!(unrooted.split('/').next(), Some("." | ".."));
        let base = if is_relative { working_directory } else { "/" };
        let resolved = posix::join(base, unrooted);
        let from = if is_relative {
            posix::relative(working_directory, &resolved)
        } else {
            resolved.clone()
        };
        Self {
            integrity: integrity.into(),
            resolved,
            from: format!("file:{from}"),
        }
    }
}

/// Reads, fixes and prepares the manifest of a directory.
///
/// npm does this twice: before it packs, for the scripts and the log, and again afterwards for the document; it prints
/// the corrections of the second time only.
pub fn prepare_directory(package_dir: &Path) -> Result<Prepared, ManifestError> {
    prepare_document(package_dir, read_to_publish(package_dir)?)
}

/// Reads the manifest of a directory that is to be published, as it is: package.json, or if that cannot be read the
/// comment `/**package {...} **/` in index.js.
pub fn read_to_publish(package_dir: &Path) -> Result<Map<String, Value>, ManifestError> {
    read::package_json_or_comment(Beside::Directory(&absolute(package_dir)))
}

/// [`prepare_directory`] for a manifest that was read, and perhaps rewritten, before.
pub fn prepare_document(
    package_dir: &Path,
    mut document: Map<String, Value>,
) -> Result<Prepared, ManifestError> {
    let package_dir = absolute(package_dir);
    let Fixed {
        corrections,
        mut warnings,
    } = fix(&package_dir, &mut document)?;
    warnings.extend(prepare(Beside::Directory(&package_dir), &mut document)?);
    Ok(Prepared {
        document,
        corrections,
        warnings,
    })
}

/// Reads and prepares the manifest of a tarball, from what is in it below its top folder or from the directory it was
/// unpacked into.
///
/// `gitHead` is looked for from a directory upwards, as npm looks from where it unpacks; in a tarball there is none.
pub fn prepare_tarball(
    beside: Beside<'_>,
    origin: &TarballOrigin,
) -> Result<Prepared, ManifestError> {
    let mut document = read::package_json_or_comment(beside)?;
    let warnings = prepare(beside, &mut document)?;
    for (key, value) in [
        ("_integrity", &origin.integrity),
        ("_resolved", &origin.resolved),
        ("_from", &origin.from),
    ] {
        javascript::assign(
            &mut document,
            key,
            Value::String(text::escape(value).into_owned()),
        );
    }
    Ok(Prepared {
        document,
        corrections: Vec::new(),
        warnings,
    })
}

fn absolute(directory: &Path) -> PathBuf {
    std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned())
}

/// Whether a prepared manifest has a prerelease version, which npm publishes only with a tag.
///
/// # Errors
///
/// [`ManifestError::MissingVersion`] if there is no version.
pub fn is_prerelease(document: &Map<String, Value>) -> Result<bool, ManifestError> {
    document
        .get("version")
        .and_then(Value::as_str)
        .and_then(|version| Version::parse(version, false))
        .map(|version| version.is_prerelease())
        .ok_or(ManifestError::MissingVersion)
}

/// Whether a manifest says that the package is not to be published.
pub fn is_private(document: &Map<String, Value>) -> bool {
    javascript::truthy(document.get("private"))
}

/// The dist-tag a prepared manifest is published under: its own `tag`, else the given one.
///
/// # Errors
///
/// [`ManifestError::WrongType`] if `tag` has no text.
pub fn dist_tag(document: &Map<String, Value>, default: &str) -> Result<String, ManifestError> {
    match document.get("tag") {
        own if javascript::truthy(own) => {
            javascript::to_text(own).map_err(|error| error.in_field("tag"))
        }
        _ => Ok(default.to_owned()),
    }
}

/// Finishes the version object but for `dist`: `_nodeVersion` and `_npmVersion` where given, name and version checked
/// once more, `_id`.
///
/// # Errors
///
/// [`ManifestError::Private`], a bad name, or [`ManifestError::BadSemver`].
pub fn version_object(
    document: &Map<String, Value>,
    node_version: Option<&str>,
    npm_version: Option<&str>,
) -> Result<Map<String, Value>, ManifestError> {
    if is_private(document) {
        return Err(ManifestError::Private);
    }
    let mut object = document.clone();
    for (key, value) in [("_nodeVersion", node_version), ("_npmVersion", npm_version)] {
        if let Some(value) = value {
            javascript::assign(&mut object, key, Value::String(value.to_owned()));
        }
    }
    name::fix_name(&mut object, &mut Corrections::dropped())?;
    let given = object
        .get("version")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let cleaned = version::clean(given, false).ok_or_else(|| ManifestError::BadSemver {
        version: given.to_owned(),
    })?;
    javascript::assign(&mut object, "version", Value::String(cleaned));
    let id = super::corrections::package_id(&object)?;
    javascript::assign(&mut object, "_id", Value::String(id));
    Ok(object)
}

/// What npm warns of when it makes the version object, as it prints it after `npm warn `.
pub fn upload_warning(document: &Map<String, Value>) -> Option<String> {
    let package = super::corrections::package_id(document).ok()?;
    name::builtin_warning(document).map(|warning| super::fix::about(&package, &warning))
}

/// Sets `dist`: keys it has already stay in front of `integrity`, `shasum` and `tarball`.
pub fn set_dist(object: &mut Map<String, Value>, integrity: &str, shasum: &str, tarball: &str) {
    let mut dist = match object.get("dist") {
        Some(Value::Object(dist)) => dist.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item.clone()))
            .collect(),
        // Spreading a string gives an entry for each UTF-16 unit.
        Some(Value::String(line)) => text::units(line)
            .chunks(1)
            .enumerate()
            .map(|(index, unit)| (index.to_string(), Value::String(text::from_units(unit))))
            .collect(),
        _ => Map::new(),
    };
    for (key, value) in [
        ("integrity", integrity),
        ("shasum", shasum),
        ("tarball", tarball),
    ] {
        javascript::assign(&mut dist, key, Value::String(value.to_owned()));
    }
    javascript::assign(object, "dist", Value::Object(dist));
}
