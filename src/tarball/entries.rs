//! The entries of somebody else's tarball, one after the other, in memory that does not grow.
//!
//! Nothing a tarball says is believed: sizes of headers are bounded, checksums are checked, and a stream that ends too
//! early is an error, not the end. What counts as an entry, and which of its names counts, is as in node-tar 7.5
//! (`lib/header.js`, `lib/pax.js`, `lib/parse.js`).

mod extended;

use std::io::{self, BufRead, BufReader, Read};

use extended::{Extended, until_nul};
use flate2::bufread::MultiGzDecoder;
use tar::Header;

use super::header::{BLOCK, padding};

/// node-tar reads no extended header that is longer.
const LONGEST_EXTENSION: u64 = 1024 * 1024;
/// No system takes a longer path.
const LONGEST_PATH: usize = 4096;

/// Why bytes are no tarball.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// They cannot be read.
    #[error("cannot read it")]
    Read(#[source] io::Error),
    /// There are none.
    #[error("it is empty")]
    Empty,
    /// They are something else.
    #[error("it is {found}, not a tarball")]
    NotATarball {
        /// What they look like.
        found: &'static str,
    },
    /// They end in the middle of something.
    #[error("it is cut off: it ends in the middle of {within}")]
    CutOff {
        /// Of what.
        within: String,
    },
    /// The compressed data are damaged.
    #[error("its compressed data are damaged ({0})")]
    Damaged(String),
    /// A header's checksum does not fit.
    #[error("the header at byte {at} of the tar stream is damaged")]
    Header {
        /// Where it begins.
        at: u64,
    },
    /// A header that extends the next one is too long, or no such header.
    #[error("the extended header at byte {at} of the tar stream {wrong}")]
    Extension {
        /// Where its data begin.
        at: u64,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// A path is longer than any system allows.
    #[error("an entry has a path of {length} bytes")]
    LongPath {
        /// Its bytes.
        length: usize,
    },
}

impl ArchiveError {
    /// What reading or decompressing failed with.
    pub(crate) fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutOff {
                within: COMPRESSED.to_owned(),
            },
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Read(error),
        }
    }

    /// npm's code for it.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Read(source) => crate::node::system_code(source),
            Self::Empty => Some("ENODATA"),
            Self::NotATarball { .. } | Self::Header { .. } | Self::Extension { .. } => {
                Some("TAR_BAD_ARCHIVE")
            }
            Self::CutOff { within } if within == COMPRESSED => Some("Z_BUF_ERROR"),
            Self::CutOff { .. } => Some("TAR_BAD_ARCHIVE"),
            Self::Damaged(_) => Some("Z_DATA_ERROR"),
            Self::LongPath { .. } => Some("ENAMETOOLONG"),
        }
    }

    /// npm's exit status for it.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Read(source) => crate::node::system_status(source),
            Self::CutOff { within } if within == COMPRESSED => 251,
            Self::Damaged(_) => 253,
            _ => 1,
        }
    }
}

const COMPRESSED: &str = "its compressed data";

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic or hard link.
    Link,
    /// A device or a pipe.
    Special,
}

/// An entry's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The whole path; bytes that are not UTF-8 are U+FFFD.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of data.
    pub size: u64,
    /// The twelve permission bits.
    pub mode: u32,
    /// Where a link leads.
    pub link: Option<Vec<u8>>,
}

/// The tar stream in a tarball, which may be gzipped or plain.
pub struct Entries<'a> {
    stream: Box<dyn Read + 'a>,
    at: u64,
    /// Data of the current entry that were not read, and what pads them.
    data: u64,
    padding: u64,
    path: String,
    any: bool,
    is_marked: bool,
}

