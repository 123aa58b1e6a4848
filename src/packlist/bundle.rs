//! Bundled dependencies: which installed packages go into the tarball with the one that is packed.
//!
//! The root names its bundled dependencies; from there on every dependency and optional dependency
//! of a bundled one comes along, wherever Node would find it. Dev and peer dependencies, missing
//! ones and those installed above the packed directory stay out. Each bundled package is walked as
//! a package of its own.
//!
//! Source: npm-packlist 10.0.4 (`gatherBundles`), @npmcli/arborist's actual tree;
//! npm-behaviour.md §1.7.

mod disk;
mod edges;
mod lockfile;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value};

use super::rules::package_rules;
use super::walk::{RootKind, Walk};
use super::{FileEntry, Package, PacklistError, Warning};
use edges::Edges;

/// A package that is installed.
#[derive(Debug)]
struct Installed {
    /// Where Node finds it: the link, if it is one.
    path: PathBuf,
    /// Where it lives.
    real: PathBuf,
    manifest: Rc<Map<String, Value>>,
    /// Whether development dependencies count: it is in no other package's `node_modules`.
    top: bool,
}

impl Installed {
    fn is_link(&self) -> bool {
        self.path != self.real
    }
}

/// Where installed packages are looked up.
#[derive(Debug)]
enum Tree {
    Disk(disk::Disk),
    Lockfile(lockfile::Lockfile),
}

impl Tree {
    fn resolve(&mut self, from: &Path, name: &str) -> Option<Installed> {
        match self {
            Self::Disk(disk) => disk.resolve(from, name),
            Self::Lockfile(lockfile) => lockfile.resolve(from, name),
        }
    }
}

/// What bundling adds to a package.
#[derive(Debug, Default)]
pub(crate) struct Bundled {
    /// Files, relative to the packed package.
    pub(crate) files: Vec<FileEntry>,
    pub(crate) warnings: Vec<Warning>,
}

/// The dependencies to bundle, with the tree they are found in.
#[derive(Debug)]
pub(crate) struct Plan {
    tree: Tree,
    edges: Edges,
    names: Vec<String>,
}

impl Plan {
    /// Reads what the package depends on; `None` when it bundles nothing.
    pub(crate) fn new(package: &Package<'_>) -> Result<Option<Self>, PacklistError> {
        let mut edges = Edges::of(package.root, package.manifest, true)?;
        let names: Vec<String> = match package.manifest.get("bundleDependencies") {
            Some(Value::Array(names)) => names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => return Ok(None),
        };
        // A root reached through a symbolic link has no dependencies of its own in npm's tree.
        let is_real = std::fs::canonicalize(package.root).is_ok_and(|real| real == package.root);
        if names.is_empty() || !is_real {
            return Ok(None);
        }
        let tree = match lockfile::Lockfile::load(package.root)? {
            Some(lockfile) => Tree::Lockfile(lockfile),
            None => Tree::Disk(disk::Disk::new(package.root)),
        };
        edges.add_workspaces(package.members.iter().map(|member| member.name.as_str()));
        Ok(Some(Self { tree, edges, names }))
    }

    /// Collects the files of all bundled dependencies.
    pub(crate) fn collect(self, package: &Package<'_>) -> Result<Bundled, PacklistError> {
        let mut collector = Collector {
            package,
            tree: self.tree,
            gathered: HashSet::from([package.root.to_owned()]),
            walked: HashMap::new(),
            bundled: Bundled::default(),
        };
        let names = self.names.iter().map(String::as_str);
        collector.gather(package.root, &self.edges, names)?;
        Ok(collector.bundled)
    }
}

struct Collector<'a> {
    package: &'a Package<'a>,
    tree: Tree,
    /// Where the packages live whose dependencies have been followed.
    gathered: HashSet<PathBuf>,
    /// Whether a package walked already fell back on its `.gitignore`.
    walked: HashMap<PathBuf, bool>,
    bundled: Bundled,
}

impl Collector<'_> {
    fn gather<'n>(
        &mut self,
        from: &Path,
        edges: &Edges,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<(), PacklistError> {
        // A list of work instead of recursion: dependencies nest as deep as anyone installs them.
        let mut pending: Vec<(PathBuf, String)> = names
            .filter(|name| edges.is_bundled(name))
            .map(|name| (from.to_owned(), name.to_owned()))
            .collect();
        pending.reverse();
        while let Some((from, name)) = pending.pop() {
            let Some(dependency) = self.tree.resolve(&from, &name) else {
                continue;
            };
            self.add(&dependency)?;
            if !self.gathered.insert(dependency.real.clone()) {
                continue;
            }
            let edges = Edges::of(&dependency.real, &dependency.manifest, dependency.top)?;
            let names = ["dependencies", "optionalDependencies"]
                .into_iter()
                .flat_map(|field| edges::names(dependency.manifest.get(field)))
                .filter(|name| edges.is_bundled(name));
            pending.extend(names.map(|name| (dependency.real.clone(), name)));
        }
        Ok(())
    }

    /// Adds a dependency's own files, and its warning each time it is come upon.
    fn add(&mut self, dependency: &Installed) -> Result<(), PacklistError> {
        let used_gitignore = if let Some(used) = self.walked.get(&dependency.path) {
            *used
        } else {
            let used = self.walk(dependency)?;
            self.walked.insert(dependency.path.clone(), used);
            used
        };
        if used_gitignore {
            self.bundled.warnings.push(Warning::GitignoreFallback);
        }
        Ok(())
    }

    /// Walks a dependency; whether it fell back on its `.gitignore`.
    fn walk(&mut self, dependency: &Installed) -> Result<bool, PacklistError> {
        let is_root = dependency.real == self.package.root;
        let manifest = if is_root {
            self.package.manifest
        } else {
            &dependency.manifest
        };
        let rules = package_rules(&dependency.path, manifest)?;
        let walk = Walk {
            root: &dependency.path,
            kind: if dependency.is_link() {
                RootKind::Full
            } else {
                RootKind::Bundled
            },
            package: &rules,
            extra_defaults: &[],
            manifests_ignore: is_root && !self.package.members.is_empty(),
        };
        let walked = walk.run()?;
        let prefix = relative(self.package.root, &dependency.path);
        for file in walked.files {
            let path = format!("{prefix}/{}", file.path);
            self.bundled.files.push(if path.contains('\\') {
                self.without_backslash(&path)?
            } else {
                FileEntry { path, ..file }
            });
        }
        Ok(walked.used_gitignore)
    }

    /// npm takes a backslash in a bundled file's name for a `/`, and then packs what lies there.
    fn without_backslash(&self, path: &str) -> Result<FileEntry, PacklistError> {
        let replaced = path.replace('\\', "/");
        match std::fs::symlink_metadata(self.package.root.join(&replaced)) {
            Ok(metadata) => Ok(FileEntry::new(replaced, &metadata)),
            Err(_) => Err(PacklistError::Backslash {
                path: self.package.root.join(path),
            }),
        }
    }
}

/// The path from one absolute directory to another, `/`-separated.
pub(crate) fn relative(from: &Path, to: &Path) -> String {
    let mut from = from.components().peekable();
    let mut to = to.components().peekable();
    while let (Some(one), Some(other)) = (from.peek(), to.peek())
        && one == other
    {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    let down = to.map(|component| component.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_climb_to_the_common_directory() {
        for (from, to, expected) in [
            ("/a/b", "/a/b/node_modules/c", "node_modules/c"),
            ("/a/b", "/a/c/d", "../c/d"),
            ("/a/b", "/x", "../../x"),
            ("/a", "/a", ""),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), expected);
        }
    }
}
