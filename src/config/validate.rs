//! Dropping values that do not fit their key's type (nopt 9.0.0 `clean`, with the types of
//! `@npmcli/config` 10.12).

use super::definitions::{Definition, Type, definition};
use super::field::{absolute_path, umask};
use super::legacy_url;
use super::sources::LayerData;
use super::value::{ConfigValue, NotPrimitive, parse_number, trim};
use super::{ConfigError, Warning};
use crate::environment::Environment;

/// Cleans a whole layer: values are coerced to their type, those that cannot be are removed and
/// warned about.
pub(crate) fn clean_layer(
    layer: &mut LayerData,
    environment: &Environment,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    let source = layer.source.clone().unwrap_or_default();
    for key in layer.entries.keys() {
        let Some(entry) = layer.entries.get_mut(&key) else {
            continue;
        };
        match clean(&key, &entry.value, environment, &source, warnings) {
            Ok(Some(value)) => entry.value = value,
            Ok(None) => layer.entries.remove(&key),
            Err(problem) => return Err(problem.at(&key, entry.origin.to_string())),
        }
    }
    Ok(())
}

/// Why a value cannot even be looked at.
#[derive(Debug)]
pub(crate) enum Unreadable {
    NotPrimitive(NotPrimitive),
    Url(legacy_url::LegacyUrlError),
}

impl Unreadable {
    pub(crate) fn at(self, key: &str, origin: String) -> ConfigError {
        let key = key.to_owned();
        match self {
            Self::NotPrimitive(source) => ConfigError::NotPrimitive {
                key,
                origin,
                source,
            },
            Self::Url(legacy_url::LegacyUrlError::Invalid) => {
                ConfigError::InvalidUrl { key, origin }
            }
            Self::Url(legacy_url::LegacyUrlError::Malformed) => {
                ConfigError::MalformedUrl { key, origin }
            }
        }
    }
}

