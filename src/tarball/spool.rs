//! Where a finished tarball waits for its upload.
//!
//! A small one stays in memory; a large one goes to a temporary file that has
//! no name, so that nothing is left behind however the process ends.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Tarballs up to this many bytes stay in memory.
pub(super) const MEMORY_LIMIT: usize = 8 * 1024 * 1024;

/// Takes a tarball as it is written.
pub struct Spool {
    limit: usize,
    store: Store,
}

enum Store {
    Memory(Vec<u8>),
    File(File),
}

impl Spool {
    /// Keeps up to `limit` bytes in memory before it turns to a file.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            store: Store::Memory(Vec::new()),
        }
    }

    /// Ends the writing.
    pub fn finish(self) -> io::Result<Spooled> {
        let (content, size) = match self.store {
            Store::Memory(bytes) => {
                let size = bytes.len() as u64;
                (Content::Memory(bytes.into()), size)
            }
            Store::File(mut file) => {
                let size = file.stream_position()?;
                (Content::File(Arc::new(Mutex::new(file))), size)
            }
        };
        Ok(Spooled { content, size })
    }
}

impl Default for Spool {
    fn default() -> Self {
        Self::new(MEMORY_LIMIT)
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.store {
            Store::Memory(held) if held.len() + bytes.len() <= self.limit => {
                held.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Store::Memory(held) => {
                let mut file = unnamed_file()?;
                file.write_all(held)?;
                let taken = file.write(bytes)?;
                self.store = Store::File(file);
                Ok(taken)
            }
            Store::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file without a name. Where no temporary directory can be written to, as on an image that
/// holds nothing else or is read-only, it is one of memory.
fn unnamed_file() -> io::Result<File> {
    let on_disk = tempfile::tempfile();
    #[cfg(target_os = "linux")]
    if on_disk.is_err() {
        use rustix::fs::{MemfdFlags, memfd_create};
        let in_memory = memfd_create("consign", MemfdFlags::CLOEXEC);
        return in_memory.map(File::from).or(on_disk);
    }
    on_disk
}

/// A whole tarball, to be read as often as an upload is tried.
#[derive(Clone)]
pub struct Spooled {
    content: Content,
    size: u64,
}

#[derive(Clone)]
enum Content {
    Memory(Arc<[u8]>),
    /// Shared by all readers, each of which seeks to its own place.
    File(Arc<Mutex<File>>),
}

impl Spooled {
    /// A tarball that lies ready. One that would stay in memory is read now; a large one is read from its file each
    /// time, which must not change meanwhile.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn of_file(mut file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_file() && metadata.len() > MEMORY_LIMIT as u64 {
            return Ok(Self {
                content: Content::File(Arc::new(Mutex::new(file))),
                size: metadata.len(),
            });
        }
        // What is no file, a pipe for one, is read once only.
        let mut spool = Spool::default();
        io::copy(&mut file, &mut spool)?;
        spool.finish()
    }

    /// Bytes in all.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads from the first byte on; several readers do not disturb each
    /// other.
    pub fn reader(&self) -> SpoolReader {
        SpoolReader {
            content: self.content.clone(),
            at: 0,
        }
    }
}

impl From<Vec<u8>> for Spooled {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            size: bytes.len() as u64,
            content: Content::Memory(bytes.into()),
        }
    }
}

/// Reads a spooled tarball.
pub struct SpoolReader {
    content: Content,
    at: u64,
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = match &self.content {
            Content::Memory(bytes) => {
                let from = usize::try_from(self.at)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                (&bytes[from..]).read(buffer)?
            }
            Content::File(file) => {
                // A reader that panicked has not changed the bytes.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(self.at))?;
                file.read(buffer)?
            }
        };
        self.at += taken as u64;
        Ok(taken)
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_from_memory_and_from_a_file() {
        for limit in [0, 5, 10, 11, 100] {
            let mut spool = Spool::new(limit);
            for part in [&b"hello"[..], b" ", b"world"] {
                spool.write_all(part).expect("write");
            }
            let spooled = spool.finish().expect("finish");
            assert_eq!(spooled.size(), 11);
            assert_eq!(matches!(spooled.content, Content::Memory(_)), limit >= 11);
            let (mut first, mut second) = (spooled.reader(), spooled.reader());
            let mut start = [0; 4];
            first.read_exact(&mut start).expect("read");
            let mut all = String::new();
            second.read_to_string(&mut all).expect("read");
            let mut rest = String::new();
            first.read_to_string(&mut rest).expect("read");
            assert_eq!(
                (&start, rest.as_str(), all.as_str()),
                (b"hell", "o world", "hello world")
            );
        }
    }
}
