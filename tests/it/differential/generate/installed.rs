//! Installed packages: nested, scoped, linked, missing, broken; and the lockfile npm leaves.

use serde_json::{Map, Value, json};

use super::super::tree::Kind;
use super::{Generator, join};

const MODULES: [&str; 7] = ["d1", "d2", "d4", "@s/d3", "@s/d5", "d6", "one"];
/// Two installed names that differ in case only make npm's choice a race; a dependency may.
const DEPENDENCIES: [&str; 8] = ["d1", "d2", "d4", "@s/d3", "@s/d5", "d6", "one", "D1"];

impl Generator<'_> {
    pub(super) fn dependencies(&mut self) -> Value {
        let count = self.random.below(4);
        let mut map = Map::new();
        for _ in 0..count {
            map.insert(
                self.random.pick(&DEPENDENCIES).to_owned(),
                json!(self.random.pick(&["*", "^1.0.0", "file:../x"])),
            );
        }
        Value::Object(map)
    }

    /// A manifest with dependencies of every kind.
    pub(super) fn with_dependencies(&mut self, manifest: &mut Map<String, Value>) {
        for (field, odds) in [
            ("dependencies", 2),
            ("optionalDependencies", 4),
            ("peerDependencies", 5),
            ("devDependencies", 5),
        ] {
            if self.random.one_in(odds) {
                let dependencies = self.dependencies();
                manifest.insert(field.into(), dependencies);
            }
        }
        if manifest.contains_key("peerDependencies") && self.random.one_in(3) {
            manifest.insert(
                "peerDependenciesMeta".into(),
                json!({"d1": {"optional": true}}),
            );
        }
    }

    /// Installed packages, and a manifest that bundles some of them.
    pub(super) fn modules(&mut self, target: &str, extra: &mut Map<String, Value>) {
        self.with_dependencies(extra);
        if self.random.one_in(40) {
            extra.insert("optionalDependencies".into(), json!({"d1": 3}));
        }
        let mut dependencies: Map<String, Value> = extra
            .get("dependencies")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        for _ in 0..=self.random.below(3) {
            dependencies.insert(self.random.pick(&DEPENDENCIES).to_owned(), json!("*"));
        }
        let bundle: Vec<Value> = dependencies.keys().map(|name| json!(name)).collect();
        extra.insert("dependencies".into(), Value::Object(dependencies));
        let bundle = match self.random.below(10) {
            0 => json!(true),
            1 => json!({"d1": "1", "@s/d3": "1"}),
            2 => json!(["d1", "missing", 3, "d2"]),
            3 => json!(false),
            4 => json!(["D1", "one", "two"]),
            _ => json!(bundle),
        };
        let field = if self.random.one_in(5) {
            "bundledDependencies"
        } else {
            "bundleDependencies"
        };
        extra.insert(field.into(), bundle);
        let count = 2 + self.random.below(5);
        for _ in 0..count {
            self.module(&join(target, "node_modules"), 0);
        }
        if self.random.one_in(20) {
            self.put(join(target, "node_modules/@bad"), Kind::File(String::new()));
        }
        if self.random.one_in(3) {
            self.module(&join(target, "../node_modules").replace("pkg/../", ""), 1);
        }
    }

    /// One package in a `node_modules`, as a directory, a link or something broken.
    pub(super) fn module(&mut self, modules: &str, depth: usize) {
        let name = self.random.pick(&MODULES).to_owned();
        let path = join(modules, &name);
        let up = if name.starts_with('@') { "../" } else { "" };
        match self.random.below(16) {
            0 => {
                self.put(path, Kind::File("no package".to_owned()));
            }
            1 => {
                self.put(path, Kind::Symlink("nowhere".to_owned()));
            }
            2 | 3 => {
                // Somewhere else in or beside the package.
                let place =
                    self.random
                        .pick(&["ext/e1", "pkg/local/e2", "pkg/packages/one", "pkg"]);
                let climb = "../".repeat(modules.split('/').count());
                self.put(path, Kind::Symlink(format!("{up}{climb}{place}")));
                if place.starts_with("ext") || place.starts_with("pkg/local") {
                    self.package(place, "e", depth + 1);
                }
            }
            4 => {
                // As pnpm lays packages out.
                let flat = name.replace('/', "+");
                let store = format!("{modules}/.pnpm/{flat}@1/node_modules");
                self.put(
                    path,
                    Kind::Symlink(format!("{up}.pnpm/{flat}@1/node_modules/{name}")),
                );
                self.package(&format!("{store}/{name}"), &name, depth + 1);
                if self.random.one_in(2) {
                    self.module(&store, depth + 2);
                }
            }
            5 => {
                // Only forward in the list, lest links go round in a circle.
                let other = self.random.pick(&MODULES);
                if other <= name.as_str() {
                    return;
                }
                self.aliased = true;
                self.put(path, Kind::Symlink(format!("{up}{other}")));
            }
            _ => self.package(&path, &name, depth),
        }
    }

    /// The files of an installed package, and what is installed inside it.
    pub(super) fn package(&mut self, path: &str, name: &str, depth: usize) {
        let mut manifest = Map::new();
        manifest.insert("name".into(), json!(name));
        manifest.insert("version".into(), json!("1.0.0"));
        self.with_dependencies(&mut manifest);
        let size = self.random.below(5);
        self.fill(path, size, 2);
        if self.random.one_in(4) {
            let files = json!([self.files_entry(path), "lib"]);
            manifest.insert("files".into(), files);
        }
        if self.random.one_in(5) {
            let main = json!(self.path_value(path));
            manifest.insert("main".into(), main);
        }
        if self.random.one_in(6) {
            let bin = json!(self.path_value(path));
            manifest.insert("bin".into(), bin);
        }
        let manifest_path = join(path, "package.json");
        self.nodes.retain(|node| node.path != manifest_path);
        match self.random.below(20) {
            0 => {}
            1 => self.put(manifest_path, Kind::File("{ broken".to_owned())),
            _ => {
                let text = Value::Object(manifest).to_string().replace('\\', "\\\\");
                self.put(manifest_path, Kind::File(text));
            }
        }
        if depth < 3 && self.random.one_in(3) {
            for _ in 0..=self.random.below(2) {
                self.module(&join(path, "node_modules"), depth + 1);
            }
        }
    }

    /// What `npm install` leaves behind, more or less up to date.
    pub(super) fn hidden_lockfile(&mut self, target: &str) {
        let modules = format!("{target}/node_modules/");
        let mut packages = Map::new();
        for node in &self.nodes {
            let Some(inner) = node.path.strip_prefix(&modules) else {
                continue;
            };
            let location = format!("node_modules/{inner}");
            if let Kind::Symlink(to) = &node.kind {
                let mut parts: Vec<&str> = location.split('/').collect();
                parts.pop();
                for part in to.split('/') {
                    if part == ".." {
                        parts.pop();
                    } else {
                        parts.push(part);
                    }
                }
                // One level of `..` leads out of the package and back into it.
                let resolved = parts.join("/");
                let resolved = resolved
                    .strip_prefix("pkg/")
                    .unwrap_or(&resolved)
                    .to_owned();
                packages.insert(location, json!({"resolved": resolved, "link": true}));
            } else if let (Some(location), Kind::File(text)) =
                (location.strip_suffix("/package.json"), &node.kind)
            {
                let mut meta = Map::new();
                if let Ok(Value::Object(manifest)) = serde_json::from_str(text) {
                    for key in [
                        "version",
                        "dependencies",
                        "optionalDependencies",
                        "peerDependencies",
                        "peerDependenciesMeta",
                    ] {
                        if let Some(value) = manifest.get(key) {
                            meta.insert(key.into(), value.clone());
                        }
                    }
                }
                packages.insert(location.to_owned(), Value::Object(meta));
            }
        }
        for node in &self.nodes {
            if let Some(location) = node
                .path
                .strip_prefix("pkg/local/")
                .and_then(|path| path.strip_suffix("/package.json"))
            {
                packages.insert(format!("local/{location}"), json!({"version": "1.0.0"}));
            }
        }
        let packages = match self.random.below(12) {
            0 => {
                let skip = self.random.below(packages.len().max(1));
                packages
                    .into_iter()
                    .enumerate()
                    .filter(|(index, _)| *index != skip)
                    .map(|(_, entry)| entry)
                    .collect()
            }
            1 => {
                packages.insert("node_modules/ghost".into(), json!({"version": "1.0.0"}));
                packages
            }
            2 => Map::new(),
            _ => packages,
        };
        let text = match self.random.below(20) {
            0 => "{ broken".to_owned(),
            1 => "{}".to_owned(),
            2 => String::new(),
            _ => json!({"name": "pkg", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages}).to_string(),
        };
        let text = text.replace('\\', "\\\\");
        let path = join(target, "node_modules/.package-lock.json");
        let kind = if self.random.one_in(6) {
            Kind::OldFile(text)
        } else {
            Kind::File(text)
        };
        self.put(path, kind);
    }
}
