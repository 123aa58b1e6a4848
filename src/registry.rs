//! The npm registry protocol: URLs, credentials, requests, outcomes.

mod body;
pub mod challenge;
pub mod choice;
pub mod client;
pub mod credentials;
pub mod diagnosis;
pub mod outcome;
pub mod packument;
pub(crate) mod resolver;
pub mod retry;
mod said;
pub mod secret;
pub(crate) mod tls;
pub mod url;

pub use self::url::RegistryUrl;
pub use challenge::{Challenge, WebLogin};
pub use choice::Registry;
pub use client::{
    Announced, Authorize, Client, ClientOptions, ConnectionOptions, OneTimePassword, Refusal,
    Renewal, RequestError, TransportError,
};
pub use credentials::{Authorization, Credentials};
pub use outcome::Outcome;
pub use packument::{Packument, PublishedVersion};
pub use retry::RetryPolicy;
pub use secret::Secret;
