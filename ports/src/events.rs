//! Decodes the events that a storefront sends to the webhook.

use domain::{Cancellation, Tenant, Timestamp};

/// Reads the events that a storefront sends to the webhook.
///
/// # Contract
///
/// - The same bytes give the same event, whenever they are read; only an
///   impossible publication date is replaced by `received`.
/// - A field that is not needed never makes an event an error: the storefront does not send a
///   rejected event again.
/// - The tenant is what the event claims; the caller compares it with the owner of the key.
pub trait EventDecoder: Send + Sync {
    /// Reads one event that was received at this time.
    ///
    /// # Errors
    ///
    /// The first field that is needed to identify the event or its tenant, and that cannot be read.
    fn decode(&self, body: &[u8], received: Timestamp) -> Result<Event, FieldError>;
}

/// An event of a storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The tenant that the event claims to belong to.
    pub tenant: Tenant,
    /// Its name, for example `order.items_cancelled`.
    pub name: String,
    /// The units that it reports as cancelled; `None` for other events, an error when
    /// a field that this needs cannot be read.
    pub cancellation: Result<Option<Cancellation>, FieldError>,
}

/// A field of a request that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct FieldError {
    /// The field, for example `payload.items[0].id`; `body` when the body is no JSON object.
    pub field: String,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}
