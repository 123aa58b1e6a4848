//! One directory: its rule list, its entries, which of them are packed and which are entered.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, FileType};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::minimatch::fold::Name;
use super::super::rules::{DEFAULT, Entry, Query, RuleList, STRICT, View, lines, required_in};
use super::super::{FileEntry, PacklistError};
use super::{RootKind, Shared, Walk, plain_list};

/// A directory to be read.
#[derive(Debug)]
pub(super) struct Directory {
    /// Relative to the walk's root, `/`-separated; empty for the root.
    path: String,
    /// Names from the root down to this directory.
    names: Vec<Arc<Name>>,
    /// The lists of the directories above, from the root, and whether each was itself wanted.
    above: Vec<Level>,
    /// Whether this directory is itself wanted, so that its own rules may take entries back in.
    exact: bool,
    role: Role,
    /// Whether its name holds a backslash, which npm turns into a `/`.
    backslash: Option<PathBuf>,
}

#[derive(Debug, Clone)]
struct Level {
    list: Arc<RuleList>,
    exact: bool,
}

#[derive(Debug)]
enum Role {
    Root(Root),
    Inner { required: Vec<String> },
}

/// What a root's list is made of, as text.
#[derive(Debug)]
struct Root {
    kind: RootKind,
    defaults: String,
    files: Option<String>,
    strict: String,
    required: Vec<String>,
}

/// What visiting a directory gives.
#[derive(Debug, Default)]
pub(super) struct Visited {
    pub(super) files: Vec<FileEntry>,
    pub(super) directories: Vec<Directory>,
    pub(super) used_gitignore: bool,
}

impl Directory {
    pub(super) fn root(walk: &Walk<'_>) -> Self {
        let mut defaults = DEFAULT.join("\n");
        for extra in walk.extra_defaults {
            defaults.push('\n');
            defaults.push_str(extra);
        }
        Self {
            path: String::new(),
            names: Vec::new(),
            above: Vec::new(),
            exact: false,
            role: Role::Root(Root {
                kind: walk.kind,
                defaults,
                files: walk.package.files.clone(),
                strict: walk.package.strict.clone(),
                required: walk.package.required.clone(),
            }),
            backslash: None,
        }
    }

    /// Reads the directory and decides about everything in it.
    pub(super) fn visit(self, shared: &Shared) -> Result<Visited, PacklistError> {
        let absolute = shared.root.join(&self.path);
        let entries = self.entries(&absolute)?;
        let mut visited = Visited::default();
        if entries.is_empty() {
            return Ok(visited);
        }
        let sources = Sources {
            absolute: &absolute,
            entries: &entries,
            shared,
        };
        let (list, required) = match &self.role {
            Role::Root(root) => {
                let has_package = sources.has("package.json");
                let list = sources.root_list(root, has_package, &mut visited.used_gitignore)?;
                (
                    list,
                    if has_package {
                        root.required.as_slice()
                    } else {
                        &[]
                    },
                )
            }
            Role::Inner { required } => (sources.inner_list(required)?, required.as_slice()),
        };
        let filter = Filter::new(&self, list);
        for (name, entry, kind) in &entries {
            filter.decide(&self, required, name, entry, *kind, &absolute, &mut visited)?;
        }
        Ok(visited)
    }

    /// The entries in byte order, as Node gives them.
    fn entries(
        &self,
        absolute: &Path,
    ) -> Result<Vec<(OsString, DirEntry, FileType)>, PacklistError> {
        let failed = |source: std::io::Error| match &self.backslash {
            Some(path) if source.kind() == std::io::ErrorKind::NotFound => {
                PacklistError::Backslash { path: path.clone() }
            }
            _ => PacklistError::Directory {
                path: absolute.to_owned(),
                source,
            },
        };
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(absolute).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            entries.push((entry.file_name(), entry, kind));
        }
        entries.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
        Ok(entries)
    }
}

/// Where a directory's rules come from.
struct Sources<'a> {
    absolute: &'a Path,
    entries: &'a [(OsString, DirEntry, FileType)],
    shared: &'a Shared,
}

