//! `bundleDependencies`: the names of the dependencies that are packed too.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (steps `bundledDependencies`, `bundleDependencies`,
//! `bundleDependenciesDeleteFalse`) and `normalize-data.js` (`fixBundleDependenciesField`).

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::javascript;

const FIELD: &str = "bundleDependencies";
const MISSPELT: &str = "bundledDependencies";

/// Moves `bundledDependencies` to `bundleDependencies` if that is absent, and removes it.
pub(crate) fn rename_misspelt(map: &mut Map<String, Value>) {
    if let Some(value) = map.shift_remove(MISSPELT)
        && !map.contains_key(FIELD)
    {
        javascript::assign(map, FIELD, value);
    }
}

/// What `false` becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum False {
    EmptyList,
    Removed,
}

/// Makes the field a list: all dependencies for `true`, the keys of an object; anything else that is not a list goes.
pub(crate) fn expand(map: &mut Map<String, Value>, on_false: False, corrections: &mut Corrections) {
    let names = match map.get(FIELD) {
        None | Some(Value::Array(_)) => return,
        Some(Value::Bool(false)) if on_false == False::EmptyList => {
            corrections.push("\"bundleDependencies\" was changed from \"false\" to \"[]\"");
            Vec::new()
        }
        Some(Value::Bool(true)) => {
            corrections.push("\"bundleDependencies\" was auto-populated from \"dependencies\"");
            map.get("dependencies")
                .map(javascript::keys)
                .unwrap_or_default()
        }
        Some(object @ Value::Object(_)) => {
            corrections.push("\"bundleDependencies\" was changed from an object to an array");
            javascript::keys(object)
        }
        Some(_) => {
            corrections.push("\"bundleDependencies\" was removed");
            map.shift_remove(FIELD);
            return;
        }
    };
    let names = names.into_iter().map(Value::String).collect();
    javascript::assign(map, FIELD, Value::Array(names));
}

/// Keeps only names, and gives each that is not a dependency the range `*`.
pub(crate) fn complete(map: &mut Map<String, Value>) {
    let Some(Value::Array(given)) = map.get(FIELD) else {
        return;
    };
    let names: Vec<String> = given
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    for name in &names {
        if !javascript::truthy(map.get("dependencies")) {
            javascript::assign(map, "dependencies", Value::Object(Map::new()));
        }
        if let Some(Value::Object(dependencies)) = map.get_mut("dependencies")
            && !dependencies.contains_key(name)
        {
            javascript::assign(dependencies, name, Value::String("*".to_owned()));
        }
    }
    javascript::assign(
        map,
        FIELD,
        Value::Array(names.into_iter().map(Value::String).collect()),
    );
}
