//! The alphabets of DEFLATE (RFC 1951 §3.2.5): how lengths and distances become a symbol plus extra
//! bits, and the fixed code (§3.2.6).
//!
//! All tables are computed when the crate is compiled.

/// Shortest match DEFLATE can express, in bytes.
pub(super) const MIN_MATCH: usize = 3;
/// Longest match DEFLATE can express, in bytes.
pub(super) const MAX_MATCH: usize = 258;

/// Literals 0-255, end of block 256, lengths 257-285.
pub(super) const LITLEN_SYMBOLS: usize = 286;
/// Distance symbols in use; 30 and 31 exist in the fixed code only.
pub(super) const DIST_SYMBOLS: usize = 30;
/// Symbols of the code that sends the code lengths.
pub(super) const BITLEN_SYMBOLS: usize = 19;
/// The symbol that ends a block.
pub(super) const END_BLOCK: usize = 256;

/// Longest code of the two main alphabets, in bits.
pub(super) const MAX_CODE_BITS: usize = 15;
/// Longest code of the code-length alphabet, in bits.
pub(super) const MAX_BITLEN_BITS: usize = 7;

/// Extra bits behind each length symbol, from 257 on.
pub(super) const LENGTH_EXTRA: [u8; 29] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
/// Extra bits behind each distance symbol.
pub(super) const DIST_EXTRA: [u8; DIST_SYMBOLS] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
];
/// Extra bits behind the repeat symbols 16, 17 and 18 of the code-length alphabet.
pub(super) const BITLEN_EXTRA: [u8; BITLEN_SYMBOLS] =
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7];
/// Order in which the lengths of the code-length code are sent.
pub(super) const BITLEN_ORDER: [u8; BITLEN_SYMBOLS] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Length minus 3 -> symbol minus 257.
pub(super) static LENGTH_CODE: [u8; 256] = length_code();
/// First length minus 3 of each length symbol.
pub(super) static LENGTH_BASE: [u8; 29] = length_base();
/// First distance minus 1 of each distance symbol.
pub(super) static DIST_BASE: [u16; DIST_SYMBOLS] = dist_base();
/// Distance minus 1 -> symbol: below 256 directly, above by its upper bits from index 256 on.
static DIST_CODE: [u8; 512] = dist_code();

/// Code lengths of the fixed literal/length code, with its two unused symbols.
pub(super) static FIXED_LITLEN_LENGTHS: [u8; 288] = fixed_litlen();

/// The symbol of a distance given as distance - 1, which is below 32,768.
#[inline(always)]
pub(super) fn dist_symbol(distance_minus_1: u32) -> usize {
    let index = if distance_minus_1 < 256 {
        distance_minus_1
    } else {
        256 + (distance_minus_1 >> 7)
    };
    usize::from(DIST_CODE[(index & 511) as usize])
}

const fn length_base() -> [u8; 29] {
    let mut base = [0_u8; 29];
    let mut next = 0_u8;
    let mut code = 0;
    while code < 28 {
        base[code] = next;
        // 28 codes cover 0..=255 in all: the last addition wraps and is not read.
        next = next.wrapping_add(1 << LENGTH_EXTRA[code]);
        code += 1;
    }
    // Length 258 has a symbol of its own, although the one before could reach it.
    base[28] = 255;
    base
}

const fn length_code() -> [u8; 256] {
    let base = length_base();
    let mut codes = [0_u8; 256];
    let mut code = 0_u8;
    let mut length = 0;
    while length < 256 {
        while code < 28 && base[code as usize + 1] as usize <= length {
            code += 1;
        }
        codes[length] = code;
        length += 1;
    }
    codes
}

const fn dist_base() -> [u16; DIST_SYMBOLS] {
    let mut base = [0_u16; DIST_SYMBOLS];
    let mut next = 0_u16;
    let mut code = 0;
    while code < DIST_SYMBOLS {
        base[code] = next;
        next = next.wrapping_add(1 << DIST_EXTRA[code]);
        code += 1;
    }
    base
}

const fn dist_code() -> [u8; 512] {
    let base = dist_base();
    let mut codes = [0_u8; 512];
    let mut index = 0;
    while index < 512 {
        let distance = if index < 256 {
            index
        } else {
            (index - 256) << 7
        };
        let mut code = 0_u8;
        while (code as usize) < DIST_SYMBOLS - 1 && base[code as usize + 1] as usize <= distance {
            code += 1;
        }
        codes[index] = code;
        index += 1;
    }
    codes
}

const fn fixed_litlen() -> [u8; 288] {
    let mut lengths = [8_u8; 288];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::{
        DIST_BASE, DIST_EXTRA, FIXED_LITLEN_LENGTHS, LENGTH_BASE, LENGTH_CODE, LENGTH_EXTRA,
        dist_symbol,
    };

    #[test]
    fn every_length_lies_in_the_range_of_its_symbol() {
        for length_minus_3 in 0..=255_u8 {
            let symbol = usize::from(LENGTH_CODE[usize::from(length_minus_3)]);
            let beyond = u32::from(length_minus_3 - LENGTH_BASE[symbol]);
            assert!(beyond < 1 << LENGTH_EXTRA[symbol], "{length_minus_3}");
        }
        assert_eq!(LENGTH_CODE[255], 28, "258 has a symbol of its own");
    }

    #[test]
    fn every_distance_lies_in_the_range_of_its_symbol() {
        for distance_minus_1 in 0..32_768_u32 {
            let symbol = dist_symbol(distance_minus_1);
            let beyond = distance_minus_1 - u32::from(DIST_BASE[symbol]);
            assert!(beyond < 1 << DIST_EXTRA[symbol], "{distance_minus_1}");
        }
    }

    #[test]
    fn the_fixed_code_is_rfc_1951s() {
        let mut counts = [0; 10];
        for &length in &FIXED_LITLEN_LENGTHS {
            counts[usize::from(length)] += 1;
        }
        assert_eq!(counts, [0, 0, 0, 0, 0, 0, 0, 24, 152, 112]);
    }
}