impl Sources<'_> {
    fn has(&self, name: &str) -> bool {
        self.entries
            .binary_search_by(|(entry, ..)| entry.as_os_str().cmp(OsStr::new(name)))
            .is_ok()
    }

    /// The text of an ignore file, if there is one. It has to be readable even where it is not used.
    fn read(&self, name: &str) -> Result<Option<String>, PacklistError> {
        if !self.has(name) {
            return Ok(None);
        }
        let path = self.absolute.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(source) => Err(PacklistError::IgnoreFile { path, source }),
        }
    }

    fn root_list(
        &self,
        root: &Root,
        has_package: bool,
        used_gitignore: &mut bool,
    ) -> Result<Arc<RuleList>, PacklistError> {
        let full = root.kind == RootKind::Full;
        let npmignore = if full { self.read(".npmignore")? } else { None };
        let gitignore = if full { self.read(".gitignore")? } else { None };
        let files = root.files.as_deref().filter(|_| has_package);
        if files.is_some() {
            self.check(".npmignore", npmignore.as_deref())?;
        }
        if files.is_some() || npmignore.is_some() {
            self.check(".gitignore", gitignore.as_deref())?;
        }
        let ignore = match (files, npmignore, gitignore) {
            (None, Some(npmignore), _) => Some((".npmignore", npmignore)),
            (None, None, Some(gitignore)) => {
                *used_gitignore = true;
                Some((".gitignore", gitignore))
            }
            (Some(_), ..) | (None, None, None) => None,
        };
        let mut sections: Vec<(&str, &str)> = Vec::new();
        if full {
            sections.push(("npm", &root.defaults));
        }
        sections.extend(files.map(|files| ("package.json", files)));
        sections.extend(ignore.as_ref().map(|(name, text)| (*name, text.as_str())));
        if has_package {
            sections.push(("package.json", &root.strict));
        }
        self.compile(&sections)
    }

    fn inner_list(&self, required: &[String]) -> Result<Arc<RuleList>, PacklistError> {
        let manifest = if self.shared.manifests_ignore {
            self.read("package.json")?
        } else {
            None
        };
        let npmignore = self.read(".npmignore")?;
        let gitignore = self.read(".gitignore")?;
        if manifest.is_some() {
            self.check(".npmignore", npmignore.as_deref())?;
        }
        if manifest.is_some() || npmignore.is_some() {
            self.check(".gitignore", gitignore.as_deref())?;
        }
        let ignore = match (manifest, npmignore, gitignore) {
            (Some(manifest), ..) => Some(("package.json", manifest)),
            (None, Some(npmignore), _) => Some((".npmignore", npmignore)),
            (None, None, Some(gitignore)) => Some((".gitignore", gitignore)),
            (None, None, None) => None,
        };
        if ignore.is_none() && required.is_empty() {
            return plain_list();
        }
        let defaults = DEFAULT.join("\n");
        let mut strict = STRICT.to_owned();
        for file in required {
            strict.push_str("\n!");
            strict.push_str(file);
        }
        let mut sections: Vec<(&str, &str)> = vec![("npm", &defaults)];
        sections.extend(ignore.as_ref().map(|(name, text)| (*name, text.as_str())));
        sections.push(("package.json", &strict));
        self.compile(&sections)
    }

    /// Compiles an ignore file that another one replaces: npm does, and may end on it.
    fn check(&self, name: &str, text: Option<&str>) -> Result<(), PacklistError> {
        match text {
            Some(text) => self.compile(&[(name, text)]).map(|_| ()),
            None => Ok(()),
        }
    }

    fn compile(&self, sections: &[(&str, &str)]) -> Result<Arc<RuleList>, PacklistError> {
        let all = sections.iter().flat_map(|(_, text)| lines(text));
        match RuleList::compile(all) {
            Ok(list) => Ok(Arc::new(list)),
            Err((rule, source)) => {
                let name = sections
                    .iter()
                    .find(|(_, text)| lines(text).any(|line| line == rule))
                    .map_or("package.json", |(name, _)| name);
                Err(PacklistError::Pattern {
                    path: self.absolute.join(name),
                    rule,
                    source,
                })
            }
        }
    }
}

