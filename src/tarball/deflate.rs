//! DEFLATE as Node's zlib writes it at level 9, which is what `npm pack` does.
mod bits;
mod block;
mod codes;
mod huffman;
mod parse;
mod search;
mod token;
mod window;

use std::io::{self, Write};

use bits::BitWriter;
use parse::Parser;
use token::Token;

/// Symbols of a full block: zlib's literal buffer at memLevel 8, less one.
const BLOCK_SYMBOLS: usize = 16_383;

/// Sequential compressor.
#[derive(Debug)]
pub(crate) struct Sequential {
    parser: Parser,
    tokens: Vec<Token>,
    /// Bytes from the start of the current block on.
    raw: Vec<u8>,
    bits: BitWriter,
    total: u64,
}

impl Sequential {
    pub(crate) fn new() -> Self {
        Self {
            parser: Parser::new(),
            tokens: Vec::new(),
            raw: Vec::new(),
            bits: BitWriter::default(),
            total: 0,
        }
    }

    pub(crate) fn write(&mut self, data: &[u8], out: &mut impl Write) -> io::Result<()> {
        for piece in data.chunks(65_536) {
            self.total += piece.len() as u64;
            self.raw.extend_from_slice(piece);
            self.parser.feed(piece, &mut self.tokens);
            self.flush(out)?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        let mut tokens = &self.tokens[..];
        let mut raw = &self.raw[..];
        while tokens.len() >= BLOCK_SYMBOLS {
            let (block, rest) = tokens.split_at(BLOCK_SYMBOLS);
            let length = block.iter().map(|token| token.len()).sum();
            let (bytes, rest_bytes) = raw.split_at(length);
            block::write_block(block, bytes, false, &mut self.bits);
            (tokens, raw) = (rest, rest_bytes);
        }
        let (left, left_raw) = (tokens.len(), raw.len());
        let gone = self.tokens.len() - left;
        self.tokens.drain(..gone);
        let gone = self.raw.len() - left_raw;
        self.raw.drain(..gone);
        out.write_all(self.bits.bytes_mut())?;
        self.bits.bytes_mut().clear();
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        let left_over = self.parser.finish(self.total, &mut self.tokens);
        self.flush(out)?;
        self.tokens.extend(left_over);
        block::write_block(&self.tokens, &self.raw, true, &mut self.bits);
        self.bits.align();
        out.write_all(self.bits.bytes_mut())
    }
}
