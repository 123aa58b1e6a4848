//! Installed packages as they lie in `node_modules` directories.
//!
//! Source: @npmcli/arborist 9 as in npm 11.19.1 (`load-actual`); npm-behaviour.md §1.7.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Map, Value};

use super::Installed;
use super::edges::comparable;

/// The names in one `node_modules`, by their comparable form.
type Modules = BTreeMap<String, String>;

#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    modules: HashMap<PathBuf, Rc<Modules>>,
    /// Where dependencies have been found: npm knows these directories from then on.
    placed: HashSet<(PathBuf, String)>,
    /// Which directories npm has come to know because a dependency lies in their `node_modules`, and
    /// when: what links had loaded from there before is at home there for all that is loaded later.
    opened: HashMap<PathBuf, usize>,
    /// When a package was loaded, by where it lives.
    loaded: HashMap<PathBuf, usize>,
    /// Counts both.
    clock: usize,
    manifests: HashMap<PathBuf, Rc<Map<String, Value>>>,
}

impl Disk {
    /// `root` is a real path.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            modules: HashMap::new(),
            placed: HashSet::new(),
            opened: HashMap::new(),
            loaded: HashMap::new(),
            clock: 0,
            manifests: HashMap::new(),
        }
    }

    /// Finds a dependency of the package that lives at `from`: in its own `node_modules`, then in
    /// those of the directories above, up to the one that holds both it and the packed package.
    pub(super) fn resolve(&mut self, from: &Path, name: &str) -> Option<Installed> {
        let key = comparable(name);
        let limit = if from.starts_with(&self.root) {
            self.root.clone()
        } else {
            common(from, &self.root)
        };
        let mut directory = from;
        let mut only_loaded = false;
        loop {
            if directory == from || !is_between(directory) {
                let found = self.modules(directory).get(&key).cloned();
                // npm compares names loosely only in what it has loaded as a package.
                let loaded =
                    directory == from || directory == self.root || self.is_nested(directory);
                let place = (directory.to_owned(), key.clone());
                let was_opened = self.was_opened(directory, from);
                let is_at_home = self.placed.contains(&place) || was_opened;
                // What is at home there because a link had loaded it is loaded as any other.
                let adopted = was_opened
                    && found.as_ref().is_some_and(|found| {
                        self.is_known(&directory.join("node_modules").join(found), from)
                    });
                let reachable = |found: &String| {
                    loaded || adopted || (found == name && (!only_loaded || is_at_home))
                };
                if let Some(found) = found.filter(reachable) {
                    if !loaded && !self.opened.contains_key(directory) {
                        self.clock += 1;
                        self.opened.insert(directory.to_owned(), self.clock);
                    }
                    let path = directory.join("node_modules").join(found);
                    if loaded || is_at_home || !self.is_known(&path, from) {
                        self.placed.insert(place);
                        return Some(self.installed(path));
                    }
                    // npm sees that it has loaded this package already, as the target of a link,
                    // takes it for no child of this directory and looks no further on disk.
                    only_loaded = true;
                }
            }
            if directory == limit {
                return None;
            }
            directory = directory.parent()?;
        }
    }

    /// Whether npm knew a directory before it loaded the package at `from`.
    fn was_opened(&self, directory: &Path, from: &Path) -> bool {
        self.opened
            .get(directory)
            .zip(self.loaded.get(from))
            .is_some_and(|(opened, loaded)| opened < loaded)
    }

    /// Whether npm has loaded a package as the target of a link by the time that `from` asks for it:
    /// because `from` is or lies in that package, or because a link was followed there.
    fn is_known(&mut self, package: &Path, from: &Path) -> bool {
        if from.starts_with(package) || self.manifests.contains_key(package) {
            return true;
        }
        if package.is_symlink() {
            return false;
        }
        let modules = self.root.join("node_modules");
        let root = self.root.clone();
        self.modules(&root)
            .values()
            .any(|name| std::fs::canonicalize(modules.join(name)).is_ok_and(|real| real == package))
    }

    /// What lies in a package's `node_modules`; nothing when any of it cannot be read.
    fn modules(&mut self, package: &Path) -> Rc<Modules> {
        if let Some(known) = self.modules.get(package) {
            return known.clone();
        }
        let names = read_scoped(&package.join("node_modules")).unwrap_or_default();
        let modules = names
            .into_iter()
            .filter(|name| {
                !name.rsplit('/').next().unwrap_or_default().starts_with('.')
                    && !name.starts_with('.')
            })
            .map(|name| (comparable(&name), name))
            .collect();
        let modules = Rc::new(modules);
        self.modules.insert(package.to_owned(), Rc::clone(&modules));
        modules
    }

    fn installed(&mut self, path: PathBuf) -> Installed {
        // A link to nowhere stays what it is; reading it will say so.
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if !self.loaded.contains_key(&real) {
            self.clock += 1;
            self.loaded.insert(real.clone(), self.clock);
        }
        let manifest = self
            .manifests
            .entry(real.clone())
            .or_insert_with(|| Rc::new(read_manifest(&real)))
            .clone();
        let top = !is_stored(&real) && !self.is_nested(&real);
        Installed {
            path,
            real,
            manifest,
            top,
        }
    }

    /// Whether a package lies in the `node_modules` of the packed package, or of one that does.
    fn is_nested(&self, real: &Path) -> bool {
        let mut package = real;
        while let Some(owner) = owner(package) {
            if owner == self.root {
                return true;
            }
            package = owner;
        }
        false
    }
}

