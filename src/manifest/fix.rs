//! *fix*: the first of the two things npm does to the package.json of a directory it publishes; `npm pkg fix` does
//! the same to the file.
//!
//! Source: @npmcli/package-json 7.0.5 (`fixSteps`), npm-behaviour §4.2.

use std::path::Path;

use serde_json::{Map, Value};

use super::bundle::{self, False};
use super::corrections::{Corrections, package_id};
use super::files::Beside;
use super::json::text;
use super::scripts::{self, CommandPaths};
use super::{ManifestError, bin, dependencies, name, repository, version};

/// What *fix* says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The lines npm prints below `errors corrected:`, in its words.
    pub corrections: Vec<String>,
    /// Other warnings, as npm prints them after `npm warn `.
    pub warnings: Vec<String>,
}

/// Corrects the fields that have one right form.
///
/// # Errors
///
/// A name or version that cannot be corrected, or [`ManifestError::WrongType`].
pub fn fix(package_dir: &Path, map: &mut Map<String, Value>) -> Result<Fixed, ManifestError> {
    let mut corrections = Corrections::kept();
    let mut warnings = Vec::new();
    let package = package_id(map)?;
    bin::normalize(map, &mut corrections)?;
    warnings.extend(
        bin::missing_targets(Beside::Directory(package_dir), map)
            .into_iter()
            .map(|warning| about(&package, &warning)),
    );
    name::fix_name(map, &mut corrections)?;
    warnings.extend(name::builtin_warning(map).map(|warning| about(&package, &warning)));
    version::fix_version(map, &mut corrections)?;
    bundle::expand(map, False::EmptyList, &mut corrections);
    scripts::fix(map, CommandPaths::Shortened, &mut corrections);
    repository::fix(map, &mut corrections)?;
    dependencies::fix(map, &mut corrections);
    Ok(Fixed {
        corrections: corrections.into_lines(),
        warnings,
    })
}

/// A warning as npm prints it.
pub(crate) fn about(package: &str, warning: &str) -> String {
    text::plain_lossy(&format!("package-json {package} {warning}")).into_owned()
}
