//! Random package trees: every dimension that decides what npm packs.

use serde_json::{Map, Value, json};

use super::random::Random;
use super::tree::{Kind, Node, Tree};

const PLAIN: [&str; 30] = [
    "a.js",
    "b.js",
    "c.ts",
    "index.js",
    "main.js",
    "A.js",
    "lib.js",
    "x",
    "y",
    "file9",
    "file10",
    "Z.md",
    "b.json",
    "a.test.js",
    "x.min.js",
    "cli",
    "cli.js",
    "data.txt",
    "a",
    "b",
    "a.b.c",
    ".a",
    "a.",
    "..a",
    "_u",
    "-d",
    "1.js",
    "10.js",
    "tsconfig.json",
    "Makefile",
];
const SPECIAL: [&str; 57] = [
    "README",
    "README.md",
    "readme",
    "Readme.markdown",
    "README.md~",
    "readme.orig",
    "README.",
    "LICENSE",
    "license.txt",
    "LICENCE",
    "LICENSE-MIT",
    "license.orig",
    "COPYING",
    "copying.$",
    "CHANGELOG.md",
    "NOTICE",
    "AUTHORS",
    "HISTORY.md",
    ".DS_Store",
    "._x",
    "x.orig",
    ".x.swp",
    "npm-debug.log",
    ".npmrc",
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lockb",
    "bun.lock",
    "npm-shrinkwrap.json",
    ".lock-wscript",
    ".wafpickle-1",
    ".gitattributes",
    ".gitmodules",
    "old-1.0.0.tgz",
    ".editorconfig",
    ".env",
    "server.js",
    "CVS",
    ".git",
    ".svn",
    ".hg",
    "core",
    "package.json",
    "Package.json",
    "PACKAGE-LOCK.JSON",
    "README.MD",
    ".NPMRC",
    ".Git",
    "cvs",
    "X.ORIG",
    ".npmignore2",
    "config.gypi",
    "binding.gyp",
    ".yarnrc",
    ".github",
    "archived-packages",
];
const ODD: [&str; 44] = [
    "é.js",
    "É.js",
    "e\u{301}.js",
    "ß.js",
    "日本.txt",
    "😀.js",
    "\u{212A}.js",
    "K.js",
    "k.js",
    "ä.js",
    "z\u{308}.js",
    "Ω.js",
    "ς.js",
    "Σ.js",
    "a b.js",
    " a",
    "a ",
    "a*b",
    "a\\\\b.js",
    "C:foo.js",
    "c:x",
    "a:b.js",
    "x[1].js",
    "[a]",
    "{a,b}",
    "{x}",
    "!x",
    "#x",
    "@x.js",
    "@",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\u{1}b",
    "ab",
    "a'b",
    "a\"b",
    "(a)",
    "a|b",
    "+(a)",
    "a,b",
    "\\xff\\xfe.js",
    "~",
    "$x",
];
const DIRECTORIES: [&str; 40] = [
    "lib",
    "lib",
    "src",
    "src",
    "dist",
    "test",
    "tests",
    "bin",
    "docs",
    "build",
    "node_modules",
    "a",
    "b",
    "sub",
    "inner",
    ".git",
    ".svn",
    ".hg",
    "CVS",
    ".github",
    ".DS_Store",
    "._d",
    "archived-packages",
    "Lib",
    "é",
    "@s",
    "[x]",
    "packages",
    "x.js",
    "coverage",
    "a b",
    "c\\\\d",
    "man",
    "examples",
    ".hidden",
    "deep",
    "README",
    "d:x",
    "LIB",
    "b:",
];

