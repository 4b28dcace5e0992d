//! The service in this process, on runtimes of its own that can be pulled from under it.

use std::{
    mem,
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use app::{
    background::supervisor::TaskError, config::Config, inbound::http_threads::Threads,
    observability, serve::Application,
};
use ports::{CancellationRecord, CancellationState, Clock};
use serde_json::Value;
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use crate::{
    Answer, Exposition, FakeClock, JournalReader, TestWorld,
    clock::{STEP, pass},
    document::Described,
    secrets,
};

/// Threads for all but HTTP.
const WORKERS: usize = 2;
/// How often the journal is looked at.
const POLL: Duration = Duration::from_millis(5);
/// Real time after which a wait has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A running service. Dropping it ends it as a crash does.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    clock: Arc<FakeClock>,
    pub(crate) http: reqwest::Client,
    journal: JournalReader,
    application: Option<Application>,
    threads: Option<Threads>,
    runtime: Option<Runtime>,
}

impl Service {
    pub(crate) async fn start(world: &TestWorld) -> Self {
        secrets::watch_logs();
        let config = Config::load(&world.config()).unwrap_or_else(|why| panic!("{why}"));
        // Leaked, as its threads are told of it for ever: a few kilobytes for each service.
        let counts: &'static _ = Box::leak(Box::new(observability::recorder()));
        let first = || mem::forget(metrics::set_default_local_recorder(counts));
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .on_thread_start(first)
            .build();
        let runtime = runtime.expect("there are threads");
        let threads = Threads::start(first).expect("there are threads");
        let http = threads.handle().clone();
        let clock: Arc<dyn Clock> = Arc::clone(&world.clock) as _;
        let starting =
            async move { Application::start(config, clock, counts.handle(), &http).await };
        let starting = runtime.spawn(starting);
        let application = starting.await.expect("starting does not panic");
        let application = application.unwrap_or_else(|why| panic!("{why:#}"));
        Self {
            address: application.address(),
            clock: Arc::clone(&world.clock),
            http: world.http.clone(),
            journal: world.book(),
            application: Some(application),
            threads: Some(threads),
            runtime: Some(runtime),
        }
    }

    /// Sends an event and waits for the answer; time stands still.
    pub async fn post(&self, event: &Value) -> Answer {
        TestWorld::post(&self.http, self.address, event).await
    }

    /// Sends an event beside the test.
    #[must_use]
    pub fn post_beside(&self, event: &Value) -> JoinHandle<Answer> {
        let (http, address, event) = (self.http.clone(), self.address, event.clone());
        tokio::spawn(async move { TestWorld::post(&http, address, &event).await })
    }

    /// Asks for a page: its status and its text.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = self.http.get(format!("http://{}{path}", self.address)).send().await;
        let response = response.expect("the service answers");
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|it| it.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let text = response.text().await.expect("the answer is whole");
        secrets::assert_none(path, &text);
        Described { method: "get", path, status, kind: &kind, body: &text }.check();
        (status, text)
    }

    /// What it counts.
    pub async fn metrics(&self) -> Exposition {
        Exposition::read(&self.get("/metrics").await.1)
    }

    /// Lets time pass, in small steps, until the cancellation is in this state.
    pub async fn until(&self, answer: &Answer, state: CancellationState) -> CancellationRecord {
        let id = answer.id.as_deref().unwrap_or_else(|| panic!("no id in {answer:?}"));
        let last = Mutex::new(None);
        let wanted = async {
            loop {
                let found = self.journal.record(id).await;
                if let Some(record) = found.clone().filter(|it| it.state == state) {
                    return record;
                }
                *last.lock().expect("nobody panics with it") = found;
                tokio::time::sleep(POLL).await;
            }
        };
        let found = pass_time(&self.clock, wanted).await;
        found.unwrap_or_else(|| panic!("{answer:?} never became {state:?}: {last:?}"))
    }

    /// Lets time pass, in small steps, until `event` has happened.
    pub async fn pass_time<T>(&self, event: impl Future<Output = T>) -> T {
        pass_time(&self.clock, event).await.expect("it happens in the end")
    }

    /// Shuts down as on SIGTERM: returns when everything that ran is finished. Fails when a
    /// background task did.
    pub async fn stop(mut self) {
        let runtime = self.runtime.take().expect("it runs until now");
        let application = self.application.take().expect("it runs until now");
        let stopping = runtime.spawn(application.shut_down());
        let stopped = stopping.await.expect("shutting down does not panic");
        stopped.expect("no background task failed");
        self.end(runtime);
    }

    /// Has every thread but those that serve HTTP reckon until the answer is dropped.
    #[must_use]
    pub fn reckon_on_all_threads(&self) -> mpsc::Sender<()> {
        let (done, wait) = mpsc::channel();
        let wait = Arc::new(Mutex::new(wait));
        let runtime = self.runtime.as_ref().expect("it runs");
        let (begun, all) = mpsc::channel();
        for _ in 0..WORKERS {
            let (wait, begun) = (Arc::clone(&wait), begun.clone());
            runtime.spawn(async move {
                begun.send(()).expect("somebody counts");
                // The first waits for the end, the others for the first.
                drop(wait.lock().map(|wait| wait.recv()));
            });
        }
        for _ in 0..WORKERS {
            all.recv().expect("as many threads as tasks");
        }
        done
    }

    /// Ends every task where it is, and returns when the files are closed.
    fn end(&mut self, runtime: Runtime) {
        let threads = self.threads.take().map(Threads::into_runtime);
        // A runtime cannot be waited for on a thread of another one.
        let ending = thread::spawn(move || {
            for runtime in threads.into_iter().chain([runtime]) {
                runtime.shutdown_timeout(TIMEOUT);
            }
        });
        ending.join().expect("ending does not panic");
    }

    /// Begins to shut down, and goes on while work is unfinished.
    #[must_use]
    pub fn begin_stopping(&mut self) -> JoinHandle<Result<(), TaskError>> {
        let application = self.application.take().expect("it is stopped once");
        self.runtime.as_ref().expect("it runs").spawn(application.shut_down())
    }
}

async fn pass_time<T>(clock: &FakeClock, event: impl Future<Output = T>) -> Option<T> {
    let passing = async {
        loop {
            pass(clock, STEP).await;
        }
    };
    tokio::select! {
        it = event => Some(it),
        () = passing => None,
        () = tokio::time::sleep(TIMEOUT) => None,
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.end(runtime);
        }
    }
}
