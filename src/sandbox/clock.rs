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

/// `Sun, 22 Nov 2026 10:00:00 GMT`, the form of a `Date` header (RFC 9110, 5.6.7).
pub(crate) fn http_date(milliseconds: i64) -> String {
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000)) else {
        return String::new();
    };
    // Both names are ASCII and longer than three letters, but for May.
    let (weekday, month) = (moment.weekday().to_string(), moment.month().to_string());
    format!(
        "{weekday:.3}, {:02} {month:.3} {:04} {:02}:{:02}:{:02} GMT",
        moment.day(),
        moment.year(),
        moment.hour(),
        moment.minute(),
        moment.second()
    )
}

/// Reads `20261122T100000Z`, the form of `x-amz-date`, as seconds since 1970.
pub(crate) fn parse_amz_date(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let plain = date.len() == 8 && time.len() == 6;
    let part = |of: &str, from: usize, to: usize| of.get(from..to)?.parse::<u16>().ok();
    if !plain {
        return None;
    }
    seconds(
        [part(date, 0, 4)?, part(date, 4, 6)?, part(date, 6, 8)?],
        [part(time, 0, 2)?, part(time, 2, 4)?, part(time, 4, 6)?],
    )
}

/// Reads what [`iso8601`] writes, with or without a fraction, as milliseconds since 1970.
pub(crate) fn parse_iso8601(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let three = |text: &str, separator: char| {
        let mut parts = text.split(separator).map(|part| part.parse::<u16>().ok());
        let parts = [parts.next()??, parts.next()??, parts.next()??];
        Some(parts)
    };
    let milliseconds: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(seconds(three(date, '-')?, three(time, ':')?)? * 1000 + milliseconds)
}

/// Year, month and day; hour, minute and second.
fn seconds(date: [u16; 3], time: [u16; 3]) -> Option<i64> {
    let small = |number: u16| u8::try_from(number).ok();
    let month = Month::try_from(small(date[1])?).ok()?;
    let date = Date::from_calendar_date(i32::from(date[0]), month, small(date[2])?).ok()?;
    let time = Time::from_hms(small(time[0])?, small(time[1])?, small(time[2])?).ok()?;
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
        let written = http_date(1_763_805_600_007);
        assert_eq!(written, "Sat, 22 Nov 2025 10:00:00 GMT");
        let read = OffsetDateTime::parse(&written, &time::format_description::well_known::Rfc2822);
        assert_eq!(read.map(OffsetDateTime::unix_timestamp), Ok(1_763_805_600));
        for (text, expected) in [
            ("2025-11-22T10:00:00.007Z", Some(1_763_805_600_007)),
            ("2025-11-22T10:00:00Z", Some(1_763_805_600_000)),
            ("2025-11-22T10:00:00.5Z", Some(1_763_805_600_500)),
            ("2025-13-22T10:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_iso8601(text), expected, "{text}");
        }
    }

    #[test]
    fn amz_dates_are_basic_iso8601_in_utc() {
        assert_eq!(parse_amz_date("20251122T100000Z"), Some(1_763_805_600));
        assert_eq!(parse_amz_date("2025-11-22T10:00:00Z"), None);
    }
}
