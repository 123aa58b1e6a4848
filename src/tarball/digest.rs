//! The two digests of a tarball, taken as its bytes pass.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest as _, Sha512};

/// The SHA-512 of a tarball; printed in Subresource Integrity form,
/// `sha512-<base64>`, as in `dist.integrity`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Integrity([u8; 64]);

/// The SHA-1 of a tarball; printed as 40 lower-case hex digits, as in
/// `dist.shasum`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shasum([u8; 20]);

/// What identifies a tarball's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// SHA-512 of all bytes.
    pub integrity: Integrity,
    /// SHA-1 of all bytes.
    pub shasum: Shasum,
    /// How many bytes there are.
    pub size: u64,
}

impl Digests {
    /// The digests of bytes at hand.
    pub fn of(bytes: &[u8]) -> Self {
        let mut digester = Digester::default();
        digester.update(bytes);
        digester.finish()
    }
}

impl Integrity {
    /// The digest as lower-case hex, the form the AWS API gives.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha512-{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no `sha512-<base64 of 64 bytes>`.
#[derive(Debug, thiserror::Error)]
#[error("not a sha512 integrity")]
pub struct NotAnIntegrity;

impl FromStr for Integrity {
    type Err = NotAnIntegrity;

    /// Reads an integrity string; of several digests, separated by spaces,
    /// the first SHA-512 counts, and options (`?...`) are passed over.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_ascii_whitespace()
            .filter_map(|digest| digest.strip_prefix("sha512-"))
            .map(|digest| digest.split('?').next().unwrap_or(digest))
            .find_map(|digest| STANDARD.decode(digest).ok()?.try_into().ok())
            .map(Self)
            .ok_or(NotAnIntegrity)
    }
}

impl fmt::Display for Shasum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Shasum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[derive(Default)]
struct Digester {
    sha1: Sha1,
    sha512: Sha512,
    size: u64,
}

impl Digester {
    fn update(&mut self, bytes: &[u8]) {
        self.sha1.update(bytes);
        self.sha512.update(bytes);
        self.size += bytes.len() as u64;
    }

    fn finish(self) -> Digests {
        Digests {
            integrity: Integrity(self.sha512.finalize().into()),
            shasum: Shasum(self.sha1.finalize().into()),
            size: self.size,
        }
    }
}

/// Passes bytes on to another writer and digests what that one took.
pub struct DigestWriter<W> {
    writer: W,
    digester: Digester,
}

impl<W: Write> DigestWriter<W> {
    /// Starts with no bytes seen.
    pub fn new(writer: W) -> Self {
        Self {
            writer,
            digester: Digester::default(),
        }
    }

    /// Gives the writer back, with the digests of all it was given.
    pub fn finish(self) -> (W, Digests) {
        (self.writer, self.digester.finish())
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.writer.write(bytes)?;
        self.digester.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Digests the bytes that are read through it.
pub struct DigestReader<R> {
    reader: R,
    digester: Digester,
}

impl<R: Read> DigestReader<R> {
    /// Starts with no bytes seen.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            digester: Digester::default(),
        }
    }

    /// Reads what is left and gives the digests of all there was.
    ///
    /// # Errors
    /// Whatever the reader says.
    pub fn finish(mut self) -> io::Result<Digests> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.digester.finish())
    }
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.digester.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";

    #[test]
    fn digests_of_abc() {
        let digests = Digests::of(b"abc");
        assert_eq!(digests.integrity.to_string(), ABC);
        assert_eq!(
            digests.shasum.to_string(),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(digests.size, 3);
    }

    #[test]
    fn integrity_reads_what_it_prints() {
        let digest = Digests::of(b"abc").integrity;
        for text in [
            ABC.to_owned(),
            format!("sha1-xyz {ABC}?a=b"),
            format!("sha512-AAAA {ABC}"),
        ] {
            assert_eq!(text.parse::<Integrity>().ok(), Some(digest), "{text}");
        }
        for text in ["", "sha512-", "sha512-AAAA", "sha1-abc", "sha512-%%%%"] {
            assert!(text.parse::<Integrity>().is_err(), "{text}");
        }
    }
}
