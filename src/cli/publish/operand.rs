//! What `publish` is told to publish.
//!
//! npm takes anything it could install. Here that is a directory or a tarball on this machine; a bare word is the
//! directory or the file of that name, never a package of the registry or a repository on GitHub.

use std::path::PathBuf;
use std::rc::Rc;

use crate::cli::session::Session;
use crate::error::Error;
use crate::output::{Color, Level, Log as _};
use crate::workspace::Member;

/// What is published.
pub(in crate::cli) enum Operand<'a> {
    /// A package's directory.
    Directory(PathBuf),
    /// A ready tarball, as it was named.
    Tarball(&'a str),
}

/// A package that a command was told of.
pub(in crate::cli) struct Named<'a> {
    pub(in crate::cli) operand: Operand<'a>,
    /// Which member of a workspace it is, if workspaces were selected.
    pub(in crate::cli) member: Option<Selected>,
}

/// A selected member of a workspace.
pub(in crate::cli) struct Selected {
    /// npm's name for it.
    pub(in crate::cli) name: String,
    /// The directories of all that were selected with it.
    directories: Rc<[PathBuf]>,
}

impl<'a> Named<'a> {
    /// All packages that the flags, the place and the operands name, in npm's order.
    pub(in crate::cli) fn all(session: &'a Session<'_>, command: &str) -> Result<Vec<Self>, Error> {
        let Some(members) = session.selected()? else {
            let operand = match session.operands.as_slice() {
                [] => Operand::Directory(session.path(".")),
                [operand] => Operand::of(session, operand)?,
                _ => {
                    return Err(Error::Usage(format!(
                        "{command} takes one package directory or tarball"
                    )));
                }
            };
            let member = None;
            return Ok(vec![Self { operand, member }]);
        };
        let directories = members.iter().map(|member| member.directory.clone());
        let directories: Rc<[PathBuf]> = directories.collect();
        let named = |(member, directory): (Member, &PathBuf)| Self {
            operand: Operand::Directory(directory.clone()),
            member: Some(Selected {
                name: member.name,
                directories: Rc::clone(&directories),
            }),
        };
        Ok(members.into_iter().zip(&*directories).map(named).collect())
    }

    /// The directories of all selected members; `None` where no workspaces were selected.
    pub(in crate::cli) fn selected(&self) -> Option<&[PathBuf]> {
        self.member.as_ref().map(|member| &*member.directories)
    }

    /// Says that a private member is passed over, as npm does.
    pub(in crate::cli) fn skip(&self, session: &Session<'_>, command: &str) {
        let name = self.member.as_ref().map_or("", |member| &member.name);
        let text = format!(
            "Skipping workspace {}, marked as {}",
            session.printer.painted_aside(Color::Cyan, name),
            session.printer.painted_aside(Color::Bold, "private"),
        );
        session.printer.log(Level::Warn, command, &text);
    }
}

impl<'a> Operand<'a> {
    /// Tells by the name alone, as npm does.
    pub(in crate::cli) fn of(session: &Session<'_>, given: &'a str) -> Result<Self, Error> {
        let path = given.strip_prefix("file:").unwrap_or(given);
        if is_archive(given) && !is_remote(given) {
            return Ok(Self::Tarball(given));
        }
        let directory = session.path(path);
        if is_remote(given) && !directory.exists() {
            return Err(Error::Refused {
                code: None,
                message: format!(
                    "{given} is not on this machine: a directory or a tarball can be published"
                ),
                hint: Some("fetch it first, and publish the directory or the .tgz".into()),
            });
        }
        // npm takes any number of slashes behind `file:` for one.
        let rooted = path.len() < given.len() && path.starts_with('/');
        let directory = if rooted {
            session.path(format!("/{}", path.trim_start_matches('/')))
        } else {
            directory
        };
        Ok(Self::Directory(directory))
    }
}

/// `*.tgz`, `*.tar.gz`, `*.tar`, in letters of any case.
fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".tgz", ".tar.gz", ".tar"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// `https://...`, `git+ssh://...`, `git@host:path`, `npm:name`.
fn is_remote(given: &str) -> bool {
    let (scheme, rest) = given.split_once(':').unwrap_or(("", given));
    let letters = scheme.strip_prefix("git+").unwrap_or(scheme);
    let is_url = letters.len() > 1 && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_scp = !rest.is_empty() && scheme.contains('@') && scheme.contains('.');
    (is_url && scheme != "file") || is_scp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for (name, archive, remote) in [
            ("x.tgz", true, false),
            ("./X.TAR.GZ", true, false),
            ("file:../x.tar", true, false),
            ("https://h/x.tgz", true, true),
            ("git+ssh://git@h/x.git", false, true),
            ("git@github.com:a/b.git", false, true),
            ("npm:a@1", false, true),
            ("@scope/a", false, false),
            ("a@1.0.0", false, false),
            ("./a b", false, false),
            ("x.tgz.sig", false, false),
        ] {
            assert_eq!(
                (is_archive(name), is_remote(name)),
                (archive, remote),
                "{name}"
            );
        }
    }
}
