//! The judge's process: one Node that answers JSON lines.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Judge {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Judge {
    /// Starts the judge; `None`, with a word about it, where Node is missing.
    pub(crate) fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/judge.mjs");
        let started = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let Ok(mut child) = started else {
            assert!(
                std::env::var_os("CI").is_none(),
                "CI needs node and npm for the judge"
            );
            println!("skipped: needs node and npm");
            return None;
        };
        let input = child.stdin.take()?;
        let output = BufReader::new(child.stdout.take()?);
        Some(Self {
            child,
            input,
            output,
        })
    }

    /// Sends a request without waiting.
    pub(crate) fn ask(&mut self, request: &Value) {
        writeln!(self.input, "{request}").expect("the judge reads");
        self.input.flush().expect("the judge reads");
    }

    /// The answer to the oldest request not yet answered.
    pub(crate) fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the judge answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
