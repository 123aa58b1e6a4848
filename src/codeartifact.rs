//! AWS `CodeArtifact`: the registry URL alone is enough to publish there.
//!
//! [`endpoint`] reads domain, owner and region from the URL; [`AwsOptions`] are what flags and
//! variables say; [`Aws`] opens the services with the credentials at hand, and [`Tokens`] takes
//! tokens there. The only module that names the AWS SDK.

mod caller;
pub mod endpoint;
mod http;
mod identity;
mod inspect;
mod locate;
mod obstacle;
mod options;
mod service;
pub mod setup;
pub mod token;

pub use caller::Caller;
pub use endpoint::{Endpoint, EndpointError};
pub use inspect::{HeldVersion, OriginControls, Package};
pub use obstacle::Obstacle;
pub use options::{
    AwsFlags, AwsOptionError, AwsOptions, EndpointType, IdentityTokens, Job, StaticCredentials,
};
pub use service::{Aws, AwsError};
pub use token::{DomainName, Token, Tokens};

/// The largest npm publish request that the service takes, in bytes: base64 and metadata included
/// (user guide, "Quotas": 2 GB, which cannot be raised).
pub const PUBLISH_REQUEST_LIMIT: u64 = 2 << 30;
