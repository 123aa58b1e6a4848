//! What npm leaves undone: `workspace:` and `catalog:` ranges, and fields that `publishConfig` overrides.
//!
//! npm ships such ranges verbatim, and no client can install the result. pnpm and yarn replace them while they publish;
//! this is pnpm's way of doing it (12.21, `@pnpm/exportable-manifest`), but nothing beyond: scripts and other fields
//! stay as they are. A rewritten manifest goes both into the tarball and through *fix* and *prepare* into the document,
//! so that the two agree.
//!
//! Differences to pnpm: the version of a member comes from the workspace itself, and only for a package that is no
//! member from `node_modules`, so that nothing has to be installed; every `workspace:` of a peer range is replaced, not
//! only the first; a range that would be left unusable is refused. `jsr:` ranges are left alone.

mod catalogs;
mod error;
mod overrides;
mod ranges;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

pub use catalogs::{Catalogs, patterns_from_yaml};
pub use error::RewriteError;
pub use overrides::publish_directory;

use super::javascript;

/// What a package can refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    /// The version of each member, by its name.
    pub members: BTreeMap<String, String>,
    /// The named ranges.
    pub catalogs: Catalogs,
}

/// One value that was replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The field: `main`, `dependencies.left-pad`.
    pub field: String,
    /// What stood there, if anything did.
    pub from: Option<Value>,
    /// What stands there now.
    pub to: Value,
}

/// Rewrites a manifest as read from disk; says what was changed, in order.
///
/// No change means that the file can be packed as it is. Existing keys keep their place.
///
/// # Errors
///
/// A range that leads to no member, no installed package or no entry of a catalog.
pub fn rewrite(
    package_dir: &Path,
    map: &mut Map<String, Value>,
    workspace: &Workspace,
) -> Result<Vec<Change>, RewriteError> {
    let mut changes = ranges::rewrite(package_dir, map, workspace)?;
    changes.extend(overrides::apply(map));
    Ok(changes)
}

/// Whether a manifest refers to other members of its workspace or to catalogs, so that [`rewrite`] has to know them.
pub fn refers_to_workspace(map: &Map<String, Value>) -> bool {
    ranges::any(map, |range| {
        range.starts_with("catalog:") || range.contains(ranges::PROTOCOL)
    })
}

/// Replaces a value and records it, unless it is the same.
fn replace(
    map: &mut Map<String, Value>,
    key: &str,
    to: Value,
    field: String,
    changes: &mut Vec<Change>,
) {
    let from = map.get(key).cloned();
    if from.as_ref() != Some(&to) {
        javascript::assign(map, key, to.clone());
        changes.push(Change { field, from, to });
    }
}
