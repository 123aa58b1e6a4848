//! Worker threads that take jobs in order and hand back results in any order.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Jobs waiting for a thread.
#[derive(Debug)]
struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<J> {
    jobs: VecDeque<J>,
    is_closed: bool,
}

impl<J> Queue<J> {
    fn update(&self, change: impl FnOnce(&mut State<J>)) {
        // A panic while the lock is held cannot leave the queue half changed.
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// The next job, or nothing once the queue is closed.
    fn next(&self) -> Option<J> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.update(|state| state.is_closed = true);
        self.changed.notify_all();
    }
}

/// The threads. Dropping the pool lets them end the job they are at, drops the rest and waits.
#[derive(Debug)]
pub(crate) struct Pool<J, R> {
    queue: Arc<Queue<J>>,
    results: Receiver<Option<R>>,
    threads: Vec<JoinHandle<()>>,
}

impl<J: Send + 'static, R: Send + 'static> Pool<J, R> {
    /// Starts `count` threads of that name, each with a worker of its own made by `worker`; fewer where the
    /// system allows fewer.
    ///
    /// # Errors
    /// The system's error if not even one could be started.
    pub(crate) fn start<W>(name: &str, count: usize, worker: impl Fn() -> W) -> io::Result<Self>
    where
        W: FnMut(J) -> R + Send + 'static,
    {
        let queue = Arc::new(Queue {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                is_closed: false,
            }),
            changed: Condvar::new(),
        });
        let (sender, results) = channel();
        let mut threads = Vec::with_capacity(count);
        for _ in 0..count {
            let (queue, sender, work) = (Arc::clone(&queue), sender.clone(), worker());
            let spawned = thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || run(&queue, &sender, work));
            match spawned {
                Ok(thread) => threads.push(thread),
                Err(error) if threads.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(Self {
            queue,
            results,
            threads,
        })
    }

    /// Queues a job behind the others.
    pub(crate) fn push(&self, job: J) {
        self.queue.update(|state| state.jobs.push_back(job));
    }

    /// Queues a job before the others.
    pub(crate) fn push_first(&self, job: J) {
        self.queue.update(|state| state.jobs.push_front(job));
    }

    /// Waits for a result. There must be a job whose result was not received yet.
    ///
    /// # Errors
    /// If a worker panicked.
    pub(crate) fn receive(&self) -> io::Result<R> {
        self.results.recv().ok().flatten().ok_or_else(panicked)
    }

    /// A result if there is one.
    ///
    /// # Errors
    /// If a worker panicked.
    pub(crate) fn try_receive(&self) -> io::Result<Option<R>> {
        match self.results.try_recv() {
            Ok(Some(result)) => Ok(Some(result)),
            Err(TryRecvError::Empty) => Ok(None),
            Ok(None) | Err(TryRecvError::Disconnected) => Err(panicked()),
        }
    }
}

impl<J, R> Drop for Pool<J, R> {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // A worker's panic was reported as a missing result.
            let _ = thread.join();
        }
    }
}

fn panicked() -> io::Error {
    io::Error::other("a thread ended early")
}

/// A thread's life. A panic ends it, with `None` as the result of its job.
fn run<J, R>(queue: &Queue<J>, results: &Sender<Option<R>>, mut work: impl FnMut(J) -> R) {
    while let Some(job) = queue.next() {
        let result = catch_unwind(AssertUnwindSafe(|| work(job))).ok();
        let is_over = result.is_none();
        if results.send(result).is_err() || is_over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::Pool;

    #[test]
    fn every_job_gives_one_result() {
        let pool = Pool::start("test", 3, || |job: u32| job * 2).unwrap();
        (0..100).for_each(|job| pool.push(job));
        pool.push_first(100);
        let mut results: Vec<u32> = (0..=100).map(|_| pool.receive().unwrap()).collect();
        results.sort_unstable();
        assert_eq!(results, (0..=100).map(|job| job * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_an_error_and_no_wait() {
        let pool = Pool::start("test", 2, || |job: u32| 10 / job).unwrap();
        pool.push(5);
        assert_eq!(pool.receive().unwrap(), 2);
        pool.push(0);
        let error = pool.receive().unwrap_err();
        assert_eq!(error.to_string(), "a thread ended early");
        pool.push(0);
        pool.receive().unwrap_err();
        // No thread is left: the jobs stay, and dropping the pool does not wait for them.
        pool.push(1);
    }

    #[test]
    fn dropping_leaves_queued_jobs_undone() {
        let done = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&done);
        let pool = Pool::start("test", 1, move || {
            let done = Arc::clone(&counted);
            move |job: u64| {
                (0..job).fold(0_u64, |sum, number| std::hint::black_box(sum + number));
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
        .unwrap();
        for _ in 0..1_000 {
            pool.push(1_000_000);
        }
        drop(pool);
        assert!(done.load(Ordering::Relaxed) < 1_000);
    }
}
