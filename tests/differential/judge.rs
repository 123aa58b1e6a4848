//! One Node process that answers with what npm's modules say.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

pub(crate) struct Judge {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Judge {
    /// Starts it; without Node the test is skipped, in CI it fails.
    pub(crate) fn start(script: &str) -> Option<Self> {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential/");
        let script = format!("{directory}{script}");
        let started = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        match started {
            Ok(mut process) => {
                let input = process.stdin.take();
                let output = BufReader::new(process.stdout.take().unwrap());
                Some(Self {
                    process,
                    input,
                    output,
                })
            }
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "needs node: {error}");
                println!("skipped: needs node");
                None
            }
        }
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{request}").unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the judge answers with a line of JSON")
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.input.take();
        let _ = self.process.wait();
    }
}
