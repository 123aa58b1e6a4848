//! Sequences in braces: `1..5`, `05..1..2`, `a..e`.

use super::{Results, Symbol};

/// A body of the form `1..5`, `05..1..2` or `a..e`.
pub(super) struct Sequence {
    from: f64,
    to: f64,
    step: f64,
    letters: bool,
    /// Digits to fill up to with zeros, when any bound is written with a leading zero.
    width: Option<usize>,
}

impl Sequence {
    pub(super) fn parse(body: &[Symbol]) -> Option<Self> {
        let text: String = body
            .iter()
            .map(|symbol| {
                u8::try_from(*symbol)
                    .ok()
                    .filter(u8::is_ascii)
                    .map(char::from)
            })
            .collect::<Option<_>>()?;
        let parts: Vec<&str> = text.split("..").collect();
        let (from, to, step) = match parts.as_slice() {
            [from, to] => (*from, *to, None),
            [from, to, step] => (*from, *to, Some(*step)),
            _ => return None,
        };
        if !step.is_none_or(is_integer) {
            return None;
        }
        let letters = is_letter(from) && is_letter(to);
        let numbers = is_integer(from) && is_integer(to);
        if !letters && !numbers {
            return None;
        }
        let width = from.len().max(to.len());
        let padded = parts.iter().any(|part| is_padded(part)).then_some(width);
        Some(Self {
            from: bound(from)?,
            to: bound(to)?,
            step: step.map_or(Some(1.0), bound)?.abs().max(1.0),
            letters,
            width: padded,
        })
    }

    pub(super) fn values(&self) -> Vec<Vec<Symbol>> {
        let mut results = Results::default();
        let mut current = self.from;
        loop {
            let done = if self.to < self.from {
                current < self.to
            } else {
                current > self.to
            };
            if done || !results.push(self.render(current)) {
                return results.list;
            }
            let next = if self.to < self.from {
                current - self.step
            } else {
                current + self.step
            };
            if next.to_bits() == current.to_bits() {
                // Beyond 2^53 a step of one changes nothing: npm fills the list up to its limit.
                while results.push(self.render(current)) {}
                return results.list;
            }
            current = next;
        }
    }

    fn render(&self, value: f64) -> Vec<Symbol> {
        if self.letters {
            // The bounds are ASCII letters, so every value between them is ASCII.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two ASCII letters"
            )]
            let unit = value as u8;
            return if unit == b'\\' {
                Vec::new()
            } else {
                vec![Symbol::from(unit)]
            };
        }
        let mut text = number_text(value);
        if let Some(width) = self.width
            && text.len() < width
        {
            let zeros = "0".repeat(width - text.len());
            text = match text.strip_prefix('-') {
                Some(digits) => format!("-{zeros}{digits}"),
                None => format!("{zeros}{text}"),
            };
        }
        text.bytes().map(Symbol::from).collect()
    }
}

/// `String(value)` for a whole number.
fn number_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() < 1e21 {
        return format!("{value:.0}");
    }
    let text = format!("{value:e}");
    // Rust writes `1e21`, JavaScript `1e+21`.
    text.replacen('e', "e+", 1)
}

fn is_letter(text: &str) -> bool {
    text.len() == 1 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `/^-?0\d/`.
fn is_padded(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    digits.len() > 1 && digits.first() == Some(&b'0')
}

/// A bound as a number: the digits, or the code of the letter.
fn bound(text: &str) -> Option<f64> {
    if is_integer(text) {
        text.parse().ok()
    } else {
        text.bytes().next().map(f64::from)
    }
}
