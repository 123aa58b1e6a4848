//! AWS `CodeArtifact`: the registry URL alone is enough to publish there.
//!
//! [`endpoint`] reads domain, owner and region from the URL; [`AwsOptions`] are what flags and
//! variables say; [`Aws`] opens the services with the credentials at hand, and [`Tokens`] takes
//! tokens there. The only module that names the AWS SDK.

mod caller;
pub mod endpoint;
mod http;
mod identity;
mod locate;
mod options;
mod service;
pub mod token;

pub use caller::Caller;
pub use endpoint::{Endpoint, EndpointError};
pub use options::{
    AwsFlags, AwsOptionError, AwsOptions, EndpointType, IdentityTokens, Job, StaticCredentials,
};
pub use service::{Aws, AwsError};
pub use token::{DomainName, Token, Tokens};
