//! The last bytes of the input and the dictionary over them.
//!
//! Positions are 16-bit: the window holds two times 32 KiB and its upper half moves down when it is full, as
//! in zlib. Position 0 is never matched, because 0 ends a chain.
//!
//! zlib keeps chains of positions with equal hash of four bytes and looks at the first 4,096 of a chain. Here
//! these chains are only counted: each position has a rank, its number in zlib's chain, so that "among the
//! first 4,096" is a subtraction. What is walked are other chains with fewer positions that cannot match: one
//! over four bytes (of the fourth without its highest bit, see `search`) and one over eight.
//!
//! All of this depends on the data alone. The short chains are filled in ahead of the parser, the long ones when it
//! first needs them.

use wide::u16x8;

/// zlib's `w_size`: half of the window, and the unit in which it moves.
pub(super) const HALF: usize = 32_768;
/// Bytes the window holds.
pub(super) const WINDOW: usize = 2 * HALF;
/// zlib's `MIN_LOOKAHEAD`: the parser stops for more input when fewer bytes are left.
pub(super) const MIN_LOOKAHEAD: usize = 262;
/// zlib's `MAX_DIST`: the farthest match.
pub(super) const MAX_DISTANCE: usize = HALF - MIN_LOOKAHEAD;

/// The bytes' array is longer than the window, so that `position + length` needs no check: reads beyond the
/// window see zeros and their result is cut to the lookahead.
const BYTES: usize = 2 * WINDOW + 8;

/// Bytes that the short hash covers.
pub(super) const SHORT: usize = 4;
const SHORT_BITS: u32 = 16;
/// Bytes that the long hash covers.
pub(super) const LONG: usize = 8;
const LONG_BITS: u32 = 15;

/// Positions inserted at once where they lie in a run of one byte.
const RUN: usize = 512;

pub(super) type Positions = Box<[u16; WINDOW]>;

#[derive(Debug)]
pub(super) struct Window {
    bytes: Box<[u8; BYTES]>,
    /// End of the bytes read so far.
    pub(super) end: usize,
    /// How many positions zlib's chain of each hash has had, modulo 65,536.
    counts: Box<[u16; 1 << 15]>,
    /// Number of the position in zlib's chain, modulo 65,536.
    pub(super) ranks: Positions,
    /// Most recent position of each short hash.
    short_heads: Box<[u16; 1 << SHORT_BITS]>,
    /// Position before, in the short chain.
    pub(super) short_previous: Positions,
    long_heads: Box<[u16; 1 << LONG_BITS]>,
    pub(super) long_previous: Positions,
    /// Positions below are in the short chains.
    short_inserted: usize,
    /// Positions below are in the long chains, or out of reach.
    long_inserted: usize,
}

/// A zeroed array on the heap, made of untouched pages: what is never used costs nothing.
#[expect(clippy::unnecessary_box_returns, reason = "too large for the stack")]
fn zeroed<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    let boxed = vec![T::default(); N].into_boxed_slice();
    match boxed.try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("the vector has N elements"),
    }
}

/// The hash of Chromium's zlib.
#[inline(always)]
fn zlib_hash(four: u32) -> usize {
    (four.wrapping_mul(66_521).wrapping_add(66_521) >> 16 & 0x7fff) as usize
}

#[inline(always)]
fn short_hash(four: u32) -> usize {
    ((four << 1).wrapping_mul(0x9e37_79b1) >> (32 - SHORT_BITS)) as usize
}

