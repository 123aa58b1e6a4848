//! The few pieces of JavaScript's object model that decide what npm's normalisation leaves in a manifest: truth,
//! conversion to a string, and where an assignment puts a key.
//!
//! npm's field rules are written against values of any type; a manifest with a number where an object belongs still
//! has one definite outcome, and these functions give it. Source: ECMA-262 §7.1 and §10.1.

use serde_json::{Map, Number, Value};

use super::ManifestError;
use super::json::{self, text};

/// Whether `if (value)` is taken; an absent value is `undefined`.
pub(crate) fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => true,
        Some(Value::Number(number)) => !matches!(number.as_str(), "0" | json::NEGATIVE_ZERO),
        Some(Value::String(string)) => !string.is_empty(),
    }
}

/// The stored form of a double, or `None` if it is not a number.
pub(crate) fn number(double: f64) -> Option<Value> {
    let stored = if double.is_nan() {
        return None;
    } else if double == f64::INFINITY {
        json::INFINITY.parse::<Number>()
    } else if double == f64::NEG_INFINITY {
        json::NEGATIVE_INFINITY.parse::<Number>()
    } else if double == 0.0 && double.is_sign_negative() {
        json::NEGATIVE_ZERO.parse::<Number>()
    } else {
        ryu_js::Buffer::new()
            .format_finite(double)
            .parse::<Number>()
    };
    stored.ok().map(Value::Number)
}

/// `String(value)`, which fails for an object whose `toString` is taken by a property of the document.
pub(crate) fn to_text(value: Option<&Value>) -> Result<String, ManifestError> {
    Ok(match value {
        None => "undefined".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Number(number)) => match number.as_str() {
            json::INFINITY => "Infinity".to_owned(),
            json::NEGATIVE_INFINITY => "-Infinity".to_owned(),
            json::NEGATIVE_ZERO => "0".to_owned(),
            digits => digits.to_owned(),
        },
        Some(Value::String(string)) => string.clone(),
        Some(Value::Array(items)) => {
            let mut joined = String::new();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    joined.push(',');
                }
                if !item.is_null() {
                    joined.push_str(&to_text(Some(item))?);
                }
            }
            joined
        }
        Some(Value::Object(map)) if map.contains_key("toString") => return Err(not_primitive()),
        Some(Value::Object(_)) => "[object Object]".to_owned(),
    })
}

fn not_primitive() -> ManifestError {
    ManifestError::type_error("Cannot convert object to primitive value")
}

/// `value ?? ''` in a template.
pub(crate) fn text_or_empty(value: Option<&Value>) -> Result<String, ManifestError> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        present => to_text(present),
    }
}

/// `object[key] = value`: keeps the place of an existing key; a new one goes to the end, or among the integer-like
/// keys at the front.
pub(crate) fn assign(map: &mut Map<String, Value>, key: &str, value: Value) {
    // Assigning to `__proto__` reaches the prototype's setter unless JSON gave the object such a key of its own.
    if key != "__proto__" || map.contains_key(key) {
        define_property(map, key.to_owned(), value);
    }
}

/// Like [`assign`], for any key: what an object literal or `JSON.parse` does.
pub(crate) fn define_property(map: &mut Map<String, Value>, key: String, value: Value) {
    match array_index(&key) {
        Some(index) if !map.contains_key(&key) => {
            let place = map
                .keys()
                .map_while(|other| array_index(other))
                .take_while(|other| *other < index)
                .count();
            map.shift_insert(place, key, value);
        }
        _ => {
            map.insert(key, value);
        }
    }
}

/// The number an integer-like key stands for (`0` to `4294967294`, written as JavaScript prints it).
fn array_index(key: &str) -> Option<u32> {
    if key.len() > 10
        || (key.len() > 1 && key.starts_with('0'))
        || !key.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    key.parse::<u32>().ok().filter(|index| *index < u32::MAX)
}

/// `Object.keys(value)` for a value that is neither null nor undefined.
pub(crate) fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|index| index.to_string()).collect(),
        Value::String(string) => (0..text::length(string))
            .map(|index| index.to_string())
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// `value[key]` for a key that no built-in prototype has.
pub(crate) fn member<'value>(value: Option<&'value Value>, key: &str) -> Option<&'value Value> {
    value
        .and_then(Value::as_object)
        .and_then(|map| map.get(key))
}

/// The message with which Node's `path` functions refuse an argument that is not a string.
pub(crate) fn not_a_path(value: &Value) -> ManifestError {
    let received = match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "an instance of Array".to_owned(),
        Value::Object(_) => "an instance of Object".to_owned(),
        Value::Bool(flag) => format!("type boolean ({flag})"),
        Value::Number(number) if number.as_str() == json::NEGATIVE_ZERO => {
            "type number (-0)".to_owned()
        }
        Value::Number(_) => {
            // A number always has a text.
            format!("type number ({})", to_text(Some(value)).unwrap_or_default())
        }
        Value::String(string) => format!("type string ({string})"),
    };
    ManifestError::WrongType {
        field: None,
        code: Some("ERR_INVALID_ARG_TYPE"),
        message: format!("The \"path\" argument must be of type string. Received {received}"),
    }
}
