//! The match zlib's `longest_match` would return, found on shorter ways.
//!
//! zlib walks the chain of positions with equal four-byte hash, nearest first, at most 4,096 of them (1,024
//! if a match of 32 or more is pending), and keeps the first that beats the best so far. So its result is the
//! longest match among those positions and, among equals, the nearest; *how* it is found does not matter.

use super::codes::MAX_MATCH;
use super::window::{LONG, MAX_DISTANCE, Positions, Window};

/// Longest walk along a chain.
const MAX_CHAIN: u16 = 4_096;
/// From this pending length on the walk is a quarter.
const GOOD_LENGTH: usize = 32;
/// A match of three bytes farther away is none.
const TOO_FAR: usize = 4_096;

/// A match: its length is 2 where none was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) length: usize,
    pub(super) distance: usize,
}

impl Found {
    pub(super) const NONE: Self = Self {
        length: 2,
        distance: 0,
    };
}

/// A way along a chain: candidates lie `offset` before its positions.
struct Walk<'a> {
    chain: &'a Positions,
    first: usize,
    offset: usize,
}

impl Window {
    /// The match at `position` that is longer than `pending`, where at least 262 bytes are left.
    #[inline]
    pub(super) fn search(&self, position: usize, pending: usize) -> Found {
        let position = position & 0xffff;
        let limit = position.saturating_sub(MAX_DISTANCE);
        let head = usize::from(self.previous[position]);
        if head == 0 || head < limit {
            return Found::NONE;
        }
        let mut best = Found {
            length: pending,
            distance: 0,
        };
        let mut next = head;
        if pending < 3 {
            let four = self.four(position);
            let mut chain = MAX_CHAIN;
            let mut three = 0;
            let mut candidate = head;
            loop {
                let difference = self.four(candidate) ^ four;
                if difference == 0 {
                    break;
                }
                if difference << 8 == 0 && three == 0 {
                    three = candidate;
                }
                candidate = usize::from(self.previous[candidate & 0xffff]);
                chain -= 1;
                if candidate <= limit || chain == 0 {
                    return if three != 0 && position - three <= TOO_FAR {
                        Found {
                            length: 3,
                            distance: position - three,
                        }
                    } else {
                        Found::NONE
                    };
                }
            }
            best.length = self.common(position, candidate);
            best.distance = position - candidate;
            next = usize::from(self.previous[candidate & 0xffff]);
        }
        let chain = if pending >= GOOD_LENGTH {
            MAX_CHAIN >> 2
        } else {
            MAX_CHAIN
        };
        self.improve(position, best, next, chain)
    }

    /// The longest match beyond `best`, which the caller found or got as the length to beat; `next` is the first
    /// position of the four-byte chain not looked at.
    #[inline(always)]
    fn improve(&self, position: usize, mut best: Found, mut next: usize, chain: u16) -> Found {
        let limit = position.saturating_sub(MAX_DISTANCE);
        while best.length < MAX_MATCH {
            let need = best.length + 1;
            let walk = if need >= LONG {
                // Behind a match that is long enough its chain goes on; else it begins here.
                let from = if best.distance != 0 && best.length >= LONG {
                    position - best.distance
                } else {
                    position
                };
                let ahead = usize::from(self.long_previous[from & 0xffff]);
                self.shorter_walk(&self.long_previous, position, ahead, need - LONG)
            } else {
                self.shorter_walk(&self.previous, position, next, need - 4)
            };
            let Some((candidate, length)) = self.walk(&walk, position, limit, need) else {
                break;
            };
            if self.is_out_of_reach(position, candidate, limit, chain) {
                break;
            }
            best = Found {
                length,
                distance: position - candidate,
            };
            next = usize::from(self.previous[candidate & 0xffff]);
        }
        if best.distance == 0 {
            Found::NONE
        } else {
            best
        }
    }

    /// Of the chain of the match's first bytes and that of its last ones, which both lead through any match
    /// longer than the best, the one whose first step goes farther.
    #[inline(always)]
    fn shorter_walk<'a>(
        &self,
        chain: &'a Positions,
        position: usize,
        ahead: usize,
        offset: usize,
    ) -> Walk<'a> {
        let tail = usize::from(chain[(position + offset) & 0xffff]);
        if ahead + offset <= tail {
            Walk {
                chain,
                first: ahead,
                offset: 0,
            }
        } else {
            Walk {
                chain,
                first: tail,
                offset,
            }
        }
    }

    /// The nearest position on the way that has at least `need` bytes in common, and how many it has.
    #[inline(always)]
    fn walk(
        &self,
        walk: &Walk<'_>,
        position: usize,
        limit: usize,
        need: usize,
    ) -> Option<(usize, usize)> {
        // The last eight of the bytes needed, or all of them if they are fewer.
        let (probe, mask) = if need >= 8 {
            (need - 8, u64::MAX)
        } else {
            (0, (1 << (8 * need)) - 1)
        };
        let bytes = self.eight(position + probe);
        let floor = (limit + walk.offset).max(walk.offset + 1);
        let mut at = walk.first;
        while at >= floor {
            let candidate = at - walk.offset;
            if (self.eight(candidate + probe) ^ bytes) & mask == 0 {
                let length = self.common(position, candidate);
                if length >= need {
                    return Some((candidate, length));
                }
            }
            at = usize::from(walk.chain[at & 0xffff]);
        }
        None
    }

    /// Whether zlib's walk from `position` ends before it comes to `candidate`, which is on its chain.
    #[inline(always)]
    fn is_out_of_reach(&self, position: usize, candidate: usize, limit: usize, chain: u16) -> bool {
        let rank = self.ranks[position & 0xffff];
        // Position 0 ends a chain; the farthest distance counts for the first of the chain only.
        candidate == 0
            || candidate <= limit && usize::from(self.previous[position & 0xffff]) != candidate
            || rank.wrapping_sub(self.ranks[candidate & 0xffff]) > chain
    }

    /// The same where fewer than 262 bytes are left: zlib's own walk.
    pub(super) fn search_at_end(&self, position: usize, pending: usize, lookahead: usize) -> Found {
        if lookahead < 3 {
            return Found::NONE;
        }
        let limit = position.saturating_sub(MAX_DISTANCE);
        let mut candidate = usize::from(self.previous[position & 0xffff]);
        if candidate == 0 || candidate < limit {
            return Found::NONE;
        }
        let mut chain = if pending >= GOOD_LENGTH {
            MAX_CHAIN >> 2
        } else {
            MAX_CHAIN
        };
        let mut best = Found {
            length: pending,
            distance: 0,
        };
        let nice = lookahead.min(MAX_MATCH);
        loop {
            let length = self.common(position, candidate).min(nice);
            if length > best.length {
                best = Found {
                    length,
                    distance: position - candidate,
                };
                if length >= nice {
                    break;
                }
            }
            candidate = usize::from(self.previous[candidate & 0xffff]);
            chain -= 1;
            if candidate <= limit || chain == 0 {
                break;
            }
        }
        if best.distance == 0 || best.length == 3 && best.distance > TOO_FAR {
            return Found::NONE;
        }
        best
    }
}
