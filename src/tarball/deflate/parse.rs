//! The lazy parse of zlib's level 9: which literals and matches stand for the input.
//!
//! Source of the rules: zlib 1.3.1 as Chromium changed it, `deflate.c` (`deflate_slow`, `longest_match`,
//! `fill_window`), with level 9's good 32, lazy 258, nice 258 and chain 4096.

use super::codes::MAX_MATCH;
use super::search::Found;
use super::token::Token;
use super::window::{HALF, MIN_LOOKAHEAD, WINDOW, Window};

/// The parser with its window.
#[derive(Debug)]
pub(super) struct Parser {
    pub(super) window: Window,
    /// Where in the input the window begins.
    base: u64,
    /// Where in the window it searches next.
    pub(super) position: usize,
    /// The match found at the byte before, length 2 if none, waiting whether this byte has a longer one.
    pending: Found,
    /// Whether the byte before is still to be written.
    is_pending: bool,
    /// Whether the search at the byte before was clean.
    pending_clean: bool,
}

impl Parser {
    pub(super) fn new() -> Self {
        Self {
            window: Window::new(),
            base: 0,
            position: 0,
            pending: Found::NONE,
            is_pending: false,
            pending_clean: false,
        }
    }

    /// Forgets everything and begins anew behind `history`, the 32 KiB before the first byte to come; none at
    /// the start of the input. The first `skipped` bytes to come (below 32,506) are history too.
    pub(super) fn restart(&mut self, history: Option<&[u8]>, skipped: usize) {
        self.window.clear();
        self.base = 0;
        self.position = skipped;
        self.pending = Found::NONE;
        self.is_pending = false;
        if let Some(history) = history {
            self.window.fill(history);
            self.position += self.window.end;
        }
    }

    /// Parses `data` as far as the rest of the input cannot change the result.
    pub(super) fn feed(&mut self, data: &[u8], tokens: &mut Vec<Token>) {
        let mut rest = data;
        while !rest.is_empty() {
            rest = self.advance(rest, tokens);
        }
    }

    /// Takes as much of `data` as the window has room for, parses it and returns the rest.
    pub(super) fn advance<'a>(&mut self, data: &'a [u8], tokens: &mut Vec<Token>) -> &'a [u8] {
        if self.window.end == WINDOW {
            self.slide();
        }
        let rest = self.window.fill(data);
        self.parse_ahead(tokens);
        rest
    }

    /// Bytes of the input, from one of the last 32,506 on.
    pub(super) fn bytes(&self, start: u64, end: u64) -> &[u8] {
        self.window
            .slice((start - self.base) as usize, (end - self.base) as usize)
    }

    fn slide(&mut self) {
        self.window.slide();
        self.position -= HALF;
        self.base += HALF as u64;
    }

    /// Parses to the end. `total` is the length of the whole input. The literal that may be left over is
    /// handed back: zlib never ends a block after it, even when it is the last symbol a block can take.
    pub(super) fn finish(&mut self, total: u64, tokens: &mut Vec<Token>) -> Option<Token> {
        // What zlib finds behind the end is what its window held there before it moved down: the byte 32 KiB
        // earlier, or zero as long as it never moved.
        let has_slid = total >= (WINDOW - MIN_LOOKAHEAD + 3) as u64;
        let beyond = if has_slid {
            self.window.byte(self.window.end - HALF)
        } else {
            0
        };
        self.window.insert_third_from_end(beyond);
        while self.position < self.window.end {
            if self.position >= WINDOW - MIN_LOOKAHEAD {
                self.slide();
            }
            let lookahead = self.window.end - self.position;
            let found = if self.pending.length < MAX_MATCH {
                self.window
                    .search_at_end(self.position, self.pending.length, lookahead)
            } else {
                Found::NONE
            };
            self.step(found, tokens);
        }
        let byte = self
            .is_pending
            .then(|| self.window.byte(self.position - 1))?;
        Some(Token::literal(byte))
    }

    fn parse_ahead(&mut self, tokens: &mut Vec<Token>) {
        while self.position + MIN_LOOKAHEAD <= self.window.end {
            let found = if self.pending.length < MAX_MATCH {
                self.window.search(self.position, self.pending.length)
            } else {
                Found::NONE
            };
            self.step(found, tokens);
        }
    }

    /// Decides what becomes of the byte before, given what was found at this one.
    #[inline(always)]
    fn step(&mut self, found: Found, tokens: &mut Vec<Token>) {
        if self.pending.length >= 3 && found.length <= self.pending.length {
            let token = Token::matched(self.pending.length, self.pending.distance);
            tokens.push(token.with_clean(self.pending_clean));
            self.position += self.pending.length - 1;
            self.pending = Found::NONE;
            self.is_pending = false;
        } else {
            if self.is_pending {
                let byte = self.window.byte(self.position - 1);
                tokens.push(Token::literal(byte).with_clean(self.pending_clean));
            }
            self.is_pending = true;
            self.pending_clean = self.pending.length < 3;
            self.pending = found;
            self.position += 1;
        }
    }
}
