//! `${VAR}` and `${VAR?}` in keys and values (`@npmcli/config` 10.12 `env-replace.js`).

use crate::environment::Environment;

/// Replaces references to variables. An unset `${VAR}` stays as written, an unset `${VAR?}`
/// becomes empty; an odd number of backslashes before the `$` keeps the reference as text, and
/// every pair of them is one backslash.
pub fn expand(text: &str, environment: &Environment) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        let Some(parsed) = Reference::parse(reference) else {
            expanded.push_str(before);
            expanded.push('$');
            rest = reference.get(1..).unwrap_or_default();
            continue;
        };
        let plain = before.trim_end_matches('\\');
        let backslashes = before.len() - plain.len();
        expanded.push_str(plain);
        expanded.extend(std::iter::repeat_n('\\', backslashes / 2));
        if backslashes % 2 == 1 {
            expanded.push_str(parsed.source);
        } else {
            match environment.variable(parsed.name) {
                Some(value) => expanded.push_str(&value),
                None if parsed.optional => {}
                None => {
                    expanded.push_str("${");
                    expanded.push_str(parsed.name);
                    expanded.push('}');
                }
            }
        }
        rest = reference.get(parsed.source.len()..).unwrap_or_default();
    }
    expanded.push_str(rest);
    expanded
}

/// The names of the variables that `text` refers to and that are not set.
pub fn unset_references(text: &str, environment: &Environment) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let reference = rest.get(start..).unwrap_or_default();
        if let Some(parsed) = Reference::parse(reference) {
            if environment.variable_os(parsed.name).is_none() && !parsed.optional {
                names.push(parsed.name.to_owned());
            }
            rest = reference.get(parsed.source.len()..).unwrap_or_default();
        } else {
            rest = reference.get(1..).unwrap_or_default();
        }
    }
    names
}

struct Reference<'a> {
    source: &'a str,
    name: &'a str,
    optional: bool,
}

impl<'a> Reference<'a> {
    /// Reads `${NAME}` or `${NAME?}` at the start of `text`. A name holds none of `$ { } ?`.
    fn parse(text: &'a str) -> Option<Self> {
        let inside = text.strip_prefix("${")?;
        let length = inside.find(['$', '{', '}', '?'])?;
        let (name, after) = inside.split_at(length);
        if name.is_empty() {
            return None;
        }
        let optional = after.starts_with('?');
        let closed = after.get(usize::from(optional)..)?;
        if !closed.starts_with('}') {
            return None;
        }
        let length = "${".len() + name.len() + usize::from(optional) + "}".len();
        Some(Self {
            source: text.get(..length)?,
            name,
            optional,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_by_rule() {
        let environment = Environment::new(
            [("A".into(), "1".into()), ("E".into(), "".into())],
            "/w",
            "/h",
        );
        for (text, expected) in [
            ("x${A}y", "x1y"),
            ("${A}${A}", "11"),
            ("${E}", ""),
            ("${NO}", "${NO}"),
            ("${NO?}", ""),
            ("${A?}", "1"),
            ("\\${A}", "${A}"),
            ("\\\\${A}", "\\1"),
            ("\\\\\\${A}", "\\${A}"),
            ("${A-x}", "${A-x}"),
            ("${}", "${}"),
            ("${${A}}", "${1}"),
            ("$A", "$A"),
            ("${A", "${A"),
            ("${A??}", "${A??}"),
            ("${A}\\${A}", "1${A}"),
        ] {
            assert_eq!(expand(text, &environment), expected, "{text}");
        }
    }
}
