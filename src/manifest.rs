//! package.json as a document that keeps its order, and npm's normalisation of it.
//!
//! A manifest is a [`serde_json::Map`] in the form [`json`] describes. Three pipelines change it, each as npm 11.19.1
//! does, field by field and key by key:
//!
//! | use | steps | entry |
//! |---|---|---|
//! | packing a directory | *normalize* | [`Manifest::read_to_pack`] |
//! | packing a bundled dependency | *normalize* | [`normalize()`] |
//! | publishing a directory | *fix*, *prepare* | [`prepare_directory`], then [`version_object`] |
//! | the same after a rewriting | *fix*, *prepare* | [`read_to_publish`], [`mod@rewrite`], [`prepare_document`] |
//! | publishing a tarball | *prepare* | [`prepare_tarball`], then [`version_object`] |
//!
//! npm's rules are defined for values of any type, so nothing here deserialises into structs: a `bin` that is a number
//! has one outcome, and a manifest loses nothing on its way. Source: @npmcli/package-json 7.0.5, hosted-git-info 9.0.3,
//! libnpmpublish 11.2.0; npm-behaviour §4 and §9.

pub mod json;
pub mod rewrite;

mod bin;
mod bundle;
mod corrections;
mod dependencies;
mod error;
mod fields;
mod files;
mod fix;
mod git_head;
mod hosted_git;
mod javascript;
mod man;
mod name;
mod normalize;
mod people;
mod posix;
mod prepare;
mod publication;
mod range;
mod read;
mod readme;
mod repository;
mod scripts;
mod spec;
mod unpacked;
mod version;
mod web_url;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

pub use error::ManifestError;
pub use files::Beside;
pub use fix::{Fixed, fix};
pub use hosted_git::HostedGit;
pub use name::objections;
pub use normalize::normalize;
pub use prepare::prepare;
pub use publication::{
    Prepared, TarballOrigin, dist_tag, is_prerelease, is_private, prepare_directory,
    prepare_document, prepare_tarball, read_to_publish, set_dist, upload_warning, version_object,
};
pub use range::is_range;
pub use read::parse;
pub use readme::MISSING as MISSING_README;
pub use spec::{check_package_and_tag, check_tag};
pub use unpacked::Unpacked;
pub use version::{Version, clean};

/// The package.json of a directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    directory: PathBuf,
    document: Map<String, Value>,
}

impl Manifest {
    /// Reads `package.json` in `directory`, as it is.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Read`], [`ManifestError::Syntax`], [`ManifestError::NoContent`] or
    /// [`ManifestError::NotAnObject`].
    pub fn read(directory: &Path) -> Result<Self, ManifestError> {
        let directory = directory.to_owned();
        read::package_json(&directory).map(|document| Self {
            directory,
            document,
        })
    }

    /// A package.json that says nothing.
    pub(crate) fn empty(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            document: Map::new(),
        }
    }

    /// Reads and normalises the manifest of a directory that is to be packed by itself.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read_normalized`], and [`ManifestError::MissingNameOrVersion`].
    pub fn read_to_pack(directory: &Path) -> Result<Self, ManifestError> {
        let manifest = Self::read_normalized(directory)?;
        if manifest.document.contains_key("_id") {
            Ok(manifest)
        } else {
            Err(ManifestError::MissingNameOrVersion)
        }
    }

    /// Reads and normalises a manifest. Name and version may be missing: a script may add them, and what is to be
    /// published is asked for them later.
    ///
    /// # Errors
    ///
    /// Those of [`Self::read`] and [`normalize()`].
    pub fn read_normalized(directory: &Path) -> Result<Self, ManifestError> {
        Self::read(directory)?.into_normalized()
    }

    /// Normalises a manifest that was read.
    ///
    /// # Errors
    ///
    /// Those of [`normalize()`].
    pub fn into_normalized(mut self) -> Result<Self, ManifestError> {
        normalize(&self.directory, &mut self.document)?;
        Ok(self)
    }

    /// The directory it was read from.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The whole document.
    pub fn document(&self) -> &Map<String, Value> {
        &self.document
    }

    /// The whole document, to be changed.
    pub fn document_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.document
    }

    /// The document alone.
    pub fn into_document(self) -> Map<String, Value> {
        self.document
    }

    /// The name as it stands there, if it is a string.
    pub fn name(&self) -> Option<&str> {
        self.document.get("name").and_then(Value::as_str)
    }

    /// The version as it stands there, if it is a string.
    pub fn version(&self) -> Option<&str> {
        self.document.get("version").and_then(Value::as_str)
    }
}

/// Reads `package.json` in `directory`; see [`Manifest::read`].
pub fn read(directory: &Path) -> Result<Manifest, ManifestError> {
    Manifest::read(directory)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests;
