//! The store: the state, the journal that makes it last, and the assets' bytes.
//!
//! A change is first in the journal, then in the state, then answered. Without `--data` there is
//! no journal, and large assets lie in a temporary directory that goes with the process.

mod blobs;
mod journal;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::Mutex;

pub(crate) use blobs::{Blob, Blobs, DigestWriter, Digests, Spool, Spooled};

use super::random::{self, NoRandomness};
use super::state::{Change, State};
use journal::Journal;

/// Why the store could not read or keep something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("{} could not be {action}", path.display())]
    File {
        path: PathBuf,
        action: &'static str,
        source: std::io::Error,
    },
    #[error("{} is in use by another sandbox", .0.display())]
    InUse(PathBuf),
    #[error("line {line} of {} is not an entry of a sandbox's journal", path.display())]
    Damaged { path: PathBuf, line: usize },
    #[error("a change could not be written as JSON")]
    Encode(#[source] serde_json::Error),
    #[error("the change does not fit the state")]
    Orphan,
    #[error("an asset of sha256 {0} is missing from the data directory")]
    MissingBlob(String),
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    #[error("a task of the store was cancelled")]
    Cancelled,
}

impl StoreError {
    pub(crate) fn file(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            path,
            action,
            source,
        }
    }
}

/// State, journal and blobs, shared by every request.
#[derive(Debug)]
pub(crate) struct Store {
    state: RwLock<State>,
    /// Held from the check of a change to its end, so that of racing publishes one wins.
    journal: Mutex<Option<Journal>>,
    blobs: Arc<Blobs>,
    secret: [u8; 16],
}

impl Store {
    /// A store that ends with the process.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        Ok(Self {
            state: RwLock::default(),
            journal: Mutex::new(None),
            blobs: Arc::new(Blobs::in_memory()),
            secret: random::bytes()?,
        })
    }

    /// Opens or makes the store in `directory`, replaying its journal.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(directory).map_err(StoreError::file(directory, "created"))?;
        let mut state = State::default();
        let journal = Journal::open(directory, &mut state)?;
        let blobs = Blobs::open(directory, state.referenced_blobs())?;
        let secret = journal::secret(directory)?;
        Ok(Self {
            state: RwLock::new(state),
            journal: Mutex::new(Some(journal)),
            blobs: Arc::new(blobs),
            secret,
        })
    }

    /// The state as it is now. Never held over an await.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Gives an accepted upload its lasting name.
    pub(crate) async fn keep(&self, upload: Spooled) -> Result<(), StoreError> {
        let blobs = Arc::clone(&self.blobs);
        tokio::task::spawn_blocking(move || blobs.keep(upload))
            .await
            .map_err(|_| StoreError::Cancelled)?
    }

    /// The key that tokens are sealed with; it outlives a restart under `--data`.
    pub(crate) fn secret(&self) -> &[u8; 16] {
        &self.secret
    }

    /// Decides on the state and makes the decision's changes last, with nothing in between.
    pub(crate) async fn transact<T, E>(
        &self,
        decide: impl FnOnce(&State) -> Result<(T, Vec<Change>), E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let mut journal = self.journal.lock().await;
        let (answer, changes) = decide(&self.read())?;
        if changes.is_empty() {
            return Ok(answer);
        }
        if let Some(open) = journal.take() {
            let line = journal::encode(&changes)?;
            let (open, written) = tokio::task::spawn_blocking(move || open.append(&line))
                .await
                .map_err(|_| StoreError::Cancelled)?;
            *journal = Some(open);
            written?;
        }
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            state.apply(change).map_err(|_| StoreError::Orphan)?;
        }
        Ok(answer)
    }
}
