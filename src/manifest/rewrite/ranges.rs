//! `workspace:` and `catalog:` ranges.
//!
//! | range of a dependency `a`, member at 1.2.3 | becomes |
//! |---|---|
//! | `workspace:`, `workspace:*`, `workspace:^`, `workspace:~` | `1.2.3`, `1.2.3`, `^1.2.3`, `~1.2.3` |
//! | `workspace:b@^`, `workspace:../b` | `npm:b@^1.2.3`, `npm:b@1.2.3` |
//! | `workspace:^1.0.0`, `workspace:b@^1.0.0` | `^1.0.0`, `npm:b@^1.0.0` |
//! | peer: `workspace:>=`, `^1 \|\| workspace:^` | `>=1.2.3`, `^1 \|\| ^1.2.3` |
//! | peer: `workspace:b@^` | `npm:b@*` |
//! | `catalog:`, `catalog:name` | the catalog's range, which may be a `workspace:` range |
//!
//! Source: pnpm 12.21, `exportable-manifest`.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Change, RewriteError, Workspace, replace};
use crate::manifest::{Manifest, ManifestError, files, is_range, name};

pub(super) const PROTOCOL: &str = "workspace:";

const FIELDS: [&str; 4] = [
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
];

pub(super) fn rewrite(
    package_dir: &Path,
    map: &mut Map<String, Value>,
    workspace: &Workspace,
) -> Result<Vec<Change>, RewriteError> {
    let mut changes = Vec::new();
    for field in FIELDS {
        let Some(Value::Object(dependencies)) = map.get_mut(field) else {
            continue;
        };
        let ranges: Vec<(String, String)> = dependencies
            .iter()
            .filter_map(|(dependency, range)| {
                Some((dependency.clone(), range.as_str()?.to_owned()))
            })
            .collect();
        for (dependency, range) in ranges {
            let own_range = workspace.catalogs.resolve(&dependency, &range)?;
            let lookup = Lookup {
                package_dir,
                workspace,
                field,
                dependency: &dependency,
                range: &own_range,
            };
            let published = if field == "peerDependencies" {
                lookup.peer()?
            } else {
                lookup.regular()?
            };
            replace(
                dependencies,
                &dependency,
                Value::String(published),
                format!("{field}.{dependency}"),
                &mut changes,
            );
        }
    }
    Ok(changes)
}

/// Whether any range is one of these.
pub(super) fn any(map: &Map<String, Value>, is: impl Fn(&str) -> bool) -> bool {
    FIELDS
        .iter()
        .filter_map(|field| map.get(*field)?.as_object())
        .flat_map(Map::values)
        .filter_map(Value::as_str)
        .any(is)
}

/// A package that a range leads to.
struct Member {
    name: String,
    version: String,
}

struct Lookup<'a> {
    package_dir: &'a Path,
    workspace: &'a Workspace,
    field: &'static str,
    dependency: &'a str,
    range: &'a str,
}

