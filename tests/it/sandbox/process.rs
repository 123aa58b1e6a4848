//! `consign sandbox` as a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;

use crate::support::Home;

/// `consign sandbox` as a process that can be killed.
pub(super) struct Server {
    child: Child,
    pub(super) environment: BTreeMap<String, String>,
    /// The other sources of credentials.
    pub(super) machine: BTreeMap<String, String>,
}

impl Server {
    /// Starts it with these flags, and waits until it accepts connections.
    pub(super) fn start(home: &Home, flags: &[&str]) -> Self {
        let env_file = home.path("sandbox.env");
        let identity_file = home.path("identity.env");
        let _ = fs::remove_file(&env_file);
        let mut child = home
            .consign()
            .arg("sandbox")
            .arg("--env-file")
            .arg(&env_file)
            .arg("--identity-env-file")
            .arg(&identity_file)
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It prints its first line once it accepts connections; the rest is read so that it never waits.
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
        let read = |file: &Path| {
            let text = fs::read_to_string(file).unwrap();
            text.lines()
                .filter_map(|line| line.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        };
        Self {
            environment: read(&env_file),
            machine: read(&identity_file),
            child,
        }
    }

    /// The most memory it ever had, in KiB; `None` where the system does not tell.
    pub(super) fn peak(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().trim_end_matches(" kB").parse().ok()
    }

    pub(super) fn registry(&self) -> &str {
        &self.environment["CONSIGN_REGISTRY"]
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
