//! The sandbox's clock: the system's, or one that a test or the admin API moves.
//!
//! Tokens, signatures, `time` fields and slow visibility all read this clock, so a test sees a
//! twelve-hour token expire without waiting.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// Where the sandbox takes its time from when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockStart {
    /// The system's clock; it can be moved later.
    #[default]
    System,
    /// Stands still at this many milliseconds since 1970 until it is moved.
    Fixed(i64),
}

/// A clock that can be moved forwards while requests read it.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Milliseconds added to the system's clock, or the standing time itself when frozen.
    base: AtomicI64,
    frozen: AtomicBool,
}

impl Clock {
    pub(crate) fn new(start: ClockStart) -> Self {
        let (base, frozen) = match start {
            ClockStart::System => (0, false),
            ClockStart::Fixed(milliseconds) => (milliseconds, true),
        };
        Self {
            base: AtomicI64::new(base),
            frozen: AtomicBool::new(frozen),
        }
    }

    /// Milliseconds since 1970, UTC.
    pub(crate) fn now(&self) -> i64 {
        let base = self.base.load(Ordering::Relaxed);
        if self.frozen.load(Ordering::Relaxed) {
            base
        } else {
            system_milliseconds().saturating_add(base)
        }
    }

    /// Seconds since 1970, UTC.
    pub(crate) fn now_seconds(&self) -> i64 {
        self.now().div_euclid(1000)
    }

    /// Moves the clock by `milliseconds`, backwards when negative.
    pub(crate) fn advance(&self, milliseconds: i64) {
        let _ = self
            .base
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |base| {
                Some(base.saturating_add(milliseconds))
            });
    }

    /// Stops the clock at `milliseconds` since 1970.
    pub(crate) fn freeze(&self, milliseconds: i64) {
        self.base.store(milliseconds, Ordering::Relaxed);
        self.frozen.store(true, Ordering::Relaxed);
    }

    /// Back to the system's clock.
    pub(crate) fn release(&self) {
        self.base.store(0, Ordering::Relaxed);
        self.frozen.store(false, Ordering::Relaxed);
    }
}

fn system_milliseconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or_default()
}

/// `2026-11-22T10:00:00.000Z`, as JavaScript prints it: the form of a packument's `time`.
pub(crate) fn iso8601(milliseconds: i64) -> String {
    let Ok(moment) =
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000)
    else {
        return String::new();
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        moment.year(),
        u8::from(moment.month()),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second(),
        moment.millisecond()
    )
}

/// Reads `20261122T100000Z`, the form of `x-amz-date`, as seconds since 1970.
pub(crate) fn parse_amz_date(text: &str) -> Option<i64> {
    let plain = text.is_ascii() && text.len() == 16 && text.get(8..9) == Some("T");
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    if !plain || !text.ends_with('Z') {
        return None;
    }
    let small = |from: usize| u8::try_from(number(from, from + 2)?).ok();
    let month = Month::try_from(small(4)?).ok()?;
    let date = Date::from_calendar_date(i32::from(number(0, 4)?), month, small(6)?).ok()?;
    let time = Time::from_hms(small(9)?, small(11)?, small(13)?).ok()?;
    Some(
        PrimitiveDateTime::new(date, time)
            .assume_utc()
            .unix_timestamp(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_stands_until_it_is_moved() {
        let clock = Clock::new(ClockStart::Fixed(1_000));
        assert_eq!(clock.now(), 1_000);
        clock.advance(43_200_000);
        assert_eq!(clock.now_seconds(), 43_201);
    }

    #[test]
    fn times_print_as_javascript_prints_them() {
        assert_eq!(iso8601(1_763_805_600_007), "2025-11-22T10:00:00.007Z");
    }

    #[test]
    fn amz_dates_are_basic_iso8601_in_utc() {
        assert_eq!(parse_amz_date("20251122T100000Z"), Some(1_763_805_600));
        assert_eq!(parse_amz_date("2025-11-22T10:00:00Z"), None);
    }
}
