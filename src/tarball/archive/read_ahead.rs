//! Small files read ahead of need, by threads of their own.
//!
//! Opening and reading a small file takes about as long as compressing it. So the stream is cut into
//! stretches, which threads fill with data while earlier ones are compressed, and which are written
//! in their order. A large file is no stretch: it is copied when its turn comes, through a buffer.
//! A package of one stretch starts no thread.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::super::header::{BLOCK, padding};
use super::super::pool::Pool;
use super::TarballError;

/// A file of at least so many bytes is copied in its turn.
const LARGE: u64 = 1 << 20;
/// A stretch ends once it has so many bytes of data or so many files.
const STRETCH_BYTES: u64 = 256 * 1024;
const STRETCH_FILES: usize = 64;
/// How many stretches may wait for each thread: with [`LARGE`] and [`STRETCH_BYTES`] this bounds the memory.
const AHEAD: usize = 3;
/// Reading is mostly the system's work; more threads than these only get in each other's way.
const MOST_THREADS: usize = 4;
/// Large files are copied through a buffer of this many bytes.
const BUFFER: usize = 128 * 1024;

/// Headers, and the files whose data belong behind them.
#[derive(Debug, Default)]
struct Stretch {
    headers: Vec<u8>,
    files: Vec<Listed>,
    bytes: u64,
}

/// A file with data, as it was listed.
#[derive(Debug)]
struct Listed {
    /// Where in the stretch's headers its own ends.
    header_end: usize,
    path: PathBuf,
    size: u64,
}

/// What waits for its turn.
#[derive(Debug)]
enum Waiting {
    Stretch(u64),
    Large(Listed),
}

type Rendered = (u64, Result<Vec<u8>, TarballError>);

/// Takes entries in the archive's order and writes them.
#[derive(Debug)]
pub(super) struct ReadAhead<W> {
    writer: W,
    threads: NonZeroUsize,
    open: Stretch,
    pool: Option<Pool<(u64, Stretch), Rendered>>,
    waiting: VecDeque<Waiting>,
    rendered: HashMap<u64, Result<Vec<u8>, TarballError>>,
    next: u64,
}

impl<W: Write> ReadAhead<W> {
    pub(super) fn new(writer: W, threads: NonZeroUsize) -> Self {
        Self {
            writer,
            threads,
            open: Stretch::default(),
            pool: None,
            waiting: VecDeque::new(),
            rendered: HashMap::new(),
            next: 0,
        }
    }

    /// Where the next entry's header goes; [`Self::data`] follows.
    pub(super) fn header(&mut self) -> &mut Vec<u8> {
        &mut self.open.headers
    }

    /// The data of the entry whose header was just appended, and what pads them; none if the size is zero.
    pub(super) fn data(&mut self, path: PathBuf, size: u64) -> Result<(), TarballError> {
        let file = Listed {
            header_end: self.open.headers.len(),
            path,
            size,
        };
        if size >= LARGE {
            self.hand_over()?;
            self.waiting.push_back(Waiting::Large(file));
            return self.write_down_to(self.most_waiting());
        }
        self.open.bytes += size;
        if size > 0 {
            self.open.files.push(file);
        }
        let bytes = self.open.bytes + self.open.headers.len() as u64;
        if bytes >= STRETCH_BYTES || self.open.files.len() >= STRETCH_FILES {
            self.hand_over()?;
        }
        Ok(())
    }

    /// Writes what is left and gives the writer back.
    pub(super) fn finish(mut self) -> Result<W, TarballError> {
        if self.pool.is_none() && self.waiting.is_empty() {
            let bytes = self.open.render()?;
            self.write(&bytes)?;
        } else {
            self.hand_over()?;
            self.write_down_to(0)?;
        }
        Ok(self.writer)
    }

    fn most_waiting(&self) -> usize {
        self.threads.get().min(MOST_THREADS) * AHEAD
    }

    /// Closes the open stretch; the threads fill it.
    fn hand_over(&mut self) -> Result<(), TarballError> {
        let stretch = std::mem::take(&mut self.open);
        if stretch.headers.is_empty() {
            return Ok(());
        }
        if self.threads.get() == 1 {
            self.write_down_to(0)?;
            let bytes = stretch.render()?;
            return self.write(&bytes);
        }
        let pool = match &mut self.pool {
            Some(pool) => pool,
            none => {
                let count = self.threads.get().min(MOST_THREADS);
                let render = || |(number, stretch): (u64, Stretch)| (number, stretch.render());
                let pool = Pool::start("read-ahead", count, render).map_err(TarballError::Write)?;
                none.insert(pool)
            }
        };
        pool.push((self.next, stretch));
        self.waiting.push_back(Waiting::Stretch(self.next));
        self.next += 1;
        self.write_down_to(self.most_waiting())
    }

