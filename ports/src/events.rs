//! What a storefront's webhook sends.

use domain::{Cancellation, Tenant, Timestamp};

/// Reads the events that a storefront sends to the webhook.
///
/// # Contract
///
/// - The same bytes give the same event, whenever they are read; only the date of a publication
///   that cannot be is replaced by `received`.
/// - A field that is not needed never makes an event an error: the storefront does not send a
///   rejected event again.
/// - The tenant is what the event claims; the caller compares it with the owner of the key.
pub trait EventDecoder: Send + Sync {
    /// Reads one event that was received at this time.
    ///
    /// # Errors
    ///
    /// The first field without which it is not known whose event it is, or which.
    fn decode(&self, body: &[u8], received: Timestamp) -> Result<Event, FieldError>;
}

/// An event of a storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Whose event it claims to be.
    pub tenant: Tenant,
    /// Its name, for example `order.items_cancelled`.
    pub name: String,
    /// The units that it calls cancelled; `None` when it is about something else, an error when
    /// a field that this needs cannot be read.
    pub cancellation: Result<Option<Cancellation>, FieldError>,
}

/// A field of a request that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct FieldError {
    /// The field, for example `payload.items[0].id`; `body` when it is no JSON object.
    pub field: String,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}
