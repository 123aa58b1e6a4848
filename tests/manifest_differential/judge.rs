//! The Node process that runs npm's own modules.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use consign::manifest::TarballOrigin;
use consign::manifest::json;
use serde_json::Value;

pub(crate) const NPM_VERSION: &str = "11.19.1";

pub(crate) struct Judge {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Judge {
    /// `None` if there is no Node here, which fails the test where `CI` is set.
    #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
    pub(crate) fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/manifest.mjs");
        let npm = std::env::var_os("CONSIGN_NPM_DIRECTORY");
        let started = Command::new("node")
            .arg(script)
            .args(npm)
            // npm reads sibling directories at the same time and takes their entries as they come; with one thread
            // they come in the order in which they do nearly always.
            .env("UV_THREADPOOL_SIZE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            assert!(std::env::var_os("CI").is_none(), "node is needed");
            eprintln!("skipped: needs node");
            return None;
        };
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Some(Self {
            child,
            input,
            output,
        })
    }

    pub(crate) fn ask(&mut self, directory: &Path, origin: &TarballOrigin) -> Value {
        let question = serde_json::json!({
            "directory": directory.to_str().unwrap(),
            "npmVersion": NPM_VERSION,
            "origin": {"integrity": origin.integrity, "resolved": origin.resolved, "from": origin.from},
        });
        self.answer(&question)
    }

    /// Where npm itself is installed, with its dependencies.
    pub(crate) fn npm_directory(&mut self) -> PathBuf {
        let answer = self.answer(&serde_json::json!({ "where": true }));
        PathBuf::from(answer.as_str().unwrap())
    }

    /// What npm's parsers say to each text.
    pub(crate) fn ask_texts(&mut self, texts: &[String]) -> Vec<Value> {
        let answer = self.answer(&serde_json::json!({ "texts": texts }));
        answer.as_array().unwrap().clone()
    }

    fn answer(&mut self, question: &Value) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{question}").unwrap();
        input.flush().unwrap();
        let mut answer = String::new();
        assert!(
            self.output.read_line(&mut answer).unwrap() > 0,
            "the judge has died"
        );
        json::parse(answer.as_bytes()).unwrap()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // The judge ends with its input.
        self.input.take();
        let _ = self.child.wait();
    }
}
