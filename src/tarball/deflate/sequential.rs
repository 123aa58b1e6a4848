//! The compressor on one thread.

use std::io::{self, Write};

use super::blocks::{Blocks, Raw};
use super::parse::Parser;
use super::token::Token;

/// Compresses on the calling thread, as the bytes come.
#[derive(Debug)]
pub(super) struct Sequential {
    parser: Parser,
    tokens: Vec<Token>,
    blocks: Blocks,
    total: u64,
}

impl Sequential {
    pub(super) fn new() -> Self {
        Self {
            parser: Parser::new(),
            tokens: Vec::new(),
            blocks: Blocks::default(),
            total: 0,
        }
    }

    pub(super) fn write(&mut self, data: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.total += data.len() as u64;
        let mut rest = data;
        while !rest.is_empty() {
            rest = self.parser.advance(rest, &mut self.tokens);
            self.flush(out)?;
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        let left_over = self.parser.finish(self.total, &mut self.tokens);
        self.flush(out)?;
        self.blocks.finish(left_over, &self.parser);
        self.blocks.drain(out)
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.blocks.push(&self.tokens, &self.parser);
        self.tokens.clear();
        self.blocks.drain(out)
    }
}

impl Raw for Parser {
    fn pieces(&self, start: u64, end: u64, mut take: impl FnMut(&[u8])) {
        take(self.bytes(start, end));
    }
}
