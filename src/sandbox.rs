//! The embedded `CodeArtifact` look-alike: npm data plane, control-plane API, STS.
//!
//! [`Sandbox::bind`] opens a loopback port, [`Sandbox::environment`] says how clients find it, and
//! [`Sandbox::serve`] answers until it is told to stop. What is documented of the service is kept
//! (the AWS model and user guide); what is assumed has one switch each in [`config::Assumptions`].
//!
//! A request is first routed by host and path (`route`), then its caller is identified
//! (`identity`), then either `control` or `npm` decides on the `state` and the `store`
//! makes the decision last.

mod admin;
mod assets;
mod clock;
pub mod config;
mod config_file;
mod connection;
mod control;
mod external;
mod faults;
mod form;
mod groups;
mod hosts;
mod identity;
mod integrity;
mod log;
mod metadata;
mod names;
mod npm;
mod oidc;
mod random;
mod reach;
mod reply;
mod route;
mod server;
mod setup;
mod sso;
mod state;
mod store;
mod sts;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use clock::ClockStart;
pub use config::Config;
pub use config_file::ConfigError;
pub use faults::{Fault, FaultError, FaultKind};

use server::Shared;

/// A sandbox that is bound to its port and not serving yet.
#[derive(Debug)]
pub struct Sandbox {
    listener: TcpListener,
    assets: TcpListener,
    shared: Arc<Shared>,
}

/// Why a sandbox did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port is taken or not allowed.
    #[error("port {port} of 127.0.0.1 could not be opened")]
    Bind {
        /// The port that was asked for; 0 is any.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("the data directory {} could not be opened", directory.display())]
    Data {
        /// The directory.
        directory: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A name in the configuration that the service would refuse.
    #[error("{value:?} is not a {what}")]
    Name {
        /// What kind of name it should be, with its rule.
        what: &'static str,
        /// The name.
        value: String,
    },
    /// What the configuration asks for could not be laid out.
    #[error("the sandbox could not be set up")]
    SetUp(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Serving ended with an error of the system.
    #[error("the sandbox stopped serving")]
    Serve(#[source] std::io::Error),
}

impl SandboxError {
    /// The user's next step, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Bind { port, .. } if *port != 0 => {
                Some("leave out --port to have a free port picked".to_owned())
            }
            Self::Data { .. } => Some("give --data another directory, or leave it out".to_owned()),
            _ => None,
        }
    }
}

impl Sandbox {
    /// Opens the port and lays out what the configuration asks for.
    ///
    /// # Errors
    /// [`SandboxError::Bind`], [`SandboxError::Data`], [`SandboxError::Name`] or
    /// [`SandboxError::SetUp`].
    pub async fn bind(config: Config) -> Result<Self, SandboxError> {
        setup::check(&config)?;
        let port = config.port;
        let bind = async |port| {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .await
                .and_then(|listener| listener.local_addr().map(|address| (listener, address)))
                .map_err(|source| SandboxError::Bind { port, source })
        };
        let (listener, address) = bind(port).await?;
        let (assets, assets_address) = bind(0).await?;
        let store = setup::open(&config)?;
        let shared = Shared::new(config, store, address, assets_address)
            .map_err(|error| SandboxError::SetUp(Box::new(error)))?;
        setup::lay_out(&shared)
            .await
            .map_err(|error| SandboxError::SetUp(Box::new(error)))?;
        Ok(Self {
            listener,
            assets,
            shared: Arc::new(shared),
        })
    }

    /// Where it listens: 127.0.0.1 and the port.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// What the configuration names and is not there, in a sentence each: it is served as empty.
    pub fn warnings(&self) -> Vec<String> {
        external::missing(&self.shared.config)
    }

    /// The variables that point clients here, in the order in which they are printed.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let config = &self.shared.config;
        let key = config
            .principals
            .first()
            .and_then(|user| self.shared.directory.key_of(&user.name));
        let (id, secret) = key.map(|key| (key.id, key.secret)).unwrap_or_default();
        let base = format!("http://{}", self.shared.address);
        let registry = format!(
            "{base}/npm/d/{}-{}/{}/",
            config.domain, config.domain_owner, config.repository
        );
        vec![
            ("AWS_ENDPOINT_URL", base),
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", config.region.clone()),
            ("CONSIGN_DOMAIN", config.domain.clone()),
            ("CONSIGN_DOMAIN_OWNER", config.domain_owner.clone()),
            ("CONSIGN_REPOSITORY", config.repository.clone()),
            ("CONSIGN_REGISTRY", registry),
        ]
    }

    /// The variables by which clients find the sandbox's other sources of credentials: GitHub's
    /// identity tokens, the container endpoint, the instance metadata service; and the tokens that a
    /// client finds in its cache after `aws sso login`. They compete with the keys of
    /// [`Sandbox::environment`], so a job sets only those it is about.
    pub fn identity_environment(&self) -> Vec<(&'static str, String)> {
        let base = format!("http://{}", self.shared.address);
        vec![
            (
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                format!("{base}/oidc/token?api-version=2.0"),
            ),
            (
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                self.shared.provider.request_token.clone(),
            ),
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{base}/credentials/container"),
            ),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                self.shared.machine_tokens.container.clone(),
            ),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", base),
            (
                "CONSIGN_SSO_ACCESS_TOKEN",
                self.shared.sign_in.access_token.clone(),
            ),
            (
                "CONSIGN_SSO_REFRESH_TOKEN",
                self.shared.sign_in.refresh_token.clone(),
            ),
        ]
    }

    /// Answers until `shutdown` is done and the requests under way are answered.
    ///
    /// # Errors
    /// [`SandboxError::Serve`].
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), SandboxError> {
        server::serve(self.shared, self.listener, self.assets, shutdown)
            .await
            .map_err(SandboxError::Serve)
    }
}
