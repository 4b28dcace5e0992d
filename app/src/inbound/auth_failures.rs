//! Counts calls that fail authentication, per address, to slow down the guessing of keys.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use ports::Instant;

/// The window in which failures are counted.
const WINDOW: Duration = Duration::from_mins(1);
/// Failures per address and window that are still answered 401.
const LIMIT: u32 = 100;
/// Addresses remembered at once; when there are more, the window restarts.
const ADDRESSES: usize = 10_000;

/// The failures of the current window.
#[derive(Default)]
pub(super) struct AuthFailureLimiter(Mutex<Window>);

#[derive(Default)]
struct Window {
    began: Option<Instant>,
    counts: HashMap<IpAddr, u32>,
}

impl AuthFailureLimiter {
    /// Counts one more failure of this address and returns whether it has had too many.
    pub(super) fn too_many(&self, address: IpAddr, now: Instant) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = window.began.is_none_or(|began| now.since(began) >= WINDOW);
        if over || window.counts.len() >= ADDRESSES {
            *window = Window { began: Some(now), counts: HashMap::new() };
        }
        let count = window.counts.entry(address).or_default();
        *count = count.saturating_add(1);
        *count > LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failures_of_an_address_are_limited_per_minute() {
        let auth_failures = AuthFailureLimiter::default();
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let now = Instant::new(domain::Timestamp::from_millis(1_000), Duration::ZERO);
        let refused = (0..LIMIT + 5).filter(|_| auth_failures.too_many(address, now)).count();
        assert_eq!(refused, 5);
        assert!(!auth_failures.too_many("192.0.2.2".parse().unwrap(), now));
        assert!(!auth_failures.too_many(address, now.after(WINDOW)));
    }
}
