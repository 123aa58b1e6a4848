//! What is packed of a directory: its package.json as it is, or with what only its workspace understands resolved.
//!
//! [`crate::manifest::rewrite`] knows the rules; here is found what they refer to: the workspace a package lies in, its
//! members and its catalogs. Nothing is looked for unless package.json refers to it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Packer;
use crate::error::Error;
use crate::manifest::json::{self, Format};
use crate::manifest::rewrite::{
    self, Catalogs, Change, RewriteError, patterns_from_yaml, publish_directory,
    refers_to_workspace, rewrite,
};
use crate::manifest::{
    Manifest, ManifestError, Prepared, is_private, prepare_directory, prepare_document,
};
use crate::node;
use crate::output::Level;
use crate::workspace;

const PNPM_FILE: &str = "pnpm-workspace.yaml";
const YARN_FILE: &str = ".yarnrc.yml";

/// What is packed.
pub(super) struct Source {
    /// The manifest, normalised; its directory is the one packed.
    pub(super) manifest: Manifest,
    /// package.json as it stands in the tarball, where that is not the file's own text.
    pub(super) rewritten: Option<Rewritten>,
    /// `publishConfig.directory` led to another directory than the package's.
    is_elsewhere: bool,
    is_verbatim: bool,
}

/// A package.json that is not packed as it stands on disk.
pub(super) struct Rewritten {
    /// The text in the tarball.
    pub(super) text: String,
    /// The same, not normalised.
    document: Map<String, Value>,
    changes: Vec<Change>,
}

impl Source {
    /// Whether the package goes by another name or version than its own package.json says.
    pub(super) fn is_renamed(&self) -> bool {
        let renames = |change: &Change| change.field == "name";
        self.is_elsewhere
            || self
                .rewritten
                .as_ref()
                .is_some_and(|rewritten| rewritten.changes.iter().any(renames))
    }

    /// The manifest for the document. npm reads package.json once more for it, since scripts may have changed it; one
    /// that was rewritten is the one in the tarball.
    pub(super) fn prepared(&self, directory: &Path) -> Result<Prepared, ManifestError> {
        let packed = self.manifest.directory();
        match &self.rewritten {
            Some(rewritten) => prepare_document(packed, rewritten.document.clone()),
            None if self.is_elsewhere => prepare_directory(packed),
            None => prepare_directory(directory),
        }
    }

    /// The configuration that the package brings along. One that is packed from elsewhere has it from both places, the
    /// packed one's first; and it is as private as the package it comes from.
    pub(super) fn publish_config(
        &self,
        directory: &Path,
        prepared: &mut Map<String, Value>,
    ) -> Result<Option<Value>, ManifestError> {
        let mut config = prepared.get("publishConfig").cloned();
        if self.is_elsewhere {
            let own = Manifest::read(directory)?.into_document();
            config = merged(own.get("publishConfig"), config);
            if is_private(&own) {
                prepared.insert("private".to_owned(), true.into());
            }
        }
        let mut config = config.filter(|config| !config.is_null());
        if !self.is_verbatim
            && let Some(Value::Object(config)) = &mut config
        {
            // Keys of pnpm's, which npm would warn about.
            config.retain(|key, _| !matches!(key.as_str(), "directory" | "linkDirectory"));
        }
        Ok(config)
    }
}

/// What both configurations say; the second counts.
fn merged(own: Option<&Value>, packed: Option<Value>) -> Option<Value> {
    match (own, packed) {
        (Some(Value::Object(own)), Some(Value::Object(packed))) => {
            let mut merged = own.clone();
            merged.extend(packed);
            Some(Value::Object(merged))
        }
        (own, packed) => packed.or_else(|| own.cloned()),
    }
}

