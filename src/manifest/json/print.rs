//! `JSON.stringify`: without white space, or with two spaces per level.

use std::fmt::{self, Write};

use serde_json::{Map, Value};

use super::text;

/// The text `JSON.stringify(value)` gives.
pub fn compact(value: &Value) -> String {
    print(value, None)
}

/// The text `JSON.stringify(value, null, 2)` gives, without a newline at the end.
pub fn pretty(value: &Value) -> String {
    print(value, Some("  "))
}

/// Writes the text `JSON.stringify(map)` gives to `out`.
pub fn write_compact(map: &Map<String, Value>, out: &mut impl Write) -> fmt::Result {
    write_object(map, out, None, 0)
}

/// The text `JSON.stringify(map, null, indent)` gives; an empty indent means one line.
pub(super) fn indented(map: &Map<String, Value>, indent: &str) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_object(
        map,
        &mut out,
        Some(indent).filter(|indent| !indent.is_empty()),
        0,
    );
    out
}

fn print(value: &Value, indent: Option<&str>) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_value(value, &mut out, indent, 0);
    out
}

fn write_value(
    value: &Value,
    out: &mut impl Write,
    indent: Option<&str>,
    level: usize,
) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(true) => out.write_str("true"),
        Value::Bool(false) => out.write_str("false"),
        Value::Number(number) => match number.as_str() {
            super::INFINITY | super::NEGATIVE_INFINITY => out.write_str("null"),
            super::NEGATIVE_ZERO => out.write_str("0"),
            digits => out.write_str(digits),
        },
        Value::String(string) => write_string(string, out),
        Value::Array(items) => {
            if items.is_empty() {
                return out.write_str("[]");
            }
            out.write_char('[')?;
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.write_char(',')?;
                }
                new_line(out, indent, level + 1)?;
                write_value(item, out, indent, level + 1)?;
            }
            new_line(out, indent, level)?;
            out.write_char(']')
        }
        Value::Object(map) => write_object(map, out, indent, level),
    }
}

fn write_object(
    map: &Map<String, Value>,
    out: &mut impl Write,
    indent: Option<&str>,
    level: usize,
) -> fmt::Result {
    if map.is_empty() {
        return out.write_str("{}");
    }
    out.write_char('{')?;
    for (index, (key, item)) in map.iter().enumerate() {
        if index > 0 {
            out.write_char(',')?;
        }
        new_line(out, indent, level + 1)?;
        write_string(key, out)?;
        out.write_str(if indent.is_some() { ": " } else { ":" })?;
        write_value(item, out, indent, level + 1)?;
    }
    new_line(out, indent, level)?;
    out.write_char('}')
}

fn new_line(out: &mut impl Write, indent: Option<&str>, level: usize) -> fmt::Result {
    if let Some(indent) = indent {
        out.write_char('\n')?;
        for _ in 0..level {
            out.write_str(indent)?;
        }
    }
    Ok(())
}

fn write_string(kept: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    if kept.contains(text::ESCAPE) {
        for decoded in char::decode_utf16(text::units(kept)) {
            match decoded {
                Ok(character) => write_character(character, out)?,
                Err(half) => write!(out, "\\u{:04x}", half.unpaired_surrogate())?,
            }
        }
    } else {
        for character in kept.chars() {
            write_character(character, out)?;
        }
    }
    out.write_char('"')
}

fn write_character(character: char, out: &mut impl Write) -> fmt::Result {
    match character {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        '\u{8}' => out.write_str("\\b"),
        '\u{c}' => out.write_str("\\f"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control)),
        other => out.write_char(other),
    }
}
