//! How a publish ends: in exactly one of these ways.

use serde::Serialize;

use super::challenge::Challenge;

/// The end of a publish (`design.md` §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted, and read back with our integrity.
    Published {
        /// The acceptance was not heard but found out by reading back.
        confirmed_by_reading: bool,
    },
    /// The version was there, with identical contents.
    AlreadyPublished,
    /// The version is there with other contents.
    Conflict {
        /// Lines that say which files differ; empty if that could not be read.
        differences: Vec<String>,
        /// The HTTP status with which the registry refused the upload; `None` where it was not heard, or not asked.
        status: Option<u16>,
    },
    /// Accepted, but not readable in the time given.
    AcceptedNotVisible {
        /// Why the last read did not show it.
        reason: String,
        /// The identity may not read.
        is_forbidden: bool,
    },
    /// Could not be determined.
    Unknown {
        /// What was tried, in order.
        tried: Vec<String>,
    },
    /// 401: no credentials, or they were not believed.
    Unauthenticated {
        /// The registry's words.
        message: String,
        /// What it asks for instead, if it says so.
        challenge: Option<Challenge>,
    },
    /// 403: known, but not allowed.
    Forbidden {
        /// The registry's words.
        message: String,
    },
    /// The registry refused for another reason.
    Rejected {
        /// HTTP status.
        status: u16,
        /// The registry's words.
        message: String,
    },
    /// A check before the upload said no; nothing was sent.
    GateFailed {
        /// What it said.
        reason: String,
    },
    /// No connection; nothing was sent.
    Unreachable {
        /// Why there was none.
        reason: String,
    },
}

impl Outcome {
    /// The name under which the outcome stands in `--json` and in the
    /// documentation.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Published { .. } => "published",
            Self::AlreadyPublished => "already-published",
            Self::Conflict { .. } => "conflict",
            Self::AcceptedNotVisible { .. } => "accepted-not-visible",
            Self::Unknown { .. } => "unknown",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Forbidden { .. } => "forbidden",
            Self::Rejected { .. } => "rejected",
            Self::GateFailed { .. } => "gate-failed",
            Self::Unreachable { .. } => "unreachable",
        }
    }

    /// The process's exit status.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Published { .. } | Self::AlreadyPublished => 0,
            Self::Conflict { .. } => 10,
            Self::AcceptedNotVisible { .. } => 11,
            Self::Unknown { .. } => 12,
            Self::Unauthenticated { .. } | Self::Forbidden { .. } => 13,
            Self::Rejected { .. } => 14,
            Self::GateFailed { .. } => 15,
            Self::Unreachable { .. } => 16,
        }
    }

    /// Whether the registry said no.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Forbidden { .. } | Self::Rejected { .. } | Self::Conflict { .. }
        )
    }

    /// Whether the version is in the registry with our contents.
    pub fn is_success(&self) -> bool {
        self.exit_status() == 0
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
