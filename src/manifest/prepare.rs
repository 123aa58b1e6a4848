//! *prepare*: what npm makes of a package.json before it sends it to a registry.
//!
//! Source: @npmcli/package-json 7.0.5 (`prepareSteps`), npm-behaviour §4.2.

use serde_json::{Map, Value};

use super::bundle::{self, False};
use super::corrections::{Corrections, package_id};
use super::files::Beside;
use super::scripts::{self, CommandPaths};
use super::{
    ManifestError, bin, dependencies, fields, fix, git_head, man, name, people, readme, repository,
    version,
};

/// Fills the fields that npm takes from the files around package.json, and brings all fields into their published
/// form. Returns warnings, as npm prints them after `npm warn `.
///
/// Existing keys keep their place, new ones are appended in npm's order.
///
/// # Errors
///
/// A bad name, version or `main`, an unreadable README, or [`ManifestError::WrongType`].
pub fn prepare(
    beside: Beside<'_>,
    map: &mut Map<String, Value>,
) -> Result<Vec<String>, ManifestError> {
    // From the files.
    let package = package_id(map)?;
    scripts::add_gyp(beside, map);
    scripts::add_server(beside, map);
    people::fill_contributors(beside, map);
    readme::fill(beside, map)?;
    man::fill_and_normalize(beside, map)?;
    bin::fill_or_normalize(beside, map)?;
    git_head::fill(beside, map);
    fields::fill_types(beside, map)?;
    let missing = bin::missing_targets(beside, map);
    let warnings = missing
        .into_iter()
        .map(|warning| fix::about(&package, &warning))
        .collect();

    // From the fields alone.
    let mut corrections = Corrections::dropped();
    name::fix_name(map, &mut corrections)?;
    version::fix_version(map, &mut corrections)?;
    fields::remove_private_keys(map);
    fields::set_id(map, &package);
    bundle::rename_misspelt(map);
    bundle::expand(map, False::Removed, &mut corrections);
    scripts::fix(map, CommandPaths::Shortened, &mut corrections);
    repository::fix(map, &mut corrections)?;
    dependencies::fix(map, &mut corrections);
    readme::describe(map)?;
    fields::remove_modules(map);
    fields::fix_files(map);
    repository::fix_bugs(map)?;
    fields::fix_keywords(map);
    bundle::complete(map);
    repository::fix_homepage(map);
    people::normalize(map)?;
    Ok(warnings)
}
