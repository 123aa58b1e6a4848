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
    /// With the query, percent-encoded as it came.
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
