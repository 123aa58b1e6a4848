//! Directories shared out among threads.

use std::sync::{Condvar, Mutex, PoisonError};

use super::super::{FileEntry, PacklistError};
use super::Shared;
use super::directory::Directory;

/// Entries after which it pays to start threads.
const ALONE: usize = 500;

/// Walks from `root`; the files come in no particular order.
pub(super) fn walk(
    shared: &Shared,
    root: Directory,
) -> Result<(Vec<FileEntry>, bool), PacklistError> {
    let visited = root.visit(shared)?;
    let used_gitignore = visited.used_gitignore;
    let mut files = visited.files;
    let mut pending = visited.directories;
    let mut entries = files.len();
    while let Some(directory) = pending.pop() {
        let visited = directory.visit(shared)?;
        entries += 1 + visited.files.len();
        files.extend(visited.files);
        pending.extend(visited.directories);
        if entries > ALONE && pending.len() > 1 {
            let threads = std::thread::available_parallelism()
                .map_or(1, usize::from)
                .min(8);
            if threads > 1 {
                files.extend(share(shared, std::mem::take(&mut pending), threads)?);
                break;
            }
            entries = 0;
        }
    }
    Ok((files, used_gitignore))
}

/// What the threads share: directories to visit, how many are being visited, whether one failed.
struct Queue {
    pending: Vec<Directory>,
    busy: usize,
    failed: bool,
}

fn share(
    shared: &Shared,
    pending: Vec<Directory>,
    threads: usize,
) -> Result<Vec<FileEntry>, PacklistError> {
    let queue = Mutex::new(Queue {
        pending,
        busy: 0,
        failed: false,
    });
    let changed = Condvar::new();
    let results = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads)
            .map(|_| scope.spawn(|| work(shared, &queue, &changed)))
            .collect();
        let mut results = vec![work(shared, &queue, &changed)];
        results.extend(workers.into_iter().filter_map(|worker| worker.join().ok()));
        results
    });
    let mut files = Vec::new();
    for result in results {
        files.extend(result?);
    }
    Ok(files)
}

fn work(
    shared: &Shared,
    queue: &Mutex<Queue>,
    changed: &Condvar,
) -> Result<Vec<FileEntry>, PacklistError> {
    let mut files = Vec::new();
    loop {
        let directory = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if queue.failed {
                    return Ok(files);
                }
                if let Some(directory) = queue.pending.pop() {
                    queue.busy += 1;
                    break directory;
                }
                if queue.busy == 0 {
                    return Ok(files);
                }
                queue = changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let visited = directory.visit(shared);
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.busy -= 1;
        match visited {
            Ok(visited) => {
                queue.pending.extend(visited.directories);
                drop(queue);
                files.extend(visited.files);
                changed.notify_all();
            }
            Err(error) => {
                queue.failed = true;
                drop(queue);
                changed.notify_all();
                return Err(error);
            }
        }
    }
}
