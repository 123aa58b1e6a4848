//! A package directory: the entries of its package.json and the files around it.

use std::fmt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Key and value, both as JSON text.
    pub(crate) entries: Vec<(String, String)>,
    /// Text that stands for the whole of package.json instead.
    pub(crate) verbatim: Option<String>,
    /// Whether there is no package.json, unless among the files.
    pub(crate) is_missing: bool,
    /// Path relative to the checkout, in which the package is the folder `p`.
    pub(crate) files: Vec<(String, Content)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Text(String),
    Link(String),
    Folder,
}

impl Case {
    pub(crate) fn new(package_json: &str, files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Content::Text((*text).to_owned())))
            .collect();
        Self {
            entries: Vec::new(),
            verbatim: Some(package_json.to_owned()),
            is_missing: false,
            files,
        }
    }

    pub(crate) fn package_json(&self) -> String {
        self.verbatim.clone().unwrap_or_else(|| {
            let entries: Vec<String> = self
                .entries
                .iter()
                .map(|(key, value)| format!("{key}: {value}"))
                .collect();
            format!("{{\n  {}\n}}\n", entries.join(",\n  "))
        })
    }

    /// Writes the files and returns the directory of the package.
    pub(crate) fn write(&self, checkout: &Path) -> PathBuf {
        let package = checkout.join("p");
        fs::create_dir_all(&package).unwrap();
        if !self.is_missing {
            fs::write(package.join("package.json"), self.package_json()).unwrap();
        }
        for (path, content) in &self.files {
            let path = checkout.join(path);
            if fs::create_dir_all(path.parent().unwrap()).is_err() {
                continue;
            }
            // Two generated files may claim one name; the first has it.
            if fs::symlink_metadata(&path).is_ok() {
                continue;
            }
            match content {
                Content::Text(text) => fs::write(&path, text).unwrap(),
                Content::Link(target) => symlink(target, &path).unwrap(),
                Content::Folder => fs::create_dir_all(&path).unwrap(),
            }
        }
        package
    }

    /// Leaves out entries and files as long as `differs` stays true.
    pub(crate) fn shrink(&self, mut differs: impl FnMut(&Self) -> bool) -> Self {
        let mut smallest = self.clone();
        loop {
            let before = smallest.entries.len() + smallest.files.len();
            for index in (0..smallest.entries.len()).rev() {
                let mut smaller = smallest.clone();
                smaller.entries.remove(index);
                if differs(&smaller) {
                    smallest = smaller;
                }
            }
            for index in (0..smallest.files.len()).rev() {
                let mut smaller = smallest.clone();
                smaller.files.remove(index);
                if differs(&smaller) {
                    smallest = smaller;
                }
            }
            if smallest.entries.len() + smallest.files.len() == before {
                return smallest;
            }
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.package_json())?;
        for (path, content) in &self.files {
            writeln!(formatter, "  {path}: {content:?}")?;
        }
        Ok(())
    }
}
