//! Conditions of a policy's statement: an operator, a key of the request, and the values it may have.

use serde_json::Value;

use super::document::OneOrMany;
use super::like;

/// The operators that are evaluated, each also with `IfExists`.
pub(super) const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "Bool",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// Whether one condition holds for a request with these keys and values.
pub(super) fn condition_holds(
    operator: &str,
    key: &str,
    wanted: &OneOrMany<Value>,
    context: &[(&str, String)],
) -> bool {
    let actual = context
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(key))
        .map(|(_, value)| value.as_str());
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(plain) => (plain, true),
        None => (operator, false),
    };
    if operator == "Null" {
        let absent = actual.is_none().to_string();
        return wanted.iter().any(|value| text_of(value) == absent);
    }
    let Some(actual) = actual else {
        return if_exists || operator.contains("Not");
    };
    let any = |holds: &dyn Fn(&str) -> bool| wanted.iter().any(|value| holds(&text_of(value)));
    let number = |holds: fn(f64, f64) -> bool| {
        any(&|wanted| match (actual.parse(), wanted.parse()) {
            (Ok(actual), Ok(wanted)) => holds(actual, wanted),
            _ => false,
        })
    };
    match operator {
        "StringEquals" => any(&|wanted| wanted == actual),
        "StringNotEquals" => !any(&|wanted| wanted == actual),
        "Bool" | "StringEqualsIgnoreCase" => any(&|wanted| wanted.eq_ignore_ascii_case(actual)),
        "StringNotEqualsIgnoreCase" => !any(&|wanted| wanted.eq_ignore_ascii_case(actual)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|wanted| like(wanted, actual)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&|wanted| like(wanted, actual)),
        "NumericEquals" => number(|actual, wanted| actual.total_cmp(&wanted).is_eq()),
        "NumericNotEquals" => !number(|actual, wanted| actual.total_cmp(&wanted).is_eq()),
        "NumericLessThan" => number(|actual, wanted| actual < wanted),
        "NumericLessThanEquals" => number(|actual, wanted| actual <= wanted),
        "NumericGreaterThan" => number(|actual, wanted| actual > wanted),
        "NumericGreaterThanEquals" => number(|actual, wanted| actual >= wanted),
        _ => false,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
