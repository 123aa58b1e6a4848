//! Faults on demand: which requests go wrong, and how.
//!
//! A fault is armed by the configuration or the admin API, matches requests by method and path,
//! and is used up after a number of requests. It strikes only where it can be played: one that
//! damages tarballs waits for a tarball.

pub(super) mod play;

use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::identity::policy::like;

/// A fault and the requests it is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Fault {
    /// `PUT`; any method when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A pattern for the path without its query, `*` and `?` as in IAM.
    pub path: String,
    /// How many matching requests pass before it strikes.
    pub skip: u32,
    /// How many requests it strikes.
    pub times: u32,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// Why something is not a fault.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// No fault of the sandbox, or without a member that it needs.
    #[error("not a fault: {0}")]
    Kind(String),
    /// A member of every fault has a wrong value.
    #[error("not a fault: {member}: {problem}")]
    Member {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A member that this fault does not have.
    #[error("the fault {fault} has no {member:?}; it takes method, path, skip, times{}", more(.of))]
    Unknown {
        /// The fault.
        fault: &'static str,
        /// The member.
        member: String,
        /// The members it has beside those of every fault.
        of: &'static [&'static str],
    },
    /// Never strikes.
    #[error("times is at least 1")]
    Never,
    /// Not an HTTP status that can be answered with.
    #[error("{0} is not a status to answer with; expected 200 to 599")]
    Status(u16),
}

fn more(members: &[&str]) -> String {
    members
        .iter()
        .fold(String::new(), |text, member| format!("{text}, {member}"))
}

/// Takes a member out, if it is there.
fn take<T: DeserializeOwned>(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Option<T>, FaultError> {
    members
        .remove(member)
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| FaultError::Member {
            member,
            problem: error.to_string(),
        })
}

impl TryFrom<Map<String, Value>> for Fault {
    type Error = FaultError;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, FaultError> {
        let method = take(&mut members, "method")?;
        let path = take(&mut members, "path")?.unwrap_or_else(|| "*".to_owned());
        let skip = take(&mut members, "skip")?.unwrap_or(0);
        let times = take(&mut members, "times")?.unwrap_or(1);
        let kind: FaultKind = serde_json::from_value(Value::Object(members.clone()))
            .map_err(|error| FaultError::Kind(error.to_string()))?;
        let of = kind.members();
        let unknown = members
            .into_iter()
            .map(|(member, _)| member)
            .find(|member| member != "fault" && !of.contains(&member.as_str()));
        if let Some(member) = unknown {
            return Err(FaultError::Unknown {
                fault: kind.name(),
                member,
                of,
            });
        }
        if times == 0 {
            return Err(FaultError::Never);
        }
        if let FaultKind::Status { status, .. } | FaultKind::Html { status } = kind
            && !(200..=599).contains(&status)
        {
            return Err(FaultError::Status(status));
        }
        Ok(Self {
            method,
            path,
            skip,
            times,
            kind,
        })
    }
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
    /// The bearer token of the request is expired from now on; a new one is good.
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

    /// What it takes beside what every fault takes.
    fn members(&self) -> &'static [&'static str] {
        match self {
            Self::Status { .. } => &["status", "retry_after"],
            Self::Html { .. } => &["status"],
            Self::Delay { .. } | Self::Invisible { .. } => &["milliseconds"],
            Self::ResetDuringBody { .. } | Self::ResetDuringReply { .. } => &["after"],
            Self::ResetBeforeBody
            | Self::LoseReply
            | Self::TruncateTarball
            | Self::CorruptTarball
            | Self::WrongIntegrity
            | Self::ExpireToken => &[],
        }
    }
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

    /// The first fault that strikes this request and that this place `plays`; it counts as used.
    pub(crate) fn strike(
        &self,
        method: &str,
        path: &str,
        plays: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        let mut armed = self.lock();
        let mut struck = None;
        for fault in armed.iter_mut() {
            let matches = fault
                .method
                .as_deref()
                .is_none_or(|wanted| wanted == method)
                && like(&fault.path, path)
                && plays(&fault.kind);
            if !matches {
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
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(json: Value) -> Result<Fault, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_fault_strikes_as_often_as_it_says_and_only_its_requests() {
        let faults = Faults::new(vec![
            fault(json!(
                {"fault": "status", "status": 503, "method": "PUT", "path": "/npm/*/tool", "skip": 1, "times": 2}
            ))
            .unwrap(),
        ]);
        let strikes = |method: &str, path: &str| faults.strike(method, path, |_| true).is_some();
        assert!(!strikes("GET", "/npm/d/x/tool"));
        assert!(!strikes("PUT", "/npm/d/x/tool"), "the first is skipped");
        assert!(strikes("PUT", "/npm/d/x/tool"));
        assert!(strikes("PUT", "/npm/d/y/tool"));
        assert!(!strikes("PUT", "/npm/d/x/tool"));
        assert!(faults.armed().is_empty());
    }

    #[test]
    fn a_fault_waits_for_a_place_that_plays_it() {
        let corrupt = fault(json!({"fault": "corrupt-tarball"})).unwrap();
        let faults = Faults::new(vec![corrupt]);
        assert!(faults.strike("GET", "/", |_| false).is_none());
        assert!(faults.strike("GET", "/", |_| true).is_some());
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for (json, part) in [
            (json!({"fault": "status"}), "status"),
            (json!({"fault": "nonsense"}), "nonsense"),
            (
                json!({"fault": "lose-reply", "patch": "*"}),
                "has no \"patch\"",
            ),
            (
                json!({"fault": "status", "status": 503, "after": 1}),
                "takes method, path, skip, times, status, retry_after",
            ),
            (json!({"fault": "lose-reply", "times": 0}), "at least 1"),
            (json!({"fault": "html", "status": 100}), "200 to 599"),
            (
                json!({"fault": "lose-reply", "skip": -1}),
                "not a fault: skip: ",
            ),
            (json!({"path": "*"}), "fault"),
        ] {
            let error = fault(json.clone()).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
        let whole =
            json!({"fault": "delay", "milliseconds": 5, "path": "/x", "skip": 0, "times": 1});
        let read = fault(whole.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), whole);
    }
}
