//! What has to be equal in two answers, ours and npm's.

use serde_json::{Value, json};

/// What depends on the terminal, on npm's own place, or is kept as text.
const NOT_COMPARED: [&str; 9] = [
    "progress",
    "node-gyp",
    "editor",
    "shell",
    "unicode",
    "color",
    "before",
    "local-address",
    "init-version",
];

pub(super) fn compare(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    let differ = |differences: &mut Vec<String>, what: &str, ours: &Value, theirs: &Value| {
        if ours != theirs {
            differences.push(format!("{what}: ours {ours}, npm's {theirs}"));
        }
    };
    let their_error = theirs.get("error").and_then(Value::as_str);
    match (their_error, ours.get("error")) {
        (None, None) => {}
        // A list is refused at once; npm looks for credentials first and may stop there.
        (Some(_), Some(_)) if theirs.get("registry").is_some_and(Value::is_array) => {}
        (Some(theirs_code), Some(code)) => {
            // An error without a code is known by its class.
            let expected = match theirs_code {
                "TypeError" | "Error" | "URIError" | "RangeError" => Value::Null,
                code => json!(code),
            };
            differ(&mut differences, "error", code, &expected);
        }
        _ => differ(
            &mut differences,
            "error",
            &json!([ours.get("error"), ours.get("message")]),
            &json!([theirs.get("error"), theirs.get("message")]),
        ),
    }
    for what in [
        "positionals",
        "localPrefix",
        "globalPrefix",
        "isDefaultTag",
        "registry",
        "check",
        "uri",
        "header",
        "certificate",
    ] {
        if their_error.is_none() || theirs.get(what).is_some() && ours.get(what).is_some() {
            differ(
                &mut differences,
                what,
                ours.get(what).unwrap_or(&Value::Null),
                theirs.get(what).unwrap_or(&Value::Null),
            );
        }
    }
    for (answer, other, side) in [(theirs, ours, "npm's"), (ours, theirs, "ours")] {
        let (Some(answer), Some(other)) = (
            answer.get("exported").and_then(Value::as_object),
            other.get("exported").and_then(Value::as_object),
        ) else {
            continue;
        };
        for (name, value) in answer.iter().filter(|(name, _)| is_exported(name)) {
            let other = other.get(name).unwrap_or(&Value::Null);
            if value != other {
                differences.push(format!("exported {name}: {side} {value}, other {other}"));
            }
        }
    }
    if let (Some(own), Some(agent), Some(version)) = (
        ours.get("userAgent"),
        theirs.get("userAgent").and_then(Value::as_str),
        theirs.get("nodeVersion").and_then(Value::as_str),
    ) {
        // The judge's npm is no real one and has no version.
        let agent = agent
            .replace(version, "NODE")
            .replace("npm/undefined", "npm/11.19.1");
        differ(&mut differences, "userAgent", own, &json!(agent));
    }
    for part in ["values", "flat"] {
        let (Some(theirs), Some(ours)) = (
            theirs.get(part).and_then(Value::as_object),
            ours.get(part).and_then(Value::as_object),
        ) else {
            continue;
        };
        for (key, value) in theirs {
            if !NOT_COMPARED.contains(&key.as_str()) {
                let own = ours.get(key).unwrap_or(&Value::Null);
                differ(&mut differences, &format!("{part} {key}"), own, value);
            }
        }
    }
    if their_error.is_none() {
        differ(
            &mut differences,
            "warnings",
            &warnings(ours),
            &warnings(theirs),
        );
    }
    differences
}

/// Whether the configuration itself decides the variable.
fn is_exported(name: &str) -> bool {
    let is_set_by_lifecycle = matches!(
        name,
        "npm_config_node_gyp"
            | "npm_config_npm_version"
            | "npm_config_global_prefix"
            | "npm_config_local_prefix"
            | "npm_config_user_agent"
    );
    // What the judge's own process decides once, at its start.
    let is_process_wide = [
        "progress",
        "editor",
        "shell",
        "unicode",
        "color",
        "local_address",
    ]
    .iter()
    .any(|key| name == format!("npm_config_{key}"));
    (name.starts_with("npm_config_") && !is_set_by_lifecycle && !is_process_wide)
        || matches!(name, "NODE_OPTIONS" | "NODE_ENV")
}

/// The warnings, without the wording of deprecations, which is ours.
fn warnings(answer: &Value) -> Value {
    let mut lines: Vec<String> = answer
        .get("warnings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|line| !line.starts_with("config "))
        // npm shows the word even where it is a credential.
        .filter(|line| !line.ends_with("is being parsed as a normal command line argument."))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines.dedup();
    json!(lines)
}

pub(super) fn kind(answer: &Value) -> String {
    match answer.get("error").and_then(Value::as_str) {
        Some(code) => code.to_owned(),
        None => format!(
            "{}, {}",
            answer.get("check").and_then(Value::as_str).unwrap_or("?"),
            answer
                .get("header")
                .and_then(Value::as_str)
                .map_or("no header", |header| header
                    .split(' ')
                    .next()
                    .unwrap_or_default())
        ),
    }
}
