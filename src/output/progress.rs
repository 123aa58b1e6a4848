//! How far long work is, as library code tells it.
//!
//! Whoever does the work counts; who looks, and whether anybody does, is the business of the [`Log`](super::Log) that
//! it was begun with.

use std::any::Any;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A piece of work that may be long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// What is being done: `uploading`.
    pub doing: &'static str,
    /// How many bytes there are to do, where that is known.
    pub bytes: Option<u64>,
    /// How many files these bytes are, where there are files.
    pub files: Option<usize>,
    /// What is waited for when all bytes are done.
    pub then: &'static str,
}

impl Work {
    /// Work of which nobody knows how long it takes.
    pub fn of_unknown_length(doing: &'static str) -> Self {
        Self {
            doing,
            bytes: None,
            files: None,
            then: "",
        }
    }
}

/// A piece of work under way; it is over when this is dropped. Nobody looks at the default one, which counts nothing.
#[derive(Default)]
pub struct Meter {
    counter: Counter,
    /// What shows the work, until it is dropped.
    shown: Option<Box<dyn Any>>,
}

impl Meter {
    /// A meter whose work is shown from here on until `shown` is dropped.
    pub fn new(counter: Counter, shown: impl Any) -> Self {
        Self {
            counter,
            shown: Some(Box::new(shown)),
        }
    }

    /// Where to count what is done.
    pub fn counter(&self) -> Counter {
        self.counter.clone()
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("counter", &self.counter)
            .field("is_shown", &self.shown.is_some())
            .finish()
    }
}

/// Bytes that are done, counted from any thread. The default one counts nothing.
#[derive(Debug, Clone, Default)]
pub struct Counter(Option<Arc<AtomicU64>>);

impl Counter {
    /// One that counts.
    pub fn counting() -> Self {
        Self(Some(Arc::default()))
    }

    /// Counts bytes that are done.
    pub fn add(&self, bytes: usize) {
        if let Some(done) = &self.0 {
            done.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// How many bytes are done.
    pub fn done(&self) -> u64 {
        let done = self.0.as_ref();
        done.map_or(0, |done| done.load(Ordering::Relaxed))
    }
}

/// Counts what is written to it, or read from it.
#[derive(Debug)]
pub struct Counted<T> {
    /// Where it is written to or read from.
    pub inner: T,
    /// Where it is counted.
    pub counter: Counter,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.counter.add(read);
        Ok(read)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.counter.add(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
