//! Parsing one piece of the input apart from the pieces before it, and finding where two parses meet.
//!
//! The dictionary depends on the data alone, so the 32 KiB before a segment are all it takes to search in it.
//! What the parse before it would have left pending at its first byte is not known: a segment is parsed as if
//! nothing was. The parse of the segment before runs on into it; at the first byte where both are clean
//! ([`Token::is_clean`]) they have met, and behind it they are equal.

use std::sync::Arc;

use super::parse::Parser;
use super::token::Token;
use super::window::HALF;

/// Bytes of a segment: whole halves of the window, so that the window moves at the same bytes as zlib's.
pub(super) const SEGMENT: usize = 12 * HALF;
/// How far a parse runs on into the next segment.
pub(super) const OVERRUN: usize = 4_096;
/// A repair looks whether it has met the other parse each time it has read this much.
const REPAIR_STEP: usize = 16_384;

/// Where a segment's parse ends.
#[derive(Debug)]
pub(super) enum End {
    /// It runs on into the segment that follows, which is at least [`OVERRUN`] long.
    Into(Arc<Vec<u8>>),
    /// It ends with this rest of the input, after so many bytes in all.
    Finish { rest: Arc<Vec<u8>>, total: u64 },
}

/// A segment to parse.
#[derive(Debug)]
pub(super) struct Job {
    /// Number of the segment.
    pub(super) index: usize,
    /// The segment before: all but the first have one.
    pub(super) previous: Option<Arc<Vec<u8>>>,
    pub(super) current: Arc<Vec<u8>>,
    pub(super) end: End,
    /// A parse to mend: where in the segment the right one goes on, and the one that it may meet.
    pub(super) repair: Option<(usize, Arc<Parsed>)>,
    /// Taken for the result.
    pub(super) tokens: Vec<Token>,
}

/// The parse of a segment.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) index: usize,
    /// From the segment's first byte, or from where a repair began, in order and without a gap.
    pub(super) tokens: Vec<Token>,
    /// Number of the first token that begins in the next segment, and where in it.
    pub(super) overrun: (usize, usize),
    /// The literal that ends the input (see [`Parser::finish`]).
    pub(super) left_over: Option<Token>,
    /// For a repair that met the parse it mends: the number of that one's token to go on with.
    pub(super) met: Option<usize>,
}

impl Job {
    /// Does the job with a parser that may have done others.
    pub(super) fn run(self, parser: &mut Parser) -> Parsed {
        let mut tokens = self.tokens;
        tokens.clear();
        let start = self.repair.as_ref().map_or(0, |&(start, _)| start);
        parser.restart(
            self.previous
                .as_deref()
                .map(|data| &data[data.len() - HALF..]),
            start,
        );
        let mut parsed = Parsed {
            index: self.index,
            tokens,
            overrun: (0, 0),
            left_over: None,
            met: None,
        };
        if let Some((start, other)) = &self.repair {
            let mut meeting = Meeting {
                ours: (0, *start),
                others: (0, 0),
            };
            for piece in self.current.chunks(REPAIR_STEP) {
                parser.feed(piece, &mut parsed.tokens);
                if let Some((ours, others)) = meeting.find(&parsed.tokens, &other.tokens) {
                    parsed.tokens.truncate(ours);
                    parsed.overrun.0 = ours;
                    parsed.met = Some(others);
                    return parsed;
                }
            }
        } else {
            parser.feed(&self.current, &mut parsed.tokens);
        }
        match &self.end {
            End::Into(next) => {
                parser.feed(&next[..OVERRUN.min(next.len())], &mut parsed.tokens);
                let history = self.previous.as_ref().map_or(0, |_| HALF);
                let covered = parser.covered() as usize - history;
                parsed.overrun = overrun(&parsed.tokens, covered, self.current.len());
            }
            End::Finish { rest, total } => {
                parser.feed(rest, &mut parsed.tokens);
                parsed.left_over = parser.finish(*total, &mut parsed.tokens);
                parsed.overrun.0 = parsed.tokens.len();
            }
        }
        parsed
    }
}

/// The first token that begins at `border` or behind: its number, and how far behind it begins.
fn overrun(tokens: &[Token], mut covered: usize, border: usize) -> (usize, usize) {
    let mut number = tokens.len();
    while let Some(before) = number.checked_sub(1).and_then(|before| tokens.get(before)) {
        if covered - before.len() < border {
            break;
        }
        covered -= before.len();
        number -= 1;
    }
    (number, covered.saturating_sub(border))
}

/// The search for the first byte where two parses are both clean: how far each was looked through, as the
/// number of a token and the byte where it begins.
#[derive(Debug)]
pub(super) struct Meeting {
    pub(super) ours: (usize, usize),
    pub(super) others: (usize, usize),
}

impl Meeting {
    /// The numbers of the tokens that begin there. To be continued where either parse gets longer.
    pub(super) fn find(&mut self, ours: &[Token], others: &[Token]) -> Option<(usize, usize)> {
        loop {
            let (our, other) = (ours.get(self.ours.0)?, others.get(self.others.0)?);
            if self.ours.1 == self.others.1 && our.is_clean() && other.is_clean() {
                return Some((self.ours.0, self.others.0));
            }
            if self.ours.1 <= self.others.1 {
                self.ours = (self.ours.0 + 1, self.ours.1 + our.len());
            } else {
                self.others = (self.others.0 + 1, self.others.1 + other.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Meeting, Token, overrun};

    fn clean(length: usize) -> Token {
        dirty(length).with_clean(true)
    }

    fn dirty(length: usize) -> Token {
        if length == 1 {
            Token::literal(b'a')
        } else {
            Token::matched(length, 1)
        }
    }

    #[test]
    fn parses_meet_at_the_first_byte_where_both_are_clean() {
        // Ours begin at 2, 6, 9 and 14, the others at 0, 3, 6, 9 and 13; at 6 ours is not clean.
        let ours = [clean(4), dirty(3), clean(5), clean(1)];
        let others = [clean(2 + 1), clean(3), clean(3), clean(4), clean(3)];
        let mut meeting = Meeting {
            ours: (0, 2),
            others: (0, 0),
        };
        assert_eq!(meeting.find(&ours, &others), Some((2, 3)));
        let mut meeting = Meeting {
            ours: (0, 0),
            others: (0, 0),
        };
        assert_eq!(meeting.find(&ours, &others), Some((0, 0)));
    }

    #[test]
    fn a_search_goes_on_where_it_ended() {
        let ours = [clean(3), clean(3), clean(4)];
        let others = [clean(4), clean(6), clean(1)];
        let mut meeting = Meeting {
            ours: (0, 0),
            others: (0, 1),
        };
        assert_eq!(meeting.find(&ours[..1], &others), None);
        assert_eq!(meeting.find(&ours, &others), None);
        let longer = [clean(3), clean(3), clean(4), clean(1), clean(1)];
        assert_eq!(meeting.find(&longer, &others), Some((4, 2)));
    }

    #[test]
    fn what_begins_behind_the_border_is_overrun() {
        let tokens = [clean(4), clean(4), clean(4)];
        assert_eq!(overrun(&tokens, 12, 8), (2, 0));
        assert_eq!(overrun(&tokens, 12, 7), (2, 1));
        assert_eq!(overrun(&tokens, 12, 9), (3, 3));
        assert_eq!(overrun(&tokens, 12, 12), (3, 0));
    }
}