/// The package in whose `node_modules` another one lies.
fn owner(package: &Path) -> Option<&Path> {
    let is = |path: &Path, name: &str| path.file_name().is_some_and(|last| last == name);
    let hidden = |path: &Path| {
        path.file_name()
            .is_some_and(|last| last.to_string_lossy().starts_with('.'))
    };
    let parent = package.parent()?;
    if hidden(package) {
        return None;
    }
    if is(parent, "node_modules") {
        return parent.parent();
    }
    let scoped = parent.file_name()?.to_string_lossy().starts_with('@');
    let modules = parent.parent()?;
    (scoped && is(modules, "node_modules")).then(|| modules.parent())?
}

/// Whether a directory is a `node_modules` or a scope in one, which hold packages and are none.
fn is_between(directory: &Path) -> bool {
    let named = |path: &Path| path.file_name().is_some_and(|last| last == "node_modules");
    named(directory)
        || (directory
            .file_name()
            .is_some_and(|last| last.to_string_lossy().starts_with('@'))
            && directory.parent().is_some_and(named))
}

/// npm's own linked strategy keeps packages here; their development dependencies never count.
fn is_stored(real: &Path) -> bool {
    real.to_string_lossy().contains("/node_modules/.store/")
}

fn common(one: &Path, other: &Path) -> PathBuf {
    one.components()
        .zip(other.components())
        .take_while(|(one, other)| one == other)
        .map(|(component, _)| component)
        .collect()
}

/// The entries of a `node_modules`, those of its scopes as `@scope/name`, in byte order.
fn read_scoped(modules: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(modules)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with('@') {
            for scoped in std::fs::read_dir(modules.join(&name))? {
                names.push(format!("{name}/{}", scoped?.file_name().to_string_lossy()));
            }
        } else {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The manifest of an installed package, normalised; empty when it cannot be read.
pub(super) fn read_manifest(package: &Path) -> Map<String, Value> {
    let Ok(bytes) = std::fs::read(package.join("package.json")) else {
        return Map::new();
    };
    let Ok(Value::Object(mut manifest)) = crate::manifest::json::parse(&bytes) else {
        return Map::new();
    };
    // What npm cannot normalise it takes for a package without a manifest.
    if crate::manifest::normalize(package, &mut manifest).is_err() {
        return Map::new();
    }
    manifest
}
