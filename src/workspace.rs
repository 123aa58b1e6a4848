//! The members of a workspace root (`@npmcli/map-workspaces` 5.0.3; npm-behaviour.md §8).
//!
//! [`map`] finds them, [`select()`] picks those that flags name. The order is that of the patterns
//! and then of the paths, never that of the dependencies between them.

mod pattern;
mod select;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::manifest::json;

pub use pattern::Glob;
pub use select::{Selection, select};

/// A package below a workspace root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The manifest's name, or the folder's name where the manifest has none.
    pub name: String,
    /// The directory, absolute.
    pub directory: PathBuf,
    /// Whether the manifest says `private`. `publish` passes such a member over, `pack` does not.
    pub private: bool,
}

/// Why the members cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// `workspaces` is neither an array nor an object with an array `packages`.
    #[error("workspaces config expects an Array")]
    NotAnArray {
        /// The root.
        root: PathBuf,
    },
    /// An item of `workspaces` is no text.
    #[error("item {index} of `workspaces` in {} is not text", root.join("package.json").display())]
    NotText {
        /// The root.
        root: PathBuf,
        /// Its place, from 0.
        index: usize,
    },
    /// `!.` among the patterns.
    #[error("`workspaces` in {} excludes the root itself", root.join("package.json").display())]
    ExcludesRoot {
        /// The root.
        root: PathBuf,
    },
    /// Two members have one name.
    #[error("must not have multiple workspaces with the same name{}", conflicts(.0))]
    Duplicate(Vec<Conflict>),
    /// A manifest is there and cannot be read.
    #[error("Could not read {}", path.display())]
    Read {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A manifest is no JSON, or no object.
    #[error("Invalid package.json: {}", path.display())]
    Json {
        /// The manifest.
        path: PathBuf,
        /// What is wrong; `None` where it is JSON but no object.
        source: Option<json::SyntaxError>,
    },
    /// Nothing is left after selection.
    #[error("No workspaces found{}", filters(.0))]
    NoneFound(Vec<String>),
}

/// One name and the directories that claim it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The name.
    pub name: String,
    /// The directories.
    pub directories: Vec<PathBuf>,
}

impl WorkspaceError {
    /// npm's error code, where it has one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::NotAnArray { .. } => Some("EWORKSPACESCONFIG"),
            Self::Duplicate(_) => Some("EDUPLICATEWORKSPACE"),
            Self::Read { source, .. } => crate::node::system_code(source),
            Self::Json {
                source: Some(_), ..
            } => Some("EJSONPARSE"),
            // JSON that is no object has no code in npm.
            Self::Json { source: None, .. }
            | Self::NotText { .. }
            | Self::ExcludesRoot { .. }
            | Self::NoneFound(_) => None,
        }
    }

    /// npm's exit status.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Read { source, .. } => crate::node::system_status(source),
            _ => 1,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnArray { root }
            | Self::NotText { root, .. }
            | Self::ExcludesRoot { root } => Some(format!(
                "write `workspaces` in {} as a list of folders, for example [\"packages/*\"]",
                root.join("package.json").display()
            )),
            Self::Duplicate(_) => Some("give each member a name of its own".to_owned()),
            Self::NoneFound(filters) if !filters.is_empty() => Some(
                "--workspace takes a member's name, its folder, or a folder above members"
                    .to_owned(),
            ),
            Self::NoneFound(_) => Some(
                "the package.json at the root needs `workspaces`, and its members a package.json"
                    .to_owned(),
            ),
            Self::Read { .. } | Self::Json { .. } => None,
        }
    }
}

fn conflicts(conflicts: &[Conflict]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for conflict in conflicts {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\npackage '{}' has conflicts in the following paths:",
            conflict.name
        );
        for directory in &conflict.directories {
            let _ = write!(text, "\n    {}", directory.display());
        }
    }
    text
}

fn filters(filters: &[String]) -> String {
    if filters.is_empty() {
        return "!".to_owned();
    }
    let filters: Vec<_> = filters
        .iter()
        .map(|filter| format!(" --workspace={filter}"))
        .collect();
    format!(":\n {}", filters.concat())
}

