//! A program on a pseudo-terminal, and what somebody in front of it would see.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Columns of the terminal.
pub(crate) const COLUMNS: u16 = 100;
/// Only a program that hangs says nothing for so long.
const PATIENCE: Duration = Duration::from_mins(2);

/// Which of the program's streams are the terminal; the others are pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streams {
    Both,
    Stdout,
    Stderr,
    Neither,
}

/// What has come so far, and whether more will.
type Seen = (Mutex<(Vec<u8>, bool)>, Condvar);

/// A program that runs on a terminal.
pub(crate) struct Terminal {
    child: Child,
    seen: Arc<Seen>,
    readers: Vec<JoinHandle<Vec<u8>>>,
}

/// What a program on a terminal has left behind.
pub(crate) struct Shown {
    /// The exit status; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// All that was written to the terminal.
    pub(crate) bytes: String,
    /// All that was written to pipes, stdout before stderr.
    pub(crate) piped: [String; 2],
}

impl Terminal {
    /// Starts a program without input.
    #[track_caller]
    pub(crate) fn start(command: &mut Command, streams: Streams) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let theirs = ioctl_tiocgptpeer(&ours, flags).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&theirs, size).unwrap();
        let end = |is_terminal: bool| {
            if is_terminal {
                Stdio::from(theirs.try_clone().unwrap())
            } else {
                Stdio::piped()
            }
        };
        let stdout = end(matches!(streams, Streams::Both | Streams::Stdout));
        let stderr = end(matches!(streams, Streams::Both | Streams::Stderr));
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let mut child = command.spawn().unwrap();
        // The command keeps its ends of the terminal as long as they are its.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        drop(theirs);
        let seen = Arc::new(Seen::default());
        let all = Arc::clone(&seen);
        let mut readers = vec![thread::spawn(move || {
            watch(File::from(ours), &all);
            Vec::new()
        })];
        let stdout = child
            .stdout
            .take()
            .map(|stream| Box::new(stream) as Box<dyn std::io::Read + Send>);
        let stderr = child
            .stderr
            .take()
            .map(|stream| Box::new(stream) as Box<dyn std::io::Read + Send>);
        for stream in [stdout, stderr] {
            readers.push(thread::spawn(move || {
                let mut bytes = Vec::new();
                if let Some(mut stream) = stream {
                    stream.read_to_end(&mut bytes).unwrap();
                }
                bytes
            }));
        }
        Self {
            child,
            seen,
            readers,
        }
    }

    /// Waits until the terminal has been given that text.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        let (seen, changed) = &*self.seen;
        let waited = changed.wait_timeout_while(seen.lock().unwrap(), PATIENCE, |(bytes, over)| {
            !*over && !contains(bytes, text)
        });
        let (bytes, _) = &*waited.unwrap().0;
        assert!(
            contains(bytes, text),
            "never showed {text:?}: {:?}",
            String::from_utf8_lossy(bytes)
        );
    }

    /// What has been written to the terminal so far.
    pub(crate) fn so_far(&self) -> String {
        let (bytes, _) = &*self.seen.0.lock().unwrap();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Sends the program a signal.
    pub(crate) fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the program's end.
    pub(crate) fn end(mut self) -> Shown {
        let status = self.child.wait().unwrap();
        let mut readers = self.readers.into_iter();
        let mut rest = || {
            let bytes = readers.next().unwrap().join().unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let _terminal = rest();
        let piped = [rest(), rest()];
        let (bytes, _) = &*self.seen.0.lock().unwrap();
        Shown {
            code: status.code(),
            signal: status.signal(),
            bytes: String::from_utf8(bytes.clone()).unwrap(),
            piped,
        }
    }
}

/// Runs a program to its end.
#[track_caller]
pub(crate) fn run_on_terminal(command: &mut Command, streams: Streams) -> Shown {
    Terminal::start(command, streams).end()
}

fn watch(mut terminal: File, seen: &Seen) {
    let mut buffer = [0; 4096];
    // Once nobody holds the other end, reading fails.
    while let Ok(read @ 1..) = terminal.read(&mut buffer) {
        seen.0.lock().unwrap().0.extend_from_slice(&buffer[..read]);
        seen.1.notify_all();
    }
    seen.0.lock().unwrap().1 = true;
    seen.1.notify_all();
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// The lines that stand on a terminal after it was given these bytes; the last one is the cursor's. Colours are not
/// seen here, and of the other sequences only the one is known that erases to the end of a line.
#[track_caller]
pub(crate) fn screen(bytes: &str) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut column = 0;
    let mut rest = bytes;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        let line = lines.last_mut().unwrap();
        match character {
            '\r' => column = 0,
            '\n' => {
                lines.push(Vec::new());
                column = 0;
            }
            '\x1b' => {
                let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                match &rest[..=end] {
                    "[K" => line.truncate(column),
                    color if color.starts_with('[') && color.ends_with('m') => {}
                    other => panic!("unknown sequence {other:?} in {bytes:?}"),
                }
                rest = &rest[end + 1..];
            }
            _ => {
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
                assert!(column < usize::from(COLUMNS) * 40, "a line without an end");
            }
        }
    }
    lines.into_iter().map(String::from_iter).collect()
}