/// Cleans one value; `None` means it is dropped.
pub(crate) fn clean(
    key: &str,
    value: &ConfigValue,
    environment: &Environment,
    source: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Option<ConfigValue>, Unreadable> {
    let definition = definition(key);
    let (items, is_array) = match value {
        ConfigValue::Array(items) => (items.as_slice(), true),
        single => (std::slice::from_ref(single), false),
    };
    let mut kept = Vec::new();
    for item in items {
        let item = convert_word(item, definition);
        let Some(definition) = definition else {
            kept.push(item);
            continue;
        };
        let item = match item {
            // `--no-key` where the key may be null but not false.
            ConfigValue::Bool(false)
                if definition.allows(Type::Null)
                    && !definition.allows(Type::False)
                    && !definition.allows(Type::Boolean) =>
            {
                ConfigValue::Null
            }
            other => other,
        };
        match coerce(&item, definition, environment)? {
            Some(coerced) => kept.push(coerced),
            None => warnings.extend(invalid(definition, &item, source)),
        }
    }
    let may_be_empty = definition.is_none_or(|definition| definition.allows(Type::List));
    Ok(if kept.is_empty() && !may_be_empty {
        None
    } else if is_array {
        Some(ConfigValue::Array(kept))
    } else {
        Some(kept.into_iter().next().unwrap_or(ConfigValue::Undefined))
    })
}

/// `null`, `true`, `false` and numbers given as text, where the key knows them. An unknown key
/// knows the three words.
fn convert_word(value: &ConfigValue, definition: Option<&Definition>) -> ConfigValue {
    let ConfigValue::String(text) = value else {
        return value.clone();
    };
    let text = trim(text);
    let knows = |wanted| definition.is_none_or(|definition| definition.allows(wanted));
    match text {
        "null" if knows(Type::Null) => ConfigValue::Null,
        "true" if knows(Type::Boolean) => ConfigValue::Bool(true),
        "false" if knows(Type::False) || knows(Type::Boolean) => ConfigValue::Bool(false),
        _ => {
            let is_number = definition.is_some_and(|definition| definition.allows(Type::Number));
            let number = parse_number(text);
            if is_number && !number.is_nan() {
                ConfigValue::Number(number)
            } else {
                text.into()
            }
        }
    }
}

/// The value as the first of the key's types that takes it.
fn coerce(
    value: &ConfigValue,
    definition: &Definition,
    environment: &Environment,
) -> Result<Option<ConfigValue>, Unreadable> {
    for wanted in definition.types {
        if let Some(coerced) = coerce_to(value, *wanted, environment)? {
            return Ok(Some(coerced));
        }
    }
    Ok(None)
}

fn coerce_to(
    value: &ConfigValue,
    wanted: Type,
    environment: &Environment,
) -> Result<Option<ConfigValue>, Unreadable> {
    let text = || value.to_text().map_err(Unreadable::NotPrimitive);
    let same = |expected: ConfigValue| (*value == expected).then_some(expected);
    Ok(match wanted {
        Type::List => None,
        Type::Null => same(ConfigValue::Null),
        Type::False => same(ConfigValue::Bool(false)),
        Type::Word(word) => same(word.into()),
        Type::Integer(number) => same(ConfigValue::Number(f64::from(number))),
        Type::Text => Some(text()?.into()),
        Type::Boolean => Some(ConfigValue::Bool(match value {
            ConfigValue::String(text) => {
                let number = parse_number(text);
                if number.is_nan() {
                    !matches!(text.as_str(), "null" | "false")
                } else {
                    number != 0.0
                }
            }
            other => other.is_truthy(),
        })),
        Type::Number => {
            if let ConfigValue::Object {
                has_prototype: false,
                ..
            } = value
            {
                return Err(Unreadable::NotPrimitive(NotPrimitive));
            }
            let number = value.to_number();
            (!number.is_nan()).then_some(ConfigValue::Number(number))
        }
        Type::Path => value.as_text().map(|text| {
            absolute_path(text, environment)
                .to_string_lossy()
                .into_owned()
                .into()
        }),
        Type::Url => {
            let url = legacy_url::parse(&text()?).map_err(Unreadable::Url)?;
            (!url.host.is_empty()).then(|| url.href.into())
        }
        Type::Date | Type::Version => value.as_text().map(Into::into),
        Type::Umask => match value {
            ConfigValue::String(text) => umask(text).map(ConfigValue::Number),
            ConfigValue::Number(number) => (0.0..512.0)
                .contains(number)
                .then(|| ConfigValue::Number(number.floor())),
            _ => None,
        },
    })
}

/// npm's two lines about a value of the wrong type.
fn invalid(definition: &Definition, value: &ConfigValue, source: &str) -> [Warning; 2] {
    let shown = match value {
        ConfigValue::String(text) => ConfigValue::String(without_password(text)),
        other => other.clone(),
    };
    let has_list = definition.allows(Type::List);
    let wanted: Vec<String> = if definition.allows(Type::Url) {
        vec!["full url with \"http://\"".to_owned()]
    } else if definition.allows(Type::Path) {
        vec!["valid filesystem path".to_owned()]
    } else {
        let mut words = Vec::new();
        for wanted in definition.types {
            let word = describe(*wanted);
            if let Some(word) = word
                && !words.contains(&word)
            {
                words.push(word);
            }
        }
        words
    };
    let keyword = match (wanted.len(), has_list) {
        (1, true) => " one or more",
        (1, false) | (0, _) => "",
        (_, true) => " one or more of:",
        (_, false) => " one of:",
    };
    [
        Warning::new(
            "invalid config",
            format!("{}={} set in {source}", definition.key, shown.to_json()),
        ),
        Warning::new(
            "invalid config",
            format!("Must be{keyword} {}", wanted.join(", ")),
        ),
    ]
}

fn describe(wanted: Type) -> Option<String> {
    Some(match wanted {
        Type::List => return None,
        Type::Null => "null".to_owned(),
        Type::False => "false".to_owned(),
        Type::Word(word) => word.to_owned(),
        Type::Integer(number) => number.to_string(),
        Type::Text => String::new(),
        Type::Boolean => "boolean value (true or false)".to_owned(),
        Type::Number => "numeric value".to_owned(),
        Type::Path => "valid filesystem path".to_owned(),
        Type::Url => "full url with \"http://\"".to_owned(),
        Type::Date => "valid Date string".to_owned(),
        Type::Version => "full valid SemVer string".to_owned(),
        Type::Umask => "octal number in range 0o000..0o777 (0..511)".to_owned(),
    })
}

/// A URL with its user information blanked; other text as it is.
pub(crate) fn without_password(text: &str) -> String {
    let Some(start) = text.find("//") else {
        return text.to_owned();
    };
    let (head, tail) = text.split_at(start + 2);
    let end = tail.find(['/', '?', '#']).unwrap_or(tail.len());
    let (authority, rest) = tail.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{head}***@{host}{rest}"),
        None => text.to_owned(),
    }
}
