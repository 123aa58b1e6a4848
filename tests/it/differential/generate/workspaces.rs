//! Workspaces: roots, members, selections.

use serde_json::{Map, Value, json};

use super::super::tree::{Kind, Node};
use super::{Generator, join};

impl Generator<'_> {
    /// Makes the package a workspaces' root, and perhaps packs a member of it.
    pub(super) fn workspaces(
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
}
