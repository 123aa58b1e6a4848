//! The match zlib's `longest_match` would return, found on shorter ways.
//!
//! zlib walks the chain of positions with equal four-byte hash, nearest first, at most 4,096 of them (1,024
//! if a match of 32 or more is pending), and keeps the first that beats the best so far. So its result is the
//! longest match among those positions and, among equals, the nearest; *how* it is found does not matter.

use std::hint::select_unpredictable;

use super::codes::MAX_MATCH;
use super::window::{LONG, MAX_DISTANCE, Positions, SHORT, Window};

/// Longest walk along a chain.
const MAX_CHAIN: u16 = 4_096;
/// From this pending length on the walk is a quarter.
const GOOD_LENGTH: usize = 32;
/// Steps after which a walk is given up for one that is as long as zlib's at most.
const PATIENCE: u32 = 4_096;
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

impl<'a> Walk<'a> {
    /// Of the chain of the match's first bytes and that of its last ones, which both lead through any match
    /// longer than the best, the one whose first step goes farther.
    #[inline(always)]
    fn shorter(chain: &'a Positions, position: usize, ahead: usize, offset: usize) -> Self {
        let tail = usize::from(chain[(position + offset) & 0xffff]);
        if ahead + offset <= tail {
            Self {
                chain,
                first: ahead,
                offset: 0,
            }
        } else {
            Self {
                chain,
                first: tail,
                offset,
            }
        }
    }
}

/// A walk was given up.
struct TooLong;

impl Window {
    /// The match at `position` that is longer than `pending`, where at least 262 bytes are left.
    #[inline(always)]
    pub(super) fn search(&mut self, position: usize, pending: usize) -> Found {
        let position = position & 0xffff;
        let limit = position.saturating_sub(MAX_DISTANCE);
        // Where nothing matches, half of the chains begin with another four bytes of the same hash: a branch for
        // which there is no telling. Without one such a candidate is passed over, and hardly a chain has a second.
        let first = usize::from(self.short_previous[position]);
        let next = usize::from(self.short_previous[first]);
        let is_other = (self.four(first) ^ self.four(position)) << 1 != 0;
        let first = select_unpredictable(is_other, next, first);
        if first < limit.max(1) {
            return Found::NONE;
        }
        self.search_from(position, pending, first, limit)
    }

    #[inline(always)]
    fn search_from(
        &mut self,
        position: usize,
        pending: usize,
        first: usize,
        limit: usize,
    ) -> Found {
        if pending >= 3 {
            let chain = if pending >= GOOD_LENGTH {
                MAX_CHAIN >> 2
            } else {
                MAX_CHAIN
            };
            return self.improve(
                position,
                Found {
                    length: pending,
                    distance: 0,
                },
                first,
                chain,
            );
        }
        match self.first_in_chain(position, first, limit) {
            Ok(candidate) => {
                let length = self.common(position, candidate);
                let next = usize::from(self.short_previous[candidate & 0xffff]);
                self.improve(
                    position,
                    Found {
                        length,
                        distance: position - candidate,
                    },
                    next,
                    MAX_CHAIN,
                )
            }
            Err(three) => three,
        }
    }

    /// The nearest position with four bytes in common; else the match of three, if there is one.
    ///
    /// zlib's chain holds a match of exactly three bytes only where the fourth differs in its highest bit and
    /// in no other: no other difference leaves its hash as it is. The short chain ignores that bit.
    #[inline(always)]
    fn first_in_chain(&self, position: usize, first: usize, limit: usize) -> Result<usize, Found> {
        let four = self.four(position);
        let mut three = Found::NONE;
        let mut candidate = first;
        while candidate >= limit.max(1) {
            let difference = self.four(candidate) ^ four;
            if difference << 1 == 0 {
                if self.is_out_of_reach(position, candidate, limit, MAX_CHAIN) {
                    break;
                }
                if difference == 0 {
                    return Ok(candidate);
                }
                // The nearest one counts, even if it is too far and counts for none.
                if three == Found::NONE {
                    three = Found {
                        length: 3,
                        distance: position - candidate,
                    };
                }
            }
            candidate = usize::from(self.short_previous[candidate & 0xffff]);
        }
        Err(if three.distance > TOO_FAR {
            Found::NONE
        } else {
            three
        })
    }

