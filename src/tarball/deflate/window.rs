//! The last bytes of the input and the dictionary over them.
//!
//! Positions are 16-bit: the window holds two times 32 KiB and its upper half moves down when it is full, as
//! in zlib. Position 0 is never matched, because 0 ends a chain.
//!
//! Two dictionaries are kept. The first is zlib's own: chains of positions with equal hash of four bytes.
//! It decides *which* positions zlib would have looked at: each position knows its rank in its chain, so
//! that "among the first 4,096 of the chain" is a subtraction. The second has chains over more bytes, which
//! are much shorter, and finds the longest match without walking the first.
//!
//! Both depend on the data alone and are filled ahead of the parser.

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

/// Bytes that the long hash covers.
pub(super) const LONG: usize = 8;
const LONG_BITS: u32 = 15;

pub(super) type Positions = Box<[u16; WINDOW]>;

#[derive(Debug)]
pub(super) struct Window {
    bytes: Box<[u8; BYTES]>,
    /// End of the bytes read so far.
    pub(super) end: usize,
    /// Most recent position of each hash of four bytes.
    heads: Box<[u16; 1 << 15]>,
    /// Position before, in the chain of four bytes.
    pub(super) previous: Positions,
    /// Number of the position within its chain, modulo 65,536.
    pub(super) ranks: Positions,
    long_heads: Box<[u16; 1 << LONG_BITS]>,
    pub(super) long_previous: Positions,
    /// Positions below are in the dictionary of four bytes.
    inserted: usize,
    /// Positions below are in the long dictionary.
    long_inserted: usize,
}

/// A zeroed array on the heap, made of untouched pages: what is never used costs nothing.
fn zeroed<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    let boxed = vec![T::default(); N].into_boxed_slice();
    match boxed.try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("the vector has N elements"),
    }
}

/// The hash of Chromium's zlib.
#[inline(always)]
fn hash(four: u32) -> usize {
    (four.wrapping_mul(66_521).wrapping_add(66_521) >> 16 & 0x7fff) as usize
}

#[inline(always)]
fn long_hash(eight: u64) -> usize {
    let bytes = eight << (64 - 8 * LONG);
    (bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - LONG_BITS)) as usize
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            bytes: zeroed(),
            end: 0,
            heads: zeroed(),
            previous: zeroed(),
            ranks: zeroed(),
            long_heads: zeroed(),
            long_previous: zeroed(),
            inserted: 0,
            long_inserted: 0,
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        // The other tables are read only where these lead.
        self.heads.fill(0);
        self.long_heads.fill(0);
        self.end = 0;
        self.inserted = 0;
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

    /// Inserts the positions of which all hashed bytes are there.
    fn insert(&mut self) {
        let last = self.end.saturating_sub(3).max(self.inserted);
        let long_last = self.end.saturating_sub(LONG - 1).max(self.long_inserted);
        for position in self.long_inserted..self.inserted.min(long_last) {
            self.insert_long((position & 0xffff) as u16);
        }
        for position in self.long_inserted.max(self.inserted)..long_last {
            self.insert_one((position & 0xffff) as u16);
            self.insert_long((position & 0xffff) as u16);
        }
        for position in self.inserted.max(long_last)..last {
            self.insert_one((position & 0xffff) as u16);
        }
        self.inserted = last;
        self.long_inserted = long_last;
    }

    #[inline(always)]
    fn insert_one(&mut self, position: u16) {
        let at = usize::from(position);
        let head = &mut self.heads[hash(self.four(at))];
        let before = *head;
        *head = position;
        self.previous[at] = before;
        self.ranks[at] = self.ranks[usize::from(before)].wrapping_add(1);
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
        if self.end >= 3 && self.inserted + 3 == self.end {
            self.insert_one((self.inserted & 0xffff) as u16);
            self.inserted += 1;
        }
    }

    /// Moves the upper half down.
    pub(super) fn slide(&mut self) {
        self.bytes.copy_within(HALF..=WINDOW, 0);
        self.end -= HALF;
        self.inserted -= HALF;
        self.long_inserted -= HALF;
        let lower = |table: &mut [u16]| {
            for position in table {
                *position = position.saturating_sub(HALF as u16);
            }
        };
        lower(&mut self.heads[..]);
        lower(&mut self.long_heads[..]);
        for table in [&mut self.previous, &mut self.long_previous] {
            table.copy_within(HALF.., 0);
            lower(&mut table[..HALF]);
        }
        self.ranks.copy_within(HALF.., 0);
    }
}
