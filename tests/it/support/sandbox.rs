//! `consign sandbox` as a server of its own, for as long as the test process runs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::{ChildStdin, Stdio};

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
}

impl Sandbox {
    /// Starts one and waits until it accepts connections, which it says with its first line.
    pub(crate) fn start() -> Self {
        let home = Home::new();
        let log = home.file("sandbox.log", "");
        let env_file = home.path("sandbox.env");
        let mut command = home.command("sh");
        let mut child = command
            .args(["-c", UNTIL_STDIN_CLOSES])
            .arg(home.into_path())
            .arg(consign_binary())
            .arg("sandbox")
            .arg("--env-file")
            .arg(&env_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        first_line(&mut child, "consign sandbox", &log);
        let environment = fs::read_to_string(&env_file)
            .unwrap()
            .lines()
            .map(|line| line.split_once('=').expect("KEY=VALUE"))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Self {
            environment,
            _stdin: child.stdin.take(),
        }
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
