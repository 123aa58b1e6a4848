//! What comes instead of the answer that was asked for.

use std::time::Duration;

use http::StatusCode;

use crate::registry::challenge::Challenge;

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// There was no connection, so that nothing was sent.
    #[error("cannot connect to {host}: {reason}")]
    NotSent {
        /// Host and port.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// The connection broke or fell silent when the request may have arrived.
    #[error("no answer from {host}: {reason}")]
    Interrupted {
        /// Host and port.
        host: String,
        /// What the system said.
        reason: String,
    },
}

/// An answer that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The address of a request cannot be made.
    #[error("{registry} is not the address of a registry: {reason}")]
    Address {
        /// The registry.
        registry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A status that means no.
    #[error("{0}")]
    Refused(Refusal),
    /// A good status with a body that cannot be read.
    #[error("{url} answered with something that is no {expected}: {found}")]
    Malformed {
        /// The URL asked.
        url: String,
        /// What was asked for.
        expected: &'static str,
        /// What came.
        found: String,
    },
}

impl RequestError {
    /// The status of a registry's no.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }
}

/// A registry's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// `PUT http://host/path`
    pub request: String,
    /// The registry's words, cut to a readable length.
    pub message: String,
    /// What a 401 asks for.
    pub challenge: Option<Challenge>,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = StatusCode::from_u16(self.status)
            .ok()
            .and_then(|s| s.canonical_reason());
        write!(
            f,
            "{} {} - {}",
            self.status,
            text.unwrap_or_default(),
            self.request
        )?;
        if self.message.is_empty() {
            Ok(())
        } else {
            write!(f, " - {}", self.message)
        }
    }
}
