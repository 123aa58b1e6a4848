//! Fields that `publishConfig` overrides.
//!
//! Source: pnpm 12.21, the list of keys in `exportable-manifest`.

use serde_json::{Map, Value};

use super::{Change, replace};
use crate::manifest::json::text;

/// The fields that move from `publishConfig` to the manifest. Any other key there is configuration.
const FIELDS: [&str; 19] = [
    "name",
    "bin",
    "engines",
    "type",
    "imports",
    "main",
    "module",
    "typings",
    "types",
    "exports",
    "browser",
    "esnext",
    "es2015",
    "unpkg",
    "umd:main",
    "os",
    "cpu",
    "libc",
    "typesVersions",
];

/// Moves the fields; `publishConfig` goes when nothing is left in it.
pub(super) fn apply(map: &mut Map<String, Value>) -> Vec<Change> {
    let Some(Value::Object(config)) = map.get("publishConfig") else {
        return Vec::new();
    };
    let (moved, left): (Map<_, _>, Map<_, _>) = config
        .clone()
        .into_iter()
        .partition(|(key, _)| FIELDS.contains(&key.as_str()));
    if moved.is_empty() {
        return Vec::new();
    }
    if left.is_empty() {
        map.shift_remove("publishConfig");
    } else {
        map.insert("publishConfig".to_owned(), Value::Object(left));
    }
    let mut changes = Vec::new();
    for (key, value) in moved {
        replace(map, &key, value, key.clone(), &mut changes);
    }
    changes
}

/// The directory that `publishConfig.directory` names: what is below it is the package to be packed.
pub fn publish_directory(map: &Map<String, Value>) -> Option<String> {
    let directory = map
        .get("publishConfig")?
        .as_object()?
        .get("directory")?
        .as_str()?;
    (!directory.is_empty()).then(|| text::plain_lossy(directory).into_owned())
}