const ANY: [&str; 44] = [
    "*",
    "**",
    "*.js",
    "*.*",
    ".*",
    "?",
    "??.js",
    "lib",
    "lib/",
    "/lib",
    "lib/*",
    "lib/**",
    "src/*.js",
    "**/*.js",
    "**/lib",
    "**/lib/**",
    "/src/**",
    "src/**/a.js",
    "a.js",
    "/a.js",
    "./a.js",
    "lib/a.js",
    "/lib/a.js",
    "src/../lib",
    "../x",
    "lib/../src/b.js",
    "{lib,src}",
    "{lib,src}/*",
    "{a,b}.js",
    "@(lib|src)",
    "!(lib)",
    "*.!(js)",
    "+(a|b).js",
    "?(a).js",
    "[ab].js",
    "[!a].js",
    "[[:alpha:]].js",
    "*.js/",
    "/",
    "//",
    "dist",
    "node_modules",
    "package.json",
    "README.md",
];

const MODULES: [&str; 7] = ["d1", "d2", "d4", "@s/d3", "@s/d5", "d6", "one"];
/// Two installed names that differ in case only make npm's choice a race; a dependency may.
const DEPENDENCIES: [&str; 8] = ["d1", "d2", "d4", "@s/d3", "@s/d5", "d6", "one", "D1"];

pub(crate) struct Generator<'a> {
    random: &'a mut Random,
    nodes: Vec<Node>,
}

