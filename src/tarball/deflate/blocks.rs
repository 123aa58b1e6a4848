//! Cutting the symbols into blocks and writing these.

use std::io::{self, Write};

use super::bits::BitWriter;
use super::block::{self, Counts};
use super::token::Token;

/// Symbols of a full block: zlib's literal buffer at memLevel 8, less one.
const SYMBOLS: usize = 16_383;

/// The bytes from `start` to `end` of the input, in pieces. Asked for the last 32,506 bytes at most.
pub(super) trait Raw {
    /// Calls `take` with the pieces in order.
    fn pieces(&self, start: u64, end: u64, take: impl FnMut(&[u8]));
}

/// The block being filled and the bits before it.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// Symbols of the block that is not full yet.
    tokens: Vec<Token>,
    /// Where in the input the block begins.
    start: u64,
    bits: BitWriter,
}

impl Blocks {
    /// Appends symbols and writes the blocks that they fill.
    pub(super) fn push(&mut self, tokens: &[Token], raw: &impl Raw) {
        let mut rest = tokens;
        if !self.tokens.is_empty() {
            let missing = (SYMBOLS - self.tokens.len()).min(rest.len());
            let (head, tail) = rest.split_at(missing);
            self.tokens.extend_from_slice(head);
            rest = tail;
            if self.tokens.len() < SYMBOLS {
                return;
            }
            let block = std::mem::take(&mut self.tokens);
            self.write(&block, false, raw);
            self.tokens = block;
            self.tokens.clear();
        }
        while rest.len() >= SYMBOLS {
            let (block, tail) = rest.split_at(SYMBOLS);
            self.write(block, false, raw);
            rest = tail;
        }
        self.tokens.extend_from_slice(rest);
    }

    /// Writes the last block, which may have one symbol more and may be empty, and pads the last byte.
    pub(super) fn finish(&mut self, left_over: Option<Token>, raw: &impl Raw) {
        let mut block = std::mem::take(&mut self.tokens);
        block.extend(left_over);
        self.write(&block, true, raw);
        self.bits.align();
    }

    /// Moves the whole bytes written so far to `out`.
    pub(super) fn drain(&mut self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.bits.bytes_mut())?;
        self.bits.bytes_mut().clear();
        Ok(())
    }

    fn write(&mut self, block: &[Token], is_last: bool, raw: &impl Raw) {
        let counts = Counts::of(block);
        let start = self.start;
        self.start += counts.bytes;
        if !block::write_coded(block, &counts, is_last, &mut self.bits) {
            block::start_stored(counts.bytes as u16, is_last, &mut self.bits);
            raw.pieces(start, self.start, |piece| self.bits.put_bytes(piece));
        }
    }
}
