//! The gzip member around npm's DEFLATE.
use std::io::{self, Write};
use std::num::NonZeroUsize;

use super::deflate::Sequential;

/// What npm writes: deflate, no name, no time, level 9, and system 255 since `tar` asks for portable archives.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff];

/// A gzip member in npm's bytes. Output does not depend on chunking or on the number of threads.
#[derive(Debug)]
pub struct NpmGzip<W: Write> {
    writer: W,
    deflate: Sequential,
    crc: flate2::Crc,
    started: bool,
}

impl<W: Write> NpmGzip<W> {
    /// Writes to `writer`.
    pub fn new(writer: W, _threads: NonZeroUsize) -> Self {
        Self {
            writer,
            deflate: Sequential::new(),
            crc: flate2::Crc::new(),
            started: false,
        }
    }

    fn start(&mut self) -> io::Result<()> {
        if !self.started {
            self.started = true;
            self.writer.write_all(&HEADER)?;
        }
        Ok(())
    }

    /// Ends the member and hands back the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.start()?;
        self.deflate.finish(&mut self.writer)?;
        self.writer.write_all(&self.crc.sum().to_le_bytes())?;
        self.writer.write_all(&self.crc.amount().to_le_bytes())?;
        Ok(self.writer)
    }
}

impl<W: Write> Write for NpmGzip<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.start()?;
        self.crc.update(data);
        self.deflate.write(data, &mut self.writer)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
