//! DEFLATE as Node's zlib writes it at level 9, which is what `npm pack` does.
//!
//! Same symbols, same blocks, same codes, hence the same `shasum` and `integrity` as npm's tarball. Node ships
//! Chromium's zlib, whose dictionary hashes four bytes instead of three, so stock zlib and every library that
//! follows it choose other matches. Here the result is reached on other ways than zlib's: `search` finds its
//! match without walking its chains, and `parallel` parses pieces of the input on several threads.
//!
//! Source of the rules: zlib 1.3.1 with Chromium's changes, as in Node 18 to 26 on x64; npm-behaviour.md §2.

#![expect(
    clippy::cast_possible_truncation,
    reason = "positions fit 16 bits by the size of the window, codes and counts by the size of a block"
)]
#![expect(
    clippy::inline_always,
    reason = "measured: the parser's loop is one function or a third slower"
)]

mod bits;
mod block;
mod blocks;
mod codes;
mod huffman;
mod parallel;
mod parse;
mod search;
mod segment;
mod sequential;
mod token;
mod window;

use std::io::{self, Write};
use std::num::NonZeroUsize;

use parallel::Parallel;
use segment::SEGMENT;
use sequential::Sequential;

/// Compresses a stream to DEFLATE. The bytes do not depend on how the input is cut into writes, nor on the
/// number of threads.
#[derive(Debug)]
pub(crate) struct Deflate {
    state: State,
    threads: NonZeroUsize,
}

#[derive(Debug)]
enum State {
    /// Not enough for threads to be worth their start.
    Small(Vec<u8>),
    Sequential(Box<Sequential>),
    Parallel(Box<Parallel>),
}

impl Deflate {
    /// A compressor that uses so many threads where the input is large enough; with one, it works on the
    /// calling thread alone.
    pub(crate) fn new(threads: NonZeroUsize) -> Self {
        Self {
            state: State::Small(Vec::new()),
            threads,
        }
    }

    /// Takes `data` and writes to `out` what is ready.
    ///
    /// # Errors
    /// Those of `out`, and one if a thread panicked. After an error the stream cannot be continued.
    pub(crate) fn write(&mut self, data: &[u8], out: &mut impl Write) -> io::Result<()> {
        if let State::Small(buffer) = &mut self.state {
            if buffer.len() + data.len() <= SEGMENT {
                buffer.extend_from_slice(data);
                return Ok(());
            }
            let buffer = std::mem::take(buffer);
            self.state = self.large();
            self.write_large(&buffer, out)?;
        }
        self.write_large(data, out)
    }

    /// Writes the rest to `out`.
    ///
    /// # Errors
    /// As [`Deflate::write`].
    pub(crate) fn finish(self, out: &mut impl Write) -> io::Result<()> {
        match self.state {
            State::Small(buffer) => {
                let mut sequential = Sequential::new();
                sequential.write(&buffer, out)?;
                sequential.finish(out)
            }
            State::Sequential(mut sequential) => sequential.finish(out),
            State::Parallel(mut parallel) => parallel.finish(out),
        }
    }

    /// Starts the threads; without any the calling thread does the work.
    fn large(&self) -> State {
        let parallel = (self.threads.get() > 1).then(|| Parallel::start(self.threads));
        match parallel {
            Some(Ok(parallel)) => State::Parallel(Box::new(parallel)),
            Some(Err(_)) | None => State::Sequential(Box::new(Sequential::new())),
        }
    }

    fn write_large(&mut self, data: &[u8], out: &mut impl Write) -> io::Result<()> {
        match &mut self.state {
            State::Small(_) => Ok(()),
            State::Sequential(sequential) => sequential.write(data, out),
            State::Parallel(parallel) => parallel.write(data, out),
        }
    }
}
