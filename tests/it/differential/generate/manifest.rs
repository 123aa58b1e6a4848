//! `package.json` of the packed package: `files`, `main`, `browser`, `bin` in every shape.

use serde_json::{Map, Value, json};

use super::super::tree::{Kind, Node};
use super::{Generator, join};

impl Generator<'_> {
    pub(super) fn files_entry(&mut self, target: &str) -> String {
        let mut entry = self.rule(target).replace("\\\\", "\\");
        match self.random.below(16) {
            0 => entry.insert(0, '!'),
            1 => entry.insert_str(0, "./"),
            2 => entry.push('/'),
            3 => entry.push_str("/*"),
            4 => entry.insert_str(0, "!!"),
            5 => entry.push(' '),
            6 => self
                .random
                .pick(&[
                    "",
                    "/",
                    "./",
                    ".",
                    "..",
                    "*",
                    "**",
                    "!*",
                    "#x",
                    "a\nb",
                    "lib\n!lib/a.js",
                ])
                .clone_into(&mut entry),
            _ => {}
        }
        entry
    }

    pub(super) fn files(&mut self, target: &str) -> Value {
        match self.random.below(80) {
            0 => json!([]),
            1 => json!("lib"),
            2 => json!(""),
            3 => Value::Null,
            4 => json!({"0": "lib"}),
            5 => json!(["lib", 3]),
            6 => json!(true),
            7 => json!([["lib"]]),
            _ => (0..=self.random.below(4))
                .map(|_| json!(self.files_entry(target)))
                .collect(),
        }
    }

    pub(super) fn path_value(&mut self, target: &str) -> String {
        let path = self
            .existing(target)
            .unwrap_or_else(|| "index.js".to_owned())
            .replace("\\\\", "\\");
        match self.random.below(9) {
            0 => format!("./{path}"),
            1 => format!("/{path}"),
            2 => format!("../{path}"),
            3 => format!("x/../{path}"),
            4 => self.rule(target),
            _ => path,
        }
    }

    pub(super) fn manifest(&mut self, target: &str, extra: &Map<String, Value>) {
        let mut manifest = Map::new();
        manifest.insert("name".into(), json!(self.random.pick(&["pkg", "@s/pkg"])));
        manifest.insert("version".into(), json!("1.0.0"));
        if self.random.one_in(2) {
            let files = self.files(target);
            manifest.insert("files".into(), files);
        }
        if self.random.one_in(4) {
            let main = match self.random.below(12) {
                0 => json!(5),
                1 => json!(["a.js", "b.js"]),
                2 => json!({"a": 1}),
                3 => json!(true),
                4 => json!(""),
                _ => json!(self.path_value(target)),
            };
            manifest.insert("main".into(), main);
        }
        if self.random.one_in(8) {
            let browser = match self.random.below(4) {
                0 => json!({"a": "b"}),
                _ => json!(self.path_value(target)),
            };
            manifest.insert("browser".into(), browser);
        }
        match self.random.below(12) {
            0 => {
                manifest.insert("bin".into(), json!(self.path_value(target)));
            }
            1 => {
                let bin = json!({"one": self.path_value(target), "two": self.path_value(target)});
                manifest.insert("bin".into(), bin);
            }
            2 => {
                manifest.insert("bin".into(), json!([self.path_value(target), "x/y"]));
            }
            3 => {
                // Two files of one name below it are the manifest's business.
                let directory = self.random.pick(&["tools", "./tools", "tools/", "nowhere"]);
                for name in ["one", "two.js", ".hidden"] {
                    self.put(
                        join(target, &format!("tools/{name}")),
                        Kind::File("x\n".to_owned()),
                    );
                }
                manifest.insert("directories".into(), json!({"bin": directory}));
            }
            _ => {}
        }
        manifest.extend(extra.clone());
        let mut text = Value::Object(manifest).to_string().replace('\\', "\\\\");
        if self.random.one_in(20) {
            text.insert(0, '\u{FEFF}');
        }
        let path = join(target, "package.json");
        self.nodes.retain(|node| node.path != path);
        self.nodes.insert(
            0,
            Node {
                path,
                kind: Kind::File(text),
            },
        );
    }
}
