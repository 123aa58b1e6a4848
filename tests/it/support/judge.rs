//! One Node process that answers JSON lines with what npm's own modules say.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::need;

/// Where the npm that judges is installed: `CONSIGN_NPM_DIRECTORY`, else the pinned peer, else the machine's npm.
///
/// `None` without Node and npm, which fails the test where `CI` is set.
#[track_caller]
pub(crate) fn npm_directory() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        if let Some(named) = env::var_os("CONSIGN_NPM_DIRECTORY") {
            return Some(named.into());
        }
        Command::new("node").arg("--version").output().ok()?;
        let peer = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/peers/.installed/clients/node_modules/npm");
        if peer.join("package.json").is_file() {
            return Some(peer);
        }
        let output = Command::new("npm").args(["root", "-g"]).output().ok()?;
        let root = String::from_utf8(output.stdout).ok()?;
        Some(Path::new(root.trim()).join("npm"))
    });
    need("node and npm", found.as_deref())
}

/// The npm that judges, as a program.
#[track_caller]
pub(crate) fn real_npm() -> Option<Command> {
    let mut command = Command::new("node");
    command.arg(npm_directory()?.join("bin/npm-cli.js"));
    Some(command)
}

/// The running judge.
pub(crate) struct Judge {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Judge {
    /// Starts a script of `tests/differential`, which is given the directory of npm.
    #[track_caller]
    pub(crate) fn start(script: &str) -> Option<Self> {
        Self::start_with(script, |_| ())
    }

    /// The same, with a word about the process before it starts.
    #[track_caller]
    pub(crate) fn start_with(script: &str, prepare: impl FnOnce(&mut Command)) -> Option<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential");
        let mut command = Command::new("node");
        command
            .arg(directory.join(script))
            .arg(npm_directory()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        prepare(&mut command);
        let mut child = command.spawn().expect("node starts");
        Some(Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().expect("a piped stdout")),
            child,
        })
    }

    /// Sends a request without waiting.
    pub(crate) fn send(&mut self, request: &Value) {
        let input = self.input.as_mut().expect("an open judge");
        writeln!(input, "{request}").expect("the judge reads");
        input.flush().expect("the judge reads");
    }

    /// The answer to the oldest request not yet answered, as the judge printed it.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).expect("the judge answers");
        assert!(read > 0, "the judge has died");
        line
    }

    /// The same, parsed.
    pub(crate) fn answer(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"))
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: &Value) -> Value {
        self.send(request);
        self.answer()
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // It ends with its input; one that hangs has nothing to lose.
        self.input.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
