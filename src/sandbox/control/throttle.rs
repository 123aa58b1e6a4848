//! Token buckets: so many calls a second, then 429 with `Retry-After`.

use std::sync::{Mutex, PoisonError};

use super::error::ControlError;
use super::operations::Operation;
use crate::sandbox::config::Limits;

/// One bucket for each documented rate.
#[derive(Debug)]
pub(crate) struct Throttles {
    writes: Option<Bucket>,
    reads: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl Throttles {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            writes: limits.writes.map(Bucket::new),
            reads: limits.reads.map(Bucket::new),
            tokens: limits.tokens.map(Bucket::new),
        }
    }

    /// Lets an operation of the API through, or says when to come again.
    pub(super) fn admit(&self, operation: &Operation, now: i64) -> Result<(), ControlError> {
        if operation.name == "GetAuthorizationToken" {
            take(self.tokens.as_ref(), now).map_err(ControlError::throttled)
        } else {
            self.admit_npm(operation.writes, now)
                .map_err(ControlError::throttled)
        }
    }

    /// Lets a request to an npm endpoint through, or says in how many seconds to come again.
    pub(crate) fn admit_npm(&self, writes: bool, now: i64) -> Result<(), u32> {
        let bucket = if writes { &self.writes } else { &self.reads };
        take(bucket.as_ref(), now)
    }
}

fn take(bucket: Option<&Bucket>, now: i64) -> Result<(), u32> {
    match bucket {
        Some(bucket) if !bucket.take(now) => Err(1),
        _ => Ok(()),
    }
}

/// Holds one second's worth of calls and fills up evenly.
#[derive(Debug)]
struct Bucket {
    per_second: u32,
    /// Thousandths of a call that are left, and when that was counted.
    level: Mutex<(i64, i64)>,
}

impl Bucket {
    fn new(per_second: u32) -> Self {
        Self {
            per_second,
            level: Mutex::new((i64::from(per_second) * 1000, i64::MIN)),
        }
    }

    fn take(&self, now: i64) -> bool {
        let mut guard = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (level, counted) = *guard;
        let full = i64::from(self.per_second) * 1000;
        let elapsed = now.saturating_sub(counted).max(0);
        let filled = level
            .saturating_add(elapsed.saturating_mul(i64::from(self.per_second)))
            .min(full);
        let granted = filled >= 1000;
        *guard = (if granted { filled - 1000 } else { filled }, now);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_rate_and_fills_with_time() {
        let bucket = Bucket::new(2);
        assert!(bucket.take(0));
        assert!(bucket.take(0));
        assert!(!bucket.take(0));
        assert!(!bucket.take(499));
        assert!(bucket.take(500));
        assert!(!bucket.take(500));
    }
}
