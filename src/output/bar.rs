//! The line at a terminal's end that shows how far long work is.
//!
//! It is drawn over and over in one place, by a thread that exists while there is work. Whatever else is printed goes
//! above it. When the work is over, or a signal ends the process, the line is empty again.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::bytes::format_bytes;
use super::progress::{Counter, Meter, Work};
use crate::signals::TakenSignals;

/// Work that is over by then is never shown.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long one drawing stands.
const FRAME: Duration = Duration::from_millis(100);
/// To the beginning of the line, and away with what is there.
const ERASE: &[u8] = b"\r\x1b[K";
/// The bar between its brackets is not longer and not shorter than this.
const LONGEST_BAR: usize = 30;
const SHORTEST_BAR: usize = 8;

/// The last line of a terminal.
pub(super) struct Bar {
    shared: Arc<Shared>,
}

struct Shared {
    line: Mutex<Line>,
    over: Condvar,
}

struct Line {
    terminal: Box<dyn Write + Send>,
    /// The terminal's columns; they change with its window.
    width: fn() -> usize,
    work: Option<UnderWay>,
    /// What stands there now.
    drawn: String,
}

struct UnderWay {
    work: Work,
    done: Counter,
    since: Instant,
}

impl Bar {
    pub(super) fn new(terminal: impl Write + Send + 'static, width: fn() -> usize) -> Self {
        let line = Line {
            terminal: Box::new(terminal),
            width,
            work: None,
            drawn: String::new(),
        };
        let shared = Shared {
            line: Mutex::new(line),
            over: Condvar::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Shows a piece of work from soon on, unless another is being shown.
    pub(super) fn begin(&self, work: Work) -> Meter {
        let mut line = self.shared.lock();
        if line.work.is_some() {
            return Meter::default();
        }
        let shared = Arc::clone(&self.shared);
        let drawing = thread::Builder::new().name("progress".to_owned());
        let Ok(thread) = drawing.spawn(move || shared.draw_until_over()) else {
            return Meter::default();
        };
        let done = Counter::counting();
        line.work = Some(UnderWay {
            work,
            done: done.clone(),
            since: Instant::now(),
        });
        let shown = Shown {
            shared: Arc::clone(&self.shared),
            thread: Some(thread),
        };
        Meter::new(done, shown)
    }

    /// Prints something else, above the line.
    pub(super) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        let mut line = self.shared.lock();
        let stood = !line.drawn.is_empty();
        line.erase();
        let printed = print();
        if stood {
            line.draw();
        }
        printed
    }
}

/// A piece of work that is shown until this is dropped.
struct Shown {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        let mut line = self.shared.lock();
        line.work = None;
        line.erase();
        drop(line);
        self.shared.over.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing to say here.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw_until_over(&self) {
        let mut signals = None;
        let mut line = self.lock();
        let mut pause = PATIENCE;
        loop {
            let waited = self
                .over
                .wait_timeout_while(line, pause, |line| line.work.is_some());
            line = waited.unwrap_or_else(PoisonError::into_inner).0;
            if line.work.is_none() {
                break;
            }
            // Only now there is something that a signal would leave behind.
            let signals = signals.get_or_insert_with(TakenSignals::take);
            if let Some(signal) = signals.as_mut().ok().and_then(TakenSignals::pending) {
                line.erase();
                signal.take_effect();
            }
            line.draw();
            pause = FRAME;
        }
        drop(line);
        // One that came between the last drawing and the end.
        if let Some(Ok(signals)) = &mut signals
            && let Some(signal) = signals.pending()
        {
            signal.take_effect();
        }
    }
}

impl Line {
    fn erase(&mut self) {
        if !self.drawn.is_empty() {
            self.drawn.clear();
            self.write(ERASE);
        }
    }

    fn draw(&mut self) {
        let Some(under_way) = &self.work else { return };
        let text = under_way.text((self.width)());
        if text != self.drawn {
            self.drawn = text;
            let drawing = [ERASE, self.drawn.as_bytes()].concat();
            self.write(&drawing);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        // Nobody is left to tell when the terminal is gone.
        let _ = self.terminal.write_all(bytes);
        let _ = self.terminal.flush();
    }
}

impl UnderWay {
    /// One line for a terminal of so many columns, whose last one stays free: some terminals go on in the next line.
    fn text(&self, width: usize) -> String {
        let Work {
            doing, bytes, then, ..
        } = self.work;
        let room = width.saturating_sub(1);
        let mut text = match bytes {
            Some(total) if self.done.done() < total => self.share(total, room),
            Some(total) => format!("{doing} 100%  {}, {then}", format_bytes(total, " ")),
            None => format!("{doing} {}s", self.since.elapsed().as_secs()),
        };
        // All of it is ASCII.
        text.truncate(room);
        text
    }

    /// `uploading [=====>     ]  45%  1.2 MB of 2.7 MB`, without the bar where there is no room for it.
    fn share(&self, total: u64, room: usize) -> String {
        let done = self.done.done();
        let of = |whole: usize| {
            let part = u128::from(done) * whole as u128 / u128::from(total.max(1));
            usize::try_from(part).unwrap_or(whole)
        };
        let mut figures = format!(
            "{:>3}%  {} of {}",
            of(100),
            format_bytes(done, " "),
            format_bytes(total, " ")
        );
        if let Some(files) = self.work.files {
            // Writing to a string cannot fail.
            let _ = write!(figures, ", {files} files");
        }
        let doing = self.work.doing;
        let rest = doing.len() + figures.len() + " [] ".len();
        let length = room.saturating_sub(rest).min(LONGEST_BAR);
        if length < SHORTEST_BAR {
            return format!("{doing} {figures}");
        }
        let mut bar = "=".repeat(of(length));
        if bar.len() < length {
            bar.push('>');
        }
        format!("{doing} [{bar:<length$}] {figures}")
    }
}

/// The columns of the terminal that stderr is; where it does not say, those that there always were.
#[cfg(unix)]
pub(super) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 80 } else { columns }
}

#[cfg(not(unix))]
pub(super) fn columns() -> usize {
    80
}
