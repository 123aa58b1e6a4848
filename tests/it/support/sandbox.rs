//! `consign sandbox` as a server of its own, for as long as the test process runs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{ChildStdin, Stdio};

use serde_json::Value;

use super::home::consign_binary;
use super::program::first_line;
use super::{Home, Peer, Peers, run};

/// Runs its arguments in the background; ends that and removes the folder `$0` when stdin closes, so that a test process
/// leaves nothing behind, however it ends. The background program holds stdout alone: its end is seen there.
const UNTIL_STDIN_CLOSES: &str = r#""$@" </dev/null & server=$!; exec >&-; read -r _
    kill "$server"; wait "$server"; rm -rf "$0""#;

/// A running `consign sandbox`.
#[derive(Debug)]
pub(crate) struct Sandbox {
    _stdin: Option<ChildStdin>,
    /// What it wrote to its `--env-file`.
    pub(crate) environment: BTreeMap<String, String>,
    /// What it wrote to its `--identity-env-file`.
    pub(crate) identities: BTreeMap<String, String>,
}

impl Sandbox {
    /// Starts one and waits until it accepts connections, which it says with its first line.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// Starts one with a configuration file of this text.
    pub(crate) fn with(config: &str) -> Self {
        let home = Home::new();
        let config = home.file("sandbox.toml", config);
        let identity_file = home.path("identities.env");
        let log = home.file("sandbox.log", "");
        let env_file = home.path("sandbox.env");
        let mut command = home.command("sh");
        let mut child = command
            .args(["-c", UNTIL_STDIN_CLOSES])
            .arg(home.into_path())
            .arg(consign_binary())
            .arg("sandbox")
            .arg("--config")
            .arg(config)
            .arg("--env-file")
            .arg(&env_file)
            .arg("--identity-env-file")
            .arg(&identity_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        first_line(&mut child, "consign sandbox", &log);
        Self {
            environment: variables(&env_file),
            identities: variables(&identity_file),
            _stdin: child.stdin.take(),
        }
    }

    /// Calls its own API below `/_sandbox/`, over a connection of its own.
    #[track_caller]
    pub(crate) fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.http(method, &format!("/_sandbox/{path}"), &[], &body.to_string());
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{path} answered {answer}"))
    }

    /// The body of an answer of 200 to a plain request.
    #[track_caller]
    pub(crate) fn http(&self, method: &str, path: &str, headers: &[&str], body: &str) -> String {
        let host = self.variable("AWS_ENDPOINT_URL");
        let host = host.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        let length = body.len();
        write!(stream, "{head}content-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200"),
            "{method} {path}: {answer}"
        );
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// How often an action was asked for, by the log.
    pub(crate) fn count(&self, action: &str) -> usize {
        let log = self.admin("GET", "log", &Value::Null);
        let entries = log["entries"].as_array().unwrap();
        entries
            .iter()
            .filter(|entry| entry["action"] == action)
            .count()
    }

    /// One of the variables it wrote.
    #[track_caller]
    pub(crate) fn variable(&self, key: &str) -> &str {
        self.environment
            .get(key)
            .unwrap_or_else(|| panic!("no {key} in the env file of consign sandbox"))
    }

    /// A token as a user of `CodeArtifact` takes one: with the real AWS CLI.
    pub(crate) fn token(&self, peers: &Peers) -> String {
        let home = Home::new();
        let ran = run(peers
            .command(Peer::Aws, &home)
            .envs(&self.environment)
            .args([
                "codeartifact",
                "get-authorization-token",
                "--output",
                "text",
            ])
            .args(["--query", "authorizationToken"])
            // This version reads only AWS_DEFAULT_REGION.
            .args(["--region", self.variable("AWS_REGION")])
            .args(["--domain", self.variable("CONSIGN_DOMAIN")])
            .args(["--domain-owner", self.variable("CONSIGN_DOMAIN_OWNER")]))
        .success();
        ran.stdout.trim().to_owned()
    }
}

/// The lines of an env file.
fn variables(file: &Path) -> BTreeMap<String, String> {
    fs::read_to_string(file)
        .unwrap()
        .lines()
        .map(|line| line.split_once('=').expect("KEY=VALUE"))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}