    /// The longest match beyond `best`, which the caller found or got as the length to beat; `next` is the first
    /// position of the four-byte chain not looked at.
    #[inline(always)]
    fn improve(&mut self, position: usize, mut best: Found, mut next: usize, chain: u16) -> Found {
        let limit = position.saturating_sub(MAX_DISTANCE);
        while best.length < MAX_MATCH {
            let need = best.length + 1;
            if need >= LONG {
                self.insert_long_ahead(position);
            }
            let walk = if need >= LONG {
                // Behind a match that is long enough its chain goes on; else it begins here.
                let from = if best.distance != 0 && best.length >= LONG {
                    position - best.distance
                } else {
                    position
                };
                let ahead = usize::from(self.long_previous[from & 0xffff]);
                Walk::shorter(&self.long_previous, position, ahead, need - LONG)
            } else {
                Walk::shorter(&self.short_previous, position, next, need - SHORT)
            };
            let nearest = match self.walk(&walk, position, limit, need) {
                Ok(nearest) => nearest,
                Err(TooLong) => self.patient_walk(position, limit, need, chain),
            };
            let Some((candidate, length)) = nearest else {
                break;
            };
            if self.is_out_of_reach(position, candidate, limit, chain) {
                break;
            }
            best = Found {
                length,
                distance: position - candidate,
            };
            next = usize::from(self.short_previous[candidate & 0xffff]);
        }
        if best.distance == 0 {
            Found::NONE
        } else {
            best
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
    ) -> Result<Option<(usize, usize)>, TooLong> {
        // The last eight of the bytes needed, or all of them if they are fewer.
        let (probe, mask) = if need >= 8 {
            (need - 8, u64::MAX)
        } else {
            (0, (1 << (8 * need)) - 1)
        };
        let bytes = self.eight(position + probe);
        let floor = (limit + walk.offset).max(walk.offset + 1);
        let mut at = walk.first;
        let mut steps = 0;
        while at >= floor {
            let candidate = at - walk.offset;
            if (self.eight(candidate + probe) ^ bytes) & mask == 0 {
                let length = self.common(position, candidate);
                if length >= need {
                    return Ok(Some((candidate, length)));
                }
            }
            at = usize::from(walk.chain[at & 0xffff]);
            steps += 1;
            if steps == PATIENCE {
                return Err(TooLong);
            }
        }
        Ok(None)
    }

    /// The same for input that makes the chains long: along the short chain, which ends where zlib's does.
    #[cold]
    fn patient_walk(
        &self,
        position: usize,
        limit: usize,
        need: usize,
        chain: u16,
    ) -> Option<(usize, usize)> {
        let four = self.four(position);
        let mut candidate = usize::from(self.short_previous[position & 0xffff]);
        while candidate >= limit.max(1) {
            if self.four(candidate) == four {
                if self.is_out_of_reach(position, candidate, limit, chain) {
                    return None;
                }
                let length = self.common(position, candidate);
                if length >= need {
                    return Some((candidate, length));
                }
            }
            candidate = usize::from(self.short_previous[candidate & 0xffff]);
        }
        None
    }

    /// Whether zlib's walk from `position` ends before it comes to `candidate`, which is on its chain.
    #[inline(always)]
    fn is_out_of_reach(&self, position: usize, candidate: usize, limit: usize, chain: u16) -> bool {
        let steps = self.ranks[position & 0xffff].wrapping_sub(self.ranks[candidate & 0xffff]);
        // The farthest distance counts for the first of the chain only.
        steps > chain || candidate <= limit && steps != 1
    }

    /// The same where fewer than 262 bytes are left: nothing beyond them may decide, so candidates are compared
    /// one by one.
    pub(super) fn search_at_end(&self, position: usize, pending: usize, lookahead: usize) -> Found {
        if lookahead < 3 {
            return Found::NONE;
        }
        let limit = position.saturating_sub(MAX_DISTANCE);
        let chain = if pending >= GOOD_LENGTH {
            MAX_CHAIN >> 2
        } else {
            MAX_CHAIN
        };
        let nice = lookahead.min(MAX_MATCH);
        let four = self.four(position);
        let mut best = Found {
            length: pending,
            distance: 0,
        };
        let mut candidate = usize::from(self.short_previous[position & 0xffff]);
        while candidate >= limit.max(1) && best.length < nice {
            if (self.four(candidate) ^ four) << 1 == 0 {
                if self.is_out_of_reach(position, candidate, limit, chain) {
                    break;
                }
                let length = self.common(position, candidate).min(nice);
                if length > best.length {
                    best = Found {
                        length,
                        distance: position - candidate,
                    };
                }
            }
            candidate = usize::from(self.short_previous[candidate & 0xffff]);
        }
        if best.distance == 0 || best.length == 3 && best.distance > TOO_FAR {
            return Found::NONE;
        }
        best
    }
}
