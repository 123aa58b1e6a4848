//! What the parser hands to the block writer: literals and matches.

use super::codes::MIN_MATCH;

/// A literal byte or a match.
///
/// Bits 0-7: the byte, or the length minus 3. Bit 8: is a match. Bit 9: begins where the parser searched
/// with nothing pending (see [`Token::is_clean`]). Bits 16-31: the distance minus 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token(u32);

const MATCH: u32 = 1 << 8;
const CLEAN: u32 = 1 << 9;

impl Token {
    #[inline(always)]
    pub(super) fn literal(byte: u8) -> Self {
        Self(u32::from(byte))
    }

    /// A match of 3 to 258 bytes at a distance of 1 to 32,768.
    #[inline(always)]
    pub(super) fn matched(length: usize, distance: usize) -> Self {
        Self((length - MIN_MATCH) as u32 & 0xff | MATCH | (distance as u32 - 1) << 16)
    }

    /// The literal, or 256 plus the length minus 3: below 512.
    #[inline(always)]
    pub(super) fn value_index(self) -> usize {
        (self.0 & 0x1ff) as usize
    }

    /// For a match its distance minus 1, below 32,768.
    #[inline(always)]
    pub(super) fn distance_minus_1(self) -> Option<u32> {
        (self.0 & MATCH != 0).then_some(self.0 >> 16)
    }

    /// How many bytes it stands for.
    #[inline(always)]
    pub(super) fn len(self) -> usize {
        if self.0 & MATCH == 0 {
            1
        } else {
            (self.0 & 0xff) as usize + MIN_MATCH
        }
    }

    /// Whether no match was pending when the parser searched at this token's first byte. From there on the
    /// parse depends on the data alone: two parses that are both clean at a position are equal behind it.
    #[inline(always)]
    pub(super) fn is_clean(self) -> bool {
        self.0 & CLEAN != 0
    }

    #[inline(always)]
    pub(super) fn with_clean(self, is_clean: bool) -> Self {
        if is_clean { Self(self.0 | CLEAN) } else { self }
    }
}
