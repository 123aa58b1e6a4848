//! Package names: npm's two checks, which do not agree.
//!
//! *fix* and *prepare* of a manifest ask whether a name may stand in a registry's URL (@npmcli/package-json 7.0.5
//! `normalize.js`, `fixName`). Choosing the registry asks again with validate-npm-package-name 7.0.2, which also
//! refuses `-a`, `_a` and `@x/.y`.

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::json::{self, text};
use super::{ManifestError, javascript};

/// Names that belong to Node 20's own modules; a package may have them, with a warning.
const BUILTIN_MODULES: &[&str] = &[
    "_http_agent",
    "_http_client",
    "_http_common",
    "_http_incoming",
    "_http_outgoing",
    "_http_server",
    "_stream_duplex",
    "_stream_passthrough",
    "_stream_readable",
    "_stream_transform",
    "_stream_wrap",
    "_stream_writable",
    "_tls_common",
    "_tls_wrap",
    "assert",
    "assert/strict",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "dns/promises",
    "domain",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "inspector/promises",
    "module",
    "net",
    "os",
    "path",
    "path/posix",
    "path/win32",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "repl",
    "stream",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "string_decoder",
    "sys",
    "timers",
    "timers/promises",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// Names of places that no package may take.
const TAKEN_NAMES: [&str; 2] = ["node_modules", "favicon.ico"];

/// Trims the name, makes an absent one empty and refuses one that cannot stand in a URL.
pub(crate) fn fix_name(
    map: &mut Map<String, Value>,
    corrections: &mut Corrections,
) -> Result<(), ManifestError> {
    if !javascript::truthy(map.get("name")) {
        corrections.push("Missing \"name\" field was set to an empty string");
        javascript::assign(map, "name", Value::String(String::new()));
        return Ok(());
    }
    let Some(Value::String(given)) = map.get("name") else {
        return Err(ManifestError::NameNotText);
    };
    let name = text::trim(given).to_owned();
    if name != *given {
        corrections.push("Whitespace was trimmed from \"name\"");
        javascript::assign(map, "name", Value::String(name.clone()));
    }
    let lower_case = name.to_lowercase();
    if name.starts_with('.')
        || !(is_scoped_name(&name)? || is_plain_name(&name)?)
        || TAKEN_NAMES.contains(&lower_case.as_str())
    {
        return Err(ManifestError::InvalidName {
            name: json::compact(&Value::String(name)),
        });
    }
    Ok(())
}

/// The warning for a name that a module of Node has.
pub(crate) fn builtin_warning(map: &Map<String, Value>) -> Option<String> {
    let name = map.get("name")?.as_str()?;
    BUILTIN_MODULES
        .contains(&name)
        .then(|| format!("Package name \"{name}\" conflicts with a Node.js built-in module name"))
}

fn is_scoped_name(name: &str) -> Result<bool, ManifestError> {
    let Some((scope, rest)) = name
        .strip_prefix('@')
        .and_then(|unsigned| unsigned.split_once('/'))
    else {
        return Ok(false);
    };
    Ok(!rest.contains('/')
        && !scope.is_empty()
        && !rest.is_empty()
        && is_encoded(scope)?
        && is_encoded(rest)?)
}

fn is_plain_name(name: &str) -> Result<bool, ManifestError> {
    let has_forbidden = name
        .chars()
        .any(|character| "/@+%:".contains(character) || text::is_space(character));
    Ok(!has_forbidden && is_encoded(name)?)
}

/// Whether `encodeURIComponent` leaves the text as it is; it fails on half of a surrogate pair.
pub(crate) fn is_encoded(kept: &str) -> Result<bool, ManifestError> {
    match text::plain(kept) {
        None => Err(ManifestError::MalformedText),
        Some(plain) => Ok(plain.chars().all(is_unreserved)),
    }
}

/// The characters `encodeURIComponent` leaves alone.
pub(crate) fn is_unreserved(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.!~*'()".contains(character)
}

/// npm's reasons against a name, for a package that exists already (so without those against new names).
///
/// Empty means the name is good. Source: validate-npm-package-name 7.0.2, `validForOldPackages`.
pub fn objections(name: &str) -> Result<Vec<String>, ManifestError> {
    let mut reasons: Vec<String> = Vec::new();
    let mut object = |reason: &str| reasons.push(reason.to_owned());
    if name.is_empty() {
        object("name length must be greater than zero");
    }
    if name.starts_with('.') {
        object("name cannot start with a period");
    }
    if name.starts_with('-') {
        object("name cannot start with a hyphen");
    }
    if name.starts_with('_') {
        object("name cannot start with an underscore");
    }
    if text::trim(name) != name {
        object("name cannot contain leading or trailing spaces");
    }
    for taken in TAKEN_NAMES {
        if name.to_lowercase() == taken {
            object(&format!("{taken} is not a valid package name"));
        }
    }
    if !is_encoded(name)? {
        if let Some((scope, rest)) = scope_and_rest(name) {
            if rest.starts_with('.') {
                object("name cannot start with a period");
            }
            // Without a scope JavaScript encodes the word "undefined", which never equals an absent scope.
            if let Some(scope) = scope
                && is_encoded(scope)?
                && is_encoded(rest)?
            {
                return Ok(reasons);
            }
            if scope.is_none() {
                is_encoded(rest)?;
            }
        }
        object("name can only contain URL-friendly characters");
    }
    Ok(reasons)
}

/// Splits as `^(?:@([^/]+?)[/])?([^/]+?)$` does.
fn scope_and_rest(name: &str) -> Option<(Option<&str>, &str)> {
    if let Some((scope, rest)) = name
        .strip_prefix('@')
        .and_then(|unsigned| unsigned.split_once('/'))
        && !scope.is_empty()
        && !rest.is_empty()
        && !rest.contains('/')
    {
        return Some((Some(scope), rest));
    }
    (!name.is_empty() && !name.contains('/')).then_some((None, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::unwrap_used,
        reason = "no name here holds half of a surrogate pair"
    )]
    #[test]
    fn objections_are_npms() {
        for (name, count) in [
            ("a", 0),
            ("A", 0),
            ("@a/b", 0),
            ("http", 0),
            ("a~b!", 0),
            ("", 1),
            (".a", 1),
            ("-a", 1),
            ("_a", 1),
            (" a", 2),
            ("@a/.b", 1),
            ("@a/b/c", 1),
            ("Node_Modules", 1),
            ("@", 1),
        ] {
            assert_eq!(objections(name).unwrap().len(), count, "{name:?}");
        }
    }
}
