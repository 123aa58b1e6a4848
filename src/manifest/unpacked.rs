//! What a tarball holds, as far as its manifest is about it: names, and the texts that npm takes into the manifest.
//!
//! npm unpacks a tarball that it publishes and looks around in the folder. Nothing is unpacked here, so no path of a
//! tarball ever becomes a path on disk.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// The files of a tarball by their path below its top folder.
#[derive(Debug, Clone, Default)]
pub struct Unpacked {
    tarball: PathBuf,
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Clone)]
enum Node {
    Directory,
    File(Option<Vec<u8>>),
}

impl Unpacked {
    /// Of the tarball at this path, which is named in errors.
    pub fn of(tarball: impl Into<PathBuf>) -> Self {
        Self {
            tarball: tarball.into(),
            nodes: BTreeMap::new(),
        }
    }

    /// Whether npm reads the contents of the file at this path below the top folder.
    pub fn is_read(path: &str) -> bool {
        let name = path.to_ascii_lowercase();
        matches!(path, "package.json" | "index.js" | "AUTHORS")
            || name == "readme"
            || (name.starts_with("readme.") && !name.contains('/'))
    }

    /// Adds a file, with its contents where [`Self::is_read`]. Of two with one path the later counts, as when they are
    /// unpacked.
    pub fn add_file(&mut self, path: &str, contents: Option<Vec<u8>>) {
        let Some(path) = self.place(path) else { return };
        match self.nodes.entry(path) {
            Entry::Vacant(entry) => {
                entry.insert(Node::File(contents));
            }
            Entry::Occupied(mut entry) if matches!(entry.get(), Node::File(_)) => {
                entry.insert(Node::File(contents));
            }
            Entry::Occupied(_) => {}
        }
    }

    /// Adds a directory.
    pub fn add_directory(&mut self, path: &str) {
        if let Some(path) = self.place(path) {
            self.nodes.entry(path).or_insert(Node::Directory);
        }
    }

    /// The path as it is kept, below directories that are there; `None` for one that names nothing in here.
    fn place(&mut self, path: &str) -> Option<String> {
        let mut kept = String::with_capacity(path.len());
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => return None,
                name => {
                    if !kept.is_empty() {
                        self.nodes.entry(kept.clone()).or_insert(Node::Directory);
                        kept.push('/');
                    }
                    kept.push_str(name);
                }
            }
        }
        (!kept.is_empty()).then_some(kept)
    }

    pub(super) fn tarball(&self) -> &Path {
        &self.tarball
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        path.is_empty() || self.nodes.contains_key(path)
    }

    pub(super) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        match self.nodes.get(path) {
            Some(Node::File(Some(contents))) => Ok(contents.clone()),
            Some(Node::File(None)) => Err(io::ErrorKind::Unsupported.into()),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// What a directory holds, in byte order; whether each is a directory.
    pub(super) fn children(&self, directory: &str) -> Vec<(&str, bool)> {
        let prefix = if directory.is_empty() {
            String::new()
        } else {
            format!("{directory}/")
        };
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let mut children: Vec<_> = self
            .nodes
            .range::<str, _>(from)
            .map_while(|(path, node)| Some((path.strip_prefix(prefix.as_str())?, node)))
            .filter(|(name, _)| !name.contains('/'))
            .map(|(name, node)| (name, matches!(node, Node::Directory)))
            .collect();
        children.sort_unstable();
        children
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_files_count_and_directories_are_inferred() {
        let mut unpacked = Unpacked::of("x.tgz");
        unpacked.add_file("README.md", Some(b"old".to_vec()));
        unpacked.add_file("./README.md", Some(b"new".to_vec()));
        unpacked.add_file("lib//a.js", None);
        unpacked.add_file("lib/b/c.js", None);
        unpacked.add_file("../evil", None);
        unpacked.add_directory("empty/");
        assert_eq!(unpacked.read("README.md").ok(), Some(b"new".to_vec()));
        assert_eq!(
            unpacked.children(""),
            [("README.md", false), ("empty", true), ("lib", true)]
        );
        assert_eq!(unpacked.children("lib"), [("a.js", false), ("b", true)]);
        assert!(unpacked.exists("lib/b") && !unpacked.exists("evil"));
        assert!(Unpacked::is_read("Readme.MD") && !Unpacked::is_read("readme.d/x"));
    }
}
