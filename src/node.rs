//! What npm's rules take from Node: paths resolved by text alone, and names of system errors.
//!
//! `std::path::absolute` keeps `..`, because on disk `a/link/..` need not be `a`. Node's
//! `path.resolve` takes it off, and which file npm reads depends on that.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Resolves `path` against `base`, which is absolute, without looking at the disk.
pub fn resolve(base: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                resolved.pop();
            }
            other => resolved.push(other),
        }
    }
    resolved
}

/// The path of `path` as seen from `base`, as Node's `path.relative`: empty when they are equal.
/// Both are absolute and resolved.
pub fn relative(base: &Path, path: &Path) -> PathBuf {
    let mut from = base.components().peekable();
    let mut to = path.components().peekable();
    while let (Some(left), Some(right)) = (from.peek(), to.peek()) {
        if left != right {
            break;
        }
        from.next();
        to.next();
    }
    let mut relative: PathBuf = from.map(|_| Component::ParentDir).collect();
    relative.extend(to);
    relative
}

/// The name Node gives a system error.
pub(crate) fn system_code(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::NotFound => "ENOENT",
        io::ErrorKind::PermissionDenied if error.raw_os_error() == Some(1) => "EPERM",
        io::ErrorKind::PermissionDenied => "EACCES",
        io::ErrorKind::IsADirectory => "EISDIR",
        io::ErrorKind::NotADirectory => "ENOTDIR",
        io::ErrorKind::InvalidFilename => "ENAMETOOLONG",
        io::ErrorKind::StorageFull => "ENOSPC",
        io::ErrorKind::ReadOnlyFilesystem => "EROFS",
        _ => match error.raw_os_error()? {
            40 if cfg!(target_os = "linux") => "ELOOP",
            62 if cfg!(target_os = "macos") => "ELOOP",
            24 if cfg!(unix) => "EMFILE",
            23 if cfg!(unix) => "ENFILE",
            5 if cfg!(unix) => "EIO",
            _ => return None,
        },
    })
}

/// The exit status npm ends with on a system error: its number, as a negative
/// byte; else 1. Errors that were given a path have lost their number, so the
/// kind stands in for it.
pub(crate) fn system_status(error: &io::Error) -> u8 {
    let number = error.raw_os_error().or(match error.kind() {
        io::ErrorKind::NotFound => Some(2),
        io::ErrorKind::PermissionDenied => Some(13),
        io::ErrorKind::NotADirectory => Some(20),
        io::ErrorKind::IsADirectory => Some(21),
        _ => None,
    });
    match number {
        Some(number) if number > 0 => u8::try_from((256 - number % 256) % 256).unwrap_or(1),
        _ => 1,
    }
}

/// What every JavaScript object inherits: npm finds these names in objects that hold nothing.
pub(crate) const INHERITED: [&str; 12] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn resolution_is_textual() {
        for (base, path, expected) in [
            ("/a/b", "c", "/a/b/c"),
            ("/a/b", "", "/a/b"),
            ("/a/b", ".", "/a/b"),
            ("/a/b", "../c/", "/a/c"),
            ("/a/b", "../../../c", "/c"),
            ("/a/b", "/x//y/./z", "/x/y/z"),
        ] {
            assert_eq!(resolve(Path::new(base), path), Path::new(expected));
        }
        for (base, path, expected) in [
            ("/a/b", "/a/b", ""),
            ("/a/b", "/a/c", "../c"),
            ("/a/b", "/a/b/c", "c"),
            ("/", "/a", "a"),
        ] {
            let relative = relative(Path::new(base), Path::new(path));
            assert_eq!(relative, Path::new(expected));
        }
    }

    #[test]
    fn system_errors_end_as_with_npm() {
        for (number, status, code) in [(2, 254, "ENOENT"), (13, 243, "EACCES"), (21, 235, "EISDIR")]
        {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(
                (system_status(&error), system_code(&error)),
                (status, Some(code))
            );
            let kind = io::Error::new(error.kind(), "with a path");
            assert_eq!(system_status(&kind), status);
        }
        assert_eq!(system_status(&io::Error::other("no number")), 1);
    }
}
