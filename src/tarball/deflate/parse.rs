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
    /// The match found at the byte before, if any, waiting whether this byte has a longer one.
    pending: Found,
    /// Whether that was searched with no match waiting.
    pending_clean: bool,
}

impl Parser {
    pub(super) fn new() -> Self {
        Self {
            window: Window::new(),
            base: 0,
            position: 0,
            pending: Found::NONE,
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

    /// How many bytes of the input, history included, lie before the first that no token stands for yet.
    pub(super) fn covered(&self) -> u64 {
        // A pending match begins at the byte before the next search.
        let pending = u64::from(self.pending != Found::NONE);
        self.base + self.position as u64 - pending
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

    /// Parses to the end. `total` is the length of the whole input. If it ends with a literal, that is handed back:
    /// zlib never ends a block after it, even when it is the last symbol a block can take.
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
            self.parse_until(self.position + 1, tokens, |window, position, pending| {
                window.search_at_end(position, pending, window.end - position)
            });
        }
        tokens.pop_if(|token| token.distance_minus_1().is_none())
    }

    fn parse_ahead(&mut self, tokens: &mut Vec<Token>) {
        let end = (self.window.end + 1).saturating_sub(MIN_LOOKAHEAD);
        self.parse_until(end, tokens, |window, position, pending| {
            window.search(position, pending)
        });
    }

    /// Searches at the positions below `end`, as far as they do not lie in a match, and writes what is decided.
    #[inline(always)]
    fn parse_until(
        &mut self,
        end: usize,
        tokens: &mut Vec<Token>,
        search: impl Fn(&mut Window, usize, usize) -> Found,
    ) {
        let window = &mut self.window;
        let (mut position, mut pending, mut is_clean) =
            (self.position, self.pending, self.pending_clean);
        while position < end {
            if pending == Found::NONE {
                pending = search(window, position, Found::NONE.length);
                is_clean = true;
                if pending == Found::NONE {
                    tokens.push(Token::literal(window.byte(position)).with_clean(true));
                }
                position += 1;
                continue;
            }
            // A longer match at the next byte makes this one a literal.
            let found = if pending.length < MAX_MATCH {
                search(window, position, pending.length)
            } else {
                Found::NONE
            };
            if found.length > pending.length {
                tokens.push(Token::literal(window.byte(position - 1)).with_clean(is_clean));
                is_clean = false;
                pending = found;
                position += 1;
            } else {
                tokens.push(Token::matched(pending.length, pending.distance).with_clean(is_clean));
                position += pending.length - 1;
                pending = Found::NONE;
            }
        }
        (self.position, self.pending, self.pending_clean) = (position, pending, is_clean);
    }
}
