//! The journal: one JSON line per transaction, appended and synced before the reply.
//!
//! A process killed while it appends leaves a last line without its newline; that line was never
//! answered for, so opening cuts it off. Anything else that cannot be read is damage, and said.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::sandbox::random;
use crate::sandbox::state::{Change, State};

/// The open journal of a data directory.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    length: u64,
    /// Kept open for its lock.
    _lock: File,
}

/// One transaction as a line.
pub(super) fn encode(changes: &[Change]) -> Result<Vec<u8>, StoreError> {
    let mut line = serde_json::to_vec(changes).map_err(StoreError::Encode)?;
    line.push(b'\n');
    Ok(line)
}

impl Journal {
    /// Opens the journal below `directory` and applies every whole line of it to `state`.
    pub(super) fn open(directory: &Path, state: &mut State) -> Result<Self, StoreError> {
        let lock = lock(directory)?;
        let path = directory.join("journal.jsonl");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::file(&path, "opened"))?;
        let length = replay(&file, &path, state)?;
        file.set_len(length)
            .map_err(StoreError::file(&path, "cut to its last whole line"))?;
        let mut journal = Self {
            file,
            path,
            length,
            _lock: lock,
        };
        journal
            .file
            .seek(SeekFrom::Start(length))
            .map_err(StoreError::file(&journal.path, "read"))?;
        Ok(journal)
    }

    /// Appends a line and syncs it; a line that did not get there whole is taken back.
    pub(super) fn append(mut self, line: &[u8]) -> (Self, Result<(), StoreError>) {
        let written = self
            .file
            .write_all(line)
            .and_then(|()| self.file.sync_data());
        let result = match written {
            Ok(()) => {
                self.length += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                // The next line must not follow half of this one.
                let _ = self.file.set_len(self.length);
                let _ = self.file.seek(SeekFrom::Start(self.length));
                Err(StoreError::file(&self.path, "written")(error))
            }
        };
        (self, result)
    }
}

fn replay(file: &File, path: &Path, state: &mut State) -> Result<u64, StoreError> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut length = 0;
    let mut number = 0;
    loop {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(StoreError::file(path, "read"))?;
        if line.last() != Some(&b'\n') {
            return Ok(length);
        }
        number += 1;
        let damaged = || StoreError::Damaged {
            path: path.to_owned(),
            line: number,
        };
        let changes: Vec<Change> = serde_json::from_slice(&line).map_err(|_| damaged())?;
        for change in changes {
            state.apply(change).map_err(|_| damaged())?;
        }
        length += read as u64;
    }
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("lock");
    let file = File::create(&path).map_err(StoreError::file(&path, "created"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(directory.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::file(&path, "locked")(error)),
    }
}

/// Reads the key of this data directory, or makes it on first use.
pub(super) fn secret(directory: &Path) -> Result<[u8; 16], StoreError> {
    let path = directory.join("token-key");
    let mut key = [0_u8; 16];
    match File::open(&path).and_then(|mut file| file.read_exact(&mut key)) {
        Ok(()) => return Ok(key),
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::UnexpectedEof
            ) => {}
        Err(error) => return Err(StoreError::file(&path, "read")(error)),
    }
    key = random::bytes()?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&path)
        .and_then(|mut file| {
            file.write_all(&key)?;
            file.sync_all()
        })
        .map_err(StoreError::file(&path, "written"))?;
    Ok(key)
}
