//! The two registries a package is published to, behind one face.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::sandbox::Sandbox;
use super::verdaccio::Verdaccio;
use super::{Home, Peer, Peers, run};

static VERDACCIO: OnceLock<Registry> = OnceLock::new();
static SANDBOX: OnceLock<Registry> = OnceLock::new();

/// Which registry a test publishes to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// A real verdaccio: credentials from the user's `.npmrc`.
    Verdaccio,
    /// `consign sandbox`: consign takes its own token, with AWS credentials from the environment.
    Sandbox,
}

/// A running registry, holding what the real packages depend on.
#[derive(Debug)]
pub(crate) struct Registry {
    server: Server,
    /// Its URL, with the trailing slash.
    pub(crate) url: String,
    token: String,
}

#[derive(Debug)]
enum Server {
    Verdaccio(#[expect(dead_code, reason = "held so that it goes on running")] Verdaccio),
    Sandbox(Sandbox),
}

impl Registry {
    /// The registry that the tests share, started and filled by the first that asks.
    pub(crate) fn shared(target: Target, peers: &Peers) -> &'static Self {
        match target {
            Target::Verdaccio => VERDACCIO.get_or_init(|| {
                let verdaccio = Verdaccio::start(peers);
                Self {
                    url: verdaccio.registry.clone(),
                    token: verdaccio.token.clone(),
                    server: Server::Verdaccio(verdaccio),
                }
                .filled(peers)
            }),
            Target::Sandbox => SANDBOX.get_or_init(|| {
                let sandbox = Sandbox::start();
                Self {
                    url: sandbox.variable("CONSIGN_REGISTRY").to_owned(),
                    token: sandbox.token(peers),
                    server: Server::Sandbox(sandbox),
                }
                .filled(peers)
            }),
        }
    }

    fn filled(self, peers: &Peers) -> Self {
        run(Home::new()
            .command("node")
            .arg(peers.script("seed.mjs"))
            .arg(&self.url)
            .env("CONSIGN_SEED_TOKEN", &self.token))
        .success();
        self
    }

    /// `consign publish FOLDER` to this registry, with the credentials that it would have there and no others.
    pub(crate) fn publish(&self, home: &Home, folder: &Path) -> Command {
        let mut command = home.consign();
        match &self.server {
            Server::Verdaccio(_) => home.npmrc(&self.npmrc()),
            Server::Sandbox(sandbox) => {
                command.envs(&sandbox.environment);
            }
        }
        command
            .arg("publish")
            .arg(folder)
            .args(["--registry", &self.url]);
        command
    }

    /// `npm install SPEC` in `folder`, from this registry alone; no install script runs.
    pub(crate) fn install(&self, peers: &Peers, home: &Home, folder: &Path, spec: &str) -> Command {
        home.npmrc(&self.npmrc());
        let mut command = peers.command(Peer::Npm, home);
        command
            .arg("install")
            .arg(spec)
            .args(["--registry", &self.url])
            .args([
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--fetch-retries=0",
            ])
            .current_dir(folder);
        command
    }

    /// The line of `.npmrc` that holds the token.
    fn npmrc(&self) -> String {
        let (_scheme, host_and_path) = self.url.split_once(':').expect("a URL");
        format!("{host_and_path}:_authToken={}\n", self.token)
    }
}
