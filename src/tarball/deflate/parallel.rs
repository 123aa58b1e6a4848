//! The compressor on several threads.
//!
//! The calling thread gathers segments, hands them to the pool to be parsed, joins the parses in order and
//! writes the blocks; only then are the symbols known that a block is made of. At most a fixed number of
//! segments is under way, so memory does not depend on the input.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::blocks::{Blocks, Raw};
use super::parse::Parser;
use super::segment::{End, Job, Meeting, Parsed, SEGMENT};
use super::token::Token;
use super::window::HALF;
use crate::tarball::pool::Pool;

/// Segments under way beside those at which the threads are.
const AHEAD: usize = 3;

/// A segment from its last byte read until the one after it is joined.
#[derive(Debug)]
struct Slot {
    data: Arc<Vec<u8>>,
    parsed: Option<Arc<Parsed>>,
}

/// Segments that are not done with, by number.
#[derive(Debug, Default)]
struct Slots {
    queue: VecDeque<Slot>,
    /// Number of the first.
    first: usize,
    /// The input's last bytes, where they are too few for a segment; known at its end.
    rest: Option<Arc<Vec<u8>>>,
}

impl Slots {
    fn end(&self) -> usize {
        self.first + self.queue.len()
    }

    fn get(&self, index: usize) -> Option<&Slot> {
        self.queue.get(index.checked_sub(self.first)?)
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut Slot> {
        self.queue.get_mut(index.checked_sub(self.first)?)
    }

    fn data(&self, index: usize) -> Option<Arc<Vec<u8>>> {
        Some(Arc::clone(&self.get(index)?.data))
    }
}

impl Raw for Slots {
    fn pieces(&self, start: u64, end: u64, mut take: impl FnMut(&[u8])) {
        let mut at = (self.first * SEGMENT) as u64;
        for data in self.queue.iter().map(|slot| &slot.data).chain(&self.rest) {
            let length = data.len() as u64;
            if at < end && start < at + length {
                let from = start.saturating_sub(at) as usize;
                let to = (end - at).min(length) as usize;
                take(&data[from..to]);
            }
            at += length;
        }
    }
}

/// The right parse so far, where it runs on into the segment to be joined next.
#[derive(Debug, Default)]
struct Carry {
    tokens: Vec<Token>,
    /// Where in that segment the first of them begins.
    start: usize,
}

/// Compresses on the threads of a pool.
#[derive(Debug)]
pub(super) struct Parallel {
    pool: Pool<Job, Parsed>,
    limit: usize,
    slots: Slots,
    filling: Vec<u8>,
    total: u64,
    /// Number of the segment to hand out next.
    next_job: usize,
    /// Number of the segment to join next.
    next_join: usize,
    /// The mended parse of that one, once it is there, if it needs one.
    repair: Repair,
    carry: Carry,
    blocks: Blocks,
    left_over: Option<Token>,
    spare_tokens: Vec<Vec<Token>>,
    spare_data: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Repair {
    None,
    Asked,
    Done(Parsed),
}

impl Parallel {
    /// Starts the threads.
    pub(super) fn start(threads: NonZeroUsize) -> io::Result<Self> {
        let worker = || {
            let mut parser = None;
            move |job: Job| job.run(parser.get_or_insert_with(Parser::new))
        };
        Ok(Self {
            pool: Pool::start("deflate", threads.get(), worker)?,
            limit: threads.get() + AHEAD,
            slots: Slots::default(),
            filling: Vec::with_capacity(SEGMENT),
            total: 0,
            next_job: 0,
            next_join: 0,
            repair: Repair::None,
            carry: Carry::default(),
            blocks: Blocks::default(),
            left_over: None,
            spare_tokens: Vec::new(),
            spare_data: Vec::new(),
        })
    }

