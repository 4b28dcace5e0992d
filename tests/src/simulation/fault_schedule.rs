//! What goes wrong, how often, and when: until the world calms down.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use domain::Timestamp;

use super::{rng::Rng, time::Time};

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SimulatedFault {
    /// The journal cannot store or read.
    JournalFails,
    /// The journal has stored it, and does not say so.
    JournalLosesReply,
    /// The journal takes longer than any lease.
    JournalStalls,
    /// The queue cannot store or read.
    QueueFails,
    /// The queue has stored it, and does not say so.
    QueueLosesReply,
    /// The queue takes longer than any lease.
    QueueStalls,
    /// The storefront does not answer.
    StorefrontDown,
    /// The storefront turns us away.
    StorefrontThrottles,
    /// The storefront's answer cannot be read.
    StorefrontUnreadable,
    /// The storefront takes its time.
    StorefrontSlow,
    /// The ERP cannot be reached.
    ErpDown,
    /// The ERP refuses the credentials.
    ErpRevoked,
    /// The ERP denies a permission.
    ErpForbidden,
    /// The ERP turns us away.
    ErpThrottles,
    /// The ERP takes its time, perhaps longer than we wait.
    ErpSlow,
    /// The ERP has done it, and its reply is lost.
    ErpLosesReply,
    /// The request never reached the ERP, and nobody says so.
    ErpNeverGetsIt,
    /// The record changed while we looked at it.
    ErpStale,
    /// The ERP's total comes out a little different.
    ErpMiscounts,
    /// The process is killed.
    Crash,
    /// The process is killed right after it has answered.
    CrashAfterAnswer,
    /// The webhook's connection breaks.
    ConnectionCut,
    /// An event that was answered is delivered once more.
    DeliveredAgain,
}

impl SimulatedFault {
    /// What befalls our own queue and journal.
    pub const STORES: [Self; 6] = [
        Self::JournalFails,
        Self::JournalLosesReply,
        Self::JournalStalls,
        Self::QueueFails,
        Self::QueueLosesReply,
        Self::QueueStalls,
    ];
    /// What befalls every call to an ERP alike.
    pub const OF_THE_ERP: [Self; 8] = [
        Self::ErpDown,
        Self::ErpRevoked,
        Self::ErpForbidden,
        Self::ErpThrottles,
        Self::ErpSlow,
        Self::ErpLosesReply,
        Self::ErpNeverGetsIt,
        Self::ErpStale,
    ];
    const SYSTEMS: [Self; 13] = [
        Self::StorefrontDown,
        Self::StorefrontThrottles,
        Self::StorefrontUnreadable,
        Self::StorefrontSlow,
        Self::ErpDown,
        Self::ErpRevoked,
        Self::ErpForbidden,
        Self::ErpThrottles,
        Self::ErpSlow,
        Self::ErpLosesReply,
        Self::ErpNeverGetsIt,
        Self::ErpStale,
        Self::ErpMiscounts,
    ];
    const PROCESSES: [Self; 4] =
        [Self::Crash, Self::CrashAfterAnswer, Self::ConnectionCut, Self::DeliveredAgain];
    /// What comes for a while rather than for a call.
    const SPELLS: [Self; 7] = [
        Self::JournalFails,
        Self::QueueFails,
        Self::StorefrontDown,
        Self::ErpDown,
        Self::ErpRevoked,
        Self::ErpForbidden,
        Self::ErpThrottles,
    ];

    /// The most often that it befalls a call, in a thousand.
    fn most(self) -> i64 {
        match self {
            Self::Crash => 6,
            Self::ErpLosesReply | Self::ErpNeverGetsIt | Self::ErpSlow | Self::ErpStale => 250,
            Self::CrashAfterAnswer | Self::ConnectionCut | Self::DeliveredAgain => 300,
            Self::JournalStalls | Self::QueueStalls => 20,
            Self::ErpRevoked | Self::ErpForbidden => 10,
            _ => 80,
        }
    }
}

