//! How much may be in flight: the account's concurrency is shared by everything
//! that talks to it, and NetSuite says only by refusing that it is too much.
//!
//! A state machine without a clock and without waiting; `slots` gives it both.
//! Below a ceiling it adapts: half as much after a refusal, one more after a
//! run of answers.

use std::{collections::VecDeque, time::Duration};

use ports::Instant;

/// Refusals within this time of a cut are of the same burst.
const BURST: Duration = Duration::from_secs(1);

/// So many answers in a row earn one more slot.
const RUN: u32 = 20;

/// So many live calls may overtake one of backfill.
const OVERTAKERS: u32 = 16;

/// Who waits behind whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A caller waits for it.
    Live,
    /// It can wait.
    Backfill,
}

/// What became of a call that had a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallResult {
    /// It was answered.
    Answered,
    /// It was rejected because there are too many.
    Throttled,
    /// Nothing that says how much is too much.
    Silent,
}

/// One who wants a slot, has one, or has had one.
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
    /// All slots free.
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

    /// Lowers the ceiling where somebody who shares the account wants that.
    pub fn lower(&mut self, ceiling: u32) {
        self.ceiling = self.ceiling.min(ceiling.max(1));
        self.allowed = self.allowed.min(self.ceiling);
    }

    /// Slots that may be in use.
    #[must_use]
    pub fn allowed(&self) -> u32 {
        self.allowed
    }

    /// Slots that are in use.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        u32::try_from(self.live.len() + self.backfill.len()).unwrap_or(u32::MAX)
    }

    /// Stands in line. [`Self::call_next`] says when it is this one's turn.
    pub fn ask(&mut self, priority: Priority) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.line(priority).push_back(ticket);
        ticket
    }

    /// Gives the next in line a slot, if one is free.
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

    /// Leaves the line; false for one who is not in it, but has a slot already.
    pub fn leave(&mut self, ticket: Ticket) -> bool {
        for line in [&mut self.live, &mut self.backfill] {
            if let Some(place) = line.iter().position(|it| *it == ticket) {
                line.remove(place);
                return true;
            }
        }
        false
    }

    /// Gives a slot back.
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