    pub(super) fn write(&mut self, data: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.total += data.len() as u64;
        let mut rest = data;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(rest.len().min(SEGMENT - self.filling.len()));
            self.filling.extend_from_slice(head);
            rest = tail;
            if self.filling.len() == SEGMENT {
                self.close_segment();
                // All but the newest can be handed out: a segment's parse runs on into the next one.
                self.hand_out(self.slots.end() - 1);
                self.join_ready(out)?;
                while self.next_job - self.next_join >= self.limit {
                    let parsed = self.pool.receive()?;
                    self.take(parsed);
                    self.join_ready(out)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.filling.len() >= HALF || self.slots.end() == 0 {
            self.close_segment();
        }
        self.slots.rest = Some(Arc::new(std::mem::take(&mut self.filling)));
        self.hand_out(self.slots.end());
        while self.next_join < self.slots.end() {
            let parsed = self.pool.receive()?;
            self.take(parsed);
            self.join_ready(out)?;
        }
        self.blocks.finish(self.left_over, &self.slots);
        self.blocks.drain(out)
    }

    fn close_segment(&mut self) {
        let empty = self
            .spare_data
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(SEGMENT));
        let data = Arc::new(std::mem::replace(&mut self.filling, empty));
        self.slots.queue.push_back(Slot { data, parsed: None });
    }

    /// Hands the segments below `end` to the pool.
    fn hand_out(&mut self, end: usize) {
        while self.next_job < end {
            if let Some(job) = self.job(self.next_job, None) {
                self.pool.push(job);
            }
            self.next_job += 1;
        }
    }

    fn job(&mut self, index: usize, repair: Option<(usize, Arc<Parsed>)>) -> Option<Job> {
        let end = match (self.slots.data(index + 1), &self.slots.rest) {
            (Some(next), _) => End::Into(next),
            (None, Some(rest)) => End::Finish {
                rest: Arc::clone(rest),
                total: self.total,
            },
            (None, None) => return None,
        };
        Some(Job {
            index,
            previous: index
                .checked_sub(1)
                .and_then(|before| self.slots.data(before)),
            current: self.slots.data(index)?,
            end,
            repair,
            tokens: self.spare_tokens.pop().unwrap_or_default(),
        })
    }

    /// Files a result.
    fn take(&mut self, parsed: Parsed) {
        let is_there = self
            .slots
            .get(parsed.index)
            .is_some_and(|slot| slot.parsed.is_some());
        if is_there {
            self.repair = Repair::Done(parsed);
        } else if let Some(slot) = self.slots.get_mut(parsed.index) {
            slot.parsed = Some(Arc::new(parsed));
        }
    }

    /// Joins what can be joined and writes the blocks that are full.
    fn join_ready(&mut self, out: &mut impl Write) -> io::Result<()> {
        while let Some(parsed) = self.pool.try_receive()? {
            self.take(parsed);
        }
        while self.join_next() {
            self.blocks.drain(out)?;
        }
        Ok(())
    }

    /// Joins the next segment if its parse is there; asks for a repair if it does not meet the parse before.
    fn join_next(&mut self) -> bool {
        let index = self.next_join;
        let Some(parsed) = self.slots.get(index).and_then(|slot| slot.parsed.clone()) else {
            return false;
        };
        match std::mem::replace(&mut self.repair, Repair::None) {
            Repair::None if index == 0 => self.append(&parsed, 0),
            Repair::None => {
                let mut meeting = Meeting {
                    ours: (0, self.carry.start),
                    others: (0, 0),
                };
                let Some((ours, others)) = meeting.find(&self.carry.tokens, &parsed.tokens) else {
                    self.ask_for_repair(index, parsed);
                    return false;
                };
                self.blocks.push(&self.carry.tokens[..ours], &self.slots);
                self.append(&parsed, others);
            }
            Repair::Asked => {
                self.repair = Repair::Asked;
                return false;
            }
            Repair::Done(mended) => {
                self.append(&mended, 0);
                if let Some(others) = mended.met {
                    self.append(&parsed, others);
                }
                self.spare_tokens.push(mended.tokens);
            }
        }
        self.next_join += 1;
        if let Some(slot) = self.slots.get_mut(index) {
            slot.parsed = None;
        }
        if let Ok(parsed) = Arc::try_unwrap(parsed) {
            self.spare_tokens.push(parsed.tokens);
        }
        // The segment before the next one stays: it is history, and a block may begin in it.
        while self.slots.first + 1 < self.next_join {
            let Some(slot) = self.slots.queue.pop_front() else {
                break;
            };
            self.slots.first += 1;
            if let Ok(mut data) = Arc::try_unwrap(slot.data) {
                data.clear();
                self.spare_data.push(data);
            }
        }
        true
    }

    /// Appends a parse from one of its tokens on, up to the segment's end; what is behind is carried over.
    fn append(&mut self, parsed: &Parsed, from: usize) {
        let (border, start) = parsed.overrun;
        let border = border.max(from);
        self.blocks.push(&parsed.tokens[from..border], &self.slots);
        self.carry.tokens.clear();
        self.carry
            .tokens
            .extend_from_slice(&parsed.tokens[border..]);
        self.carry.start = start;
        self.left_over = parsed.left_over;
    }

    /// Has the segment parsed again from the last clean byte of the parse before.
    fn ask_for_repair(&mut self, index: usize, parsed: Arc<Parsed>) {
        let mut start = self.carry.start;
        let mut last = (0, start);
        for (number, token) in self.carry.tokens.iter().enumerate() {
            if token.is_clean() {
                last = (number, start);
            }
            start += token.len();
        }
        self.blocks.push(&self.carry.tokens[..last.0], &self.slots);
        if let Some(job) = self.job(index, Some((last.1, parsed))) {
            self.pool.push_first(job);
            self.repair = Repair::Asked;
        }
    }
}
