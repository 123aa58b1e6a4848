//! Random package trees: every dimension that decides what npm packs.

mod installed;
mod manifest;
mod names;
mod workspaces;

use serde_json::Map;

use super::tree::{Kind, Node, Tree};
use crate::support::Random;
use names::{ANY, DIRECTORIES, ODD, PLAIN, SPECIAL};

pub(crate) struct Generator<'a> {
    random: &'a mut Random,
    nodes: Vec<Node>,
    /// Whether some installed package may be a link to a link.
    aliased: bool,
}

/// Makes one tree.
pub(crate) fn tree(random: &mut Random) -> Tree {
    let mut generator = Generator {
        random,
        nodes: Vec::new(),
        aliased: false,
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
        // Without anything to bundle the library does not look at what is installed, and with a link
        // to a link it is a matter of chance whether npm takes the lockfile for up to date.
        if installed && !self.aliased && self.random.one_in(4) {
            self.hidden_lockfile(&target);
        }
        Tree {
            target,
            workspaces,
            nodes: std::mem::take(&mut self.nodes),
        }
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
                0 => {
                    // A `node_modules` that holds itself makes npm's tree a matter of chance.
                    let loop_back = if directory.ends_with("node_modules") {
                        "a.js"
                    } else {
                        "."
                    };
                    Kind::Symlink(
                        self.random
                            .pick(&["a.js", "nowhere", loop_back, "lib"])
                            .to_owned(),
                    )
                }
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
}
