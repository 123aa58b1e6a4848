//! A configuration value as JavaScript sees it.
//!
//! npm never converts what it reads into one type: a bare key is `true`, `'[1]'` in single quotes
//! is an array, `[section]` an object, and each reader coerces in its own way. Which registry and
//! which credentials result depends on those coercions, so they are kept (ECMA-262 §7.1).

use foldhash::fast::RandomState;
use indexmap::IndexMap;

/// One JavaScript value, as far as an `.npmrc`, a variable or a flag can hold one.
#[derive(Clone, PartialEq)]
pub enum ConfigValue {
    /// `undefined`: present in its layer, hiding lower ones, without a value.
    Undefined,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    String(String),
    /// An array (`key[]=`, a repeated flag, or JSON in single quotes).
    Array(Vec<ConfigValue>),
    /// An object: entries in JavaScript's key order.
    Object {
        /// The object's own members.
        entries: Vec<(String, ConfigValue)>,
        /// `true` for JSON in quotes; an ini section has no prototype and so no string form.
        has_prototype: bool,
    },
}

/// A value that has no string form: an ini section where npm expects text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Cannot convert object to primitive value")]
pub struct NotPrimitive;

impl ConfigValue {
    /// JavaScript's truth: empty strings, zero, `NaN`, `null` and `undefined` are false.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Array(_) | Self::Object { .. } => true,
        }
    }

    /// `String(value)`.
    pub fn to_text(&self) -> Result<String, NotPrimitive> {
        Ok(match self {
            Self::Undefined => "undefined".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => number_text(*value),
            Self::String(text) => text.clone(),
            Self::Array(items) => {
                let mut joined = String::new();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        joined.push(',');
                    }
                    if !matches!(item, Self::Undefined | Self::Null) {
                        joined.push_str(&item.to_text()?);
                    }
                }
                joined
            }
            Self::Object { has_prototype, .. } => {
                if !has_prototype {
                    return Err(NotPrimitive);
                }
                "[object Object]".to_owned()
            }
        })
    }

    /// The text, if the value is a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// `Number(value)`, for values that are numbers or text.
    pub fn to_number(&self) -> f64 {
        match self {
            Self::Undefined => f64::NAN,
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(value) => *value,
            Self::String(text) => parse_number(text),
            Self::Array(_) | Self::Object { .. } => {
                self.to_text().map_or(f64::NAN, |text| parse_number(&text))
            }
        }
    }

    /// `JSON.stringify(value)`; `undefined` has no JSON form and gives the word itself.
    pub fn to_json(&self) -> String {
        match self {
            Self::Undefined => "undefined".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) if value.is_finite() => number_text(*value),
            Self::Null | Self::Number(_) => "null".to_owned(),
            Self::String(text) => json_string(text),
            Self::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| match item {
                        Self::Undefined => "null".to_owned(),
                        other => other.to_json(),
                    })
                    .collect();
                format!("[{}]", items.join(","))
            }
            Self::Object { entries, .. } => {
                let members: Vec<_> = entries
                    .iter()
                    .filter(|(_, value)| *value != Self::Undefined)
                    .map(|(key, value)| format!("{}:{}", json_string(key), value.to_json()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// A value out of JSON (`publishConfig`, or quoted text in an `.npmrc`).
    pub fn from_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => {
                Self::Number(number.to_string().parse().unwrap_or(f64::NAN))
            }
            serde_json::Value::String(text) => Self::String(text.clone()),
            serde_json::Value::Array(items) => {
                Self::Array(items.iter().map(Self::from_json).collect())
            }
            serde_json::Value::Object(members) => {
                let mut entries = KeyOrder::default();
                for (key, member) in members {
                    entries.insert(key, Self::from_json(member));
                }
                Self::Object {
                    entries: entries.into_entries(),
                    has_prototype: true,
                }
            }
        }
    }
}

impl From<&str> for ConfigValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for ConfigValue {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for ConfigValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// Any value may be a credential: only its shape is shown.
impl std::fmt::Debug for ConfigValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Undefined => formatter.write_str("undefined"),
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Number(_) => formatter.write_str("number"),
            Self::String(text) => write!(formatter, "string of {} bytes", text.len()),
            Self::Array(items) => write!(formatter, "array of {}", items.len()),
            Self::Object { entries, .. } => write!(formatter, "object of {}", entries.len()),
        }
    }
}