    /// Writes what has waited longest, until no more than so many wait.
    fn write_down_to(&mut self, most: usize) -> Result<(), TarballError> {
        while self.waiting.len() > most {
            match self.waiting.pop_front() {
                Some(Waiting::Stretch(number)) => {
                    let bytes = self.receive(number)?;
                    self.write(&bytes)?;
                }
                Some(Waiting::Large(file)) => file.copy_to(&mut self.writer)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn receive(&mut self, number: u64) -> Result<Vec<u8>, TarballError> {
        loop {
            if let Some(result) = self.rendered.remove(&number) {
                return result;
            }
            let Some(pool) = &self.pool else {
                return Ok(Vec::new());
            };
            let (number, result) = pool.receive().map_err(TarballError::Write)?;
            self.rendered.insert(number, result);
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), TarballError> {
        self.writer.write_all(bytes).map_err(TarballError::Write)
    }
}

impl Stretch {
    /// The stretch of the tar stream: headers with their data behind them.
    fn render(&self) -> Result<Vec<u8>, TarballError> {
        let data: usize = self
            .files
            .iter()
            .map(|file| usize::try_from(file.size).unwrap_or(0) + BLOCK)
            .sum();
        let mut out = Vec::with_capacity(self.headers.len() + data);
        let mut from = 0;
        for file in &self.files {
            out.extend_from_slice(self.headers.get(from..file.header_end).unwrap_or_default());
            from = file.header_end;
            file.read_into(&mut out)?;
        }
        out.extend_from_slice(self.headers.get(from..).unwrap_or_default());
        Ok(out)
    }
}

impl Listed {
    /// Appends a small file's data and padding.
    fn read_into(&self, out: &mut Vec<u8>) -> Result<(), TarballError> {
        let mut file = File::open(&self.path).map_err(|source| self.unreadable(source))?;
        let start = out.len();
        let end = start + usize::try_from(self.size).unwrap_or(0);
        // Room for one byte more than listed, to see whether the file has grown.
        out.resize(end + 1, 0);
        let mut at = start;
        while at < end {
            let read = match file.read(out.get_mut(at..).unwrap_or_default()) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.unreadable(error)),
            };
            if read == 0 {
                break;
            }
            at += read;
        }
        // The read that came to the end asked for that one byte as well: a file gives less than it is asked for only
        // where it ends.
        if at != end {
            return Err(self.changed());
        }
        out.resize(end + padding(self.size), 0);
        Ok(())
    }

    /// Copies a large file's data and padding.
    fn copy_to(&self, writer: &mut impl Write) -> Result<(), TarballError> {
        let mut file = File::open(&self.path).map_err(|source| self.unreadable(source))?;
        let mut buffer = vec![0; BUFFER];
        let mut left = self.size;
        loop {
            let read = match file.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.unreadable(error)),
            };
            if read == 0 {
                break;
            }
            left = left
                .checked_sub(read as u64)
                .ok_or_else(|| self.changed())?;
            writer
                .write_all(buffer.get(..read).unwrap_or_default())
                .map_err(TarballError::Write)?;
        }
        if left > 0 {
            return Err(self.changed());
        }
        let zeros = [0; BLOCK];
        writer
            .write_all(zeros.get(..padding(self.size)).unwrap_or_default())
            .map_err(TarballError::Write)
    }

    fn unreadable(&self, source: io::Error) -> TarballError {
        TarballError::Read {
            path: self.path.clone(),
            source,
        }
    }

    fn changed(&self) -> TarballError {
        TarballError::Changed {
            path: self.path.clone(),
            expected: self.size,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test may panic")]

    use std::path::Path;

    use super::*;

    /// What comes out for files of these sizes, each filled with its own number.
    fn stream(directory: &Path, sizes: &[u64], threads: usize) -> Vec<u8> {
        let threads = NonZeroUsize::new(threads).expect("threads");
        let mut ahead = ReadAhead::new(Vec::new(), threads);
        for (index, &size) in sizes.iter().enumerate() {
            ahead.header().extend_from_slice(&index.to_le_bytes());
            let path = directory.join(index.to_string());
            ahead.data(path, size).expect("room");
        }
        ahead.finish().expect("all files")
    }

    #[test]
    fn entries_come_in_their_order_whatever_the_threads() {
        let directory = tempfile::tempdir().expect("a directory");
        let sizes: Vec<u64> = (0..1_000_u64)
            .map(|index| match index % 251 {
                0 => LARGE + index,
                7 => STRETCH_BYTES + 1,
                rest => rest * 40 % 9_000,
            })
            .collect();
        let mut expected = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let length = usize::try_from(size).expect("small");
            let data = vec![u8::try_from(index % 256).expect("a byte"); length];
            std::fs::write(directory.path().join(index.to_string()), &data).expect("written");
            expected.extend_from_slice(&index.to_le_bytes());
            expected.extend_from_slice(&data);
            expected.resize(expected.len() + padding(size), 0);
        }
        for threads in [1, 2, 8] {
            assert!(
                stream(directory.path(), &sizes, threads) == expected,
                "{threads}"
            );
        }
    }

    #[test]
    fn the_first_file_that_is_not_as_listed_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        for index in 0..400 {
            let size = if index == 300 || index == 350 { 9 } else { 10 };
            std::fs::write(directory.path().join(index.to_string()), vec![0; size])
                .expect("written");
        }
        for threads in [1, 2, 8] {
            let threads = NonZeroUsize::new(threads).expect("threads");
            let mut ahead = ReadAhead::new(io::sink(), threads);
            let mut result = Ok(());
            for index in 0..400 {
                ahead.header().push(0);
                result =
                    result.and_then(|()| ahead.data(directory.path().join(index.to_string()), 10));
            }
            let error = result.and_then(|()| ahead.finish().map(drop));
            let Err(TarballError::Changed { path, expected: 10 }) = error else {
                panic!("{error:?}");
            };
            assert_eq!(path, directory.path().join("300"));
        }
    }
}
