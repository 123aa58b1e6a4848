//! Writing an `.npmrc`: whole or not at all, and readable to whom it may be.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Links that are followed from a file to itself, as the system follows them.
const MOST_LINKS: u32 = 40;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone: it holds a secret.
    Owner,
    /// Whoever may read it now; everybody, if it is new.
    AsBefore,
}

/// Puts a file in the place of the one at `path`, or of the one that a link there leads to. A
/// reader sees the old text or the new, never a part.
///
/// # Errors
/// What the system says; also where there is something else than a file.
pub fn save(path: &Path, text: &[u8], readers: Readers) -> io::Result<()> {
    let path = target(path)?;
    let before = match fs::metadata(&path) {
        Ok(before) if !before.is_file() => {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(before) => Some(before),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory)?;
    // Nobody else can read it from the moment it is there.
    let mut file = tempfile::Builder::new()
        .prefix(".npmrc.")
        .tempfile_in(directory)?;
    file.write_all(text)?;
    if let Some(before) = &before {
        keep_owner(file.as_file(), before);
    }
    match (readers, before) {
        (Readers::Owner, _) => set_mode(file.as_file(), 0o600)?,
        (Readers::AsBefore, Some(before)) => {
            file.as_file().set_permissions(before.permissions())?;
        }
        (Readers::AsBefore, None) => set_mode(file.as_file(), 0o644)?,
    }
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Follows links to the file that is meant, which need not be there yet.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => {
                let beside = path.parent().unwrap_or(Path::new(""));
                path = beside.join(link);
            }
            // Not a link, or nothing there.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
                ) =>
            {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many links lead to one another"))
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// Root that edits a user's file leaves it to the user.
#[cfg(unix)]
fn keep_owner(file: &File, before: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let now = file.metadata();
    let differs = now.is_ok_and(|now| now.uid() != before.uid() || now.gid() != before.gid());
    if differs {
        // Who may not give a file away keeps it: the text is what counts.
        let _ = fchown(file, Some(before.uid()), Some(before.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}
