//! The processes that run at an instant: started, killed, stopped and started again.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::Timestamp;

use super::{
    replica::{Replica, Shared},
    weather::Fault,
};

/// All processes, each in its place.
pub struct Fleet {
    shared: Arc<Shared>,
    places: Mutex<Vec<Option<Replica>>>,
    calm_from: Timestamp,
}

impl Fleet {
    /// So many places, and nobody there yet.
    #[must_use]
    pub fn new(shared: Arc<Shared>, size: usize, calm_from: Timestamp) -> Arc<Self> {
        Arc::new(Self { shared, places: Mutex::new(vec![None; size]), calm_from })
    }

    /// Some process that takes calls, as a load balancer chooses it.
    pub fn any(&self) -> Option<Replica> {
        let living: Vec<Replica> = self.places().iter().flatten().cloned().collect();
        let living: Vec<_> = living.into_iter().filter(|it| !it.wire.life.is_over()).collect();
        (!living.is_empty()).then(|| self.shared.stage.chance.pick(&living).clone())
    }

    /// Keeps a process running in one place for ever.
    pub async fn keep(self: Arc<Self>, place: usize) {
        let stage = &self.shared.stage;
        let ahead = Arc::new(AtomicU64::new(stage.chance.next() % 3000));
        for life in 1.. {
            let name = format!("process{place}.{life}");
            let replica = Replica::start(&self.shared, &name, Arc::clone(&ahead));
            self.places()[place] = Some(replica.clone());
            tokio::select! {
                biased;
                () = replica.wire.life.ended() => {}
                () = self.restlessness() => replica.stop().await,
            }
            self.places()[place] = None;
            let pause = if stage.processes.knows(Fault::Crash) { 60 } else { 10 };
            stage.time.sleep(stage.chance.seconds(pause)).await;
            if stage.chance.strikes(200) {
                // Its clock was set forward meanwhile.
                ahead.fetch_add(stage.chance.next() % 1000, Ordering::Relaxed);
            }
        }
    }

    /// Until somebody deploys, which nobody does in calm weather.
    async fn restlessness(&self) {
        let stage = &self.shared.stage;
        let at = stage.time.now().after(stage.chance.seconds(2 * 3600));
        let at = if self.calm_from <= at { Timestamp::from_millis(i64::MAX) } else { at };
        stage.time.until(at).await;
        stage.time.sleep(Duration::ZERO).await;
    }

    fn places(&self) -> MutexGuard<'_, Vec<Option<Replica>>> {
        self.places.lock().expect("nobody panics while places are looked at")
    }
}