impl Packer<'_> {
    /// Reads package.json once more, now that scripts may have changed it, and rewrites it unless that is switched off.
    ///
    /// One that a script made unreadable says nothing about what is packed; npm fails only when it reads it the next
    /// time, after `postpack`.
    pub(super) fn source(&self, directory: &Path) -> Result<Source, Error> {
        let as_it_is = |manifest: Manifest| Source {
            manifest,
            rewritten: None,
            is_elsewhere: false,
            is_verbatim: self.options.is_verbatim,
        };
        let Ok(normalized) = Manifest::read_normalized(directory) else {
            return Ok(as_it_is(Manifest::empty(directory)));
        };
        if self.options.is_verbatim {
            return Ok(as_it_is(normalized));
        }
        let mut manifest = Manifest::read(directory)?;
        let elsewhere = publish_directory(manifest.document())
            .map(|named| node::resolve(directory, named))
            .filter(|elsewhere| elsewhere != directory);
        if let Some(elsewhere) = &elsewhere {
            manifest = Manifest::read(elsewhere).map_err(|source| Error::PublishDirectory {
                package_json: directory.join("package.json"),
                source,
            })?;
        }
        let package_json = manifest.directory().join("package.json");
        let known = if refers_to_workspace(manifest.document()) {
            workspace_around(directory)?
        } else {
            rewrite::Workspace::default()
        };
        let place = manifest.directory().to_owned();
        let changes = rewrite(&place, manifest.document_mut(), &known)
            .map_err(|source| rewriting(&package_json, source))?;
        let rewritten = if changes.is_empty() {
            None
        } else {
            self.tell(&changes);
            let file = fs::read(&package_json).map_err(|source| ManifestError::Read {
                path: package_json,
                source,
            })?;
            Some(Rewritten {
                text: Format::of(&file).print(manifest.document()),
                document: manifest.document().clone(),
                changes,
            })
        };
        Ok(Source {
            manifest: manifest.into_normalized()?,
            rewritten,
            is_elsewhere: elsewhere.is_some(),
            is_verbatim: false,
        })
    }

    fn tell(&self, changes: &[Change]) {
        let fields: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        let text = format!(
            "package.json is packed with {} resolved (--no-rewrite packs it as it is)",
            fields.join(", ")
        );
        self.log.log(Level::Notice, "rewrite", &text);
        for Change { field, from, to } in changes {
            let from = from.as_ref().map_or("nothing".to_owned(), json::compact);
            let text = format!("{field}: {from} -> {}", json::compact(to));
            self.log.log(Level::Info, "rewrite", &text);
        }
    }
}

fn rewriting(path: &Path, source: RewriteError) -> Error {
    Error::Rewrite {
        path: path.to_owned(),
        source,
    }
}

/// The workspace that a directory lies in: the nearest directory, itself included, with a `pnpm-workspace.yaml` or with
/// `workspaces` in its package.json. Nothing where there is none.
fn workspace_around(directory: &Path) -> Result<rewrite::Workspace, Error> {
    for root in directory.ancestors() {
        let pnpm = text(&root.join(PNPM_FILE))?;
        let manifest = match Manifest::read(root) {
            Ok(manifest) => manifest.into_document(),
            Err(ManifestError::Read { source, .. }) if is_absent(&source) => Map::new(),
            Err(error) => return Err(error.into()),
        };
        let workspaces = manifest.get("workspaces").filter(|value| !value.is_null());
        if pnpm.is_some() || workspaces.is_some() {
            return workspace_at(root, pnpm.as_deref(), &manifest);
        }
    }
    Ok(rewrite::Workspace::default())
}

/// The members and catalogs of a workspace root: pnpm's file counts before yarn's, and that before package.json.
fn workspace_at(
    root: &Path,
    pnpm: Option<&str>,
    manifest: &Map<String, Value>,
) -> Result<rewrite::Workspace, Error> {
    let (pnpm_file, yarn_file) = (root.join(PNPM_FILE), root.join(YARN_FILE));
    let mut catalogs = Catalogs::default();
    let mut patterns = None;
    if let Some(pnpm) = pnpm {
        let read = |source| rewriting(&pnpm_file, source);
        catalogs = Catalogs::from_yaml(pnpm).map_err(read)?;
        patterns = patterns_from_yaml(pnpm).map_err(read)?.map(Value::from);
    }
    if let Some(yarn) = text(&yarn_file)? {
        let yarn = Catalogs::from_yaml(&yarn).map_err(|source| rewriting(&yarn_file, source))?;
        catalogs = catalogs.or(yarn);
    }
    let bun = Catalogs::from_package_json(manifest);
    catalogs = catalogs.or(bun.map_err(|source| rewriting(&root.join("package.json"), source))?);

    let patterns = patterns.or_else(|| manifest.get("workspaces").cloned());
    let members = match patterns {
        Some(patterns) => workspace::map(root, &patterns)?,
        None => Vec::new(),
    };
    let directories = members.into_iter().map(|member| member.directory);
    let mut known = rewrite::Workspace {
        catalogs,
        ..rewrite::Workspace::default()
    };
    for directory in directories {
        add(&mut known, &Manifest::read(&directory)?.into_document());
    }
    add(&mut known, manifest);
    Ok(known)
}

fn add(known: &mut rewrite::Workspace, manifest: &Map<String, Value>) {
    let member = |key: &str| manifest.get(key).and_then(Value::as_str).map(str::to_owned);
    if let (Some(name), Some(version)) = (member("name"), member("version")) {
        known.members.entry(name).or_insert(version);
    }
}

/// A file's text; `None` if there is no file.
fn text(path: &PathBuf) -> Result<Option<String>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(source) if is_absent(&source) => Ok(None),
        Err(source) => Err(ManifestError::ReadFile {
            path: path.clone(),
            source,
        }
        .into()),
    }
}

/// A directory that may not be looked into is none of this package's workspace.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
    )
}
