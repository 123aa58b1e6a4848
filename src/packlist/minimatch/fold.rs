//! Case folding as JavaScript's `i` flag does it, and the name being matched.
//!
//! Rules compare without case, always (npm sets minimatch's `nocase`). What that means for a
//! non-ASCII letter is ECMA-262's *Canonicalize*: without the `u` flag the upper case of one
//! UTF-16 unit, unless that is longer than one unit or crosses from non-ASCII into ASCII; with the
//! `u` flag the simple case folding of one code point. The few shapes that minimatch tests without
//! a regular expression (`*.ext`, `??.ext`) use `String.prototype.toLowerCase` instead, which is
//! not the same relation (the Kelvin sign lowers to `k`, but its upper case is itself).
//!
//! Source: ECMA-262 §22.2.2.7.3 Canonicalize; minimatch 10.2.5 (`starDotExtTestNocaseDot`).

use std::borrow::Cow;
use std::sync::OnceLock;

use icu_casemap::CaseMapper;

/// One path part together with the forms in which patterns look at it, each made at most once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Name {
    text: Box<str>,
    /// `None` when the text is its own canonical form.
    canonical: Option<Box<str>>,
    ascii: bool,
    lower: OnceLock<Box<str>>,
    units: OnceLock<Box<[u16]>>,
}

impl Name {
    pub(crate) fn new(text: &str) -> Self {
        let canonical = match canonical(text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(folded) => Some(folded.into_boxed_str()),
        };
        Self {
            text: text.into(),
            canonical,
            ascii: text.is_ascii(),
            lower: OnceLock::new(),
            units: OnceLock::new(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The form in which two names are equal exactly when the `i` flag says so.
    pub(crate) fn canonical(&self) -> &str {
        self.canonical.as_deref().unwrap_or(&self.text)
    }

    /// `toLowerCase()` of the whole name.
    pub(crate) fn lower(&self) -> &str {
        self.lower
            .get_or_init(|| self.text.to_lowercase().into_boxed_str())
    }

    /// Whether `toLowerCase()` of the name ends with `suffix`, itself already lowered.
    pub(crate) fn lower_ends_with(&self, suffix: &str) -> bool {
        if self.ascii {
            let (name, suffix) = (self.text.as_bytes(), suffix.as_bytes());
            name.len() >= suffix.len()
                && name
                    .iter()
                    .rev()
                    .zip(suffix.iter().rev())
                    .all(|(ours, theirs)| ours.to_ascii_lowercase() == *theirs)
        } else {
            self.lower().ends_with(suffix)
        }
    }

    /// The name's UTF-16 units, not folded.
    pub(crate) fn units(&self) -> &[u16] {
        self.units
            .get_or_init(|| self.text.encode_utf16().collect())
    }

    /// `name.length` in JavaScript.
    pub(crate) fn unit_count(&self) -> usize {
        if self.ascii {
            self.text.len()
        } else {
            self.units().len()
        }
    }

    pub(crate) fn is_ascii(&self) -> bool {
        self.ascii
    }
}

/// Folds a whole string the way the `i` flag without `u` compares its UTF-16 units.
pub(crate) fn canonical(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Cow::Owned(text.to_ascii_uppercase());
        }
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(canonical_char).collect())
}

/// *Canonicalize* without `u`. A character outside the BMP is two units, and a surrogate has no case.
fn canonical_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    if u32::from(character) > 0xFFFF {
        return character;
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) if !single.is_ascii() && u32::from(single) <= 0xFFFF => single,
        _ => character,
    }
}

/// *Canonicalize* without `u`, of one UTF-16 unit.
pub(crate) fn canonical_unit(unit: u16) -> u16 {
    match char::from_u32(u32::from(unit)) {
        // The canonical form of a BMP character is a BMP character.
        Some(character) => u16::try_from(u32::from(canonical_char(character))).unwrap_or(unit),
        None => unit,
    }
}

/// *Canonicalize* with `u`, of one code point (a lone surrogate is itself).
pub(crate) fn simple_fold(point: u32) -> u32 {
    match char::from_u32(point) {
        Some(character) => u32::from(CaseMapper::new().simple_fold(character)),
        None => point,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_fold_by_their_single_upper_case() {
        for (one, other, same) in [
            ("readme", "README", true),
            ("é", "É", true),
            ("ß", "ss", false),
            ("ß", "ẞ", false),
            ("ς", "σ", true),
            ("\u{212A}", "k", false),
            ("\u{17F}", "s", false),
            ("ı", "I", false),
            ("ŉ", "ʼN", false),
            ("µ", "μ", true),
            ("𐐀", "𐐨", false),
        ] {
            assert_eq!(canonical(one) == canonical(other), same, "{one} {other}");
        }
    }

    #[test]
    fn simple_folding_crosses_into_ascii() {
        assert_eq!(simple_fold(0x212A), u32::from('k'));
        assert_eq!(simple_fold(0x10400), 0x10428);
    }
}
