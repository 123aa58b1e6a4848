//! `bin`: the commands a package installs, as an object from name to a path inside the package.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (`normalizePackageBin`, step `binDir`).

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::files::Beside;
use super::json::text;
use super::{ManifestError, javascript, posix};

/// Fills `bin` from `directories.bin` if there is no `bin`, else normalises `bin`.
pub(crate) fn fill_or_normalize(
    beside: Beside<'_>,
    map: &mut Map<String, Value>,
) -> Result<(), ManifestError> {
    let bin_directory = javascript::member(map.get("directories"), "bin")
        .filter(|value| javascript::truthy(Some(value)));
    match bin_directory {
        Some(bin_directory) if !javascript::truthy(map.get("bin")) => {
            let Value::String(bin_directory) = bin_directory else {
                return Err(not_replaceable().in_field("directories"));
            };
            let bin_directory = posix::inside_package(bin_directory);
            let mut bin = Map::new();
            for found in beside.walk(&bin_directory)? {
                let found = text::escape(&found).into_owned();
                let target = format!("{bin_directory}/{}", posix::inside_package(&found));
                javascript::assign(&mut bin, posix::basename(&found), Value::String(target));
            }
            javascript::assign(map, "bin", Value::Object(bin));
            Ok(())
        }
        _ => normalize(map, &mut Corrections::dropped()),
    }
}

/// What JavaScript says when a path that is not a string is cleaned.
pub(crate) fn not_replaceable() -> ManifestError {
    ManifestError::type_error("ref.replace is not a function")
}

/// Makes `bin` an object of clean names and paths, or removes it.
pub(crate) fn normalize(
    map: &mut Map<String, Value>,
    corrections: &mut Corrections,
) -> Result<(), ManifestError> {
    let given = map.get("bin").filter(|bin| javascript::truthy(Some(bin)));
    let mut bin = match given {
        Some(Value::String(path)) if javascript::truthy(map.get("name")) => {
            let name =
                javascript::to_text(map.get("name")).map_err(|error| error.in_field("name"))?;
            corrections.push("\"bin\" was converted to an object");
            let mut bin = Map::new();
            javascript::define_property(&mut bin, name, Value::String(path.clone()));
            bin
        }
        Some(Value::Array(paths)) => {
            corrections.push("\"bin\" was converted to an object");
            let mut bin = Map::new();
            for path in paths {
                let Value::String(name) = path else {
                    return Err(javascript::not_a_path(path).in_field("bin"));
                };
                javascript::assign(&mut bin, posix::basename(name), path.clone());
            }
            bin
        }
        Some(Value::Object(bin)) => bin.clone(),
        _ => {
            map.shift_remove("bin");
            return Ok(());
        }
    };
    clean_entries(&mut bin, corrections);
    if bin.is_empty() {
        corrections.push("empty \"bin\" was removed");
        map.shift_remove("bin");
    } else {
        javascript::assign(map, "bin", Value::Object(bin));
    }
    Ok(())
}

fn clean_entries(bin: &mut Map<String, Value>, corrections: &mut Corrections) {
    for key in javascript::keys(&Value::Object(bin.clone())) {
        // An earlier entry may have been renamed to this one, but none is ever removed before its turn.
        let Some(value) = bin.get(&key) else { continue };
        let cleaned_key = posix::inside_package(&key);
        let base = posix::basename(&cleaned_key);
        let target = value
            .as_str()
            .map(posix::inside_package)
            .unwrap_or_default();
        if base.is_empty() || target.is_empty() {
            bin.shift_remove(&key);
            corrections.push(&format!("removed invalid \"bin[{key}]\""));
            continue;
        }
        let is_renamed = base != key;
        let is_changed = is_renamed || value.as_str() != Some(target.as_str());
        if is_renamed {
            bin.shift_remove(&key);
            corrections.push(&format!("\"bin[{key}]\" was renamed to \"bin[{base}]\""));
        }
        if is_changed {
            corrections.push(&format!(
                "\"bin[{base}]\" script name {target} was invalid and removed"
            ));
        }
        javascript::assign(bin, base, Value::String(target));
    }
}

/// The warnings for entries that point to no file.
pub(crate) fn missing_targets(beside: Beside<'_>, map: &Map<String, Value>) -> Vec<String> {
    let Some(Value::Object(bin)) = map.get("bin") else {
        return Vec::new();
    };
    bin.values()
        .filter_map(Value::as_str)
        .filter(|target| !beside.exists(target))
        .map(|target| format!("No bin file found at {target}"))
        .collect()
}
