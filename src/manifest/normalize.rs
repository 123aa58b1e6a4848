//! *normalize*: what npm makes of a package.json before it packs.
//!
//! Source: @npmcli/package-json 7.0.5 (`normalizeSteps`), npm-behaviour §4.1.

use std::path::Path;

use serde_json::{Map, Value};

use super::bundle::{self, False};
use super::corrections::{Corrections, package_id};
use super::files::Beside;
use super::scripts::{self, CommandPaths};
use super::{ManifestError, bin, dependencies, fields};

/// Normalises a package.json for packing, and that of a dependency that is packed too.
///
/// Keys that start with `_` go, `_id` is set, `bundleDependencies`, `bin`, `scripts` and `funding` get their object or
/// list form, optional dependencies are removed from `dependencies`, `bin` is filled from `directories.bin`. Name and
/// version are left as they are, and may be absent. Existing keys keep their place.
///
/// # Errors
///
/// [`ManifestError::WrongType`] where a field has a type that npm's own step fails on.
pub fn normalize(package_dir: &Path, map: &mut Map<String, Value>) -> Result<(), ManifestError> {
    let package_id = package_id(map)?;
    let mut corrections = Corrections::dropped();
    bin::fill_or_normalize(Beside::Directory(package_dir), map)?;
    fields::remove_private_keys(map);
    fields::set_id(map, &package_id);
    bundle::rename_misspelt(map);
    bundle::expand(map, False::EmptyList, &mut corrections);
    dependencies::remove_optional(map);
    scripts::fix(map, CommandPaths::Kept, &mut corrections);
    fields::fix_funding(map);
    Ok(())
}
