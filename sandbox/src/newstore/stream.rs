//! The event stream: integrations that send the tenant's events to a callback, in order.
//!
//! Events are sent only by [`Stream::deliver`]. After an answer of 5xx, or no answer, an
//! integration repeats that event until it is accepted. An answer of 4xx rejects the event, and the
//! next one follows.

mod call;
mod integration;
mod post;
mod registry;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{Fault, state::Shared};
use registry::Parcel;
pub(super) use registry::Registry;

pub use integration::{Delivery, Integration, Status};

/// The URL of the registration API.
pub(super) const PATH: &str = "/api/v1/org/integrations/eventstream";

pub(super) use call::serve;

/// A tenant's event stream.
#[derive(Clone)]
pub struct Stream {
    pub(super) shared: Arc<Shared>,
    pub(super) url: String,
}

impl Stream {
    /// The URL of the registration API.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Registers an integration as a call would.
    ///
    /// # Panics
    /// If it would be refused: a mistake in a test, not a fault of the tenant.
    pub fn register(&self, integration: &Value) {
        let now = self.shared.now();
        let (status, body) = self.shared.change(|it| it.create(integration, now));
        assert!(status.is_success(), "{body}");
    }

    /// The integration with this id.
    #[must_use]
    pub fn integration(&self, id: &str) -> Option<Integration> {
        self.shared.stream.borrow().integrations.get(id).cloned()
    }

    /// The ids of all integrations.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.shared.stream.borrow().integrations.keys().cloned().collect()
    }

    /// Stops an integration, as NewStore may do; a missing one is ignored.
    pub fn stop(&self, id: &str) {
        self.shared.change(|it| it.turn(id, Status::Stopped));
    }

    /// Waits until the integration with this id meets the condition.
    pub async fn until(&self, id: &str, is: impl Fn(&Integration) -> bool) {
        let mut stream = self.shared.stream.subscribe();
        let wanted = |it: &Registry| it.integrations.get(id).is_some_and(&is);
        // An error means that the tenant was dropped, which also ends the test.
        let _ = stream.wait_for(wanted).await;
    }

    /// Sets the fault of registration calls; it lasts until the next call.
    pub fn fault(&self, fault: Fault) {
        self.shared.stream_fault.send_replace(fault);
    }

    /// Adds an event, as it will be sent, to the stream.
    ///
    /// # Panics
    /// If it is no event: a mistake in a test, not a fault of the tenant.
    pub fn publish(&self, event: &Value) {
        let name = event["name"].as_str().expect("an event has a name").to_owned();
        let at = event["published_at"].as_str().and_then(|it| it.parse::<Timestamp>().ok());
        let at = at.expect("an event has an instant");
        self.shared.change(|it| it.publish(name, at, event.clone()));
    }

    /// Sends the due events of each integration until all are sent or one is not accepted. A
    /// temporary integration that has sent all events of its window stops.
    pub async fn deliver(&self) -> Vec<Delivery> {
        let mut made = Vec::new();
        for id in self.ids() {
            while let Some(parcel) = self.next(&id) {
                let answer = post::post(&parcel).await;
                let delivery = self.shared.change(|it| it.settle(&id, &parcel, answer));
                let held_up = delivery.holds_up();
                made.push(delivery);
                if held_up {
                    break;
                }
            }
            let now = self.shared.now();
            self.shared.change(|it| it.end(&id, now));
        }
        made
    }

    fn next(&self, id: &str) -> Option<Parcel> {
        self.shared.stream.borrow().next(id)
    }
}