/// `String(number)`.
pub(crate) fn number_text(value: f64) -> String {
    ryu_js::Buffer::new().format(value).to_owned()
}

/// `JSON.stringify(text)`.
pub(crate) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `Number(text)`: blank is 0, `0x`/`0o`/`0b` prefixes, decimal literals, `Infinity`; else `NaN`.
pub(crate) fn parse_number(text: &str) -> f64 {
    let text = trim(text);
    if text.is_empty() {
        return 0.0;
    }
    let radix = match text.get(..2) {
        Some("0x" | "0X") => Some(16),
        Some("0o" | "0O") => Some(8),
        Some("0b" | "0B") => Some(2),
        _ => None,
    };
    if let Some(radix) = radix {
        let digits = text.get(2..).unwrap_or_default();
        if digits.is_empty() {
            return f64::NAN;
        }
        let mut value = 0.0;
        for digit in digits.chars() {
            match digit.to_digit(radix) {
                Some(digit) => value = value * f64::from(radix) + f64::from(digit),
                None => return f64::NAN,
            }
        }
        return value;
    }
    match text {
        "Infinity" | "+Infinity" => return f64::INFINITY,
        "-Infinity" => return f64::NEG_INFINITY,
        _ => {}
    }
    // Rust also reads `inf`, `nan` and the like, which JavaScript does not.
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// White space and line ends as `String.prototype.trim` and `\s` know them. Differs from Rust's:
/// U+FEFF counts, U+0085 does not.
pub(crate) fn is_white_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

/// `text.trim()`.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_white_space)
}

/// A key that an object lists before all others, in numeric order: a canonical integer below
/// 2^32 - 1.
pub(crate) fn integer_key(key: &str) -> Option<u32> {
    let number: u32 = key.parse().ok()?;
    (number != u32::MAX && key == number.to_string()).then_some(number)
}

/// An insertion-ordered map that lists its keys as a JavaScript object does: integers ascending,
/// then the rest in the order they were first set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyOrder<V>(IndexMap<String, V, RandomState>);

impl<V> Default for KeyOrder<V> {
    fn default() -> Self {
        Self(IndexMap::default())
    }
}

impl<V> KeyOrder<V> {
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.0.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Sets the key, keeping its place if it has one.
    pub(crate) fn insert(&mut self, key: &str, value: V) {
        if let Some(place) = self.get_mut(key) {
            *place = value;
        } else {
            self.0.insert(key.to_owned(), value);
        }
    }

    /// The entries, in the order they were first set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.shift_remove(key);
    }

    /// The keys, in JavaScript's order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<&String> = self.0.keys().collect();
        keys.sort_by_key(|key| rank(key));
        keys.into_iter().cloned().collect()
    }

    /// The entries, in JavaScript's order.
    pub(crate) fn into_entries(mut self) -> Vec<(String, V)> {
        self.0.sort_by_key(|key, _| rank(key));
        self.0.into_iter().collect()
    }
}

/// Integers before all else; a stable sort keeps the rest in place.
fn rank(key: &str) -> u32 {
    integer_key(key).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_javascript_reads_them() {
        for (text, expected) in [
            ("", 0.0),
            (" 12 ", 12.0),
            ("0x10", 16.0),
            ("0b11", 3.0),
            ("1e3", 1000.0),
            (".5", 0.5),
            ("5.", 5.0),
        ] {
            assert!((parse_number(text) - expected).abs() < 1e-9, "{text}");
        }
        assert_eq!(number_text(parse_number("-Infinity")), "-Infinity");
        for text in ["inf", "nan", "1_000", "0x", "12px", "--1", "0xg"] {
            assert!(parse_number(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn integer_keys_come_first_and_ascending() {
        let mut map = KeyOrder::default();
        for key in ["b", "10", "a", "2", "01"] {
            map.insert(key, ());
        }
        assert_eq!(map.keys(), ["2", "10", "b", "a", "01"]);
    }

    #[test]
    fn an_array_joins_its_items_and_leaves_out_null() {
        let value = ConfigValue::Array(vec!["a".into(), ConfigValue::Null, true.into()]);
        assert_eq!(value.to_text().as_deref(), Ok("a,,true"));
    }

    #[test]
    fn debug_shows_no_content() {
        let value = ConfigValue::Array(vec!["planted-token".into()]);
        assert!(!format!("{value:?}{:?}", ConfigValue::from("planted-token")).contains("planted"));
    }
}