#[inline(always)]
fn long_hash(eight: u64) -> usize {
    (eight.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - LONG_BITS)) as usize
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            bytes: zeroed(),
            end: 0,
            counts: zeroed(),
            ranks: zeroed(),
            short_heads: zeroed(),
            short_previous: zeroed(),
            long_heads: zeroed(),
            long_previous: zeroed(),
            short_inserted: 0,
            long_inserted: 0,
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        // The other tables are read only where these lead, and only differences of counts matter.
        self.short_heads.fill(0);
        self.long_heads.fill(0);
        self.end = 0;
        self.short_inserted = 0;
        self.long_inserted = 0;
    }

    /// The bytes from one position to another.
    pub(super) fn slice(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start..end]
    }

    #[inline(always)]
    pub(super) fn byte(&self, position: usize) -> u8 {
        self.bytes[position & (2 * WINDOW - 1)]
    }

    /// Four bytes from a position below 128 KiB.
    #[inline(always)]
    pub(super) fn four(&self, position: usize) -> u32 {
        let at = position & (2 * WINDOW - 1);
        let bytes = &self.bytes[at..at + 4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// Eight bytes from a position below 128 KiB.
    #[inline(always)]
    pub(super) fn eight(&self, position: usize) -> u64 {
        let at = position & (2 * WINDOW - 1);
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.bytes[at..at + 8]);
        u64::from_le_bytes(bytes)
    }

    /// How many bytes are equal from two positions on, at most 258 and counted in full even beyond the end.
    #[inline(always)]
    pub(super) fn common(&self, a: usize, b: usize) -> usize {
        let mut length = 0;
        while length < 256 {
            let difference = self.eight(a + length) ^ self.eight(b + length);
            if difference != 0 {
                return length + (difference.trailing_zeros() >> 3) as usize;
            }
            length += 8;
        }
        if self.byte(a + 256) != self.byte(b + 256) {
            return 256;
        }
        257 + usize::from(self.byte(a + 257) == self.byte(b + 257))
    }

    /// Takes as much of `data` as fits and returns the rest.
    pub(super) fn fill<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let taken = data.len().min(WINDOW - self.end);
        let (head, rest) = data.split_at(taken);
        self.bytes[self.end..self.end + taken].copy_from_slice(head);
        self.end += taken;
        self.insert();
        rest
    }

    /// Inserts the positions of which all bytes of the short hash are there into the short chains.
    fn insert(&mut self) {
        let last = (self.end + 1)
            .saturating_sub(SHORT)
            .max(self.short_inserted);
        let mut next = self.short_inserted;
        while next < last {
            let end = (next + RUN).min(last);
            if self.is_run(next, end, SHORT) {
                self.insert_short_run(next, end);
            } else {
                for position in next..end {
                    self.insert_short((position & 0xffff) as u16);
                }
            }
            next = end;
        }
        self.short_inserted = last;
    }

    /// Inserts the positions of which all bytes of the long hash are there into the long chains, but for those that
    /// no search from `position` on can reach.
    ///
    /// The long chains lead to matches of nine bytes and more; input that has none never pays for them.
    #[inline(always)]
    pub(super) fn insert_long_ahead(&mut self, position: usize) {
        if self.long_inserted < (self.end + 1).saturating_sub(LONG) {
            self.insert_long_from(self.long_inserted.max(position.saturating_sub(HALF)));
        }
    }

    #[cold]
    fn insert_long_from(&mut self, first: usize) {
        let last = (self.end + 1).saturating_sub(LONG);
        let mut next = first;
        while next < last {
            let end = (next + RUN).min(last);
            if self.is_run(next, end, LONG) {
                self.insert_long_run(next, end);
            } else {
                for position in next..end {
                    self.insert_long((position & 0xffff) as u16);
                }
            }
            next = end;
        }
        self.long_inserted = last;
    }

    /// Whether positions, with the bytes that their hash covers, lie within a run of one byte, as does the one before
    /// them: each follows the one before on the chain.
    ///
    /// One by one each would wait for the one before; packages with large blank areas are ten times slower then.
    #[inline]
    fn is_run(&self, start: usize, end: usize, hashed: usize) -> bool {
        let Some(before) = start.checked_sub(1) else {
            return false;
        };
        // The first few bytes tell in almost all cases.
        let first = u32::from(self.byte(before));
        if self.four(before) != first * 0x0101_0101 {
            return false;
        }
        let bytes = &self.bytes[before..end + hashed - 1];
        bytes[1..] == bytes[..bytes.len() - 1]
    }

    fn insert_short_run(&mut self, start: usize, end: usize) {
        let before = start - 1;
        let rank = self.ranks[before & 0xffff];
        for position in start..end {
            self.short_previous[position & 0xffff] = (position - 1) as u16;
            self.ranks[position & 0xffff] = rank.wrapping_add((position - before) as u16);
        }
        let last = end - 1;
        self.counts[zlib_hash(self.four(last))] = self.ranks[last & 0xffff];
        self.short_heads[short_hash(self.four(last))] = last as u16;
    }

    fn insert_long_run(&mut self, start: usize, end: usize) {
        for position in start..end {
            self.long_previous[position & 0xffff] = (position - 1) as u16;
        }
        self.long_heads[long_hash(self.eight(end - 1))] = (end - 1) as u16;
    }

    #[inline(always)]
    fn insert_short(&mut self, position: u16) {
        let at = usize::from(position);
        let four = self.four(at);
        let count = &mut self.counts[zlib_hash(four)];
        *count = count.wrapping_add(1);
        self.ranks[at] = *count;
        let head = &mut self.short_heads[short_hash(four)];
        self.short_previous[at] = *head;
        *head = position;
    }

    #[inline(always)]
    fn insert_long(&mut self, position: u16) {
        let at = usize::from(position);
        let head = &mut self.long_heads[long_hash(self.eight(at))];
        self.long_previous[at] = *head;
        *head = position;
    }

    /// Puts one byte behind the end, not as input: zlib's hash reads it for the third byte before the end.
    pub(super) fn insert_third_from_end(&mut self, beyond: u8) {
        self.bytes[self.end] = beyond;
        if self.short_inserted + SHORT == self.end + 1 {
            self.insert_short((self.short_inserted & 0xffff) as u16);
            self.short_inserted += 1;
        }
    }

    /// Moves the upper half down.
    pub(super) fn slide(&mut self) {
        self.bytes.copy_within(HALF..=WINDOW, 0);
        self.end -= HALF;
        self.short_inserted -= HALF;
        self.ranks.copy_within(HALF.., 0);
        lower(&mut self.short_heads[..]);
        move_down(&mut self.short_previous);
        // Heads that lead nowhere, and what they would lead to, can stay as they are.
        if self.long_inserted > 0 {
            self.long_inserted = self.long_inserted.saturating_sub(HALF);
            lower(&mut self.long_heads[..]);
            move_down(&mut self.long_previous);
        }
    }
}

/// Moves the upper half of a table of positions down, and the positions in it.
fn move_down(table: &mut Positions) {
    let (low, high) = table.split_at_mut(HALF);
    let pairs = low.as_chunks_mut().0.iter_mut().zip(high.as_chunks().0);
    for (to, from) in pairs {
        *to = lowered(from);
    }
}

/// Lowers the positions in a table.
fn lower(positions: &mut [u16]) {
    for eight in positions.as_chunks_mut().0 {
        *eight = lowered(eight);
    }
}

/// Positions lowered by half of the window; those in the lower half become 0, the end of every chain.
///
/// Eight at once, in so many words: the compiler finds that itself only where it does not optimise for size.
#[inline(always)]
fn lowered(eight: &[u16; 8]) -> [u16; 8] {
    const HALVES: u16x8 = u16x8::new([HALF as u16; 8]);
    u16x8::new(*eight).saturating_sub(HALVES).to_array()
}
