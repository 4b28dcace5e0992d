//! The stub as a benchmark sees it: a process with an address that has counted its calls.

use std::{net::SocketAddr, path::Path, time::Duration};

use serde_json::Value;

use super::Call;
use crate::{ChildProcess, Settings, TestWorld};

/// A running stub; dropping it ends it.
#[derive(Debug)]
pub struct Stub {
    /// Where both systems are.
    pub address: SocketAddr,
    twin: ChildProcess,
    http: reqwest::Client,
}

/// What a stub was asked so far.
#[derive(Debug, Clone)]
pub struct Counts(Value);

impl Stub {
    /// Starts one on the script in this folder, as this program with the argument `stub`;
    /// `NetSuite` takes so long for each call.
    #[must_use]
    pub fn start(folder: &Path, latency: Duration) -> Self {
        let folder = folder.display().to_string();
        let mut twin = ChildProcess::start(&["stub", &folder, &latency.as_micros().to_string()]);
        let address = twin.line().parse().expect("it says where it listens");
        Self { address, twin, http: reqwest::Client::new() }
    }

    /// A world in which the service has the stub for both systems.
    pub async fn world(&self, settings: &Settings) -> TestWorld {
        let world = TestWorld::new(settings).await;
        world.redirect(self.address);
        world
    }

    /// What it was asked so far.
    pub async fn counts(&self) -> Counts {
        let answer = self.http.get(format!("http://{}/counts", self.address)).send().await;
        let counts = answer.expect("the stub answers").json().await;
        Counts(counts.expect("counts are JSON"))
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.twin.id()
    }
}

impl Counts {
    /// Calls of this kind.
    #[must_use]
    pub fn of(&self, call: Call) -> u64 {
        self.0[call.name()].as_u64().expect("every call is counted")
    }

    /// Calls of every kind since `before`, for each of so many events.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::float_arithmetic, reason = "means")]
    pub fn each(&self, before: &Self, events: usize) -> [f64; Call::ALL.len()] {
        Call::ALL.map(|it| (self.of(it) - before.of(it)) as f64 / events as f64)
    }

    /// Slots of the account in use, times time in seconds.
    #[must_use]
    pub fn busy(&self) -> f64 {
        self.0["busy_seconds"].as_f64().expect("it is counted")
    }

    /// The most slots that were in use at once.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.0["peak"].as_u64().expect("it is counted")
    }
}
