//! The gzip member of an npm tarball (RFC 1952), in npm's bytes.
//!
//! npm packs with `gzip: { level: 9 }` and `portable: true`: no name, no time, and minizlib (3.1, `index.js`)
//! sets the system to 255 so that it does not depend on the machine.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use flate2::Crc;

use super::deflate::Deflate;

/// A gzip member in npm's bytes. Output does not depend on chunking or on the number of threads.
#[derive(Debug)]
pub struct NpmGzip<W: Write> {
    member: Member<W>,
    deflate: Deflate,
}

impl<W: Write> NpmGzip<W> {
    /// A member written to `writer`, compressed by up to so many threads: with one, or up to 384 KiB, by the
    /// calling thread alone; otherwise the calling thread only joins what the others parse.
    pub fn new(writer: W, threads: NonZeroUsize) -> Self {
        Self {
            member: Member::new(writer, 2),
            deflate: Deflate::new(threads),
        }
    }

    /// Ends the member and hands back the writer.
    ///
    /// # Errors
    /// Those of the writer, and one if a thread panicked.
    pub fn finish(mut self) -> io::Result<W> {
        self.deflate.finish(self.member.body()?)?;
        self.member.finish()
    }
}

impl<W: Write> Write for NpmGzip<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.member.crc.update(data);
        self.deflate.write(data, self.member.body()?)?;
        Ok(data.len())
    }

    /// Does nothing: a flush within the stream would change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands around the compressed bytes.
#[derive(Debug)]
pub(super) struct Member<W> {
    writer: W,
    header: Option<[u8; 10]>,
    /// Of the bytes before compression.
    pub(super) crc: Crc,
}

impl<W: Write> Member<W> {
    /// `effort` is the header's XFL: 2 for the slowest compression, 4 for the fastest, 0 between.
    pub(super) fn new(writer: W, effort: u8) -> Self {
        let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 0xff];
        Self {
            writer,
            header: Some(header),
            crc: Crc::new(),
        }
    }

    /// Where the compressed bytes go, behind the header.
    pub(super) fn body(&mut self) -> io::Result<&mut W> {
        if let Some(header) = self.header.take() {
            self.writer.write_all(&header)?;
        }
        Ok(&mut self.writer)
    }

    /// Writes checksum and length.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let (sum, length) = (self.crc.sum(), self.crc.amount());
        let writer = self.body()?;
        writer.write_all(&sum.to_le_bytes())?;
        writer.write_all(&length.to_le_bytes())?;
        Ok(self.writer)
    }
}
