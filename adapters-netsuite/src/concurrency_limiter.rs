//! Limits the requests in flight: the account's concurrency is shared by all its clients, and
//! NetSuite shows only by refusing that there are too many.
//!
//! A state machine without a clock and without waiting; `slots` adds both. Below a ceiling it
//! adapts: half as much after a refusal, one more after a run of answers.

use std::{collections::VecDeque, time::Duration};

use ports::Instant;

/// Refusals within this time after a reduction belong to the same burst.
const BURST: Duration = Duration::from_secs(1);

/// This many consecutive answers add one slot.
const RUN: u32 = 20;

/// At most this many live calls overtake one backfill call.
const OVERTAKERS: u32 = 16;

/// The priority of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A caller waits for it.
    Live,
    /// It can wait.
    Backfill,
}

/// The result of a call that had a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallResult {
    /// It was answered.
    Answered,
    /// It was rejected because there were too many.
    Throttled,
    /// It says nothing about the limit.
    Silent,
}

/// A call that waits for a slot, has one, or has had one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// The slots of one account.
#[derive(Debug)]
pub struct ConcurrencyLimiter {
    ceiling: u32,
    allowed: u32,
    in_use: u32,
    run: u32,
    overtaken: u32,
    cut_at: Option<Instant>,
    tickets: u64,
    live: VecDeque<Ticket>,
    backfill: VecDeque<Ticket>,
}

impl ConcurrencyLimiter {
    /// A limiter with all slots free.
    #[must_use]
    pub fn new(ceiling: u32) -> Self {
        let ceiling = ceiling.max(1);
        Self {
            ceiling,
            allowed: ceiling,
            in_use: 0,
            run: 0,
            overtaken: 0,
            cut_at: None,
            tickets: 0,
            live: VecDeque::new(),
            backfill: VecDeque::new(),
        }
    }

    /// Lowers the ceiling, if another user of the account configured a lower one.
    pub fn lower(&mut self, ceiling: u32) {
        self.ceiling = self.ceiling.min(ceiling.max(1));
        self.allowed = self.allowed.min(self.ceiling);
    }

    /// The slots that may be in use.
    #[must_use]
    pub fn allowed(&self) -> u32 {
        self.allowed
    }

    /// The slots in use.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    /// The number of waiting calls.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        u32::try_from(self.live.len() + self.backfill.len()).unwrap_or(u32::MAX)
    }

    /// Enters the queue. [`Self::call_next`] returns the ticket when it gets a slot.
    pub fn ask(&mut self, priority: Priority) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.line(priority).push_back(ticket);
        ticket
    }

    /// Gives the next waiting call a slot, if one is free.
    pub fn call_next(&mut self) -> Option<Ticket> {
        if self.allowed <= self.in_use {
            return None;
        }
        let is_backfills_turn = self.live.is_empty() || self.overtaken >= OVERTAKERS;
        let backfill = if is_backfills_turn { self.backfill.pop_front() } else { None };
        let ticket = backfill.or_else(|| self.live.pop_front())?;
        self.overtaken = match backfill {
            None if !self.backfill.is_empty() => self.overtaken + 1,
            _ => 0,
        };
        self.in_use += 1;
        Some(ticket)
    }

    /// Leaves the queue; `false` if the ticket is not in the queue because it has a slot.
    pub fn leave(&mut self, ticket: Ticket) -> bool {
        for line in [&mut self.live, &mut self.backfill] {
            if let Some(place) = line.iter().position(|it| *it == ticket) {
                line.remove(place);
                return true;
            }
        }
        false
    }

    /// Returns a slot.
    pub fn done(&mut self, verdict: CallResult, now: Instant) {
        self.in_use = self.in_use.saturating_sub(1);
        match verdict {
            CallResult::Answered if self.allowed < self.ceiling => {
                self.run += 1;
                if self.run >= RUN {
                    self.run = 0;
                    self.allowed += 1;
                }
            }
            CallResult::Answered | CallResult::Silent => {}
            CallResult::Throttled => {
                self.run = 0;
                if self.cut_at.is_none_or(|at| at.after(BURST) <= now) {
                    self.cut_at = Some(now);
                    self.allowed = (self.allowed / 2).max(1);
                }
            }
        }
    }

    fn line(&mut self, priority: Priority) -> &mut VecDeque<Ticket> {
        match priority {
            Priority::Live => &mut self.live,
            Priority::Backfill => &mut self.backfill,
        }
    }
}

#[cfg(test)]
mod tests;
