//! The breaker in front of a dead ERP: a pure state machine, time as an argument.
//!
//! While it is open nothing is sent, but for one probing call now and then: after
//! 1 s, doubling to 15 s; for a missing permission every 15 s; for refused
//! credentials after 1 min, doubling to 1 h, because repeated bad logins lock a token.

use std::time::Duration;

use ports::Instant;

/// Failures in a row that open the breaker; one alone may be chance.
const PATIENCE: u32 = 3;

/// What keeps an ERP from working for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer.
    Unavailable,
    /// It denies a permission.
    Permission,
    /// It refuses our credentials.
    Credentials,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Permit {
    /// It may.
    Go,
    /// It may not, because of this, for this long.
    Wait(Trouble, Duration),
}

/// The state of one ERP account.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    trouble: Trouble,
    wait: Duration,
    probe_at: Instant,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unavailable, Self::Permission, Self::Credentials];

    /// The stable name, as logs and metrics say it.
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
            Self::Unavailable => PATIENCE,
            Self::Permission | Self::Credentials => 1,
        }
    }
}

impl Breaker {
    /// Asks for a call. While open, the one that goes through is the probe; the
    /// next is allowed when that one has had its turn.
    pub fn permit(&mut self, now: Instant) -> Permit {
        let Some(open) = &mut self.open else {
            return Permit::Go;
        };
        if now < open.probe_at {
            return Permit::Wait(open.trouble, open.probe_at.since(now));
        }
        open.probe_at = now.after(open.wait);
        Permit::Go
    }

    /// How long until a call may be made, without making one.
    #[must_use]
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        let open = self.open.filter(|it| now < it.probe_at)?;
        Some(open.probe_at.since(now))
    }

    /// Whether calls are being held back, and why.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.open.map(|it| it.trouble)
    }

    /// A call was answered.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A call failed.
    pub fn failed(&mut self, trouble: Trouble, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let wait = match self.open {
            Some(open) if open.trouble == trouble => {
                // Calls that were under way when it opened say nothing new.
                if now.after(open.wait) < open.probe_at {
                    return;
                }
                (open.wait * 2).min(trouble.longest_wait())
            }
            _ if self.failures < trouble.opens_after() => return,
            _ => trouble.first_wait(),
        };
        self.open = Some(Open { trouble, wait, probe_at: now.after(wait) });
    }
}

#[cfg(test)]
mod tests;
