//! Writing bits, lowest first, and joining pieces that were written apart.

/// Bytes followed by up to seven bits that do not fill a byte yet.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    /// Bits in `pending`, below 8 between calls.
    pending_bits: u32,
}

impl BitWriter {
    /// Makes room for `bits` more bits, so that the writes which follow do not reallocate.
    pub(super) fn reserve_bits(&mut self, bits: u64) {
        let bytes = usize::try_from(bits / 8)
            .unwrap_or(usize::MAX)
            .saturating_add(16);
        self.bytes.reserve(bytes);
    }

    /// Appends the low `count` bits of `value`: at most 56, and none set above.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.pending |= value << self.pending_bits;
        self.pending_bits += count;
        let whole = self.pending_bits >> 3;
        let bytes = self.pending.to_le_bytes();
        self.bytes.extend_from_slice(&bytes[..(whole & 7) as usize]);
        self.pending >>= whole * 8;
        self.pending_bits &= 7;
    }

    /// Pads the last byte with zero bits.
    pub(super) fn align(&mut self) {
        if self.pending_bits > 0 {
            self.bytes.push(self.pending as u8);
            self.pending = 0;
            self.pending_bits = 0;
        }
    }

    /// Appends whole bytes; the writer must be aligned.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.pending_bits, 0);
        self.bytes.extend_from_slice(bytes);
    }

    /// The whole bytes so far, which the caller may drain.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}
