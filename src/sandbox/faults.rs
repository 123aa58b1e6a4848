//! Faults on demand: which requests go wrong, and how.
//!
//! A fault is armed by the configuration or the admin API, matches requests by method and path,
//! and is used up after a number of requests.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::identity::policy::like;

/// A fault and the requests it is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// `PUT`; any method when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A pattern for the path without its query, `*` and `?` as in IAM.
    #[serde(default = "any_path")]
    pub path: String,
    /// How many matching requests pass before it strikes.
    #[serde(default)]
    pub skip: u32,
    /// How many requests it strikes.
    #[serde(default = "once")]
    pub times: u32,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum FaultKind {
    /// Answers with this status; nothing is done.
    Status {
        /// The status to answer with.
        status: u16,
        /// A `Retry-After` header, in seconds.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// Answers as usual, later.
    Delay {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// Resets the connection before the request's body is read; nothing is done.
    ResetBeforeBody,
    /// Resets the connection after reading part of the request's body; nothing is done.
    ResetDuringBody {
        /// How many bytes of the body are read.
        #[serde(default = "some_bytes")]
        after: u64,
    },
    /// Does what was asked, and resets the connection instead of answering.
    LoseReply,
    /// Does what was asked, and resets the connection in the middle of the answer.
    ResetDuringReply {
        /// How many bytes of the answer, head included, are sent.
        #[serde(default = "few_bytes")]
        after: u32,
    },
    /// Accepts a publish that can be read only after a while.
    Invisible {
        /// Milliseconds of the sandbox's clock.
        milliseconds: i64,
    },
    /// Ends a tarball early, with a length that agrees.
    TruncateTarball,
    /// Flips a byte of a tarball.
    CorruptTarball,
    /// Names a wrong integrity in a packument.
    WrongIntegrity,
    /// Treats the bearer token as expired.
    ExpireToken,
    /// Answers with an HTML page, as a proxy in between does.
    Html {
        /// The status to answer with.
        status: u16,
    },
}

impl FaultKind {
    /// The fault's name in the log and in the admin API.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Delay { .. } => "delay",
            Self::ResetBeforeBody => "reset-before-body",
            Self::ResetDuringBody { .. } => "reset-during-body",
            Self::LoseReply => "lose-reply",
            Self::ResetDuringReply { .. } => "reset-during-reply",
            Self::Invisible { .. } => "invisible",
            Self::TruncateTarball => "truncate-tarball",
            Self::CorruptTarball => "corrupt-tarball",
            Self::WrongIntegrity => "wrong-integrity",
            Self::ExpireToken => "expire-token",
            Self::Html { .. } => "html",
        }
    }
}

fn any_path() -> String {
    "*".to_owned()
}

fn once() -> u32 {
    1
}

fn some_bytes() -> u64 {
    1024
}

fn few_bytes() -> u32 {
    64
}

/// The armed faults.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self {
            armed: Mutex::new(faults),
        }
    }

    /// Arms one more fault.
    pub(crate) fn arm(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Disarms every fault.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The faults that are still armed.
    pub(crate) fn armed(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// The first fault that strikes this request; it counts as used.
    pub(crate) fn strike(&self, method: &str, path: &str) -> Option<FaultKind> {
        let mut armed = self.lock();
        let mut struck = None;
        for fault in armed.iter_mut() {
            let matches = fault
                .method
                .as_deref()
                .is_none_or(|wanted| wanted == method)
                && like(&fault.path, path);
            if !matches || fault.times == 0 {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            struck = Some(fault.kind.clone());
            break;
        }
        armed.retain(|fault| fault.times > 0);
        struck
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: serde_json::Value) -> Fault {
        serde_json::from_value(json).unwrap_or(Fault {
            method: None,
            path: String::new(),
            skip: 0,
            times: 0,
            kind: FaultKind::LoseReply,
        })
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_says_and_only_its_requests() {
        let faults = Faults::new(vec![fault(serde_json::json!(
            {"fault": "status", "status": 503, "method": "PUT", "path": "/npm/*/tool", "skip": 1, "times": 2}
        ))]);
        let strikes = |method: &str, path: &str| faults.strike(method, path).is_some();
        assert!(!strikes("GET", "/npm/d/x/tool"));
        assert!(!strikes("PUT", "/npm/d/x/tool"), "the first is skipped");
        assert!(strikes("PUT", "/npm/d/x/tool"));
        assert!(strikes("PUT", "/npm/d/y/tool"));
        assert!(!strikes("PUT", "/npm/d/x/tool"));
        assert!(faults.armed().is_empty());
    }
}