/// The rules of a directory and of all above it, ready for its entries.
struct Filter {
    views: Vec<(View, bool)>,
    /// The canonical path of the directory with a final `/`, and where each level's part begins.
    canonical_path: String,
    offsets: Vec<usize>,
}

impl Filter {
    fn new(directory: &Directory, list: Arc<RuleList>) -> Self {
        let mut canonical_path = String::new();
        let mut offsets = vec![0];
        for name in &directory.names {
            canonical_path.push_str(name.canonical());
            canonical_path.push('/');
            offsets.push(canonical_path.len());
        }
        let own = Level {
            list,
            exact: directory.exact,
        };
        let views = directory
            .above
            .iter()
            .chain([&own])
            .enumerate()
            .map(|(depth, level)| {
                let between = directory.names.get(depth..).unwrap_or_default();
                (View::new(level.list.clone(), between), level.exact)
            })
            .collect();
        Self {
            views,
            canonical_path,
            offsets,
        }
    }

    /// Whether all lists together let the entry pass.
    fn passes(&self, entry: &Entry<'_>, query: Query) -> bool {
        let mut included = true;
        let mut by_name = None;
        for (depth, (view, exact)) in self.views.iter().enumerate() {
            // Only an exact directory's own rules can take back in what the ones above left out.
            if depth > 0 && !included && !exact {
                continue;
            }
            if let Some(verdict) = view.verdict(entry, query, &mut by_name) {
                included = verdict;
            }
        }
        included
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the loop body of one directory's entries"
    )]
    fn decide(
        &self,
        directory: &Directory,
        required: &[String],
        raw_name: &OsStr,
        entry: &DirEntry,
        kind: FileType,
        absolute: &Path,
        visited: &mut Visited,
    ) -> Result<(), PacklistError> {
        let text = raw_name.to_string_lossy();
        let is_unicode = raw_name.to_str().is_some();
        // A name that is not Unicode stops npm whatever it names: it cannot even be looked at.
        if text.contains('*') || (is_unicode && !kind.is_file() && !kind.is_dir()) {
            return Ok(());
        }
        let name = Name::new(&text);
        let canonical_path = [&self.canonical_path, name.canonical()].concat();
        let asked = Entry {
            name: &name,
            directories: &directory.names,
            canonical_path: &canonical_path,
            offsets: &self.offsets,
        };
        if !is_unicode {
            return if self.passes(&asked, Query::File) || self.passes(&asked, Query::Directory) {
                Err(PacklistError::NotUnicode {
                    path: absolute.join(raw_name),
                })
            } else {
                Ok(())
            };
        }
        let path = if directory.path.is_empty() {
            text.into_owned()
        } else {
            format!("{}/{text}", directory.path)
        };
        if kind.is_file() {
            if self.passes(&asked, Query::File) {
                let metadata = entry.metadata().map_err(|source| PacklistError::Metadata {
                    path: absolute.join(raw_name),
                    source,
                })?;
                visited.files.push(FileEntry::new(path, &metadata));
            }
        } else if self.passes(&asked, Query::Directory) {
            let exact =
                self.passes(&asked, Query::File) || self.passes(&asked, Query::ExactDirectory);
            let backslash = path.contains('\\').then(|| absolute.join(raw_name));
            let child = if backslash.is_some() {
                path.replace('\\', "/")
            } else {
                path
            };
            let base = child.rsplit('/').next().unwrap_or_default();
            let base = if base == name.text() {
                name.clone()
            } else {
                Name::new(base)
            };
            let required = required_in(required, asked.name.text());
            let mut names = directory.names.clone();
            names.push(Arc::new(base));
            let above = self
                .views
                .iter()
                .map(|(view, exact)| Level {
                    list: view.list.clone(),
                    exact: *exact,
                })
                .collect();
            visited.directories.push(Directory {
                path: child,
                names,
                above,
                exact,
                role: Role::Inner { required },
                backslash,
            });
        }
        Ok(())
    }
}
