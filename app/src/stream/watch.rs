//! Looks after a stream: one that is found stopped is started again, and said so.
//!
//! Several replicas may do it at once: starting twice is starting once. What is not there, or is
//! another than is configured, is for a person: somebody may have meant it.

use std::time::Duration;

use ports::{Retry, told};

use super::{Fault, Stream, faults};
use crate::service::Service;

/// How often to look.
const PERIOD: Duration = Duration::from_hours(1);
/// How soon to look again where looking failed.
const SOON: Duration = Duration::from_mins(5);

/// Looks at start and every hour until the service drains.
pub async fn watch(stream: Stream, service: Service) {
    // A counter that is first seen at 1 is not seen to rise.
    restarts(&stream).increment(0);
    while service.rest(look(&stream).await).await.is_some() {}
}

/// Looks once, mends what may be mended, and tells how soon to look again.
async fn look(stream: &Stream) -> Duration {
    let (tenant, id) = (&stream.tenant, &stream.wanted.id);
    let found = match stream.port.find(id).await {
        Ok(found) => found,
        Err(error) => {
            let why = told(&error);
            tracing::warn!(%tenant, stream.id = %id, why, "Stream {id} could not be looked at");
            return soon(error.retry());
        }
    };
    let mut again = PERIOD;
    let mut running = 1.0;
    for fault in faults(&stream.wanted, found.as_ref()) {
        let remedy = fault.remedy(tenant);
        match fault {
            Fault::Stopped => match stream.port.start(id).await {
                Ok(()) => {
                    restarts(stream).increment(1);
                    let remedy = "find out who stopped it, and replay the time since";
                    tracing::error!(
                        %tenant, stream.id = %id, remedy,
                        "Stream {id} was stopped: started again"
                    );
                }
                Err(error) => {
                    (running, again) = (0.0, soon(error.retry()));
                    let why = told(&error);
                    tracing::error!(
                        %tenant, stream.id = %id, why, remedy,
                        "Stream {id} is stopped and could not be started"
                    );
                }
            },
            Fault::Missing => {
                running = 0.0;
                tracing::error!(%tenant, stream.id = %id, remedy, "Stream {id} {fault}");
            }
            // Not how it differs: what somebody else wrote there may be anything.
            Fault::Differs(_) => {
                tracing::warn!(
                    %tenant, stream.id = %id, remedy,
                    "Stream {id} is not as configured: see memobridge stream status"
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
