//! `dependencies` and its kin as objects from name to range.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (steps `fixDependencies`, `optionalDedupe`).

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::hosted_git::HostedGit;
use super::javascript;
use super::json::text;

/// Makes the fields objects and normalises what points to a known git host.
pub(crate) fn fix(map: &mut Map<String, Value>, corrections: &mut Corrections) {
    for field in ["dependencies", "devDependencies", "optionalDependencies"] {
        let listed = match map.get(field) {
            Some(Value::String(line)) if !line.is_empty() => {
                corrections.push(&format!(
                    "\"{field}\" was converted from a string into an object"
                ));
                let is_separator = |character: char| character == ',' || text::is_space(character);
                split_runs(text::trim(line), is_separator)
                    .into_iter()
                    .map(|item| Value::String(item.to_owned()))
                    .collect()
            }
            Some(Value::Array(items)) => {
                corrections.push(&format!(
                    "\"{field}\" was converted from an array into an object"
                ));
                items.clone()
            }
            _ => continue,
        };
        let mut dependencies = Map::new();
        for item in listed.iter().filter_map(Value::as_str) {
            let (name, range) = name_and_range(text::trim(item));
            javascript::assign(&mut dependencies, name, Value::String(range.to_owned()));
        }
        javascript::assign(map, field, Value::Object(dependencies));
    }
    for field in ["dependencies", "devDependencies"] {
        match map.get_mut(field) {
            None => {}
            Some(Value::Object(dependencies)) => fix_ranges(field, dependencies, corrections),
            Some(_) => {
                corrections.push(&format!("Removed invalid \"{field}\""));
                map.shift_remove(field);
            }
        }
    }
}

fn fix_ranges(field: &str, dependencies: &mut Map<String, Value>, corrections: &mut Corrections) {
    let names: Vec<String> = dependencies.keys().cloned().collect();
    for name in names {
        let Some(Value::String(range)) = dependencies.get(&name) else {
            corrections.push(&format!("Removed invalid \"{field}.{name}\""));
            dependencies.shift_remove(&name);
            continue;
        };
        if let Some(normal) = HostedGit::from_url(range).map(|hosted| hosted.to_text())
            && normal != *range
        {
            corrections.push(&format!("Normalized git reference to \"{field}.{name}\""));
            javascript::assign(dependencies, &name, Value::String(normal));
        }
    }
}

/// Splits at runs of separators, as JavaScript splits: empty first and last items stay.
fn split_runs(line: &str, is_separator: impl Fn(char) -> bool) -> Vec<&str> {
    let mut items = Vec::new();
    let mut rest = line;
    while let Some(end) = rest.find(&is_separator) {
        let (item, after) = rest.split_at(end);
        items.push(item);
        rest = after.trim_start_matches(&is_separator);
    }
    items.push(rest);
    items
}

/// Splits `name@range` at the first `@`, space, `<`, `>` or `=`, with a colon before it counted in.
fn name_and_range(item: &str) -> (&str, &str) {
    let separator = item.find(|character: char| {
        matches!(character, '@' | '<' | '>' | '=') || text::is_space(character)
    });
    let Some(separator) = separator else {
        return (item, "");
    };
    let (before, after) = item.split_at(separator);
    match before.strip_suffix(':') {
        Some(name) => (name, text::trim(item.get(name.len()..).unwrap_or_default())),
        None => (before, text::trim(after.strip_prefix('@').unwrap_or(after))),
    }
}

/// Removes from `dependencies` what is optional too, and `dependencies` if nothing is left.
pub(crate) fn remove_optional(map: &mut Map<String, Value>) {
    let optional = match map.get("optionalDependencies") {
        Some(optional @ (Value::Object(_) | Value::Array(_))) => javascript::keys(optional),
        _ => return,
    };
    if !javascript::truthy(map.get("dependencies")) {
        return;
    }
    let is_empty = match map.get_mut("dependencies") {
        Some(Value::Object(dependencies)) => {
            for name in &optional {
                dependencies.shift_remove(name);
            }
            dependencies.is_empty()
        }
        // An item deleted from a list leaves a hole, which prints as null.
        Some(Value::Array(items)) => {
            let mut left = items.len();
            for (index, item) in items.iter_mut().enumerate() {
                if optional.contains(&index.to_string()) {
                    *item = Value::Null;
                    left -= 1;
                }
            }
            left == 0
        }
        Some(Value::String(line)) => line.is_empty(),
        _ => true,
    };
    if is_empty {
        map.shift_remove("dependencies");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_a_list_is_a_name_and_a_range() {
        for (item, expected) in [
            ("foo", ("foo", "")),
            ("foo@1.2", ("foo", "1.2")),
            ("foo >=1 <2", ("foo", ">=1 <2")),
            ("foo:@1", ("foo", ":@1")),
            ("@a/b@1", ("", "a/b@1")),
            ("", ("", "")),
        ] {
            assert_eq!(name_and_range(item), expected, "{item:?}");
        }
    }
}