/// What `root`'s manifest declares as `workspaces`. `None` where there is nothing, or no manifest
/// that can be read.
pub fn declared(root: &Path) -> Option<Value> {
    let manifest = read_manifest(&root.join("package.json")).ok()?;
    let workspaces = manifest.get("workspaces")?;
    let is_truthy = match workspaces {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    };
    is_truthy.then(|| workspaces.clone())
}

/// The members that `workspaces` (the field's value) names below `root`, in npm's order.
///
/// # Errors
/// `EWORKSPACESCONFIG`, `EDUPLICATEWORKSPACE`, or a member's manifest that is there and cannot be
/// read.
pub fn map(root: &Path, workspaces: &Value) -> Result<Vec<Member>, WorkspaceError> {
    let ((_, Some(Value::Array(declared))) | (Value::Array(declared), _)) =
        (workspaces, workspaces.get("packages"))
    else {
        return Err(WorkspaceError::NotAnArray {
            root: root.to_path_buf(),
        });
    };
    let mut texts = Vec::new();
    for (index, pattern) in declared.iter().enumerate() {
        match pattern {
            Value::String(text) => texts.push(text.as_str()),
            _ => {
                return Err(WorkspaceError::NotText {
                    root: root.to_path_buf(),
                    index,
                });
            }
        }
    }
    let patterns = walk::Patterns::new(&texts);
    if patterns.excludes_root() {
        return Err(WorkspaceError::ExcludesRoot {
            root: root.to_path_buf(),
        });
    }
    let mut found: Vec<(String, Vec<Member>)> = Vec::new();
    for path in walk::directories(root, &patterns) {
        let directory = crate::node::resolve(root, path.trim_start_matches('/'));
        let Some(member) = member(&directory)? else {
            continue;
        };
        match found.iter_mut().find(|(name, _)| *name == member.name) {
            None => found.push((member.name.clone(), vec![member])),
            Some((_, claims)) => {
                if claims.iter().all(|claim| claim.directory != directory) {
                    claims.push(member);
                }
            }
        }
    }
    let conflicts: Vec<_> = found
        .iter()
        .filter(|(_, claims)| claims.len() > 1)
        .map(|(name, claims)| Conflict {
            name: name.clone(),
            directories: claims.iter().map(|claim| claim.directory.clone()).collect(),
        })
        .collect();
    if conflicts.is_empty() {
        Ok(found.into_iter().flat_map(|(_, claims)| claims).collect())
    } else {
        Err(WorkspaceError::Duplicate(conflicts))
    }
}

/// Reads one member; `None` where there is no manifest.
fn member(directory: &Path) -> Result<Option<Member>, WorkspaceError> {
    let manifest = match read_manifest(&directory.join("package.json")) {
        Ok(manifest) => manifest,
        Err(WorkspaceError::Read { source, .. })
            if matches!(
                source.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let name = match manifest.get("name") {
        Some(Value::String(name)) if !name.is_empty() => name.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(true)) => "true".to_owned(),
        _ => folder_name(directory),
    };
    let private = match manifest.get("private") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::Array(_) | Value::Object(_)) => true,
    };
    Ok(Some(Member {
        name,
        directory: directory.to_path_buf(),
        private,
    }))
}

/// `folder`, or `@scope/folder` below a folder that starts with @.
fn folder_name(directory: &Path) -> String {
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let folder = name(directory);
    let parent = directory.parent().map(name).unwrap_or_default();
    if parent.starts_with('@') {
        format!("{parent}/{folder}")
    } else {
        folder
    }
}

fn read_manifest(path: &Path) -> Result<Value, WorkspaceError> {
    let bytes = std::fs::read(path).map_err(|source| WorkspaceError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let invalid = |source| WorkspaceError::Json {
        path: path.to_path_buf(),
        source,
    };
    let value = json::parse(&bytes).map_err(|source| invalid(Some(source)))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(invalid(None))
    }
}
