//! From a directory to the object in its package.json.
//!
//! Source: @npmcli/package-json 7.0.5 `index.js` (`load`, `fromComment`), `read-package.js`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::files::Beside;
use super::json::{self, text};
use super::{ManifestError, javascript};

/// Reads package.json.
pub(crate) fn package_json(directory: &Path) -> Result<Map<String, Value>, ManifestError> {
    let path = directory.join("package.json");
    match fs::read(&path) {
        Ok(bytes) => parse(&path, &bytes),
        Err(source) => Err(ManifestError::Read { path, source }),
    }
}

/// Reads package.json, or if that cannot be read, the comment `/**package {...} **/` in index.js.
pub(crate) fn package_json_or_comment(
    beside: Beside<'_>,
) -> Result<Map<String, Value>, ManifestError> {
    let path = beside.shown("package.json");
    match beside.bytes("package.json") {
        Ok(bytes) => parse(&path, &bytes),
        Err(source) => match comment(beside) {
            Some(value) => into_map(value),
            None => Err(ManifestError::Read { path, source }),
        },
    }
}

/// Parses the bytes of a package.json; `path` is for the error.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Map<String, Value>, ManifestError> {
    let value = json::parse(bytes).map_err(|source| ManifestError::Syntax {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    into_map(value)
}

fn into_map(value: Value) -> Result<Map<String, Value>, ManifestError> {
    match value {
        Value::Object(map) => Ok(map),
        // npm goes on with a list, and finds neither name nor version in it.
        Value::Array(items) => Ok(items
            .into_iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect()),
        other if javascript::truthy(Some(&other)) => Err(ManifestError::NotAnObject {
            found: json::compact(&other),
        }),
        _ => Err(ManifestError::NoContent),
    }
}

fn comment(beside: Beside<'_>) -> Option<Value> {
    let source = beside.bytes("index.js").ok()?;
    json::parse(comment_text(&String::from_utf8_lossy(&source))?.as_bytes()).ok()
}

/// The JSON between a line that starts with `/**package` and the next line that ends in `**/`, without the stars that
/// lines of a comment begin with.
fn comment_text(source: &str) -> Option<String> {
    const OPEN: &str = "/**package";
    const CLOSE: &str = "**/";
    let mut opens = source.match_indices(OPEN).filter_map(|(start, _)| {
        let end = start + OPEN.len();
        let is_line_start = source
            .get(..start)?
            .chars()
            .next_back()
            .is_none_or(is_line_end);
        let next = source.get(end..)?.chars().next();
        let is_word_end = next.is_none_or(text::is_space);
        (is_line_start && is_word_end).then(|| (start, end + next.map_or(0, char::len_utf8)))
    });
    let (_, start) = opens.next()?;
    let end = opens.next().map_or(source.len(), |(end, _)| end);
    let inside = source.get(start..end)?;
    let close = inside.match_indices(CLOSE).find_map(|(close, _)| {
        let after = inside.get(close + CLOSE.len()..)?;
        after
            .chars()
            .next()
            .is_none_or(is_line_end)
            .then_some(close)
    })?;
    Some(without_stars(inside.get(..close)?))
}

/// Takes off what `^\s*\*` matches in each line.
fn without_stars(comment: &str) -> String {
    let mut stripped = String::with_capacity(comment.len());
    let mut rest = comment;
    loop {
        // White space may span lines: then the star counts from the first of them.
        if let Some(after) = rest.trim_start_matches(text::is_space).strip_prefix('*') {
            rest = after;
        }
        let Some(end) = rest.find(is_line_end) else {
            stripped.push_str(rest);
            return stripped;
        };
        let line_end = end
            + rest
                .get(end..)
                .and_then(|rest| rest.chars().next())
                .map_or(0, char::len_utf8);
        let (line, after) = rest.split_at(line_end);
        stripped.push_str(line);
        rest = after;
    }
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}
