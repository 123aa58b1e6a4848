//! The ini dialect of `.npmrc` files (`ini` 6.0.0, `decode`).
//!
//! The grammar is small but the result depends on JavaScript objects: sections and dotted section
//! names share sub-objects, a section may be named like an earlier key, quoted text may be any
//! JSON. All of it can be written in a file, so all of it is read the way npm reads it.

mod document;
mod edit;
mod save;

use super::value::{ConfigValue, is_white_space, trim};
use document::{Document, Target};
pub use edit::set;
pub use save::{Readers, save};

/// What a file says: its top-level keys, in JavaScript's key order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Npmrc {
    /// The keys with their values.
    pub entries: Vec<NpmrcEntry>,
}

/// One top-level key.
#[derive(Debug, Clone, PartialEq)]
pub struct NpmrcEntry {
    /// The key as written, unquoted and unescaped; references to variables not yet replaced.
    pub key: String,
    /// Its value; references not yet replaced.
    pub value: ConfigValue,
    /// The line that last set it, from 1.
    pub line: u32,
}

/// Text that npm's own parser fails on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NpmrcError {
    /// `'null'` in quotes as a key.
    #[error("line {line}: a key cannot be null")]
    NullKey {
        /// The line, from 1.
        line: u32,
    },
    /// A dotted section name below a key that is `null`.
    #[error("[{section}] lies below a key that is null")]
    NullParent {
        /// The section's name.
        section: String,
    },
    /// `length=` in a section that is named like an array.
    #[error("line {line}: invalid array length")]
    ArrayLength {
        /// The line, from 1.
        line: u32,
    },
}

/// Reads the text of an `.npmrc`.
pub fn parse(text: &str) -> Result<Npmrc, NpmrcError> {
    let mut document = Document::new();
    let mut section = Target::Table(Document::ROOT);
    for (index, physical) in text.split('\n').enumerate() {
        let number = u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1));
        for line in physical.split('\r') {
            match Line::parse(line) {
                None => {}
                Some(Line::Section(name)) => section = document.open_section(&name, number),
                Some(Line::Pair { key, value }) => {
                    document.assign(section, &key, value, number)?;
                }
            }
        }
    }
    document.nest_dotted_sections()?;
    Ok(document.into_npmrc())
}

enum Line {
    Section(ConfigValue),
    Pair {
        key: ConfigValue,
        value: ConfigValue,
    },
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let content = trim(line);
        if content.is_empty() || content.starts_with([';', '#']) {
            return None;
        }
        if let Some(name) = section_name(line) {
            return Some(Self::Section(unquote(name)));
        }
        let (key, value) = match line.split_once('=') {
            None => (line, None),
            // In a regular expression `.` stops at these two, and the line as a whole then fails.
            Some((_, value)) if value.contains(['\u{2028}', '\u{2029}']) => return None,
            Some(("", _)) => return None,
            Some((key, value)) => (key, Some(value)),
        };
        let value = match value.map(unquote) {
            None => ConfigValue::Bool(true),
            Some(ConfigValue::String(text)) => match text.as_str() {
                "true" => ConfigValue::Bool(true),
                "false" => ConfigValue::Bool(false),
                "null" => ConfigValue::Null,
                _ => ConfigValue::String(text),
            },
            Some(other) => other,
        };
        Some(Self::Pair {
            key: unquote(key),
            value,
        })
    }
}

/// The inside of `[...]` when nothing but white space follows the first `]`.
fn section_name(line: &str) -> Option<&str> {
    let (name, after) = line.strip_prefix('[')?.split_once(']')?;
    after.chars().all(is_white_space).then_some(name)
}

/// Takes quotes off, or unescapes plain text up to its comment.
fn unquote(text: &str) -> ConfigValue {
    let text = trim(text);
    let quoted = |quote| text.starts_with(quote) && text.ends_with(quote);
    if quoted('\'') {
        // A lone quote is its own opening and closing one.
        let inside = text
            .get(1..text.len().saturating_sub(1))
            .unwrap_or_default();
        return json(inside).unwrap_or_else(|| inside.into());
    }
    if quoted('"') {
        return json(text).unwrap_or_else(|| text.into());
    }
    let mut plain = String::with_capacity(text.len());
    let mut escaped = false;
    for character in text.chars() {
        if escaped {
            if !matches!(character, '\\' | ';' | '#') {
                plain.push('\\');
            }
            plain.push(character);
            escaped = false;
        } else {
            match character {
                ';' | '#' => break,
                '\\' => escaped = true,
                other => plain.push(other),
            }
        }
    }
    if escaped {
        plain.push('\\');
    }
    trim(&plain).into()
}

