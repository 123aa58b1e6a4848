//! Tar headers as npm writes them.
//!
//! npm packs with node-tar 7.5 in *portable* mode: no owner, one fixed
//! modification time, ustar with PAX records where a value does not fit
//! (`npm-behaviour.md` §2). The layout is written here, byte by byte, because
//! no tar library makes node-tar's choices: the `tar` crate, for one, writes
//! GNU long names and splits prefixes elsewhere.

use super::path::{base_name, cut_utf16, dir_name};

/// A tar block, in bytes: a header fills one, data is padded to a multiple.
pub(super) const BLOCK: usize = 512;

/// 1985-10-26T08:15:00Z, in seconds: the time npm gives every entry, late
/// enough for zip tools, which cannot hold the Unix epoch.
const MTIME: u64 = 499_162_500;

const NAME: Field = Field { at: 0, size: 100 };
const MODE: Field = Field { at: 100, size: 8 };
const SIZE: Field = Field { at: 124, size: 12 };
const MODIFIED: Field = Field { at: 136, size: 12 };
const CHECKSUM: Field = Field { at: 148, size: 8 };
const TYPE: Field = Field { at: 156, size: 1 };
const LINK_NAME: Field = Field { at: 157, size: 100 };
const MAGIC: Field = Field { at: 257, size: 8 };
const DEVICE_MAJOR: Field = Field { at: 329, size: 8 };
const DEVICE_MINOR: Field = Field { at: 337, size: 8 };
const PREFIX: Field = Field { at: 345, size: 155 };

/// How many UTF-16 units node-tar keeps of a path that has to be cut.
const CUT: usize = NAME.size - 1;

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A regular file of `size` bytes, which follow the header.
    File {
        /// Bytes of data.
        size: u64,
    },
    /// A hard link to an earlier entry of the archive, without data.
    HardLink {
        /// The earlier entry's whole archive path.
        target: &'a str,
    },
}

/// Appends the header of one entry to `out`: one block, preceded by an
/// extended (PAX) header of at least two where something did not fit.
///
/// `path` is the whole archive path (`package/...`), `mode` the twelve
/// permission bits as they shall stand in the archive.
pub(super) fn append_header(out: &mut Vec<u8>, path: &str, mode: u32, kind: Kind<'_>) {
    let (type_flag, size, link) = match kind {
        Kind::File { size } => (b'0', size, None),
        Kind::HardLink { target } => (b'1', 0, Some(target)),
    };
    let mut block = Block::new();
    let mut incomplete = block.path(path);
    incomplete |= block.number(MODE, u64::from(mode));
    incomplete |= block.number(SIZE, size);
    incomplete |= block.number(MODIFIED, MTIME);
    block.0[TYPE.at] = type_flag;
    if let Some(target) = link {
        incomplete |= block.text(LINK_NAME, target);
    }
    if incomplete {
        append_extended(out, path, link, size);
    }
    out.extend_from_slice(&block.finish());
}

/// Appends an extended header (type `x`) and its records: everything about the
/// next entry that its own header may have lost.
fn append_extended(out: &mut Vec<u8>, path: &str, link: Option<&str>, size: u64) {
    let mut body = Vec::new();
    append_record(&mut body, "path", path);
    if let Some(target) = link {
        append_record(&mut body, "linkpath", target);
    }
    append_record(&mut body, "mtime", &MTIME.to_string());
    append_record(&mut body, "size", &size.to_string());

    let name = cut_utf16(&format!("PaxHeader/{}", base_name(path)), CUT);
    let mut block = Block::new();
    block.path(&name);
    block.number(MODE, 0o644);
    block.number(SIZE, body.len() as u64);
    block.number(MODIFIED, MTIME);
    block.0[TYPE.at] = b'x';
    out.extend_from_slice(&block.finish());
    out.extend_from_slice(&body);
    out.resize(out.len() + padding(body.len() as u64), 0);
}

/// Appends `<length> <key>=<value>\n`, where the length counts its own digits.
fn append_record(body: &mut Vec<u8>, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3; // space, equals sign, line feed
    let mut total = rest + 1;
    while total != rest + decimal_digits(total) {
        total = rest + decimal_digits(total);
    }
    body.extend_from_slice(format!("{total} {key}={value}\n").as_bytes());
}

fn decimal_digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// How many NUL bytes follow data of that size to fill its last block.
pub(super) fn padding(size: u64) -> usize {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    (BLOCK - over) % BLOCK
}

