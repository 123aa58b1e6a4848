//! One block: which of the three forms, its header and its symbols, as zlib's `trees.c` decides them.
//!
//! Source of the rules: zlib 1.3.1, `trees.c` (`_tr_flush_block`, `build_bl_tree`, `scan_tree`,
//! `send_tree`). zlib stores a block only while its bytes are still in the window. That is no condition
//! here: a block that is cheaper stored than under the fixed code has at most 5,461 matches among its
//! 16,383 symbols and so less than 32,506 bytes, which are always still there.

use super::bits::BitWriter;
use super::codes::{
    BITLEN_EXTRA, BITLEN_ORDER, BITLEN_SYMBOLS, DIST_BASE, DIST_EXTRA, DIST_SYMBOLS, END_BLOCK,
    FIXED_LITLEN_LENGTHS, LENGTH_BASE, LENGTH_CODE, LENGTH_EXTRA, LITLEN_SYMBOLS, MAX_BITLEN_BITS,
    MAX_CODE_BITS, MIN_MATCH, dist_symbol,
};
use super::huffman::{Code, canonical};
use super::token::Token;

/// How often each symbol occurs in a block.
pub(super) struct Counts {
    litlen: [u32; LITLEN_SYMBOLS],
    dist: [u32; DIST_SYMBOLS],
    /// Bytes that the block stands for.
    pub(super) bytes: u64,
}

impl Counts {
    pub(super) fn of(tokens: &[Token]) -> Self {
        // Literals in the lower half, match lengths in the upper one.
        let mut values = [0_u32; 512];
        let mut dist = [0_u32; 32];
        for token in tokens {
            values[token.value_index()] += 1;
            if let Some(distance_minus_1) = token.distance_minus_1() {
                dist[dist_symbol(distance_minus_1) & 31] += 1;
            }
        }
        let mut litlen = [0_u32; LITLEN_SYMBOLS];
        litlen[..256].copy_from_slice(&values[..256]);
        litlen[END_BLOCK] = 1;
        for (&code, &count) in LENGTH_CODE.iter().zip(&values[256..]) {
            litlen[END_BLOCK + 1 + usize::from(code)] += count;
        }
        let (literals, lengths) = values.split_at(256);
        let literals: u64 = literals.iter().copied().map(u64::from).sum();
        let matched = (MIN_MATCH as u64..).zip(lengths);
        let mut counts = Self {
            litlen,
            dist: [0; DIST_SYMBOLS],
            bytes: literals
                + matched
                    .map(|(length, &count)| length * u64::from(count))
                    .sum::<u64>(),
        };
        counts.dist.copy_from_slice(&dist[..DIST_SYMBOLS]);
        counts
    }

    /// Bits behind the codes, the same whichever code is used.
    fn extra_bits(&self) -> u64 {
        let weigh = |(&count, &extra): (&u32, &u8)| u64::from(count) * u64::from(extra);
        let lengths = self.litlen[END_BLOCK + 1..]
            .iter()
            .zip(&LENGTH_EXTRA)
            .map(weigh)
            .sum::<u64>();
        lengths + self.dist.iter().zip(&DIST_EXTRA).map(weigh).sum::<u64>()
    }

    /// Bits of all codes under the fixed code.
    fn fixed_bits(&self) -> u64 {
        let weigh = |(&count, &length): (&u32, &u8)| u64::from(count) * u64::from(length);
        let litlen = self
            .litlen
            .iter()
            .zip(&FIXED_LITLEN_LENGTHS)
            .map(weigh)
            .sum::<u64>();
        litlen + 5 * self.dist.iter().map(|&count| u64::from(count)).sum::<u64>()
    }
}

/// Code lengths written as runs: (symbol of the code-length alphabet, value of its extra bits).
struct LengthRuns {
    runs: Vec<(u8, u8)>,
}

