//! Installed packages as npm's hidden lockfile records them.
//!
//! `npm install` leaves `node_modules/.package-lock.json`. As long as nothing in `node_modules` is
//! newer, npm takes the tree from it and does not look at the installed manifests: a bundled
//! dependency then has no `files`, `main` or `browser`, for the lockfile does not record them.
//!
//! Source: @npmcli/arborist 9 as in npm 11.19.1 (`shrinkwrap`: `assertNoNewer`, `load-virtual`).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::super::PacklistError;
use super::edges::comparable;
use super::{Installed, disk, relative};

/// npm lets a directory be newer than the lockfile by this much.
const JITTER_MILLISECONDS: i128 = 10;

#[derive(Debug)]
pub(super) struct Lockfile {
    root: PathBuf,
    packages: HashMap<String, Rc<Map<String, Value>>>,
    /// Locations by owner and comparable name.
    children: HashMap<(String, String), String>,
}

impl Lockfile {
    /// Reads the hidden lockfile; `None` when there is none or it is out of date.
    pub(super) fn load(root: &Path) -> Result<Option<Self>, PacklistError> {
        let path = root.join("node_modules/.package-lock.json");
        let Ok(bytes) = fs::read(&path) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        if text.is_empty() {
            return Ok(None);
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let Ok(data) = serde_json::from_str::<Value>(text) else {
            return Ok(None);
        };
        if data.is_null() {
            return Ok(None);
        }
        let packages = match data.get("packages") {
            Some(Value::Object(packages)) => packages.clone(),
            _ => Map::new(),
        };
        if data.get("packages").is_some_and(Value::is_object) {
            let Some(time) = modified(&path) else {
                return Ok(None);
            };
            let check = Check {
                root,
                packages: &packages,
                limit: time + JITTER_MILLISECONDS,
            };
            if check.run().is_none() {
                return Ok(None);
            }
        }
        Self::build(root, packages).map(Some)
    }

    fn build(root: &Path, packages: Map<String, Value>) -> Result<Self, PacklistError> {
        let mut lockfile = Self {
            root: root.to_owned(),
            packages: HashMap::new(),
            children: HashMap::new(),
        };
        let order: Vec<String> = packages.keys().cloned().collect();
        for (location, meta) in packages {
            if let (false, Value::Object(meta)) = (location.is_empty(), meta) {
                lockfile.packages.insert(location, Rc::new(meta));
            }
        }
        lockfile.check_links(&order)?;
        for location in lockfile.packages.keys() {
            if let Some((owner, name)) = lockfile.parent(location) {
                lockfile
                    .children
                    .insert((owner, comparable(&name)), location.clone());
            }
        }
        Ok(lockfile)
    }

    /// Every link has to point to a package, or to a link listed before it.
    fn check_links(&self, order: &[String]) -> Result<(), PacklistError> {
        let mut known: HashSet<&str> = HashSet::from([""]);
        let entries = || {
            order
                .iter()
                .filter_map(|location| self.packages.get_key_value(location))
        };
        known.extend(
            entries()
                .filter(|(_, meta)| link_target(meta).is_none())
                .map(|(location, _)| location.as_str()),
        );
        let lockfile = || self.root.join("node_modules/.package-lock.json");
        for (location, meta) in entries() {
            let Some(target) = link_target(meta) else {
                continue;
            };
            if !meta.get("resolved").is_some_and(Value::is_string) {
                return Err(PacklistError::NoTarget {
                    lockfile: lockfile(),
                    location: location.clone(),
                });
            }
            if !known.contains(self.normalized(&target).as_str()) {
                return Err(PacklistError::MissingTarget {
                    lockfile: lockfile(),
                    location: location.clone(),
                    target,
                });
            }
            known.insert(location);
        }
        Ok(())
    }

    /// A location as the lockfile writes it.
    fn normalized(&self, location: &str) -> String {
        relative(&self.root, &lexical(&self.root.join(location)))
    }

    fn is_known(&self, location: &str) -> bool {
        location.is_empty() || self.packages.contains_key(location)
    }

    /// The nearest package whose directory holds the location, and whether the location is right in
    /// its `node_modules`, and then under which name.
    fn parent(&self, location: &str) -> Option<(String, String)> {
        let owner = self.above(location)?;
        let inner = if owner.is_empty() {
            location
        } else {
            location.strip_prefix(&owner)?.strip_prefix('/')?
        };
        let name = inner.strip_prefix("node_modules/")?;
        let parts = name.split('/').count();
        (parts == 1 || (parts == 2 && name.starts_with('@'))).then(|| (owner, name.to_owned()))
    }

    fn above(&self, location: &str) -> Option<String> {
        let path = lexical(&self.root.join(location));
        path.ancestors()
            .skip(1)
            .map(|above| relative(&self.root, above))
            .find(|above| self.is_known(above))
    }

    /// Finds a dependency of the package that lives at `from`.
    pub(super) fn resolve(&self, from: &Path, name: &str) -> Option<Installed> {
        let key = comparable(name);
        let mut owner = Some(relative(&self.root, from));
        while let Some(location) = owner {
            if let Some(found) = self.children.get(&(location.clone(), key.clone())) {
                return self.installed(found);
            }
            owner = if location.is_empty() {
                None
            } else {
                self.above(&location)
            };
        }
        None
    }

    fn installed(&self, location: &str) -> Option<Installed> {
        let meta = self.packages.get(location)?;
        let path = lexical(&self.root.join(location));
        let Some(target) = link_target(meta) else {
            return Some(Installed {
                real: path.clone(),
                path,
                manifest: Rc::clone(meta),
                top: false,
            });
        };
        let target = self.normalized(&target);
        let real = lexical(&self.root.join(&target));
        let nested = self.parent(&target).is_some();
        let manifest = match self.packages.get(&target) {
            Some(meta) if nested => Rc::clone(meta),
            // What lies outside of node_modules may have been edited, so npm reads it.
            Some(meta) if !real.join("package.json").exists() => Rc::clone(meta),
            _ => Rc::new(disk::read_manifest(&real)),
        };
        Some(Installed {
            path,
            real,
            manifest,
            top: !nested,
        })
    }
}

/// Where a link entry points.
fn link_target(meta: &Map<String, Value>) -> Option<String> {
    let is_link = meta
        .get("link")
        .is_some_and(|link| !matches!(link, Value::Null | Value::Bool(false)));
    is_link.then(|| {
        meta.get("resolved")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    })
}

/// Resolves `.` and `..` by text alone.
fn lexical(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            component => resolved.push(component),
        }
    }
    resolved
}

