//! Catalogs: ranges that the packages of a workspace share by name; and the other thing `pnpm-workspace.yaml` is read
//! for, the patterns of its members.
//!
//! pnpm keeps them in `pnpm-workspace.yaml`, yarn in `.yarnrc.yml`, bun in the root's package.json (below `workspaces`
//! or beside it); in each a `catalog` without name and `catalogs` by name. Source: pnpm 12.21 `catalogs-config`,
//! `catalogs-resolver`.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode, Yaml};
use serde_json::{Map, Value};

use super::RewriteError;

/// The name of the catalog without name.
const DEFAULT: &str = "default";

/// Ranges by catalog and package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogs {
    entries: BTreeMap<String, BTreeMap<String, String>>,
}

/// The patterns of members in a `pnpm-workspace.yaml`; `None` if it names none.
pub fn patterns_from_yaml(text: &str) -> Result<Option<Vec<String>>, RewriteError> {
    let documents = documents(text)?;
    let Some(packages) = documents
        .first()
        .and_then(|root| root.as_mapping_get("packages"))
        .map(yaml_to_json)
        .filter(|packages| !packages.is_null())
    else {
        return Ok(None);
    };
    let patterns = packages.as_array().and_then(|items| {
        let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    patterns
        .map(Some)
        .ok_or_else(|| shape("packages", "a list of patterns"))
}

fn documents(text: &str) -> Result<Vec<Yaml<'_>>, RewriteError> {
    Yaml::load_from_str(text).map_err(|error| RewriteError::CatalogSyntax(Box::new(error)))
}

impl Catalogs {
    /// Reads `catalog` and `catalogs` from a YAML file (`pnpm-workspace.yaml`, `.yarnrc.yml`); other keys are ignored.
    pub fn from_yaml(text: &str) -> Result<Self, RewriteError> {
        let documents = documents(text)?;
        let Some(root) = documents.first() else {
            return Ok(Self::default());
        };
        let member = |key: &str| {
            root.as_mapping_get(key)
                .map(yaml_to_json)
                .filter(|value| !value.is_null())
        };
        Self::build(member("catalog").as_ref(), member("catalogs").as_ref())
    }

    /// Reads `catalog` and `catalogs` from the root's package.json, as bun has them.
    pub fn from_package_json(root: &Map<String, Value>) -> Result<Self, RewriteError> {
        let workspaces = root.get("workspaces").and_then(Value::as_object);
        let member = |key: &str| {
            workspaces
                .and_then(|map| map.get(key))
                .or_else(|| root.get(key))
        };
        Self::build(member("catalog"), member("catalogs"))
    }

    fn build(unnamed: Option<&Value>, named: Option<&Value>) -> Result<Self, RewriteError> {
        let mut catalogs = Self::default();
        if let Some(unnamed) = unnamed {
            catalogs.add(DEFAULT, "catalog", unnamed)?;
        }
        if let Some(named) = named {
            let named = named
                .as_object()
                .ok_or_else(|| shape("catalogs", "an object of catalogs"))?;
            for (name, catalog) in named {
                if name == DEFAULT && unnamed.is_some() {
                    return Err(RewriteError::TwoDefaults);
                }
                catalogs.add(name, &format!("catalogs.{name}"), catalog)?;
            }
        }
        Ok(catalogs)
    }

    fn add(&mut self, name: &str, place: &str, catalog: &Value) -> Result<(), RewriteError> {
        let catalog = catalog
            .as_object()
            .ok_or_else(|| shape(place, "an object of ranges"))?;
        let mut ranges = BTreeMap::new();
        for (package, range) in catalog {
            let range = range
                .as_str()
                .ok_or_else(|| shape(&format!("{place}.{package}"), "a string"))?;
            ranges.insert(package.clone(), range.to_owned());
        }
        self.entries.insert(name.to_owned(), ranges);
        Ok(())
    }

    /// Adds what another source holds; entries that are here already stay.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (name, ranges) in other.entries {
            let own = self.entries.entry(name).or_default();
            for (package, range) in ranges {
                own.entry(package).or_insert(range);
            }
        }
        self
    }

    /// The range that `catalog:<name>` stands for; any other range stands for itself.
    pub(super) fn resolve(&self, dependency: &str, range: &str) -> Result<String, RewriteError> {
        let Some(name) = range.strip_prefix("catalog:") else {
            return Ok(range.to_owned());
        };
        let name = if name.trim().is_empty() {
            DEFAULT
        } else {
            name.trim()
        };
        let (dependency, catalog) = (dependency.to_owned(), name.to_owned());
        let Some(entry) = self
            .entries
            .get(name)
            .and_then(|ranges| ranges.get(&dependency))
        else {
            return Err(RewriteError::NoCatalogEntry {
                dependency,
                catalog,
            });
        };
        if ["catalog:", "link:", "file:"]
            .iter()
            .any(|scheme| entry.starts_with(scheme))
        {
            return Err(RewriteError::CatalogEntry {
                dependency,
                catalog,
                range: entry.clone(),
            });
        }
        Ok(entry.clone())
    }
}

fn shape(place: &str, expected: &'static str) -> RewriteError {
    RewriteError::CatalogShape {
        place: place.to_owned(),
        expected,
    }
}

/// The part of YAML that catalogs and patterns are made of; what else there is becomes `true`, which no catalog can be.
fn yaml_to_json(yaml: &Yaml<'_>) -> Value {
    if let Some(mapping) = yaml.as_mapping() {
        let entries = mapping
            .iter()
            .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), yaml_to_json(value))));
        Value::Object(entries.collect())
    } else if let Some(text) = yaml.as_str() {
        Value::String(text.to_owned())
    } else if let Some(items) = yaml.as_sequence() {
        Value::Array(items.iter().map(yaml_to_json).collect())
    } else if yaml.is_null() {
        Value::Null
    } else {
        Value::Bool(true)
    }
}