#[derive(Clone, Copy)]
struct Field {
    at: usize,
    size: usize,
}

/// A header being filled; unset fields stay NUL.
struct Block([u8; BLOCK]);

impl Block {
    fn new() -> Self {
        let mut block = Self([0; BLOCK]);
        block.text(MAGIC, "ustar\u{0}00");
        block.number(DEVICE_MAJOR, 0);
        block.number(DEVICE_MINOR, 0);
        block
    }

    /// Fills name and prefix; true if they do not say the whole path.
    fn path(&mut self, path: &str) -> bool {
        let Split { name, prefix, cut } = split(path);
        // Both are written whatever the first says.
        let name_incomplete = self.text(NAME, &name);
        let prefix_incomplete = self.text(PREFIX, prefix);
        cut || name_incomplete || prefix_incomplete
    }

    /// Writes as many whole characters as fit; true if the field does not say
    /// all of it to a reader that expects ASCII.
    fn text(&mut self, field: Field, text: &str) -> bool {
        let end = text.floor_char_boundary(field.size);
        self.0[field.at..field.at + end].copy_from_slice(&text.as_bytes()[..end]);
        !text.is_ascii() || text.len() > field.size
    }

    /// Writes octal digits, a space and a NUL; the largest octal number that
    /// fits does without the space, larger ones are base-256, and only those
    /// return true.
    fn number(&mut self, field: Field, number: u64) -> bool {
        let digits = field.size - 1;
        let slot = &mut self.0[field.at..field.at + field.size];
        let octal = format!("{number:0width$o}", width = digits - 1);
        if octal.len() > digits {
            slot.copy_from_slice(&base_256(number)[12 - field.size..]);
            slot[0] = 0x80;
            return true;
        }
        slot[..octal.len()].copy_from_slice(octal.as_bytes());
        if octal.len() < digits {
            slot[octal.len()] = b' ';
        }
        false
    }

    /// Fills the checksum, which counts its own field as spaces.
    fn finish(mut self) -> [u8; BLOCK] {
        let bytes: u64 = self.0.iter().map(|&byte| u64::from(byte)).sum();
        self.number(CHECKSUM, bytes + 8 * u64::from(b' '));
        self.0
    }
}

fn base_256(number: u64) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    bytes
}

struct Split<'a> {
    name: String,
    prefix: &'a str,
    /// The name was cut: only an extended header can say it.
    cut: bool,
}