impl<'a> Entries<'a> {
    /// Looks at the first bytes.
    ///
    /// # Errors
    /// [`ArchiveError::Read`], [`ArchiveError::Empty`], [`ArchiveError::NotATarball`] for what is easy to tell.
    pub fn new(reader: impl Read + 'a) -> Result<Self, ArchiveError> {
        let mut reader = BufReader::with_capacity(64 * 1024, reader);
        let start = reader.fill_buf().map_err(ArchiveError::Read)?;
        if start.is_empty() {
            return Err(ArchiveError::Empty);
        }
        if let Some(found) = other_format(start) {
            return Err(ArchiveError::NotATarball { found });
        }
        let stream: Box<dyn Read + 'a> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::new(MultiGzDecoder::new(reader)))
        } else {
            Box::new(reader)
        };
        Ok(Self {
            stream,
            at: 0,
            data: 0,
            padding: 0,
            path: String::new(),
            any: false,
            is_marked: false,
        })
    }

    /// The next entry; what was not read of the one before is passed over. After the last, everything has been read
    /// and checked.
    ///
    /// # Errors
    /// Every variant of [`ArchiveError`].
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not read an entry's data"
    )]
    pub fn next(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let mut extended = Extended::default();
        loop {
            self.skip_data()?;
            let at = self.at;
            let Some(header) = self.header()? else {
                self.drain()?;
                return Ok(None);
            };
            let size = header
                .entry_size()
                .map_err(|_| ArchiveError::Header { at })?;
            let flag = header.entry_type().as_byte();
            match flag {
                b'x' | b'X' | b'g' | b'L' | b'N' | b'K' => {
                    let text = self.extension(size)?;
                    match flag {
                        b'x' | b'X' => extended.records(&text, self.at)?,
                        b'L' | b'N' => extended.path = Some(until_nul(&text)),
                        b'K' => extended.link = Some(until_nul(&text)),
                        _ => {}
                    }
                }
                _ => {
                    if let Some(entry) = self.entry(&header, size, &mut extended)? {
                        return Ok(Some(entry));
                    }
                }
            }
        }
    }

    /// Whether the archive ended with its end mark. One without it may have lost entries.
    pub fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// Begins an entry, whose header was read; `None` for a kind that node-tar passes over.
    fn entry(
        &mut self,
        header: &Header,
        size: u64,
        extended: &mut Extended,
    ) -> Result<Option<Entry>, ArchiveError> {
        let extended = std::mem::take(extended);
        let path = extended
            .path
            .unwrap_or_else(|| header.path_bytes().into_owned());
        if path.len() > LONGEST_PATH {
            return Err(ArchiveError::LongPath { length: path.len() });
        }
        let path = String::from_utf8_lossy(&path).into_owned();
        let kind = match header.entry_type().as_byte() {
            b'0' | b'\0' | b'7' if path.ends_with('/') => Some(EntryKind::Directory),
            b'0' | b'\0' | b'7' => Some(EntryKind::File),
            b'1' | b'2' => Some(EntryKind::Link),
            b'3' | b'4' | b'6' => Some(EntryKind::Special),
            b'5' | b'D' => Some(EntryKind::Directory),
            _ => None,
        };
        let size = match kind {
            Some(EntryKind::Directory) => 0,
            _ => extended.size.unwrap_or(size),
        };
        (self.data, self.padding) = (size, padding(size) as u64);
        self.path.clone_from(&path);
        let link = extended
            .link
            .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
            .filter(|target| !target.is_empty());
        // A link to nothing is no entry to node-tar.
        let kind = kind.filter(|kind| *kind != EntryKind::Link || link.is_some());
        Ok(kind.map(|kind| Entry {
            path,
            kind,
            size,
            mode: header.mode().unwrap_or(0) & 0o7777,
            link,
        }))
    }

    /// The next block that is a header; `None` at the end.
    fn header(&mut self) -> Result<Option<Header>, ArchiveError> {
        let mut zeros = 0;
        loop {
            let at = self.at;
            let mut block = [0; BLOCK];
            let read = self.fill(&mut block)?;
            if read == 0 {
                return self.end();
            }
            if read < BLOCK {
                return Err(if self.any {
                    ArchiveError::CutOff {
                        within: "a header".to_owned(),
                    }
                } else {
                    unknown(&block)
                });
            }
            if block.iter().all(|&byte| byte == 0) {
                zeros += 1;
                if zeros == 2 {
                    self.is_marked = true;
                    return self.end();
                }
                continue;
            }
            let header = Header::from_byte_slice(&block).clone();
            let is_whole = header.cksum().is_ok_and(|sum| sum == checksum(&block));
            if !is_whole {
                return Err(if self.any {
                    ArchiveError::Header { at }
                } else {
                    unknown(&block)
                });
            }
            self.any = true;
            return Ok(Some(header));
        }
    }

    /// An archive without a single header is none to npm.
    fn end(&self) -> Result<Option<Header>, ArchiveError> {
        match (self.any, self.at) {
            (true, _) => Ok(None),
            (false, 0) => Err(ArchiveError::Empty),
            (false, _) => Err(ArchiveError::NotATarball {
                found: "a file of zeros",
            }),
        }
    }

    /// The data of an extended header.
    fn extension(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        let at = self.at;
        if size > LONGEST_EXTENSION {
            let wrong = "is longer than a megabyte";
            return Err(ArchiveError::Extension { at, wrong });
        }
        (self.data, self.padding) = (size, padding(size) as u64);
        "an extended header".clone_into(&mut self.path);
        let mut text = Vec::new();
        self.read_to_end(&mut text).map_err(ArchiveError::of)?;
        if (text.len() as u64) < size {
            return Err(self.cut_off());
        }
        Ok(text)
    }

    fn skip_data(&mut self) -> Result<(), ArchiveError> {
        let left = self.data + self.padding;
        let skipped = io::copy(&mut (&mut self.stream).take(left), &mut io::sink());
        let skipped = skipped.map_err(ArchiveError::of)?;
        self.at += skipped;
        // Data that are all there without their padding are whole to node-tar, too.
        if skipped < self.data {
            return Err(self.cut_off());
        }
        (self.data, self.padding) = (0, 0);
        Ok(())
    }

    fn cut_off(&self) -> ArchiveError {
        ArchiveError::CutOff {
            within: self.path.clone(),
        }
    }

    /// Reads to the end, so that a compressed stream's checksum is seen.
    fn drain(&mut self) -> Result<(), ArchiveError> {
        let read = io::copy(&mut self.stream, &mut io::sink());
        read.map(|_| ()).map_err(ArchiveError::of)
    }

    fn fill(&mut self, block: &mut [u8]) -> Result<usize, ArchiveError> {
        let mut filled = 0;
        while filled < block.len() {
            match self.stream.read(&mut block[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ArchiveError::of(error)),
            }
        }
        self.at += filled as u64;
        Ok(filled)
    }
}

