//! Text from a file, variable or flag turned into the value its key calls for
//! (`@npmcli/config` 10.12 `parse-field.js`).
//!
//! This happens when a layer is loaded, before anything is validated: it trims, replaces
//! references to variables, and makes paths absolute. What does not fit its type stays as it is.

use std::path::PathBuf;

use super::definitions::{Type, definition};
use super::expand::expand;
use super::value::{ConfigValue, parse_number, trim};
use crate::environment::Environment;
use crate::node::resolve;

/// Parses one value of `key`.
pub(crate) fn parse_field(
    value: &ConfigValue,
    key: &str,
    environment: &Environment,
) -> ConfigValue {
    parse(value, key, environment, false)
}

fn parse(
    value: &ConfigValue,
    key: &str,
    environment: &Environment,
    is_list_element: bool,
) -> ConfigValue {
    let definition = definition(key);
    let allows = |wanted| definition.is_some_and(|definition| definition.allows(wanted));
    let is_list = !is_list_element && allows(Type::List);
    let text = match value {
        ConfigValue::String(text) => trim(text),
        ConfigValue::Array(items) if is_list => {
            return ConfigValue::Array(
                items
                    .iter()
                    .map(|item| parse(item, key, environment, true))
                    .collect(),
            );
        }
        other => return other.clone(),
    };
    if is_list {
        // How npm passes a list on to scripts: a certificate may hold line breaks, so items are
        // separated by an empty line.
        return ConfigValue::Array(
            text.split("\n\n")
                .map(|item| parse(&item.into(), key, environment, true))
                .collect(),
        );
    }
    let is_path = allows(Type::Path);
    let is_text = is_path || allows(Type::Text);
    let is_number = allows(Type::Number);
    if text.is_empty() && allows(Type::Boolean) && !is_text {
        return ConfigValue::Bool(true);
    }
    if !is_text && !is_number {
        match text {
            "true" => return ConfigValue::Bool(true),
            "false" => return ConfigValue::Bool(false),
            "null" => return ConfigValue::Null,
            "undefined" => return ConfigValue::Undefined,
            _ => {}
        }
    }
    let expanded = expand(text, environment);
    if allows(Type::Date) {
        return expanded.into();
    }
    if is_path {
        return absolute_path(&expanded, environment)
            .to_string_lossy()
            .into_owned()
            .into();
    }
    if allows(Type::Umask) {
        return umask(&expanded).map_or_else(|| expanded.into(), ConfigValue::Number);
    }
    if is_number {
        let number = parse_number(&expanded);
        if !number.is_nan() {
            return ConfigValue::Number(number);
        }
    }
    expanded.into()
}

/// `~/` below the home directory, anything else below the working directory.
pub(crate) fn absolute_path(text: &str, environment: &Environment) -> PathBuf {
    let below_home = text.strip_prefix("~/").or_else(|| {
        environment
            .platform()
            .is_windows()
            .then(|| text.strip_prefix("~\\"))
            .flatten()
    });
    let directory = environment.current_directory();
    match below_home {
        Some(rest) => resolve(&resolve(directory, environment.home()), rest),
        None => resolve(directory, text),
    }
}

/// A mask: octal with a leading 0 or 0o, else decimal. `None` for other text.
pub(crate) fn umask(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('0').map(|rest| {
        let rest = rest.strip_prefix('o').unwrap_or(rest);
        (rest, 8)
    });
    let (digits, radix) = match digits {
        Some(("", _)) | None => (text, 10),
        Some(octal) => octal,
    };
    if radix == 10 && (!digits.starts_with(|first| matches!(first, '1'..='9'))) {
        return None;
    }
    let mut value = 0.0;
    for digit in digits.chars() {
        value = value * f64::from(radix) + f64::from(digit.to_digit(radix)?);
    }
    (!digits.is_empty()).then_some(value)
}
