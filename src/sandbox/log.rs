//! The request log: what each client asked for and what became of it.
//!
//! Held in memory, newest last, so that a test can assert what a client did. Tokens, signatures
//! and bodies are not in it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Older entries make room.
const CAPACITY: usize = 10_000;

/// One request.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// Counts from 1 for each sandbox.
    pub(crate) number: u64,
    pub(crate) time: String,
    pub(crate) method: String,
    pub(crate) host: String,
    /// With the query, percent-encoded as it came, without what gives access.
    pub(crate) path: String,
    /// The ARN of whoever proved an identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) principal: Option<String>,
    /// The last IAM action that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<String>,
    /// `allowed`, or why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<String>,
    /// The faults that were played on the request, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
    /// The status that was decided on, even where a fault kept it from the client.
    pub(crate) status: u16,
    /// The error type of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_agent: Option<String>,
}

impl Entry {
    /// Notes a fault that was played.
    pub(crate) fn struck(&mut self, fault: &str) {
        self.fault = Some(match self.fault.take() {
            Some(before) => format!("{before}, {fault}"),
            None => fault.to_owned(),
        });
    }
}

/// Parameters of a query that give access: a web identity, and what presigned URLs carry.
const SECRETS: &[&str] = &[
    "WebIdentityToken",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
];

/// A path with its query as it is logged: nothing in it gives access.
pub(crate) fn shown(path: &str, query: Option<&str>) -> String {
    let Some(query) = query else {
        return path.to_owned();
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if SECRETS.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
                format!("{name}=***")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: Mutex<(u64, VecDeque<Entry>)>,
}

impl Log {
    pub(crate) fn push(&self, mut entry: Entry) {
        let mut guard = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, entries) = &mut *guard;
        *count += 1;
        entry.number = *count;
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// Every entry with a number above `after`, oldest first.
    pub(crate) fn after(&self, after: u64) -> Vec<Entry> {
        let guard = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        guard
            .1
            .iter()
            .filter(|entry| entry.number > after)
            .cloned()
            .collect()
    }

    /// Forgets every entry.
    pub(crate) fn clear(&self) {
        let mut guard = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        guard.1.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_access_is_not_shown() {
        for (query, expected) in [
            (None, "/x"),
            (Some("a=b&c"), "/x?a=b&c"),
            (
                Some("X-Amz-Expires=900&X-Amz-Signature=abc"),
                "/x?X-Amz-Expires=900&X-Amz-Signature=***",
            ),
            (
                Some("Action=AssumeRoleWithWebIdentity&WebIdentityToken=a.b.c"),
                "/x?Action=AssumeRoleWithWebIdentity&WebIdentityToken=***",
            ),
            (
                Some("x-amz-security-token=t"),
                "/x?x-amz-security-token=***",
            ),
        ] {
            assert_eq!(shown("/x", query), expected);
        }
    }
}
