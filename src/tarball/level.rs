//! `--compression-level N`: gzip on all cores by zlib-rs, for those who do not need npm's bytes.
//!
//! The input is cut into blocks of 256 KiB, each compressed on its own with the 32 KiB before it as a
//! dictionary and ended on a byte border by a sync flush, as pigz does; together they are one gzip member.
//! The cut does not depend on the number of threads, so neither do the bytes. Each block has a compressor of
//! its own: one that was reset (zlib-rs 0.6.8) can choose other matches behind a dictionary than a new one, and
//! then the bytes would depend on which thread did what before.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use flate2::{Compress, Compression, FlushCompress, Status};

use super::gzip::Member;
use super::pool::Pool;

/// Bytes of a block.
const BLOCK: usize = 262_144;
/// How far back DEFLATE reaches.
const DICTIONARY: usize = 32_768;
/// Blocks under way for each thread.
const AHEAD: u64 = 3;

/// A gzip member at a level of 0 (stored) to 9 (smallest). Output depends on the input and the level alone.
#[derive(Debug)]
pub struct LevelGzip<W: Write> {
    member: Member<W>,
    blocks: Blocks,
}

/// The cut into blocks and their way through the threads.
#[derive(Debug)]
struct Blocks {
    level: Compression,
    threads: NonZeroUsize,
    workers: Workers,
    previous: Option<Arc<Vec<u8>>>,
    filling: Vec<u8>,
    /// Number of the next block to hand out.
    next_job: u64,
    /// Number of the next block to write.
    next_write: u64,
    /// Compressed blocks that wait for one before them.
    early: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug)]
enum Workers {
    /// Not needed so far.
    Idle,
    Caller,
    Threads(Pool<Job, Done>),
}

/// Number of a block and its compressed bytes.
type Done = (u64, io::Result<Vec<u8>>);

/// A block to compress.
#[derive(Debug)]
struct Job {
    index: u64,
    previous: Option<Arc<Vec<u8>>>,
    data: Arc<Vec<u8>>,
    is_last: bool,
}

impl<W: Write> LevelGzip<W> {
    /// A member written to `writer`; a level above 9 counts as 9. With one thread, or up to 256 KiB, the calling
    /// thread does the work.
    pub fn new(writer: W, level: u32, threads: NonZeroUsize) -> Self {
        let level = level.min(9);
        let effort = match level {
            9 => 2,
            0 | 1 => 4,
            _ => 0,
        };
        let blocks = Blocks {
            level: Compression::new(level),
            threads,
            workers: Workers::Idle,
            previous: None,
            filling: Vec::new(),
            next_job: 0,
            next_write: 0,
            early: BTreeMap::new(),
        };
        Self {
            member: Member::new(writer, effort),
            blocks,
        }
    }

    /// Ends the member and hands back the writer.
    ///
    /// # Errors
    /// Those of the writer, and one if a thread panicked.
    pub fn finish(mut self) -> io::Result<W> {
        let out = self.member.body()?;
        self.blocks.hand_out(true, out)?;
        self.blocks.write_until(0, out)?;
        self.member.finish()
    }
}

impl<W: Write> Write for LevelGzip<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.member.crc.update(data);
        let out = self.member.body()?;
        let mut rest = data;
        while !rest.is_empty() {
            if self.blocks.filling.len() == BLOCK {
                self.blocks.hand_out(false, out)?;
            }
            let (head, tail) = rest.split_at(rest.len().min(BLOCK - self.blocks.filling.len()));
            self.blocks.filling.extend_from_slice(head);
            rest = tail;
        }
        Ok(data.len())
    }

    /// Does nothing: a flush within the stream would change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Blocks {
    /// Hands out the block that is filled and writes what is ready.
    fn hand_out(&mut self, is_last: bool, out: &mut impl Write) -> io::Result<()> {
        let data = Arc::new(std::mem::take(&mut self.filling));
        let previous = self.previous.replace(Arc::clone(&data));
        let job = Job {
            index: self.next_job,
            previous,
            data,
            is_last,
        };
        self.next_job += 1;
        if matches!(self.workers, Workers::Idle) {
            self.workers = self.start(is_last);
        }
        match &mut self.workers {
            Workers::Threads(pool) => {
                pool.push(job);
                let under_way = AHEAD.saturating_mul(self.threads.get() as u64);
                self.write_until(under_way, out)
            }
            Workers::Caller => {
                self.file(job.run(self.level))?;
                self.write_ready(out)
            }
            Workers::Idle => Ok(()),
        }
    }

    /// Threads where there is more than one block and more than one is wanted and can be had.
    fn start(&self, is_last: bool) -> Workers {
        let level = self.level;
        let worker = || move |job: Job| job.run(level);
        let wanted = self.threads.get();
        match (wanted > 1 && !is_last).then(|| Pool::start("deflate", wanted, worker)) {
            Some(Ok(pool)) => Workers::Threads(pool),
            Some(Err(_)) | None => Workers::Caller,
        }
    }

    /// Writes blocks in order until at most `under_way` are left.
    fn write_until(&mut self, under_way: u64, out: &mut impl Write) -> io::Result<()> {
        while let Workers::Threads(pool) = &self.workers
            && self.next_job - self.next_write > under_way
        {
            let done = pool.receive()?;
            self.file(done)?;
            self.write_ready(out)?;
        }
        Ok(())
    }

    fn file(&mut self, (index, bytes): Done) -> io::Result<()> {
        self.early.insert(index, bytes?);
        Ok(())
    }

    fn write_ready(&mut self, out: &mut impl Write) -> io::Result<()> {
        while let Some(bytes) = self.early.remove(&self.next_write) {
            out.write_all(&bytes)?;
            self.next_write += 1;
        }
        Ok(())
    }
}

impl Job {
    fn run(self, level: Compression) -> Done {
        (self.index, self.compress(level))
    }

    fn compress(&self, level: Compression) -> io::Result<Vec<u8>> {
        let mut compress = Compress::new(level, false);
        if let Some(previous) = &self.previous {
            let from = previous.len().saturating_sub(DICTIONARY);
            compress.set_dictionary(previous.get(from..).unwrap_or_default())?;
        }
        let flush = if self.is_last {
            FlushCompress::Finish
        } else {
            FlushCompress::Sync
        };
        let mut out = Vec::with_capacity(self.data.len() / 2 + 64);
        loop {
            let taken = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
            let status = compress.compress_vec(
                self.data.get(taken..).unwrap_or_default(),
                &mut out,
                flush,
            )?;
            // Room left in the output is how zlib says that a flush is complete.
            let is_complete = match status {
                Status::StreamEnd => true,
                Status::Ok | Status::BufError => {
                    !self.is_last
                        && out.len() < out.capacity()
                        && compress.total_in() == self.data.len() as u64
                }
            };
            if is_complete {
                return Ok(out);
            }
            out.reserve(self.data.len() / 2 + 64);
        }
    }
}
