//! JavaScript strings in Rust strings.
//!
//! A JavaScript string is a row of UTF-16 units and may hold half of a surrogate pair (`"\ud800"` in a package.json).
//! Such a unit `U` is kept as two characters: [`ESCAPE`] and `U+E000 + (U - 0xD800)`. A real [`ESCAPE`] (a Unicode
//! noncharacter, so in practice never seen) is kept as two of them, which makes the form unambiguous and lossless.
//! Strings without either are kept as they are, so ordinary code may treat them as ordinary text.

use std::borrow::Cow;

/// Announces half of a surrogate pair or, doubled, itself.
pub const ESCAPE: char = '\u{FDD0}';

const STAND_IN_START: u32 = 0xE000;
const SURROGATE_START: u32 = 0xD800;
const SURROGATE_COUNT: u32 = 0x800;

/// Turns text from outside JSON (a readme, a file name) into the kept form.
pub fn escape(plain: &str) -> Cow<'_, str> {
    if plain.contains(ESCAPE) {
        Cow::Owned(plain.replace(ESCAPE, "\u{FDD0}\u{FDD0}"))
    } else {
        Cow::Borrowed(plain)
    }
}

/// The UTF-16 units of a kept string, in order.
pub fn units(kept: &str) -> Vec<u16> {
    let mut units = Vec::with_capacity(kept.len());
    let mut characters = kept.chars().peekable();
    let mut buffer = [0u16; 2];
    while let Some(character) = characters.next() {
        if character == ESCAPE {
            match characters.peek().copied() {
                Some(ESCAPE) => {
                    characters.next();
                }
                Some(next) => {
                    if let Some(unit) = stood_for(next) {
                        characters.next();
                        units.push(unit);
                        continue;
                    }
                }
                None => {}
            }
        }
        units.extend_from_slice(character.encode_utf16(&mut buffer));
    }
    units
}

/// The kept form of a row of UTF-16 units.
pub fn from_units(units: &[u16]) -> String {
    let mut kept = String::with_capacity(units.len());
    for decoded in char::decode_utf16(units.iter().copied()) {
        match decoded {
            Ok(character) => push_character(&mut kept, character),
            Err(half) => push_half(&mut kept, half.unpaired_surrogate()),
        }
    }
    kept
}

/// The plain text of a kept string, or `None` if it holds half of a surrogate pair.
pub fn plain(kept: &str) -> Option<Cow<'_, str>> {
    if kept.contains(ESCAPE) {
        String::from_utf16(&units(kept)).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(kept))
    }
}

/// The plain text of a kept string with U+FFFD for each half of a pair, as Node encodes it for the system.
pub fn plain_lossy(kept: &str) -> Cow<'_, str> {
    if kept.contains(ESCAPE) {
        Cow::Owned(String::from_utf16_lossy(&units(kept)))
    } else {
        Cow::Borrowed(kept)
    }
}

/// The length JavaScript gives a kept string, in UTF-16 units.
pub fn length(kept: &str) -> usize {
    if kept.is_ascii() {
        kept.len()
    } else {
        units(kept).len()
    }
}

/// Whether JavaScript counts the character as white space or a line end (`\s`, `String.prototype.trim`).
///
/// Unlike Rust's notion it holds the byte order mark and not U+0085.
pub fn is_space(character: char) -> bool {
    character == '\u{FEFF}' || (character != '\u{85}' && character.is_whitespace())
}

/// `String.prototype.trim`.
pub fn trim(kept: &str) -> &str {
    kept.trim_matches(is_space)
}

pub(super) fn push_character(kept: &mut String, character: char) {
    if character == ESCAPE {
        kept.push(ESCAPE);
    }
    kept.push(character);
}

pub(super) fn push_half(kept: &mut String, unit: u16) {
    let stand_in = u32::from(unit)
        .checked_sub(SURROGATE_START)
        .and_then(|offset| char::from_u32(STAND_IN_START + offset));
    if let Some(stand_in) = stand_in {
        kept.push(ESCAPE);
        kept.push(stand_in);
    }
}

fn stood_for(stand_in: char) -> Option<u16> {
    u32::from(stand_in)
        .checked_sub(STAND_IN_START)
        .filter(|offset| *offset < SURROGATE_COUNT)
        .and_then(|offset| u16::try_from(SURROGATE_START + offset).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_and_the_escape_itself_survive_the_round_trip() {
        for original in [
            vec![0x61, 0xD800, 0x62],
            vec![0xDFFF],
            vec![0xFDD0, 0xFDD0, 0xE000],
            vec![0xFDD0, 0xD83D],
            vec![0xD83D, 0xDE00],
            vec![0xDE00, 0xD83D],
        ] {
            assert_eq!(units(&from_units(&original)), original);
        }
    }

    #[test]
    fn ordinary_text_is_kept_as_it_is() {
        assert_eq!(from_units(&units("a😀é")), "a😀é");
        assert_eq!(escape("a😀"), "a😀");
        assert_eq!(plain("a😀").as_deref(), Some("a😀"));
    }

    #[test]
    fn half_a_pair_has_no_plain_text() {
        let half = from_units(&[0xD800]);
        assert_eq!(plain(&half), None);
        assert_eq!(plain_lossy(&half), "\u{FFFD}");
        assert_eq!(length(&half), 1);
    }

    #[test]
    fn javascript_trims_the_byte_order_mark_and_leaves_next_line() {
        assert_eq!(trim("\u{FEFF}\u{a0} a \u{2028}\n"), "a");
        assert_eq!(trim("\u{85}a"), "\u{85}a");
    }
}
