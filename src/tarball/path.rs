//! Paths inside the archive.
//!
//! Every path is relative, `/`-separated and below `package/`. What is done to
//! it on the way in is node-tar's: absolute and drive-like beginnings are
//! taken off, because some reader would follow them.

/// The folder in which npm puts everything.
const ROOT: &str = "package";

/// The path under which a file of the package stands in the archive:
/// `lib/a.js` -> `package/lib/a.js`, `C:evil.js` -> `package/evil.js`.
pub(super) fn archive_path(path: &str) -> String {
    format!("{ROOT}/{}", strip_absolute(path))
}

/// The archive path of a hard link's target. npm takes nothing off here.
pub(super) fn link_target(path: &str) -> String {
    format!("{ROOT}/{path}")
}

/// Takes off what Windows would call a root, again and again, so that no part
/// of the name can be one: drives (`C:`, `C:\`), shares (`\\host\share\`) and
/// leading separators.
fn strip_absolute(path: &str) -> &str {
    let mut rest = path;
    loop {
        let root = if rest.starts_with('/') && !rest.starts_with("//?/") {
            1
        } else {
            windows_root(rest)
        };
        if root == 0 {
            return rest;
        }
        rest = &rest[root..];
    }
}

/// The length in bytes of the root that Node's `path.win32.parse` sees.
fn windows_root(path: &str) -> usize {
    let bytes = path.as_bytes();
    let separator = |at: usize| matches!(bytes.get(at), Some(b'/' | b'\\'));
    if separator(0) {
        return if separator(1) {
            share_root(bytes).unwrap_or(1)
        } else {
            1
        };
    }
    match bytes {
        [drive, b':', ..] if drive.is_ascii_alphabetic() => 2 + usize::from(separator(2)),
        _ => 0,
    }
}

/// The length of `\\host\share` and the separator behind it, if both are
/// named.
fn share_root(bytes: &[u8]) -> Option<usize> {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let part = |from: usize| {
        let length = bytes.get(from..)?.iter().position(is_separator);
        length
            .filter(|&length| length > 0)
            .map(|length| from + length)
    };
    let separators = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| is_separator(byte))
            .count()
    };
    let host_end = part(2)?;
    let share = host_end + separators(host_end);
    match bytes.get(share..) {
        None | Some([]) => None,
        Some(_) => match part(share) {
            None => Some(bytes.len()),
            Some(end) => Some(end + 1),
        },
    }
}

/// The part after the last `/`.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The part before the last `/`, `.` where there is none.
pub(super) fn dir_name(path: &str) -> &str {
    path.rsplit_once('/')
        .map_or(".", |(directory, _)| directory)
}

/// The first `units` UTF-16 units of a text; half a surrogate pair at the end
/// becomes U+FFFD, as when JavaScript writes it out in UTF-8.
pub(super) fn cut_utf16(text: &str, units: usize) -> String {
    let mut left = units;
    let mut cut = String::new();
    for character in text.chars() {
        if character.len_utf16() > left {
            if left > 0 {
                cut.push(char::REPLACEMENT_CHARACTER);
            }
            break;
        }
        left -= character.len_utf16();
        cut.push(character);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_taken_off_as_node_tar_does() {
        // Each right side is node-tar's own answer (`stripAbsolutePath`).
        for (path, stripped) in [
            ("lib/a.js", "lib/a.js"),
            ("C:foo.js", "foo.js"),
            ("a:b.js", "b.js"),
            ("a:b:c.js", "c.js"),
            ("c:/x.js", "x.js"),
            ("c:\\x.js", "x.js"),
            ("ab:c.js", "ab:c.js"),
            ("1:c.js", "1:c.js"),
            ("\\a.js", "a.js"),
            ("\\\\a.js", "a.js"),
            ("\\\\a\\b", ""),
            ("\\\\a\\b\\c.js", "c.js"),
            ("\\\\a\\\\b\\c.js", "c.js"),
            ("\\\\a\\", "a\\"),
            ("lib/c:d.js", "lib/c:d.js"),
        ] {
            assert_eq!(strip_absolute(path), stripped, "{path:?}");
        }
    }

    #[test]
    fn cut_counts_utf16_units() {
        assert_eq!(cut_utf16("abc", 2), "ab");
        assert_eq!(cut_utf16("a😀b", 3), "a😀");
        assert_eq!(cut_utf16("a😀b", 2), "a\u{fffd}");
    }
}
