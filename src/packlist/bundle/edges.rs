//! What a package depends on, and in which way: the last declaration of a name counts.
//!
//! Source: @npmcli/arborist 9 as in npm 11.19.1 (`Node`: `_loadDeps`).

use std::collections::HashMap;
use std::path::Path;

use icu_normalizer::DecomposingNormalizerBorrowed;
use serde_json::{Map, Value};

use super::super::PacklistError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Peer,
    Production,
    Optional,
    Development,
    Workspace,
}

/// A package's dependencies by name, as npm compares names.
#[derive(Debug, Default)]
pub(super) struct Edges(HashMap<String, Kind>);

/// Names of installed packages are compared as case-insensitive, normalising file systems do.
pub(super) fn comparable(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    DecomposingNormalizerBorrowed::new_nfkd()
        .normalize(name)
        .to_lowercase()
}

/// `Object.keys` of a manifest's field.
pub(super) fn names(field: Option<&Value>) -> Vec<String> {
    entries(field).into_iter().map(|(name, _)| name).collect()
}

/// `Object.entries` of a manifest's field: a string has its characters, an array its elements.
fn entries(field: Option<&Value>) -> Vec<(String, Value)> {
    match field {
        Some(Value::Object(object)) => object
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        Some(Value::Array(items)) => (0..)
            .zip(items)
            .map(|(index, item): (usize, _)| (index.to_string(), item.clone()))
            .collect(),
        Some(Value::String(text)) => (0..)
            .zip(text.chars())
            .map(|(index, character): (usize, _)| {
                (index.to_string(), Value::String(character.into()))
            })
            .collect(),
        _ => Vec::new(),
    }
}

impl Edges {
    /// Reads a manifest's dependencies; `top` is whether those for development count.
    pub(super) fn of(
        package: &Path,
        manifest: &Map<String, Value>,
        top: bool,
    ) -> Result<Self, PacklistError> {
        let mut edges = Self::default();
        let peers = manifest
            .get("peerDependencies")
            .filter(|field| !field.is_string());
        let mut fields = vec![
            (peers, Kind::Peer),
            (manifest.get("dependencies"), Kind::Production),
            (manifest.get("optionalDependencies"), Kind::Optional),
        ];
        if top {
            fields.push((manifest.get("devDependencies"), Kind::Development));
        }
        let accepted = manifest.get("acceptDependencies");
        for (field, kind) in fields {
            for (name, requirement) in entries(field) {
                if name == "__proto__" && matches!(kind, Kind::Peer) {
                    // npm copies these into an object, where this name is no key.
                    continue;
                }
                // npm looks the name up in an object, which inherits more than it holds.
                let is_accepted = match accepted.and_then(|accepted| accepted.get(&name)) {
                    Some(accept) => accept.is_string(),
                    None => !crate::node::INHERITED.contains(&name.as_str()),
                };
                if !requirement.is_string() || !is_accepted {
                    return Err(PacklistError::Dependency {
                        package: package.to_owned(),
                        name,
                    });
                }
                edges.0.insert(comparable(&name), kind);
            }
        }
        Ok(edges)
    }

    /// Members of the root's workspaces are dependencies whatever else is declared.
    pub(super) fn add_workspaces<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.0
            .extend(names.map(|name| (comparable(name), Kind::Workspace)));
    }

    /// Whether a bundled package takes the dependency along.
    pub(super) fn is_bundled(&self, name: &str) -> bool {
        matches!(
            self.0.get(&comparable(name)),
            Some(Kind::Production | Kind::Optional | Kind::Workspace)
        )
    }
}
