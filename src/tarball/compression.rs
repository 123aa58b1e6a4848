//! Which gzip a tarball gets: npm's bytes, or another level's.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use super::gzip::NpmGzip;
use super::level::LevelGzip;

/// How a tarball is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// To the very bytes that npm writes.
    #[default]
    Npm,
    /// At a zlib level from 0 (stored) to 9, for speed: other bytes than npm's.
    Level(u32),
}

/// A gzip member of either kind. What is written does not depend on the number
/// of threads.
#[derive(Debug)]
pub enum Gzip<W: Write> {
    /// npm's bytes.
    Npm(NpmGzip<W>),
    /// Another level's.
    Level(LevelGzip<W>),
}

impl<W: Write> Gzip<W> {
    /// Compresses into a writer.
    pub fn new(writer: W, compression: Compression, threads: NonZeroUsize) -> Self {
        match compression {
            Compression::Npm => Self::Npm(NpmGzip::new(writer, threads)),
            Compression::Level(level) => Self::Level(LevelGzip::new(writer, level, threads)),
        }
    }

    /// Ends the member and gives the writer back.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Npm(gzip) => gzip.finish(),
            Self::Level(gzip) => gzip.finish(),
        }
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Npm(gzip) => gzip.write(bytes),
            Self::Level(gzip) => gzip.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Npm(gzip) => gzip.flush(),
            Self::Level(gzip) => gzip.flush(),
        }
    }
}