fn json(text: &str) -> Option<ConfigValue> {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
    let parsed = parsed.or_else(|error| {
        // JavaScript's strings may hold half of a surrogate pair; written out it is U+FFFD.
        if text.contains("\\u") {
            serde_json::from_str(&without_lone_surrogates(text))
        } else {
            Err(error)
        }
    });
    parsed.ok().map(|value| ConfigValue::from_json(&value))
}

/// JSON text with `\ud800` and its like, unless paired, replaced by `\ufffd`.
fn without_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| -> Option<u32> {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(escape, 16).ok()
    };
    let mut replaced = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let (length, keep) = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, true),
            (Some(0xd800..=0xdfff), _) => (6, false),
            // Whatever is escaped by a backslash stays with it.
            _ if character == '\\' => {
                let next = text.get(at + 1..).and_then(|rest| rest.chars().next());
                (1 + next.map_or(0, char::len_utf8), true)
            }
            _ => (character.len_utf8(), true),
        };
        replaced.push_str(if keep {
            text.get(at..at + length).unwrap_or_default()
        } else {
            "\\ufffd"
        });
        at += length;
    }
    replaced
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed parse fails the test")]
mod tests {
    use super::*;

    fn value(text: &str, key: &str) -> Option<ConfigValue> {
        parse(text)
            .unwrap()
            .entries
            .into_iter()
            .find(|entry| entry.key == key)
            .map(|entry| entry.value)
    }

    #[test]
    fn plain_values_follow_the_dialect() {
        for (line, expected) in [
            ("k=v", "v"),
            (" k = v ", "v"),
            ("k=a=b", "a=b"),
            ("k=a#b", "a"),
            ("k=a;b", "a"),
            ("k=a\\#b", "a#b"),
            ("k=a\\\\b", "a\\b"),
            ("k=a\\b", "a\\b"),
            ("k=a\\", "a\\"),
            ("k=", ""),
            ("k=\"a#b\"", "a#b"),
            ("k=\"a\\nb\"", "a\nb"),
            ("k='a#b'", "a#b"),
            ("k='\"x\"'", "x"),
            ("k='", ""),
            ("k=\"", "\""),
            ("k=\"a\\q\"", "\"a\\q\""),
            ("k=\"\\ud83d\\ude00\"", "\u{1f600}"),
            ("k=\"a\\ud83d\"", "a\u{fffd}"),
            ("k=\"\\\\ud83d\"", "\\ud83d"),
            ("\u{feff}k=v", "v"),
            ("x=1\rk=v", "v"),
        ] {
            assert_eq!(value(line, "k"), Some(expected.into()), "{line}");
        }
    }

    #[test]
    fn words_and_quoted_json_are_typed() {
        for (line, expected) in [
            ("k", ConfigValue::Bool(true)),
            ("k=true", ConfigValue::Bool(true)),
            ("k=\"false\"", ConfigValue::Bool(false)),
            ("k=null", ConfigValue::Null),
            ("k='12'", ConfigValue::Number(12.0)),
            (
                "k[]=1\nk[]=2",
                ConfigValue::Array(vec!["1".into(), "2".into()]),
            ),
            (
                "k=1\nk[]=2",
                ConfigValue::Array(vec!["1".into(), "2".into()]),
            ),
            (
                "k[]=1\nk=2",
                ConfigValue::Array(vec!["1".into(), "2".into()]),
            ),
        ] {
            assert_eq!(value(line, "k"), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_section_swallows_the_keys_below_it() {
        assert_eq!(value("[s]\nregistry=x", "registry"), None);
        assert!(matches!(
            value("[s]\nregistry=x", "s"),
            Some(ConfigValue::Object { .. })
        ));
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let file = parse("# c\r\n\r\na=1\nb=2\n\na=3\n").unwrap();
        let lines: Vec<_> = file
            .entries
            .iter()
            .map(|entry| (entry.key.as_str(), entry.line))
            .collect();
        assert_eq!(lines, [("a", 6), ("b", 4)]);
    }

    #[test]
    fn a_null_key_is_refused() {
        assert_eq!(parse("a=1\n'null'=x"), Err(NpmrcError::NullKey { line: 2 }));
    }
}
