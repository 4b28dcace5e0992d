//! The program itself with a clock that panics in the read-back once there is a file `panic` beside
//! the configuration.

use std::{env, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use app::clock::SystemClock;
use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Instant};

/// Only the read-back sleeps so long.
const READ_BACK_PERIOD: Duration = Duration::from_secs(2);

struct PanickingClock {
    trigger: PathBuf,
}

#[async_trait]
impl Clock for PanickingClock {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn instant(&self) -> Instant {
        SystemClock.instant()
    }

    async fn sleep(&self, wait: Duration) {
        assert!(wait != READ_BACK_PERIOD || !self.trigger.exists(), "the clock is broken");
        SystemClock.sleep(wait).await;
    }
}

fn main() -> ExitCode {
    let config = env::args_os().next_back().map(PathBuf::from).unwrap_or_default();
    app::cli::run(Arc::new(PanickingClock { trigger: config.with_file_name("panic") }))
}
