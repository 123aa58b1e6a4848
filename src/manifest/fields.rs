//! The fields with a short rule: `files`, `keywords`, `modules`, `funding`, `types`, and keys that start with `_`.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (steps `_attributes`, `_id`, `funding`, `fillTypes`),
//! `normalize-data.js` (`fixFilesField`, `fixKeywordsField`, `fixModulesField`).

use serde_json::{Map, Value};

use super::files::Beside;
use super::json::text;
use super::{ManifestError, javascript, posix};

/// Removes what npm keeps to itself.
pub(crate) fn remove_private_keys(map: &mut Map<String, Value>) {
    map.retain(|key, _| !key.starts_with('_'));
}

/// Sets `_id` if there is a name and a version.
pub(crate) fn set_id(map: &mut Map<String, Value>, package_id: &str) {
    if javascript::truthy(map.get("name")) && javascript::truthy(map.get("version")) {
        javascript::assign(map, "_id", Value::String(package_id.to_owned()));
    }
}

/// Makes a string an object.
pub(crate) fn fix_funding(map: &mut Map<String, Value>) {
    if let Some(url @ Value::String(line)) = map.get("funding")
        && !line.is_empty()
    {
        let funding = Map::from_iter([("url".to_owned(), url.clone())]);
        javascript::assign(map, "funding", Value::Object(funding));
    }
}

/// Removes a field that was given up long ago.
pub(crate) fn remove_modules(map: &mut Map<String, Value>) {
    if javascript::truthy(map.get("modules")) {
        map.shift_remove("modules");
    }
}

/// Keeps a list of strings that are not empty; removes anything else.
pub(crate) fn fix_files(map: &mut Map<String, Value>) {
    keep_texts(map, "files");
}

/// Like [`fix_files`]; a string is split at each comma that is followed by a space.
pub(crate) fn fix_keywords(map: &mut Map<String, Value>) {
    if let Some(Value::String(line)) = map.get("keywords") {
        let keywords = split_keywords(line)
            .into_iter()
            .map(|word| Value::String(word.to_owned()))
            .collect();
        javascript::assign(map, "keywords", Value::Array(keywords));
    }
    keep_texts(map, "keywords");
}

fn keep_texts(map: &mut Map<String, Value>, field: &str) {
    match map.get_mut(field) {
        Some(Value::Array(items)) => {
            items.retain(|item| item.as_str().is_some_and(|item| !item.is_empty()));
        }
        other => {
            if javascript::truthy(other.as_deref()) {
                map.shift_remove(field);
            }
        }
    }
}

fn split_keywords(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    for (comma, _) in line.match_indices(',') {
        let after = line.get(comma + 1..).unwrap_or_default();
        let rest = after.trim_start_matches(text::is_space);
        if rest.len() < after.len() {
            words.push(line.get(start..comma).unwrap_or_default());
            start = line.len() - rest.len();
        }
    }
    words.push(line.get(start..).unwrap_or_default());
    words
}

/// Sets `types` to the declarations beside `main`, if there are any and neither `types` nor `typings`.
pub(crate) fn fill_types(
    beside: Beside<'_>,
    map: &mut Map<String, Value>,
) -> Result<(), ManifestError> {
    let main = match map.get("main") {
        Some(Value::String(main)) if !main.is_empty() => main.as_str(),
        other if javascript::truthy(other) => return Err(ManifestError::MainNotText),
        _ => "index.js",
    };
    let base = posix::basename(main);
    let stem = base.strip_suffix(posix::extname(main)).unwrap_or(base);
    let declarations = format!("./{}.d.ts", posix::join(posix::dirname(main), stem));
    if !map.contains_key("types") && !map.contains_key("typings") && beside.exists(&declarations) {
        javascript::assign(map, "types", Value::String(declarations));
    }
    Ok(())
}
