//! A package tree as data: what a generated case is, what a regression file holds, what is put on
//! disk.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Everything of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tree {
    /// The packed directory, relative to the tree's own.
    pub(crate) target: String,
    /// The workspaces' root and the selected members, when workspaces were selected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) workspaces: Option<(String, Vec<String>)>,
    pub(crate) nodes: Vec<Node>,
}

/// One entry on disk. Directories above it are made as needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A file with this text. In text and paths `\xHH` stands for one byte and `\\` for a backslash.
    File(String),
    /// A file with this text and these permission bits.
    FileMode(String, u32),
    /// A file last changed long ago.
    OldFile(String),
    Directory,
    Symlink(String),
    /// Another name of an earlier file, given relative to the tree.
    HardLink(String),
}

/// Turns `\xHH` into bytes.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        if let Some(byte) = escape
            .strip_prefix('x')
            .and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok())
        {
            bytes.push(byte);
            rest = &escape[3..];
        } else {
            bytes.push(b'\\');
            rest = escape.strip_prefix('\\').unwrap_or(escape);
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn on_disk(base: &Path, path: &str) -> PathBuf {
    base.join(std::ffi::OsString::from_vec(bytes(path)))
}

impl Tree {
    /// Puts the tree into an empty directory. What cannot be there (a file below a file, a name
    /// taken already) is left out, so that any reduced tree is still a tree.
    pub(crate) fn write(&self, base: &Path) {
        let _ = fs::create_dir_all(base.join(&self.target));
        for node in &self.nodes {
            let _ = node.write(base);
        }
    }

    pub(crate) fn target_in(&self, base: &Path) -> PathBuf {
        base.join(&self.target)
    }
}

impl Node {
    fn write(&self, base: &Path) -> io::Result<()> {
        let path = on_disk(base, &self.path);
        if path.symlink_metadata().is_ok() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match &self.kind {
            Kind::File(text) => {
                fs::write(&path, bytes(text))?;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o644))
            }
            Kind::FileMode(text, mode) => {
                fs::write(&path, bytes(text))?;
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode))
            }
            Kind::OldFile(text) => {
                fs::write(&path, bytes(text))?;
                let long_ago =
                    std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
                fs::File::options()
                    .write(true)
                    .open(&path)?
                    .set_modified(long_ago)
            }
            Kind::Directory => fs::create_dir_all(&path),
            Kind::Symlink(target) => symlink(target, &path),
            Kind::HardLink(target) => fs::hard_link(on_disk(base, target), &path),
        }
    }
}
