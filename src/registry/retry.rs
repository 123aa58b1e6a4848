//! When to try again, and how long to wait before it.
//!
//! npm's numbers (`fetch-retries`, `fetch-retry-mintimeout`, ...) are kept
//! where they are set; without them consign waits less than npm's ten seconds,
//! because it looks before it tries again whether the last try arrived.

use std::time::Duration;

/// How often a request is repeated, and after what waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Tries after the first.
    pub retries: u32,
    /// The wait before the first repetition.
    pub first_wait: Duration,
    /// By how much each wait is longer than the one before.
    pub factor: f64,
    /// No wait is longer, whatever the registry asks for.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 2,
            first_wait: Duration::from_secs(1),
            factor: 10.0,
            longest_wait: Duration::from_mins(1),
        }
    }
}

impl RetryPolicy {
    /// The wait before repetition number `repetition` (from 0), or `None` when
    /// there shall be none. A `Retry-After` of the registry replaces the
    /// computed wait.
    pub fn wait(&self, repetition: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if repetition >= self.retries {
            return None;
        }
        let computed = self.first_wait.as_secs_f64() * self.factor.powf(f64::from(repetition));
        let computed = Duration::try_from_secs_f64(computed).unwrap_or(self.longest_wait);
        Some(retry_after.unwrap_or(computed).min(self.longest_wait))
    }
}

/// Statuses after which npm repeats a request, PUT included.
pub fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 420 | 429) || status >= 500
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy {
            retries: 3,
            ..RetryPolicy::default()
        };
        let waits: Vec<_> = (0..4)
            .map(|n| policy.wait(n, None).map(|w| w.as_secs()))
            .collect();
        assert_eq!(waits, [Some(1), Some(10), Some(60), None]);
    }

    #[test]
    fn the_registrys_wish_counts_up_to_the_limit() {
        let policy = RetryPolicy::default();
        let wait = |seconds| policy.wait(0, Some(Duration::from_secs(seconds)));
        assert_eq!(wait(5), Some(Duration::from_secs(5)));
        assert_eq!(wait(3600), Some(Duration::from_mins(1)));
    }

    #[test]
    fn npms_transient_statuses() {
        let transient: Vec<_> = (200..=599).filter(|&status| is_transient(status)).collect();
        assert_eq!(transient[..3], [408, 420, 429]);
        assert_eq!(transient[3..], (500..=599).collect::<Vec<_>>());
    }
}
