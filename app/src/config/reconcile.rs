//! `[reconcile]`: how often the service compares both systems with the journal.

use std::time::Duration;

use super::section::{Section, duration};

const DAY: Duration = Duration::from_hours(24);

/// `[reconcile]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reconcile {
    /// From one comparison to the next.
    pub every: Duration,
    /// How far back each looks; never less, so that nothing falls between two.
    pub window: Duration,
    /// What is done about what is missing.
    pub repair: RepairSetting,
}

/// What is done about what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepairSetting {
    /// It is reported.
    Off,
    /// It is reported and queued.
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
