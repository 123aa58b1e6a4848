//! AWS `CodeArtifact`: the registry URL alone is enough to publish there.
//!
//! [`endpoint`] reads domain, owner and region from the URL; [`token`] turns
//! the AWS credentials at hand into a token for it. The only module that names
//! the AWS SDK.

pub mod endpoint;
mod http;
mod identity;
pub mod token;

pub use endpoint::{Endpoint, EndpointError};
pub use identity::{AwsOptions, StaticCredentials};
pub use token::{Token, TokenError};
