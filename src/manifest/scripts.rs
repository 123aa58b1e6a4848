//! `scripts` and what npm adds to them.
//!
//! Source: @npmcli/package-json 7.0.5 `normalize.js` (steps `scripts`, `scriptpath`, `gypfile`, `serverjs`).

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::files::Beside;
use super::javascript;

const FIELD: &str = "scripts";

/// Whether a path to a command in `node_modules/.bin` is shortened to the command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandPaths {
    Kept,
    Shortened,
}

/// Removes scripts that are not strings, and the field if it is no object.
pub(crate) fn fix(
    map: &mut Map<String, Value>,
    paths: CommandPaths,
    corrections: &mut Corrections,
) {
    match map.get_mut(FIELD) {
        None | Some(Value::Null) => {}
        Some(Value::Object(scripts)) => {
            for name in javascript::keys(&Value::Object(scripts.clone())) {
                match fixed(scripts.get(&name), paths) {
                    Fixed::Kept => {}
                    Fixed::Removed => {
                        scripts.shift_remove(&name);
                        corrections.push(&format!("Invalid scripts.\"{name}\" was removed"));
                    }
                    Fixed::Changed(command) => {
                        javascript::assign(scripts, &name, Value::String(command));
                        corrections.push(&shortened(&name));
                    }
                }
            }
        }
        // A list passes as an object; an item deleted from it leaves a hole, which prints as null.
        Some(Value::Array(scripts)) => {
            for (index, script) in scripts.iter_mut().enumerate() {
                match fixed(Some(script), paths) {
                    Fixed::Kept => {}
                    Fixed::Removed => {
                        *script = Value::Null;
                        corrections.push(&format!("Invalid scripts.\"{index}\" was removed"));
                    }
                    Fixed::Changed(command) => {
                        *script = Value::String(command);
                        corrections.push(&shortened(&index.to_string()));
                    }
                }
            }
        }
        Some(_) => {
            corrections.push("Removed invalid \"scripts\"");
            map.shift_remove(FIELD);
        }
    }
}

enum Fixed {
    Kept,
    Removed,
    Changed(String),
}

fn fixed(script: Option<&Value>, paths: CommandPaths) -> Fixed {
    match script {
        Some(Value::String(command)) => match without_bin_path(command) {
            Some(short) if paths == CommandPaths::Shortened => Fixed::Changed(short.to_owned()),
            _ => Fixed::Kept,
        },
        _ => Fixed::Removed,
    }
}

fn shortened(name: &str) -> String {
    format!("scripts entry \"{name}\" was fixed to remove node_modules/.bin reference")
}

/// Takes off what `^(\.[/\\])?node_modules[/\\].bin[\\/]` matches; the dot before `bin` is any character there.
fn without_bin_path(command: &str) -> Option<&str> {
    let is_slash = |character: char| matches!(character, '/' | '\\');
    let rest = command
        .strip_prefix('.')
        .and_then(|rest| rest.strip_prefix(is_slash))
        .unwrap_or(command);
    let rest = rest.strip_prefix("node_modules")?.strip_prefix(is_slash)?;
    let rest = rest.strip_prefix(|character: char| {
        !matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
    })?;
    rest.strip_prefix("bin")?.strip_prefix(is_slash)
}

/// Adds the script that builds a native module, if there is a `*.gyp` and no script that would.
pub(crate) fn add_gyp(beside: Beside<'_>, map: &mut Map<String, Value>) {
    let scripts = map.get(FIELD);
    let has_own = ["install", "preinstall"]
        .iter()
        .any(|name| javascript::truthy(javascript::member(scripts, name)));
    if has_own || map.get("gypfile") == Some(&Value::Bool(false)) {
        return;
    }
    let has_gyp = beside
        .entries()
        .iter()
        .any(|entry| !entry.name.starts_with('.') && entry.name.strip_suffix(".gyp").is_some());
    if has_gyp {
        add(map, "install", "node-gyp rebuild");
        javascript::assign(map, "gypfile", Value::Bool(true));
    }
}

/// Adds the script that starts `server.js`, if there is that file and no such script.
pub(crate) fn add_server(beside: Beside<'_>, map: &mut Map<String, Value>) {
    let has_own = javascript::truthy(javascript::member(map.get(FIELD), "start"));
    if !has_own && beside.exists("server.js") {
        add(map, "start", "node server.js");
    }
}

fn add(map: &mut Map<String, Value>, name: &str, command: &str) {
    if !javascript::truthy(map.get(FIELD)) {
        javascript::assign(map, FIELD, Value::Object(Map::new()));
    }
    // A property set on anything but an object is never printed.
    if let Some(Value::Object(scripts)) = map.get_mut(FIELD) {
        javascript::assign(scripts, name, Value::String(command.to_owned()));
    }
}