impl LengthRuns {
    /// Appends the lengths of one alphabet; a run never reaches over into the next one.
    fn append(&mut self, lengths: &[u8]) {
        let mut rest = lengths;
        let mut previous = None;
        while let Some(&length) = rest.first() {
            let same = rest.iter().take_while(|&&other| other == length).count();
            // A repeat of the length before needs that length sent once; a run of zeros stands alone.
            let (taken, runs) = match (length, previous == Some(length)) {
                (0, _) => (same.min(138), 1),
                (_, true) => (same.min(6), 1),
                (_, false) => (same.min(7), 2),
            };
            let minimum = if length == 0 || runs == 1 { 3 } else { 4 };
            if taken < minimum {
                for _ in 0..taken {
                    self.runs.push((length, 0));
                }
            } else if length == 0 {
                let run = if taken <= 10 {
                    (17, taken - 3)
                } else {
                    (18, taken - 11)
                };
                self.runs.push((run.0, run.1 as u8));
            } else {
                if runs == 2 {
                    self.runs.push((length, 0));
                }
                self.runs.push((16, (taken - minimum) as u8));
            }
            previous = Some(length);
            rest = &rest[taken..];
        }
    }
}

/// The codes of a dynamic block and how they are sent.
struct Dynamic {
    litlen: Code<LITLEN_SYMBOLS>,
    dist: Code<DIST_SYMBOLS>,
    bitlen: Code<BITLEN_SYMBOLS>,
    runs: Vec<(u8, u8)>,
    /// How many lengths of the code-length code are sent.
    bitlen_sent: usize,
    /// Bits of the header behind its first three, and of all codes; extra bits of symbols not counted.
    bits: u64,
}

impl Dynamic {
    fn build(counts: &Counts) -> Self {
        let litlen = Code::build(&counts.litlen, MAX_CODE_BITS);
        let dist = Code::build(&counts.dist, MAX_CODE_BITS);
        let mut runs = LengthRuns {
            runs: Vec::with_capacity(LITLEN_SYMBOLS + DIST_SYMBOLS),
        };
        runs.append(&litlen.lengths[..=litlen.max_symbol]);
        runs.append(&dist.lengths[..=dist.max_symbol]);
        let runs = runs.runs;
        let mut run_counts = [0_u32; BITLEN_SYMBOLS];
        for &(symbol, _) in &runs {
            run_counts[usize::from(symbol)] += 1;
        }
        let bitlen = Code::build(&run_counts, MAX_BITLEN_BITS);
        let is_sent = |&symbol: &u8| bitlen.lengths[usize::from(symbol)] != 0;
        let bitlen_sent = BITLEN_ORDER
            .iter()
            .rposition(is_sent)
            .map_or(4, |last| (last + 1).max(4));
        let run_extra: u64 = (run_counts.iter().zip(&BITLEN_EXTRA))
            .map(|(&count, &extra)| u64::from(count) * u64::from(extra))
            .sum();
        let header = 5 + 5 + 4 + 3 * bitlen_sent as u64 + bitlen.cost(&run_counts) + run_extra;
        let bits = header + litlen.cost(&counts.litlen) + dist.cost(&counts.dist);
        Self {
            litlen,
            dist,
            bitlen,
            runs,
            bitlen_sent,
            bits,
        }
    }

    fn write_header(&self, out: &mut BitWriter) {
        out.put(self.litlen.max_symbol as u64 + 1 - 257, 5);
        out.put(self.dist.max_symbol as u64, 5);
        out.put(self.bitlen_sent as u64 - 4, 4);
        for &symbol in &BITLEN_ORDER[..self.bitlen_sent] {
            out.put(u64::from(self.bitlen.lengths[usize::from(symbol)]), 3);
        }
        for &(symbol, extra) in &self.runs {
            let symbol = usize::from(symbol);
            let length = u32::from(self.bitlen.lengths[symbol]);
            out.put(u64::from(self.bitlen.codes[symbol]), length);
            out.put(u64::from(extra), u32::from(BITLEN_EXTRA[symbol]));
        }
    }
}

/// The bits of every token value under one code, extra bits of the length included.
struct TokenCodes {
    /// Literals, then lengths: bits in the low 24, their number above.
    values: [u32; 512],
    /// Distance symbols: code in the low 16, its length above.
    dist: [u32; 32],
    end: (u64, u32),
}

