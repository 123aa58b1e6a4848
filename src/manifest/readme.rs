//! `readme`, `readmeFilename`, and the `description` taken from a readme.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (step `readme`), `normalize-data.js` (`extractDescription`,
//! `fixDescriptionField`).

use serde_json::{Map, Value};

use super::files::Beside;
use super::json::text;
use super::{ManifestError, javascript};

/// What npm publishes as the readme of a package without one.
pub const MISSING: &str = "ERROR: No README data found!";

/// Fills `readme` and `readmeFilename` from a README file.
pub(crate) fn fill(beside: Beside<'_>, map: &mut Map<String, Value>) -> Result<(), ManifestError> {
    if javascript::truthy(map.get("readme")) {
        return Ok(());
    }
    if let Some(name) = file_name(beside) {
        let readme = beside.text_or_fail(&name)?;
        let is_empty = readme.is_empty();
        javascript::assign(map, "readme", Value::String(readme));
        javascript::assign(
            map,
            "readmeFilename",
            Value::String(text::escape(&name).into_owned()),
        );
        if !is_empty {
            return Ok(());
        }
    }
    javascript::assign(map, "readme", Value::String(MISSING.to_owned()));
    Ok(())
}

/// The first Markdown file among those npm visits, else the last that ends in upper-case `README`.
fn file_name(beside: Beside<'_>) -> Option<String> {
    let mut plain = None;
    for entry in beside.entries() {
        if entry.is_directory || !is_readme(&entry.name) {
            continue;
        }
        if is_markdown(&entry.name) {
            return Some(entry.name);
        }
        if entry.name.ends_with("README") {
            plain = Some(entry.name);
        }
    }
    plain
}

/// Whether a name matches `{README,README.*}`, ASCII letters in any case.
fn is_readme(name: &str) -> bool {
    let Some((stem, extension)) = name.split_at_checked("README".len()) else {
        return false;
    };
    stem.eq_ignore_ascii_case("README") && (extension.is_empty() || extension.starts_with('.'))
}

/// Whether a name matches `\.m?a?r?k?d?o?w?n?$` (`README.md`, but also `README.` and `README.mn`).
fn is_markdown(name: &str) -> bool {
    let Some((_, extension)) = name.rsplit_once('.') else {
        return false;
    };
    let mut letters = "markdown".chars();
    extension
        .chars()
        .all(|character| letters.any(|letter| letter == character.to_ascii_lowercase()))
}

/// Removes a description that is no string; takes an absent one from the readme.
pub(crate) fn describe(map: &mut Map<String, Value>) -> Result<(), ManifestError> {
    let given = map.get("description");
    if javascript::truthy(given) {
        if given.is_some_and(Value::is_string) {
            return Ok(());
        }
        map.shift_remove("description");
    }
    match map.get("readme") {
        Some(Value::String(readme)) if !readme.is_empty() && readme != MISSING => {
            let description = first_paragraph(readme);
            javascript::assign(map, "description", Value::String(description));
            Ok(())
        }
        Some(other) if !other.is_string() && javascript::truthy(Some(other)) => {
            Err(ManifestError::type_error("description.trim is not a function").in_field("readme"))
        }
        _ => Ok(()),
    }
}

/// The first block of lines that is not a heading, joined by spaces.
fn first_paragraph(readme: &str) -> String {
    let paragraph: Vec<&str> = text::trim(readme)
        .split('\n')
        .skip_while(|line| {
            let line = text::trim(line);
            line.is_empty() || line.starts_with('#')
        })
        .enumerate()
        .take_while(|(index, line)| *index == 0 || !text::trim(line).is_empty())
        .map(|(_, line)| line)
        .collect();
    text::trim(&paragraph.join(" ")).to_owned()
}
