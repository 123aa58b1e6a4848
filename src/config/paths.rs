//! Paths as Node's `path.resolve` makes them: absolute and without `.` and `..`, by text alone.

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
}
