//! A real verdaccio, empty at the start, for as long as the test process runs.

use std::fs::File;
use std::process::{ChildStdin, Stdio};

use serde_json::Value;

use super::program::first_line;
use super::{Home, Peers};

/// A running verdaccio. It ends when its stdin closes, and so with the test process, however that ends; then it removes
/// what it stored.
#[derive(Debug)]
pub(crate) struct Verdaccio {
    _stdin: Option<ChildStdin>,
    /// Its URL, with the trailing slash.
    pub(crate) registry: String,
    /// The token of a user who may publish.
    pub(crate) token: String,
}

impl Verdaccio {
    /// Starts one and waits until it accepts connections.
    pub(crate) fn start(peers: &Peers) -> Self {
        let home = Home::new();
        let log = home.file("verdaccio.log", "");
        let mut command = home.command("node");
        let mut child = command
            .arg(peers.script("verdaccio.mjs"))
            .arg(home.into_path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let line = first_line(&mut child, "verdaccio", &log);
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| said[key].as_str().unwrap().to_owned();
        Self {
            registry: text("registry"),
            token: text("token"),
            _stdin: child.stdin.take(),
        }
    }

    /// The lines of an `.npmrc` that name it and hold its token.
    pub(crate) fn npmrc(&self) -> String {
        let (_scheme, host) = self.registry.split_once(':').expect("a URL");
        format!(
            "registry={}\n{host}:_authToken={}\n",
            self.registry, self.token
        )
    }
}