/// Modification time in milliseconds, rounded as Node does.
fn modified(path: &Path) -> Option<i128> {
    let time = fs::metadata(path).ok()?.modified().ok()?;
    let nanoseconds = |time: SystemTime| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()).ok(),
        Err(before) => i128::try_from(before.duration().as_nanos())
            .ok()
            .map(|nanos| -nanos),
    };
    Some((nanoseconds(time)? + 500_000).div_euclid(1_000_000))
}

/// The comparison of the lockfile with what is on disk.
struct Check<'a> {
    root: &'a Path,
    packages: &'a Map<String, Value>,
    limit: i128,
}

impl Check<'_> {
    /// `None` when something on disk is newer, or missing on either side.
    fn run(&self) -> Option<()> {
        let mut seen = HashSet::from([String::new()]);
        self.directory(&self.root.join("node_modules"), &mut seen)?;
        let mut links = HashSet::new();
        for meta in self.packages.values() {
            if let Some(target) = meta.as_object().and_then(link_target) {
                links.insert(target.replace('\\', "/"));
            }
        }
        let mut extra = HashSet::new();
        for location in self.packages.keys() {
            if let Some(store) = store_of(location) {
                seen.insert(store.to_owned());
                extra.insert(format!("{store}/node_modules"));
                continue;
            }
            let top = location.split("/node_modules/").next().unwrap_or_default();
            let in_modules = top.split('/').any(|part| part == "node_modules");
            if !top.is_empty() && !in_modules && !links.contains(top) {
                extra.insert(top.to_owned());
            }
        }
        for location in extra {
            self.directory(&lexical(&self.root.join(location)), &mut seen)?;
        }
        self.packages
            .keys()
            .all(|location| seen.contains(location))
            .then_some(())
    }

    fn directory(&self, first: &Path, seen: &mut HashSet<String>) -> Option<()> {
        let mut pending = vec![first.to_owned()];
        while let Some(directory) = pending.pop() {
            let base = directory
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            let base = base.unwrap_or_default();
            let holds_packages = base == "node_modules" || base.starts_with('@');
            let location = relative(self.root, &directory);
            seen.insert(location.clone());
            if modified(&directory)? > self.limit {
                return None;
            }
            if !holds_packages && !self.packages.contains_key(&location) {
                return None;
            }
            let parent = if holds_packages {
                directory
            } else {
                directory.join("node_modules")
            };
            let Ok(entries) = fs::read_dir(&parent) else {
                continue;
            };
            for entry in entries {
                let entry = entry.ok()?;
                let kind = entry.file_type().ok()?;
                let child = entry.path();
                if kind.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
                    pending.push(child);
                } else if kind.is_symlink() {
                    let target = lexical(&parent.join(fs::read_link(&child).ok()?));
                    seen.insert(relative(self.root, &child));
                    if target.is_dir() && !seen.contains(&relative(self.root, &target)) {
                        pending.push(target);
                    }
                }
            }
        }
        Some(())
    }
}

/// The store directory of npm's linked strategy that a location lies in.
fn store_of(location: &str) -> Option<&str> {
    let start = location.rfind("/.store/")? + "/.store/".len();
    let rest = location.get(start..)?;
    let length = rest.find("/node_modules/").filter(|length| *length > 0)?;
    location.get(..start + length)
}
