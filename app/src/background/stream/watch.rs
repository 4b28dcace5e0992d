//! Watches a stream: restarts it where it is stopped, and logs that.
//!
//! Several replicas may do it at once: starting twice has the effect of starting once. A missing
//! subscription, or one that differs from the configuration, needs a person, because the change may
//! be intended.

use std::time::Duration;

use ports::{Retry, error_chain};

use super::{Stream, StreamFault, faults};
use crate::process::service::Service;

/// How often the stream is checked.
const PERIOD: Duration = Duration::from_hours(1);
/// How soon a failed check is repeated.
const SOON: Duration = Duration::from_mins(5);

/// Checks at start and every hour until the service drains.
pub async fn watch(stream: Stream, service: Service) {
    // Prometheus does not see an increase of a counter that first appears as 1.
    restarts(&stream).increment(0);
    while let Some(wait) = service.draining.run_until_cancelled(check(&stream)).await {
        if service.sleep_or_drain(wait).await.is_none() {
            return;
        }
    }
}

/// Checks once, restarts a stopped stream, and returns the delay until the next check.
async fn check(stream: &Stream) -> Duration {
    let (tenant, id) = (&stream.tenant, &stream.wanted.id);
    let found = match stream.port.find(id).await {
        Ok(found) => found,
        Err(error) => {
            let detail = error_chain(&error);
            tracing::warn!(%tenant, stream.id = %id, error = detail, "Failed to read the status of stream {id}");
            return soon(error.retry());
        }
    };
    let mut again = PERIOD;
    let mut running = 1.0;
    for fault in faults(&stream.wanted, found.as_ref()) {
        let remedy = fault.remedy(tenant);
        match fault {
            StreamFault::Stopped => match stream.port.start(id).await {
                Ok(()) => {
                    restarts(stream).increment(1);
                    let remedy = "find out who stopped it, and replay the time since";
                    tracing::error!(
                        %tenant, stream.id = %id, remedy,
                        "Stream {id} was stopped; restarted it"
                    );
                }
                Err(error) => {
                    (running, again) = (0.0, soon(error.retry()));
                    let detail = error_chain(&error);
                    tracing::error!(
                        %tenant, stream.id = %id, detail, remedy,
                        "Failed to restart stopped stream {id}"
                    );
                }
            },
            StreamFault::Missing => {
                running = 0.0;
                tracing::error!(%tenant, stream.id = %id, remedy, "Stream {id} {fault}");
            }
            // The difference is not logged: the foreign value may be anything, a secret among them.
            StreamFault::Differs(_) => {
                tracing::warn!(
                    %tenant, stream.id = %id, remedy,
                    "Stream {id} differs from the configuration: run memobridge stream status"
                );
            }
        }
    }
    metrics::gauge!("memobridge_stream_running", "tenant" => tenant.to_string()).set(running);
    again
}

fn restarts(stream: &Stream) -> metrics::Counter {
    metrics::counter!("memobridge_stream_restarts_total", "tenant" => stream.tenant.to_string())
}

fn soon(retry: Retry) -> Duration {
    match retry {
        Retry::Never => PERIOD,
        Retry::Later => SOON,
        Retry::After(wait) => wait.max(SOON),
    }
}