impl Lookup<'_> {
    fn regular(&self) -> Result<String, RewriteError> {
        let Some(rest) = self.range.strip_prefix(PROTOCOL) else {
            return Ok(self.range.to_owned());
        };
        let (alias, selector) = split_alias(rest);
        if let "" | "*" | "^" | "~" = selector {
            let member = self.member(alias.unwrap_or(self.dependency))?;
            return Ok(self.published(&member, selector.trim_end_matches('*')));
        }
        if is_relative(rest) {
            return Ok(self.published(&self.member_at(rest)?, ""));
        }
        if alias.is_some() {
            return Ok(format!("npm:{rest}"));
        }
        self.checked(rest)
    }

    /// A peer range may be a compound of which any part is a `workspace:` range.
    fn peer(&self) -> Result<String, RewriteError> {
        if let Some(rest) = self.range.strip_prefix(PROTOCOL) {
            if is_relative(rest) {
                return self.regular();
            }
            if let (Some(_), selector) = split_alias(rest) {
                // pnpm does not look the version up here.
                let own = if let "" | "^" | "~" = selector {
                    "*"
                } else {
                    selector
                };
                let alias = rest.strip_suffix(selector).unwrap_or(rest);
                return Ok(format!("npm:{alias}{own}"));
            }
        }
        let mut published = String::new();
        let mut rest = self.range;
        while let Some((before, after)) = rest.split_once(PROTOCOL) {
            published.push_str(before);
            let operator = [">=", "<=", ">", "<", "^", "~", "*"]
                .into_iter()
                .find(|operator| after.starts_with(operator));
            let version = operator.map_or(after, |operator| {
                after.get(operator.len()..).unwrap_or_default()
            });
            let has_version = version.starts_with(|character: char| {
                character.is_ascii_digit() || "xX*".contains(character)
            });
            let is_finished = version.is_empty() || version.starts_with([' ', '|']);
            rest = if has_version {
                after
            } else if is_finished {
                published.push_str(
                    operator
                        .filter(|operator| *operator != "*")
                        .unwrap_or_default(),
                );
                published.push_str(&self.member(self.dependency)?.version);
                version
            } else {
                return Err(self.no_range(after));
            };
        }
        published.push_str(rest);
        Ok(published)
    }

    fn published(&self, member: &Member, operator: &str) -> String {
        if member.name == self.dependency {
            format!("{operator}{}", member.version)
        } else {
            format!("npm:{}@{operator}{}", member.name, member.version)
        }
    }

    fn checked(&self, rest: &str) -> Result<String, RewriteError> {
        let is_tag = name::is_encoded(rest).unwrap_or(false);
        if is_tag || is_range(rest, true) {
            Ok(rest.to_owned())
        } else {
            Err(self.no_range(rest))
        }
    }

    /// A member of the workspace, or what is installed under the dependency's name.
    fn member(&self, name: &str) -> Result<Member, RewriteError> {
        if let Some(version) = self.workspace.members.get(name) {
            return Ok(Member {
                name: name.to_owned(),
                version: version.clone(),
            });
        }
        let installed = format!("node_modules/{}", self.dependency);
        self.read(&installed)?.ok_or_else(|| self.unknown(name))
    }

    fn member_at(&self, path: &str) -> Result<Member, RewriteError> {
        self.read(path)?.ok_or_else(|| self.unknown(path))
    }

    fn read(&self, path: &str) -> Result<Option<Member>, RewriteError> {
        match Manifest::read(&files::resolve(self.package_dir, path)) {
            Ok(manifest) => {
                let (name, version) = (
                    manifest.name().unwrap_or_default(),
                    manifest.version().unwrap_or_default(),
                );
                let is_whole = !name.is_empty() && !version.is_empty();
                Ok(is_whole.then(|| Member {
                    name: name.to_owned(),
                    version: version.to_owned(),
                }))
            }
            Err(ManifestError::Read { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Ok(None)
            }
            Err(source) => Err(RewriteError::UnreadableMember {
                field: self.field,
                dependency: self.dependency.to_owned(),
                range: self.range.to_owned(),
                source: Box::new(source),
            }),
        }
    }

    fn unknown(&self, target: &str) -> RewriteError {
        RewriteError::UnknownMember {
            field: self.field,
            dependency: self.dependency.to_owned(),
            range: self.range.to_owned(),
            target: target.to_owned(),
        }
    }

    fn no_range(&self, rest: &str) -> RewriteError {
        RewriteError::NoRange {
            field: self.field,
            dependency: self.dependency.to_owned(),
            range: self.range.to_owned(),
            rest: rest.to_owned(),
        }
    }
}

/// Splits `alias@selector` at its last `@`; that of a scope is not one.
fn split_alias(rest: &str) -> (Option<&str>, &str) {
    match rest.rsplit_once('@') {
        Some((alias, selector)) if !alias.is_empty() => (Some(alias), selector),
        _ => (None, rest),
    }
}

fn is_relative(path: &str) -> bool {
    path.starts_with("./") || path.starts_with("../")
}