/// The weather of one place.
#[derive(Debug)]
pub struct FaultSchedule {
    time: Time,
    rng: Rng,
    calm_from: Timestamp,
    odds: BTreeMap<SimulatedFault, u32>,
    spells: Vec<(SimulatedFault, Timestamp, Timestamp)>,
    struck: Mutex<BTreeMap<SimulatedFault, u64>>,
}

impl FaultSchedule {
    /// Of our own queue and journal.
    pub(super) fn of_stores(time: &Time, rng: &Rng, calm_from: Timestamp) -> Self {
        Self::drawn(time, rng, calm_from, &SimulatedFault::STORES)
    }

    /// Of a customer's storefront and ERP.
    pub(super) fn of_systems(time: &Time, rng: &Rng, calm_from: Timestamp) -> Self {
        Self::drawn(time, rng, calm_from, &SimulatedFault::SYSTEMS)
    }

    /// Of our processes and of the stream of events.
    pub(super) fn of_processes(time: &Time, rng: &Rng, calm_from: Timestamp) -> Self {
        Self::drawn(time, rng, calm_from, &SimulatedFault::PROCESSES)
    }

    /// Each fault is there in about every third seed: what many would hide, few bring out.
    fn drawn(time: &Time, rng: &Rng, calm_from: Timestamp, faults: &[SimulatedFault]) -> Self {
        let mut odds = BTreeMap::new();
        let mut spells = Vec::new();
        let start = time.now();
        let stretch = i64::try_from(calm_from.since(start).as_millis()).expect("a short storm");
        for &fault in faults {
            if rng.strikes(350) {
                let often = rng.between(1, fault.most());
                odds.insert(fault, u32::try_from(often).expect("odds are not negative"));
            }
            if SimulatedFault::SPELLS.contains(&fault) && rng.strikes(200) {
                let from = start.after(rng.millis(0, stretch));
                let until = from.after(rng.seconds(25 * 60));
                spells.push((fault, from, until));
            }
        }
        let struck = Mutex::default();
        Self { time: time.clone(), rng: rng.fork(), calm_from, odds, spells, struck }
    }

    /// Whether the fault befalls this call.
    pub fn strikes(&self, fault: SimulatedFault) -> bool {
        let now = self.time.now();
        if self.calm_from <= now {
            return false;
        }
        let lasts = |(it, from, until): &(SimulatedFault, Timestamp, Timestamp)| {
            *it == fault && *from <= now && now < *until
        };
        let strikes = self.spells.iter().any(lasts)
            || self.odds.get(&fault).is_some_and(|odds| self.rng.strikes(*odds));
        if strikes {
            *self.struck().entry(fault).or_default() += 1;
        }
        strikes
    }

    /// Whether the fault can befall anything in this seed.
    #[must_use]
    pub fn knows(&self, fault: SimulatedFault) -> bool {
        self.odds.contains_key(&fault) || self.spells.iter().any(|(it, ..)| *it == fault)
    }

    /// Whether any of them can.
    #[must_use]
    pub fn knows_any(&self, faults: &[SimulatedFault]) -> bool {
        faults.iter().any(|fault| self.knows(*fault))
    }

    /// The same weather without these faults.
    #[must_use]
    pub(super) fn without(mut self, faults: &[SimulatedFault]) -> Self {
        self.odds.retain(|fault, _| !faults.contains(fault));
        self.spells.retain(|(fault, ..)| !faults.contains(fault));
        self
    }

    /// So long, up to this many seconds.
    pub fn a_while(&self, least: i64, most: i64) -> Duration {
        self.rng.millis(least * 1000, most * 1000)
    }

    /// How often each fault struck.
    #[must_use]
    pub fn count(&self) -> BTreeMap<SimulatedFault, u64> {
        self.struck().clone()
    }

    fn struck(&self) -> MutexGuard<'_, BTreeMap<SimulatedFault, u64>> {
        self.struck.lock().expect("nobody panics while faults are counted")
    }
}
