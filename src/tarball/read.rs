//! Reading a tarball: what is in it, without unpacking it anywhere.

use std::collections::BTreeMap;
use std::io::Read;

use sha2::{Digest as _, Sha256};

use super::entries::{ArchiveError, Entries, EntryKind};

/// What identifies an entry's contents: its mode, and the SHA-256 of its data
/// (of a link: of its target).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryDigest {
    mode: u32,
    size: u64,
    sha256: [u8; 32],
}

/// The entries of a tarball by their path below its top folder, whatever that
/// is called. The tarball may be gzipped or plain.
///
/// # Errors
/// [`ArchiveError`] where the bytes cannot be read, or are no tarball.
pub fn entry_digests(reader: impl Read) -> Result<BTreeMap<String, EntryDigest>, ArchiveError> {
    let mut entries = Entries::new(reader)?;
    let mut digests = BTreeMap::new();
    while let Some(entry) = entries.next()? {
        if entry.kind == EntryKind::Directory {
            continue;
        }
        let mut hasher = Sha256::new();
        if let Some(target) = &entry.link {
            hasher.update(target);
        }
        let mut buffer = [0; 16 * 1024];
        loop {
            let read = entries.read(&mut buffer).map_err(ArchiveError::of)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        digests.insert(
            below_top(&entry.path).to_owned(),
            EntryDigest {
                mode: entry.mode,
                size: entry.size,
                sha256: hasher.finalize().into(),
            },
        );
    }
    Ok(digests)
}

/// A path without its top folder, whatever that is called.
fn below_top(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, rest)| rest)
}

/// Says, a line for each path, in what `ours` differs from `theirs`.
pub fn differences(
    ours: &BTreeMap<String, EntryDigest>,
    theirs: &BTreeMap<String, EntryDigest>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, our) in ours {
        match theirs.get(path) {
            None => lines.push(format!("{path}: only in ours")),
            Some(their) if their.sha256 != our.sha256 => lines.push(format!(
                "{path}: contents differ ({} bytes in ours, {} in the registry's)",
                our.size, their.size
            )),
            Some(their) if their.mode != our.mode => lines.push(format!(
                "{path}: mode differs ({:o} in ours, {:o} in the registry's)",
                our.mode, their.mode
            )),
            Some(_) => {}
        }
    }
    let only_theirs = theirs.keys().filter(|path| !ours.contains_key(*path));
    lines.extend(only_theirs.map(|path| format!("{path}: only in the registry's")));
    lines
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use std::io::Write as _;

    use super::super::header::{BLOCK, Kind, append_header, padding};
    use super::*;

    fn tar(files: &[(&str, u32, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (path, mode, data) in files {
            let size = data.len() as u64;
            append_header(
                &mut bytes,
                &format!("package/{path}"),
                *mode,
                Kind::File { size },
            );
            bytes.extend_from_slice(data.as_bytes());
            bytes.resize(bytes.len() + padding(size), 0);
        }
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn differences_name_each_path_once() {
        let long = format!("lib/{}.js", "x".repeat(150));
        let ours = tar(&[
            ("a", 0o644, "1"),
            ("b", 0o644, "2"),
            ("c", 0o644, "3"),
            (&long, 0o644, "4"),
        ]);
        let theirs = tar(&[
            ("a", 0o644, "1"),
            ("b", 0o755, "2"),
            ("c", 0o644, "33"),
            ("d", 0o644, ""),
        ]);
        let ours = entry_digests(&gzip(&ours)[..]).expect("ours");
        let theirs = entry_digests(&theirs[..]).expect("theirs");
        assert_eq!(
            differences(&ours, &theirs),
            [
                "b: mode differs (644 in ours, 755 in the registry's)".to_owned(),
                "c: contents differ (1 bytes in ours, 2 in the registry's)".into(),
                format!("{long}: only in ours"),
                "d: only in the registry's".into(),
            ]
        );
        assert_eq!(differences(&ours, &ours), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_tarball_is_an_error() {
        assert!(entry_digests(&b"<html>no</html>".repeat(100)[..]).is_err());
        assert!(entry_digests(&gzip(b"no")[..12]).is_err());
    }
}