/// Reads the current entry's data.
impl Read for Entries<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.data).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let read = self.stream.read(&mut buffer[..most])?;
        self.data -= read as u64;
        self.at += read as u64;
        Ok(read)
    }
}

/// The sum of a header's bytes, its own field taken as spaces.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..])
}

/// What begins in a way no tarball that npm reads can.
fn other_format(start: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "a zip file"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        (b"\xfd7zXZ\0", "compressed with xz"),
        (b"BZh", "compressed with bzip2"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z file"),
    ];
    let kind = kinds.iter().find(|(magic, _)| start.starts_with(magic));
    kind.map(|(_, name)| *name)
}

fn unknown(block: &[u8]) -> ArchiveError {
    let start = block.trim_ascii_start();
    let found = if start.starts_with(b"<") {
        "a page of HTML or XML"
    } else if start.starts_with(b"{") {
        "JSON"
    } else {
        "something else"
    };
    ArchiveError::NotATarball { found }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A tarball of headers and data as given: path, type flag, data.
    fn tar(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (path, flag, data) in entries {
            let mut header = Header::new_ustar();
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(tar::EntryType::new(*flag));
            header.set_size(data.len() as u64);
            header.set_mode(0o100_644);
            if *flag == b'2' && *path != "nowhere" {
                header.set_link_name("target").expect("a short name");
            }
            header.set_cksum();
            out.extend_from_slice(header.as_bytes());
            out.extend_from_slice(data);
            out.resize(out.len() + padding(data.len() as u64), 0);
        }
        out.resize(out.len() + 2 * BLOCK, 0);
        out
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, EntryKind, Vec<u8>)>, ArchiveError> {
        let mut entries = Entries::new(bytes)?;
        let mut all = Vec::new();
        while let Some(entry) = entries.next()? {
            assert_eq!(entry.mode, 0o644);
            let mut data = Vec::new();
            // Every other entry is passed over unread.
            if all.len() % 2 == 0 {
                entries.read_to_end(&mut data).map_err(ArchiveError::of)?;
            }
            all.push((entry.path, entry.kind, data));
        }
        Ok(all)
    }

    #[test]
    fn entries_are_read_plain_and_gzipped() {
        let long = "l".repeat(300);
        let pax = format!("310 path={long}\n");
        let plain = tar(&[
            ("package/a", b'0', b"one"),
            ("package/b", b'0', &[7; 1000]),
            ("d/", b'0', b""),
            ("e", b'5', b""),
            ("PaxHeader", b'x', pax.as_bytes()),
            ("short", b'0', b"two"),
            ("l", b'2', b""),
            ("nowhere", b'2', b""),
            ("odd", b'Z', b"passed over"),
        ]);
        let owned = |path: &str, kind, data: &[u8]| (path.to_owned(), kind, data.to_vec());
        let expected = [
            owned("package/a", EntryKind::File, b"one"),
            owned("package/b", EntryKind::File, b""),
            owned("d/", EntryKind::Directory, b""),
            owned("e", EntryKind::Directory, b""),
            owned(&long, EntryKind::File, b"two"),
            owned("l", EntryKind::Link, b""),
        ];
        assert_eq!(read(&plain).expect("plain"), expected);
        assert_eq!(read(&gzip(&plain)).expect("gzipped"), expected);
        let mut twice = gzip(&plain[..700]);
        twice.extend(gzip(&plain[700..]));
        assert_eq!(read(&twice).expect("two members"), expected);
    }

    #[test]
    fn what_is_no_tarball_is_named() {
        let plain = tar(&[("package/a", b'0', &[7; 1000]), ("package/b", b'0', b"x")]);
        let zipped = gzip(&plain);
        let mut damaged = plain.clone();
        damaged[1536 + 3] ^= 1;
        let mut huge = Header::new_ustar();
        huge.set_entry_type(tar::EntryType::new(b'x'));
        huge.set_size(5 << 30);
        huge.set_cksum();
        let pax = tar(&[("x", b'x', b"99 path=y\n"), ("y", b'0', b"")]);
        let garbage = [&zipped[..], &[7; 30]].concat();
        for (bytes, words, code) in [
            (&b""[..], "empty", "ENODATA"),
            (b"hello", "something else", "TAR_BAD_ARCHIVE"),
            (&b"<html>".repeat(200), "HTML", "TAR_BAD_ARCHIVE"),
            (&[0; 10240], "zeros", "TAR_BAD_ARCHIVE"),
            (b"PK\x03\x04....", "zip", "TAR_BAD_ARCHIVE"),
            (b"\x28\xb5\x2f\xfd..", "zstd", "TAR_BAD_ARCHIVE"),
            (
                &zipped[..zipped.len() - 6],
                "compressed data",
                "Z_BUF_ERROR",
            ),
            (
                &zipped[..zipped.len() / 2],
                "compressed data",
                "Z_BUF_ERROR",
            ),
            (&plain[..600], "package/a", "TAR_BAD_ARCHIVE"),
            (&plain[..1600], "a header", "TAR_BAD_ARCHIVE"),
            (&damaged, "byte 1536", "TAR_BAD_ARCHIVE"),
            (huge.as_bytes(), "longer than a megabyte", "TAR_BAD_ARCHIVE"),
            (&pax, "is none", "TAR_BAD_ARCHIVE"),
            (&garbage, "damaged", "Z_DATA_ERROR"),
        ] {
            let error = read(bytes).expect_err(words);
            assert!(
                error.to_string().contains(words),
                "{error} is not about {words}"
            );
            assert_eq!(error.code(), Some(code), "{words}");
        }
    }

    #[test]
    fn a_missing_end_mark_is_seen() {
        let plain = tar(&[("package/a", b'0', b"x")]);
        for (bytes, marked) in [(&plain[..], true), (&plain[..1024], false)] {
            let mut entries = Entries::new(bytes).expect("a tarball");
            while entries.next().expect("an entry").is_some() {}
            assert_eq!(entries.is_marked(), marked);
        }
    }
}
