//! The circuit breaker in front of an ERP: a pure state machine with time as an argument.
//!
//! While it is open nothing is sent except single probes: after 1 s, doubling to 15 s; for a
//! missing permission every 15 s; for refused credentials after 1 min, doubling to 1 h, because
//! repeated bad logins lock a token.

use std::time::Duration;

use ports::Instant;

/// Consecutive failures that open the breaker; a single failure may be chance.
const FAILURES_TO_OPEN: u32 = 3;

/// Why calls to an ERP are suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerCause {
    /// It does not answer.
    Unavailable,
    /// It denies a permission.
    Permission,
    /// It rejects the credentials.
    Credentials,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum BreakerPermit {
    /// Yes.
    Go,
    /// No, for this cause and this long.
    Wait(BreakerCause, Duration),
}

/// The state of one ERP account.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    cause: BreakerCause,
    wait: Duration,
    probe_at: Instant,
}

impl BreakerCause {
    /// All causes.
    pub const ALL: [Self; 3] = [Self::Unavailable, Self::Permission, Self::Credentials];

    /// The stable name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Permission => "permission",
            Self::Credentials => "credentials",
        }
    }

    fn first_wait(self) -> Duration {
        match self {
            Self::Unavailable => Duration::from_secs(1),
            Self::Permission => Duration::from_secs(15),
            Self::Credentials => Duration::from_mins(1),
        }
    }

    fn longest_wait(self) -> Duration {
        match self {
            Self::Unavailable | Self::Permission => Duration::from_secs(15),
            Self::Credentials => Duration::from_hours(1),
        }
    }

    fn opens_after(self) -> u32 {
        match self {
            Self::Unavailable => FAILURES_TO_OPEN,
            Self::Permission | Self::Credentials => 1,
        }
    }
}

impl Breaker {
    /// Requests a call. While open, the call that goes through is the probe; the next is allowed
    /// when that one has ended.
    pub fn permit(&mut self, now: Instant) -> BreakerPermit {
        let Some(open) = &mut self.open else {
            return BreakerPermit::Go;
        };
        if now < open.probe_at {
            return BreakerPermit::Wait(open.cause, open.probe_at.since(now));
        }
        open.probe_at = now.after(open.wait);
        BreakerPermit::Go
    }

    /// How long until a call may be made, without making one.
    #[must_use]
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        let open = self.open.filter(|it| now < it.probe_at)?;
        Some(open.probe_at.since(now))
    }

    /// Why calls are suspended, if they are.
    #[must_use]
    pub fn cause(&self) -> Option<BreakerCause> {
        self.open.map(|it| it.cause)
    }

    /// A call was answered.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A call failed.
    pub fn failed(&mut self, cause: BreakerCause, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let wait = match self.open {
            Some(open) if open.cause == cause => {
                // A call that began before the breaker opened gives no new information.
                if now.after(open.wait) < open.probe_at {
                    return;
                }
                (open.wait * 2).min(cause.longest_wait())
            }
            _ if self.failures < cause.opens_after() => return,
            _ => cause.first_wait(),
        };
        self.open = Some(Open { cause, wait, probe_at: now.after(wait) });
    }
}

#[cfg(test)]
mod tests;
