//! Running a program to its end, and what is known of it then.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A program that has ended: what it was, how it ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    command: String,
    /// The exit status; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Everything on stdout.
    pub(crate) stdout: String,
    /// Everything on stderr.
    pub(crate) stderr: String,
}

impl Ran {
    /// Passes itself on when the program exited 0; fails the test with everything it said when not.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!(
            self.code == Some(0),
            "{} ended with {:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Runs `command` with no stdin and waits for its end.
///
/// Panics when it cannot be started: a missing program is the business of [`super::need`], before this.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ran {
    let shown = format!("{command:?}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error: io::Error| panic!("cannot start {shown}: {error}"));
    Ran {
        command: shown,
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// How long a server may take to say that it is ready. Only a server that hangs takes that long.
const READY_WITHIN: Duration = Duration::from_mins(2);

/// The first line that a server prints on its stdout, which it does once it accepts connections.
///
/// Panics with what it wrote to `log` when it ends or hangs instead.
#[track_caller]
pub(crate) fn first_line(server: &mut Child, name: &str, log: &Path) -> String {
    let stdout = server.stdout.take().expect("a piped stdout");
    let (sender, receiver) = mpsc::channel();
    // Goes on reading after the first line, so that the server never waits for a reader.
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver.recv_timeout(READY_WITHIN).unwrap_or_else(|error| {
        let said = fs::read_to_string(log).unwrap_or_default();
        panic!("{name} did not say that it is ready ({error}); its stderr:\n{said}")
    })
}