/// Divides a path between the name and the prefix field, giving the name as
/// little as the prefix field allows. A path of 100 bytes is divided although
/// the name field could hold it: node-tar asks for less than 100.
fn split(path: &str) -> Split<'_> {
    if path.len() < NAME.size {
        return Split {
            name: path.to_owned(),
            prefix: "",
            cut: false,
        };
    }
    let mut prefix = dir_name(path);
    while prefix != "." && prefix != "/" {
        let name = path[prefix.len()..].trim_start_matches('/');
        if prefix.len() <= PREFIX.size {
            let cut = name.len() > NAME.size;
            let name = if cut {
                cut_utf16(name, CUT)
            } else {
                name.to_owned()
            };
            return Split { name, prefix, cut };
        }
        prefix = dir_name(prefix);
    }
    Split {
        name: cut_utf16(path, CUT),
        prefix: "",
        cut: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(path: &str, mode: u32, kind: Kind<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        append_header(&mut out, path, mode, kind);
        out
    }

    fn field(block: &[u8], field: Field) -> &[u8] {
        &block[field.at..field.at + field.size]
    }

    #[test]
    fn short_ascii_path_takes_one_block() {
        let block = header("package/a.js", 0o644, Kind::File { size: 5 });
        assert_eq!(block.len(), BLOCK);
        assert_eq!(field(&block, MODE), b"000644 \0");
        assert_eq!(field(&block, SIZE), b"0000000005 \0");
        assert_eq!(field(&block, MODIFIED), b"3560116604 \0");
        assert_eq!(field(&block, MAGIC), b"ustar\x0000");
        assert_eq!(field(&block, DEVICE_MAJOR), b"000000 \0");
        assert_eq!(&block[108..124], &[0; 16], "no owner");
    }

    #[test]
    fn path_of_one_hundred_bytes_is_already_divided() {
        let path = format!("package/{}", "x".repeat(92));
        let block = header(&path, 0o644, Kind::File { size: 0 });
        assert_eq!(block.len(), BLOCK);
        assert!(field(&block, PREFIX).starts_with(b"package\0"));
        assert_eq!(
            field(&block, NAME)[..93],
            [vec![b'x'; 92], vec![0]].concat()
        );
    }

    #[test]
    fn name_over_one_hundred_bytes_is_cut_and_said_in_an_extended_header() {
        let path = format!("package/{}.js", "y".repeat(120));
        let out = header(&path, 0o644, Kind::File { size: 7 });
        assert_eq!(out.len(), 3 * BLOCK);
        assert_eq!(out[TYPE.at], b'x');
        assert!(
            out[BLOCK..].starts_with(format!("141 path={path}\n19 mtime=499162500\n").as_bytes())
        );
        assert_eq!(
            &field(&out[2 * BLOCK..], NAME)[..CUT],
            "y".repeat(CUT).as_bytes()
        );
    }

    #[test]
    fn prefix_too_long_moves_directories_into_the_name() {
        let path = format!("package/{}/{}/c.js", "a".repeat(140), "b".repeat(60));
        let block = header(&path, 0o644, Kind::File { size: 0 });
        assert_eq!(block.len(), BLOCK);
        assert!(field(&block, PREFIX).ends_with(b"aaa\0\0\0\0\0\0\0"));
        assert!(field(&block, NAME).starts_with(b"bbb"));
    }

    #[test]
    fn directory_longer_than_the_prefix_field_is_cut_in_the_name() {
        let path = format!("package/{}/c.js", "a".repeat(200));
        let out = header(&path, 0o644, Kind::File { size: 0 });
        let block = &out[2 * BLOCK..];
        assert!(field(block, PREFIX).starts_with(b"package\0"));
        assert_eq!(&field(block, NAME)[..CUT], "a".repeat(CUT).as_bytes());
    }

    #[test]
    fn first_component_longer_than_the_prefix_field_leaves_no_prefix() {
        let path = format!("{}/c.js", "a".repeat(200));
        let split = split(&path);
        assert_eq!(
            (split.name.as_str(), split.prefix, split.cut),
            (&path[..CUT], "", true)
        );
    }

    #[test]
    fn non_ascii_is_written_and_said_again() {
        let out = header("package/é.js", 0o644, Kind::File { size: 1 });
        assert_eq!(out.len(), 3 * BLOCK);
        assert!(field(&out, NAME).starts_with("PaxHeader/é.js\0".as_bytes()));
        assert!(out[BLOCK..].starts_with("22 path=package/é.js\n".as_bytes()));
    }

    #[test]
    fn cutting_through_a_surrogate_pair_leaves_a_replacement_character() {
        // 90 one-unit characters, then pairs: unit 99 is the first half of one.
        let path = format!("package/{}{}", "z".repeat(90), "😀".repeat(8));
        let out = header(&path, 0o644, Kind::File { size: 1 });
        let name = field(&out[out.len() - BLOCK..], NAME);
        assert_eq!(name[90..98], *"😀😀".as_bytes());
        assert_eq!(name[98..], [0, 0], "the next one does not fit whole");
    }

    #[test]
    fn hard_link_has_no_size_and_names_its_target() {
        let out = header(
            "package/b",
            0o755,
            Kind::HardLink {
                target: "package/a",
            },
        );
        assert_eq!(out[TYPE.at], b'1');
        assert_eq!(field(&out, SIZE), b"0000000000 \0");
        assert!(field(&out, LINK_NAME).starts_with(b"package/a\0"));
    }

    #[test]
    fn sizes_around_eight_gibibytes() {
        let largest = header(
            "package/a",
            0o644,
            Kind::File {
                size: 0o77_777_777_777,
            },
        );
        assert_eq!(field(&largest, SIZE), b"77777777777\0");
        let over = header(
            "package/a",
            0o644,
            Kind::File {
                size: 0o100_000_000_000,
            },
        );
        assert_eq!(over.len(), 3 * BLOCK);
        assert_eq!(
            field(&over[2 * BLOCK..], SIZE),
            [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]
        );
    }

    #[test]
    fn record_length_counts_its_own_digits() {
        for length in 80..120 {
            let mut body = Vec::new();
            append_record(&mut body, "path", &"p".repeat(length));
            let text = String::from_utf8_lossy(&body).into_owned();
            let stated = text
                .split(' ')
                .next()
                .and_then(|digits| digits.parse().ok());
            assert_eq!(stated, Some(body.len()));
        }
    }
}
