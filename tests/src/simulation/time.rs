//! Virtual time on one thread: it moves when nothing can run, to the next who sleeps.
//!
//! One sleeper is woken at a time, in an order that is the seed's where several
//! sleep until the same instant. Nothing waits for anything real, so that the
//! same seed has the same schedule, whatever the machine does meanwhile.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Instant};

use super::rng::Rng;

/// Everybody's time.
#[derive(Clone)]
pub struct Time(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    rng: Rng,
    sleepers: BTreeMap<Place, Waker>,
    count: u64,
}

/// Until when, a lot, and a number that makes it unique.
type Place = (Timestamp, u64, u64);

impl Time {
    /// Time that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp, rng: Rng) -> Self {
        Self(Arc::new(Mutex::new(State { now: start, rng, sleepers: BTreeMap::new(), count: 0 })))
    }

    /// This instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.state().now
    }

    /// Waits for an instant.
    pub fn until(&self, at: Timestamp) -> impl Future<Output = ()> + Send + use<> {
        Sleep { time: self.clone(), at, place: None }
    }

    /// Waits so long.
    pub fn sleep(&self, wait: Duration) -> impl Future<Output = ()> + Send + use<> {
        self.until(self.now().after(wait))
    }

    /// Runs a future, and everything that it spawns, to its end.
    ///
    /// # Panics
    ///
    /// When nothing can run and nobody sleeps: then nothing will ever happen.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let time = self.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .on_thread_park(move || time.pass())
            .build()
            .expect("a runtime without timers and sockets needs nothing");
        runtime.block_on(future)
    }

    /// Nothing can run: on to the next who sleeps.
    fn pass(&self) {
        let mut state = self.state();
        let ((at, ..), waker) =
            state.sleepers.pop_first().expect("somebody sleeps while the world goes on");
        state.now = state.now.max(at);
        drop(state);
        waker.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics while the time is locked")
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Time").field(&self.now()).finish()
    }
}

#[async_trait]
impl Clock for Time {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn instant(&self) -> Instant {
        Instant::new(Self::now(self), Duration::ZERO)
    }

    async fn sleep(&self, wait: Duration) {
        Self::sleep(self, wait).await;
    }
}

struct Sleep {
    time: Time,
    at: Timestamp,
    place: Option<Place>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let at = self.at;
        let time = self.time.clone();
        let mut state = time.state();
        if at <= state.now {
            return Poll::Ready(());
        }
        let place = *self.place.get_or_insert_with(|| {
            state.count += 1;
            (at, state.rng.next(), state.count)
        });
        state.sleepers.insert(place, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            self.time.state().sleepers.remove(place);
        }
    }
}
