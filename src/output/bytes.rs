//! Sizes as npm prints them.

/// A number of bytes in decimal units with one decimal, up to gigabytes:
/// `20B`, `1.2kB`; the separator stands between number and unit.
///
/// Source: npm 11.19.1, `lib/utils/format-bytes.js`.
#[expect(
    clippy::cast_precision_loss,
    reason = "npm computes in doubles too; this is for reading"
)]
pub fn format_bytes(bytes: u64, separator: &str) -> String {
    let (unit, divisor) = match bytes {
        0..1_000 => return format!("{bytes}{separator}B"),
        1_000..999_950 => ("kB", 1e3),
        999_950..999_950_000 => ("MB", 1e6),
        _ => ("GB", 1e9),
    };
    format!("{}{separator}{unit}", to_fixed_1(bytes as f64 / divisor))
}

/// JavaScript's `toFixed(1)`: as Rust's rounding, but exact ties go up.
fn to_fixed_1(value: f64) -> String {
    // A double is exactly between two tenths only where it is an odd quarter.
    let tie = (value * 4.0).fract() == 0.0 && (value * 2.0).fract() != 0.0;
    let value = if tie { value + 0.01 } else { value };
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_rounding_are_npms() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1_000, "1.0kB"),
            (1_250, "1.3kB"),
            (1_350, "1.4kB"),
            (1_450, "1.4kB"),
            (1_750, "1.8kB"),
            (999_949, "999.9kB"),
            (999_950, "1.0MB"),
            (999_950_000, "1.0GB"),
            (12_345_678_901, "12.3GB"),
        ] {
            assert_eq!(format_bytes(bytes, ""), text, "{bytes}");
        }
        assert_eq!(format_bytes(1_234, " "), "1.2 kB");
    }
}
