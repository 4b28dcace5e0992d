//! `[reconcile]`: how often the service compares both systems with the journal.

use std::time::Duration;

use super::section::{Section, duration};

const DAY: Duration = Duration::from_hours(24);

/// `[reconcile]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconcile {
    /// The time from one comparison to the next.
    pub every: Duration,
    /// The window of each comparison; at least `every`, so that windows leave no gap.
    pub window: Duration,
    /// What to do with missing credits.
    pub repair: RepairSetting,
}

/// What to do with missing credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairSetting {
    /// Report them.
    Off,
    /// Report and queue them.
    On,
}

pub(super) fn read(section: Section<'_>) -> Reconcile {
    let flag = [("true", RepairSetting::On), ("false", RepairSetting::Off)];
    let every = section.get("every", duration).unwrap_or(DAY);
    let window = section.get("window", duration).unwrap_or(DAY * 2);
    let repair = section.choice("repair", &flag, RepairSetting::Off);
    if every < Duration::from_mins(1) {
        section.fault("every", "must be at least \"1m\"");
    }
    if window < every {
        section.fault("window", "must not be shorter than every: cancellations would be missed");
    }
    section.done();
    Reconcile { every, window, repair }
}