/// Makes one tree.
pub(crate) fn tree(random: &mut Random) -> Tree {
    let mut generator = Generator {
        random,
        nodes: Vec::new(),
    };
    generator.tree()
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

impl Generator<'_> {
    fn tree(&mut self) -> Tree {
        let target = "pkg".to_owned();
        let size = 2 + self.random.below(14);
        self.fill(&target, size, 0);
        self.hard_links(&target);
        let mut extra = Map::new();
        let (target, workspaces) = if self.random.one_in(5) {
            self.workspaces(&target, &mut extra)
        } else {
            (target, None)
        };
        let installed = self.random.one_in(4);
        if installed {
            self.modules(&target, &mut extra);
        }
        self.manifest(&target, &extra);
        // Without anything to bundle the library does not look at what is installed.
        if installed && self.random.one_in(4) {
            self.hidden_lockfile(&target);
        }
        Tree {
            target,
            workspaces,
            nodes: std::mem::take(&mut self.nodes),
        }
    }

    /// Makes the package a workspaces' root, and perhaps packs a member of it.
    fn workspaces(
        &mut self,
        root: &str,
        extra: &mut Map<String, Value>,
    ) -> (String, Option<(String, Vec<String>)>) {
        let mut members = Vec::new();
        for name in ["packages/one", "packages/two", "three"]
            .iter()
            .take(1 + self.random.below(3))
        {
            let path = join(root, name);
            let size = 1 + self.random.below(5);
            self.fill(&path, size, 2);
            let base = name.rsplit('/').next().unwrap_or(name);
            let manifest = match self.random.below(4) {
                0 => format!("{{\n\"name\":\"{base}\",\n\"version\":\"1.0.0\"\n}}"),
                1 => {
                    json!({"name": base, "version": "1.0.0", "files": ["lib", "a.js"]}).to_string()
                }
                _ => json!({"name": base, "version": "1.0.0"}).to_string(),
            };
            let manifest_path = join(&path, "package.json");
            self.nodes.retain(|node| node.path != manifest_path);
            self.nodes.insert(
                0,
                Node {
                    path: manifest_path,
                    kind: Kind::File(manifest),
                },
            );
            members.push(path);
        }
        let patterns = match self.random.below(5) {
            0 => json!(["packages/one", "packages/two", "three"]),
            1 => json!({"packages": ["packages/*", "three"]}),
            2 => json!(["./packages/*"]),
            3 => json!(["nothing/*"]),
            _ => json!(["packages/*", "./three"]),
        };
        extra.insert("workspaces".into(), patterns);
        let selected: Vec<String> = members
            .iter()
            .filter(|_| self.random.one_in(2))
            .cloned()
            .collect();
        match self.random.below(5) {
            0 => (root.to_owned(), None),
            1 => (root.to_owned(), Some((root.to_owned(), selected))),
            2 => {
                // The member gets a manifest of its own; the root keeps one that names it.
                let manifest =
                    json!({"name": "root", "version": "1.0.0", "workspaces": extra["workspaces"]});
                let path = join(root, "package.json");
                self.nodes.retain(|node| node.path != path);
                self.put(path, Kind::File(manifest.to_string()));
                extra.clear();
                (members[0].clone(), None)
            }
            _ => {
                let member = members[self.random.below(members.len())].clone();
                let manifest =
                    json!({"name": "root", "version": "1.0.0", "workspaces": extra["workspaces"]});
                let path = join(root, "package.json");
                self.nodes.retain(|node| node.path != path);
                self.put(path, Kind::File(manifest.to_string()));
                extra.clear();
                let mut selected = selected;
                if !selected.contains(&member) {
                    selected.push(member.clone());
                }
                (member, Some((root.to_owned(), selected)))
            }
        }
    }

    fn dependencies(&mut self) -> Value {
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
    fn with_dependencies(&mut self, manifest: &mut Map<String, Value>) {
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
    fn modules(&mut self, target: &str, extra: &mut Map<String, Value>) {
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
    fn module(&mut self, modules: &str, depth: usize) {
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
                let other = self.random.pick(&MODULES);
                self.put(path, Kind::Symlink(format!("{up}{other}")));
            }
            _ => self.package(&path, &name, depth),
        }
    }

    /// The files of an installed package, and what is installed inside it.
    fn package(&mut self, path: &str, name: &str, depth: usize) {
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
    fn hidden_lockfile(&mut self, target: &str) {
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

    fn put(&mut self, path: String, kind: Kind) {
        self.nodes.push(Node { path, kind });
    }

    fn file_name(&mut self) -> String {
        match self.random.below(20) {
            0..=10 => self.random.pick(&PLAIN).to_owned(),
            11..=16 => self.random.pick(&SPECIAL).to_owned(),
            17 | 18 => self.random.pick(&ODD).to_owned(),
            _ => self.long_name(),
        }
    }

    fn long_name(&mut self) -> String {
        let length = [90, 99, 100, 101, 155, 200, 255][self.random.below(7)];
        let unit = self.random.pick(&["x", "ab", "é", "x.y"]);
        let mut name = unit.repeat(length / unit.len());
        if self.random.one_in(2) && length < 250 {
            name.push_str(".js");
        }
        name
    }

    /// Fills a directory with files, directories and ignore files.
    fn fill(&mut self, directory: &str, size: usize, depth: usize) {
        for _ in 0..size {
            if depth < 4 && self.random.one_in(3) {
                let name = if self.random.one_in(40) {
                    self.long_name()
                } else {
                    self.random.pick(&DIRECTORIES).to_owned()
                };
                let path = join(directory, &name);
                let inner = self.random.below(5);
                if inner == 0 {
                    self.put(path, Kind::Directory);
                } else {
                    self.fill(&path, inner, depth + 1);
                }
                continue;
            }
            let name = self.file_name();
            let path = join(directory, &name);
            let kind = match self.random.below(24) {
                0 => Kind::Symlink(
                    self.random
                        .pick(&["a.js", "nowhere", ".", "lib"])
                        .to_owned(),
                ),
                1 => {
                    let mode = [0o755, 0o600, 0o444, 0o777, 0o4755, 0o2644, 0o1644, 0o400]
                        [self.random.below(8)];
                    Kind::FileMode(path.clone(), mode)
                }
                2 => Kind::File(String::new()),
                _ => Kind::File(format!("{}\n", "x".repeat(self.random.below(40)))),
            };
            self.put(path, kind);
        }
        if self.random.one_in(if depth == 0 { 3 } else { 5 }) {
            let name = self
                .random
                .pick(&[".npmignore", ".gitignore", ".gitignore"]);
            self.ignore_file(directory, name);
            if self.random.one_in(4) {
                let other = if name == ".npmignore" {
                    ".gitignore"
                } else {
                    ".npmignore"
                };
                self.ignore_file(directory, other);
            }
        }
    }

    fn ignore_file(&mut self, directory: &str, name: &str) {
        let path = join(directory, name);
        let kind = match self.random.below(60) {
            0 => Kind::Directory,
            1 => Kind::Symlink("nowhere".to_owned()),
            2 => Kind::Symlink("a.js".to_owned()),
            _ => Kind::File(self.ignore_text(directory)),
        };
        self.put(path, kind);
    }

    fn ignore_text(&mut self, directory: &str) -> String {
        let mut text = String::new();
        if self.random.one_in(12) {
            text.push('\u{FEFF}');
        }
        let ending = self.random.pick(&["\n", "\n", "\n", "\r\n", "\r"]);
        for _ in 0..self.random.below(6) {
            let mut line = self.rule(directory);
            match self.random.below(14) {
                0..=3 => line.insert(0, '!'),
                4 => line.insert_str(0, "!!"),
                5 => line.insert(0, '#'),
                6 => line.push(' '),
                7 => line.insert(0, '\t'),
                8 if self.random.one_in(3) => line.push_str("\\xff"),
                _ => {}
            }
            text.push_str(&line);
            text.push_str(ending);
        }
        text
    }

    /// A path that exists below `directory`, relative to it.
    fn existing(&mut self, directory: &str) -> Option<String> {
        let prefix = format!("{directory}/");
        let below: Vec<String> = self
            .nodes
            .iter()
            .filter_map(|node| node.path.strip_prefix(&prefix).map(str::to_owned))
            .collect();
        if below.is_empty() {
            return None;
        }
        let mut path = below[self.random.below(below.len())].clone();
        while self.random.one_in(3)
            && let Some((parent, _)) = path.rsplit_once('/')
        {
            path = parent.to_owned();
        }
        Some(path)
    }

    /// A pattern: a known one, or an existing path bent out of shape.
    fn rule(&mut self, directory: &str) -> String {
        if self.random.one_in(3) {
            return self.random.pick(&ANY).to_owned();
        }
        let Some(path) = self.existing(directory) else {
            return self.random.pick(&ANY).to_owned();
        };
        let base = path.rsplit('/').next().unwrap_or(&path).to_owned();
        match self.random.below(22) {
            0..=3 => path,
            4 | 5 => format!("/{path}"),
            6 => format!("{path}/"),
            7 => format!("{path}/*"),
            8 => format!("{path}/**"),
            9 | 10 => base,
            11 => format!("**/{base}"),
            12 => format!("**/{base}/**"),
            13 => path.to_uppercase(),
            14 => format!("./{path}"),
            15 => match base.rsplit_once('.') {
                Some((_, extension)) => format!("*.{extension}"),
                None => format!("{base}*"),
            },
            16 => base.chars().take(1).chain(['*']).collect(),
            17 => path.replacen('a', "?", 1),
            18 => match path.split_once('/') {
                Some((first, rest)) => format!("{first}/**/{rest}"),
                None => format!("*/{path}"),
            },
            19 => format!("{{{path},{base}x}}"),
            20 => match path.split_once('/') {
                Some((_, rest)) => format!("*/{rest}"),
                None => format!("!({base})"),
            },
            _ => path.replacen('b', "[b]", 1),
        }
    }

    /// Another name for some file.
    fn hard_links(&mut self, target: &str) {
        if !self.random.one_in(10) {
            return;
        }
        let files: Vec<String> = self
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, Kind::File(_)))
            .map(|node| node.path.clone())
            .collect();
        if files.is_empty() {
            return;
        }
        for _ in 0..=self.random.below(2) {
            let original = files[self.random.below(files.len())].clone();
            let directory = self.random.pick(&["", "lib", "src"]);
            let name = self.file_name();
            self.put(
                join(&join(target, directory), &name).replace("//", "/"),
                Kind::HardLink(original),
            );
        }
    }

    fn files_entry(&mut self, target: &str) -> String {
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

    fn files(&mut self, target: &str) -> Value {
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

    fn path_value(&mut self, target: &str) -> String {
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

    fn manifest(&mut self, target: &str, extra: &Map<String, Value>) {
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
                let directory = self.random.pick(&["bin", "./lib", "lib/", "nowhere"]);
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
