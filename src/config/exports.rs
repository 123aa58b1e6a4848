//! The variables by which scripts learn of the configuration (`@npmcli/config` 10.12
//! `set-envs.js`): every key that is not at its default, as `npm_config_<key>`.

use super::Installation;
use super::definitions::{DEFINITIONS, definition};
use super::sources::{Layer, LayerData, default_value};
use super::value::{ConfigValue, KeyOrder};
use crate::environment::Environment;

/// What npm adds to the environment after it has loaded its configuration.
pub(crate) struct Exported<'a> {
    pub(crate) layers: &'a [LayerData; 7],
    pub(crate) environment: &'a Environment,
    pub(crate) installation: &'a Installation,
}

impl Exported<'_> {
    /// The variables, each at most once.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let mut keys: Vec<String> = Vec::new();
        for layer in self.layers.iter().rev() {
            for key in layer.entries.keys() {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let mut variables = KeyOrder::default();
        for key in &keys {
            let definition = definition(key);
            let is_passed_over = definition
                .is_some_and(|definition| definition.deprecated.is_some() || !definition.exported);
            if is_passed_over {
                continue;
            }
            let value = self.value_below(key, Layer::Cli);
            let default = self.default_of(key);
            let is_exported = if same(default.as_ref(), value) {
                // A flag may set a key back that a variable or file set.
                !same(self.value_below(key, Layer::Env), value)
            } else {
                let is_set_by = |layer: Layer| self.layers[layer as usize].entries.contains(key);
                !is_set_by(Layer::Env) || is_set_by(Layer::Cli)
            };
            if is_exported
                && !key.starts_with(['/', '@', '_'])
                && let Some(text) = variable_text(value)
            {
                let name = format!("npm_config_{}", key.replace('-', "_").to_lowercase());
                variables.insert(&name, text);
            }
        }
        let text = |key: &str| {
            self.value_below(key, Layer::Cli)
                .filter(|value| value.is_truthy())
                .and_then(|value| value.to_text().ok())
        };
        if let Some(editor) = text("editor") {
            variables.insert("EDITOR", editor);
        }
        if let Some(options) = text("node-options") {
            variables.insert("NODE_OPTIONS", options);
        }
        if self.omits_dev() {
            variables.insert("NODE_ENV", "production".to_owned());
        }
        variables.into_entries()
    }

    fn value_below(&self, key: &str, layer: Layer) -> Option<&ConfigValue> {
        self.layers
            .iter()
            .take(layer as usize + 1)
            .rev()
            .find_map(|layer| layer.value(key))
    }

    /// The default as npm's definition writes it: `~/.npm`, not the path that becomes of it. So
    /// keys with such defaults are always exported.
    fn default_of(&self, key: &str) -> Option<ConfigValue> {
        let definition = DEFINITIONS
            .iter()
            .find(|definition| definition.key == key)?;
        Some(default_value(
            key,
            definition.default,
            self.environment,
            self.installation,
        ))
    }

    /// Whether development dependencies are left out, which npm tells scripts by `NODE_ENV`.
    fn omits_dev(&self) -> bool {
        const KEYS: [&str; 7] = [
            "also",
            "dev",
            "include",
            "omit",
            "only",
            "optional",
            "production",
        ];
        let mut omits = false;
        let mut view: KeyOrder<ConfigValue> = KeyOrder::default();
        for layer in self.layers {
            let mut is_touched = false;
            for key in KEYS {
                if let Some(value) = layer.value(key) {
                    view.insert(key, value.clone());
                    is_touched = true;
                }
            }
            if !is_touched {
                continue;
            }
            let (omit, include) = omitted(&view);
            omits |= omit.contains(&"dev".to_owned());
            let list = |items: Vec<String>| {
                ConfigValue::Array(items.into_iter().map(ConfigValue::from).collect())
            };
            view.insert("omit", list(omit));
            view.insert("include", list(include));
        }
        omits
    }
}

/// npm's `omit` and `include` after the older keys are taken into them.
fn omitted(view: &KeyOrder<ConfigValue>) -> (Vec<String>, Vec<String>) {
    let list = |key: &str| match view.get(key) {
        Some(ConfigValue::Array(items)) => items
            .iter()
            .filter_map(ConfigValue::as_text)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    };
    let (mut omit, mut include): (Vec<String>, Vec<String>) = (list("omit"), list("include"));
    let text = |key: &str| view.get(key).and_then(ConfigValue::as_text);
    let is_true = |key: &str| view.get(key).is_some_and(ConfigValue::is_truthy);
    if matches!(text("only"), Some("prod" | "production")) || is_true("production") {
        omit.push("dev".to_owned());
    } else if view.get("production") == Some(&ConfigValue::Bool(false)) {
        include.push("dev".to_owned());
    }
    if text("also").is_some_and(|also| also.starts_with("dev")) || is_true("dev") {
        include.push("dev".to_owned());
    }
    match view.get("optional") {
        Some(ConfigValue::Bool(false)) => omit.push("optional".to_owned()),
        Some(ConfigValue::Bool(true)) => include.push("optional".to_owned()),
        _ => {}
    }
    omit.retain(|kind| !include.contains(kind));
    (omit, include)
}

/// Identity, except that lists are compared item by item.
fn same(left: Option<&ConfigValue>, right: Option<&ConfigValue>) -> bool {
    match (left, right) {
        (Some(ConfigValue::Object { .. }), _) | (_, Some(ConfigValue::Object { .. })) => false,
        (None | Some(ConfigValue::Undefined), None | Some(ConfigValue::Undefined)) => true,
        (left, right) => left == right,
    }
}

/// A value as a variable holds it; a section has no such form.
fn variable_text(value: Option<&ConfigValue>) -> Option<String> {
    Some(match value {
        None | Some(ConfigValue::Undefined | ConfigValue::Null | ConfigValue::Bool(false)) => {
            String::new()
        }
        Some(ConfigValue::Array(items)) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| variable_text(Some(item)).unwrap_or_default())
                .collect();
            items.join("\n\n")
        }
        Some(ConfigValue::Object { .. }) => return None,
        Some(other) => other.to_text().ok()?,
    })
}
