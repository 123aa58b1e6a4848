//! Reduces a failing tree: nodes, then lines of text, then what a manifest says, as long as it
//! still fails.

use serde_json::{Map, Value};

use super::tree::{Kind, Tree};

/// Attempts after which a reduction is good enough.
const ATTEMPTS: usize = 3_000;

/// The smallest tree found for which `fails` still holds.
pub(crate) fn shrink(tree: &Tree, mut fails: impl FnMut(&Tree) -> bool) -> Tree {
    let mut best = tree.clone();
    let mut attempts = 0;
    loop {
        let mut improved = false;
        for candidate in candidates(&best) {
            attempts += 1;
            if attempts > ATTEMPTS {
                return best;
            }
            if candidate != best && fails(&candidate) {
                best = candidate;
                improved = true;
                break;
            }
        }
        if !improved {
            return best;
        }
    }
}

fn candidates(tree: &Tree) -> Vec<Tree> {
    let mut candidates = Vec::new();
    let count = tree.nodes.len();
    let mut chunk = count / 2;
    while chunk > 0 {
        for start in (0..count).step_by(chunk) {
            let mut smaller = tree.clone();
            smaller.nodes.drain(start..count.min(start + chunk));
            candidates.push(smaller);
        }
        chunk /= 2;
    }
    if tree.workspaces.is_some() {
        candidates.push(Tree {
            workspaces: None,
            ..tree.clone()
        });
    }
    for (index, node) in tree.nodes.iter().enumerate() {
        let text = match &node.kind {
            Kind::File(text) | Kind::FileMode(text, _) | Kind::OldFile(text) => text.clone(),
            _ => continue,
        };
        let mut with = |text: String| {
            let mut smaller = tree.clone();
            smaller.nodes[index].kind = Kind::File(text);
            candidates.push(smaller);
        };
        if let Ok(Value::Object(manifest)) = serde_json::from_str(&text.replace("\\\\", "\\")) {
            for smaller in smaller_objects(&manifest) {
                with(Value::Object(smaller).to_string().replace('\\', "\\\\"));
            }
            continue;
        }
        if text.len() > 1 && !node.path.ends_with("ignore") {
            with(String::new());
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for skip in 0..lines.len() {
            let rest: String = lines
                .iter()
                .enumerate()
                .filter(|(line, _)| *line != skip)
                .map(|(_, text)| *text)
                .collect();
            with(rest);
        }
    }
    candidates
}

/// The object without one key, or with one value made smaller.
fn smaller_objects(object: &Map<String, Value>) -> Vec<Map<String, Value>> {
    let mut smaller = Vec::new();
    for (key, value) in object {
        if key != "name" && key != "version" {
            let mut without = object.clone();
            without.shift_remove(key);
            smaller.push(without);
        }
        let mut with = |value: Value| {
            let mut changed = object.clone();
            changed.insert(key.clone(), value);
            smaller.push(changed);
        };
        match value {
            Value::Array(items) => {
                for skip in 0..items.len() {
                    let mut items = items.clone();
                    items.remove(skip);
                    with(Value::Array(items));
                }
            }
            Value::Object(inner) => {
                for inner in smaller_objects(inner) {
                    with(Value::Object(inner));
                }
            }
            _ => {}
        }
    }
    smaller
}
