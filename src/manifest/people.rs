//! `author`, `contributors` and `maintainers`: people as objects of `name`, `email` and `url`.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize-data.js` (`fixPeople`, `stringifyPerson`), `normalize.js` (step
//! `authors`).

use serde_json::{Map, Value};

use super::files::Beside;
use super::json::text;
use super::{ManifestError, javascript};

/// Fills `contributors` from the lines of `AUTHORS`, if there are none.
pub(crate) fn fill_contributors(beside: Beside<'_>, map: &mut Map<String, Value>) {
    if javascript::truthy(map.get("contributors")) {
        return;
    }
    if let Ok(authors) = beside.text("AUTHORS") {
        let people = authors
            .split('\n')
            .map(|line| line.strip_suffix('\r').unwrap_or(line))
            .filter(|line| !is_comment(line))
            .map(text::trim)
            .filter(|line| !line.is_empty())
            .map(|line| Value::String(line.to_owned()))
            .collect();
        javascript::assign(map, "contributors", Value::Array(people));
    }
}

/// Whether all of the line is what `^\s*#.*$` matches: a lone line end of another kind ends the comment.
fn is_comment(line: &str) -> bool {
    line.trim_start_matches(text::is_space)
        .strip_prefix('#')
        .is_some_and(|comment| !comment.contains(['\r', '\u{2028}', '\u{2029}']))
}

/// Makes each person an object.
pub(crate) fn normalize(map: &mut Map<String, Value>) -> Result<(), ManifestError> {
    if let Some(author) = map
        .get("author")
        .filter(|author| javascript::truthy(Some(author)))
    {
        let person = person(author).map_err(|error| error.in_field("author"))?;
        javascript::assign(map, "author", person);
    }
    for field in ["maintainers", "contributors"] {
        if let Some(Value::Array(people)) = map.get(field) {
            let people = people
                .iter()
                .map(person)
                .collect::<Result<_, _>>()
                .map_err(|error| error.in_field(field))?;
            javascript::assign(map, field, Value::Array(people));
        }
    }
    Ok(())
}

fn person(value: &Value) -> Result<Value, ManifestError> {
    let described = describe(value)?;
    let name = described
        .split(['(', '<'])
        .next()
        .map(text::trim)
        .unwrap_or_default();
    let mut person = Map::new();
    let mut put =
        |key: &str, part: &str| person.insert(key.to_owned(), Value::String(part.to_owned()));
    if !name.is_empty() {
        put("name", name);
    }
    if let Some(email) = between(&described, '<', '>') {
        put("email", email);
    }
    if let Some(url) = between(&described, '(', ')') {
        put("url", url);
    }
    Ok(Value::Object(person))
}

/// A person as one line: `name <email> (url)`.
fn describe(value: &Value) -> Result<String, ManifestError> {
    match value {
        Value::String(line) => return Ok(line.clone()),
        Value::Null => {
            return Err(ManifestError::type_error(
                "Cannot read properties of null (reading 'name')",
            ));
        }
        _ => {}
    }
    let part = |keys: &[&str]| {
        keys.iter()
            .map(|key| javascript::member(Some(value), key))
            .find(|part| javascript::truthy(*part))
    };
    let mut line = match part(&["name"]) {
        Some(name) => javascript::to_text(name)?,
        None => String::new(),
    };
    if let Some(email) = part(&["email", "mail"]) {
        line = format!("{line} <{}>", javascript::to_text(email)?);
    }
    if let Some(url) = part(&["url", "web"]) {
        line = format!("{line} ({})", javascript::to_text(url)?);
    }
    Ok(line)
}

/// The first run without either mark between `open` and `close`.
fn between(line: &str, open: char, close: char) -> Option<&str> {
    let mut start = None;
    for (index, character) in line.char_indices() {
        if character == open {
            start = Some(index + open.len_utf8());
        } else if character == close {
            let inside = start.take().and_then(|start| line.get(start..index));
            if inside.is_some_and(|inside| !inside.is_empty()) {
                return inside;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::unwrap_used, reason = "none of these values is refused")]
    #[test]
    fn a_person_is_taken_apart() {
        for (given, expected) in [
            (
                json!("A B <a@b.c> (http://x)"),
                json!({"name": "A B", "email": "a@b.c", "url": "http://x"}),
            ),
            (json!("<<a>> ()(u)"), json!({"email": "a", "url": "u"})),
            (
                json!({"name": "n", "mail": "m", "web": "w", "twitter": "t"}),
                json!({"name": "n", "email": "m", "url": "w"}),
            ),
            (
                json!({"name": 5, "url": ["a", "b"]}),
                json!({"name": "5", "url": "a,b"}),
            ),
            (json!(5), json!({})),
            (json!(""), json!({})),
        ] {
            assert_eq!(person(&given).unwrap(), expected, "{given}");
        }
    }
}