impl TokenCodes {
    fn new(litlen: (&[u16], &[u8]), dist: (&[u16], &[u8])) -> Self {
        let mut values = [0_u32; 512];
        for (value, (&code, &length)) in values
            .iter_mut()
            .zip(litlen.0.iter().zip(litlen.1))
            .take(256)
        {
            *value = u32::from(code) | u32::from(length) << 24;
        }
        for (value, (length_minus_3, &symbol)) in
            values[256..].iter_mut().zip(LENGTH_CODE.iter().enumerate())
        {
            let symbol = usize::from(symbol);
            let (code, bits) = (
                litlen.0[END_BLOCK + 1 + symbol],
                litlen.1[END_BLOCK + 1 + symbol],
            );
            let extra = length_minus_3 as u32 - u32::from(LENGTH_BASE[symbol]);
            *value = u32::from(code) | extra << bits | u32::from(bits + LENGTH_EXTRA[symbol]) << 24;
        }
        let mut dists = [0_u32; 32];
        for (value, (&code, &length)) in dists.iter_mut().zip(dist.0.iter().zip(dist.1)) {
            *value = u32::from(code) | u32::from(length) << 16;
        }
        let end = (
            u64::from(litlen.0[END_BLOCK]),
            u32::from(litlen.1[END_BLOCK]),
        );
        Self {
            values,
            dist: dists,
            end,
        }
    }

    fn write(&self, tokens: &[Token], out: &mut BitWriter) {
        for token in tokens {
            let value = self.values[token.value_index()];
            let mut bits = u64::from(value & 0x00ff_ffff);
            let mut count = value >> 24;
            if let Some(distance_minus_1) = token.distance_minus_1() {
                let symbol = dist_symbol(distance_minus_1);
                let code = self.dist[symbol & 31];
                bits |= u64::from(code & 0xffff) << count;
                count += code >> 16;
                let extra = distance_minus_1 - u32::from(DIST_BASE[symbol]);
                bits |= u64::from(extra) << count;
                count += u32::from(DIST_EXTRA[symbol]);
            }
            out.put(bits, count);
        }
        out.put(self.end.0, self.end.1);
    }
}

/// Appends one block under the fixed code or one of its own. Writes nothing and returns false if it is
/// better stored.
pub(super) fn write_coded(
    tokens: &[Token],
    counts: &Counts,
    is_last: bool,
    out: &mut BitWriter,
) -> bool {
    let dynamic = Dynamic::build(counts);
    let extra = counts.extra_bits();
    let fixed_bits = counts.fixed_bits() + extra;
    let dynamic_bits = dynamic.bits + extra;
    let fixed_bytes = (fixed_bits + 3).div_ceil(8);
    let dynamic_bytes = (dynamic_bits + 3).div_ceil(8);
    let last = u64::from(is_last);
    if counts.bytes + 4 <= fixed_bytes.min(dynamic_bytes) {
        return false;
    }
    if fixed_bytes <= dynamic_bytes {
        out.reserve_bits(fixed_bits + 64);
        out.put(last | 1 << 1, 3);
        let codes = canonical(&FIXED_LITLEN_LENGTHS);
        let dist_lengths = [5_u8; 32];
        let dist = canonical(&dist_lengths);
        TokenCodes::new((&codes, &FIXED_LITLEN_LENGTHS), (&dist, &dist_lengths)).write(tokens, out);
    } else {
        out.reserve_bits(dynamic_bits + 64);
        out.put(last | 2 << 1, 3);
        dynamic.write_header(out);
        let litlen = (&dynamic.litlen.codes[..], &dynamic.litlen.lengths[..]);
        let dist = (&dynamic.dist.codes[..], &dynamic.dist.lengths[..]);
        TokenCodes::new(litlen, dist).write(tokens, out);
    }
    true
}

/// Begins a stored block of `length` bytes, which are to follow.
pub(super) fn start_stored(length: u16, is_last: bool, out: &mut BitWriter) {
    out.put(u64::from(is_last), 3);
    out.align();
    out.put_bytes(&length.to_le_bytes());
    out.put_bytes(&(!length).to_le_bytes());
}
