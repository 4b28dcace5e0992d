//! The webhook's data format, parsed by hand so that every error names its field.
//!
//! A rejected body is answered with the reason, and NewStore does not send it again. So only a
//! field that is needed and cannot be read makes a body a [`FieldError`]; unknown keys are ignored.

mod object;

use std::{collections::BTreeMap, fmt, time::Duration};

use domain::{
    Cancellation, ITEMS_CANCELLED, IdError, ORDER_CANCELLED, OrderId, Tenant, Timestamp, UnitId,
};
use ports::{Event, EventDecoder, FieldError};
use serde_json::value::RawValue;

use object::{Object, Shape};

use crate::{instant, json, quote};

const MAX_NAME: usize = 100;
const MAX_ITEMS: usize = 10_000;
const MAX_REASON: usize = 200;
/// 2000-01-01T00:00:00Z. An older time comes from a clock that was never set.
const FIRST: Timestamp = Timestamp::from_millis(946_684_800_000);
/// A larger difference between the clocks is logged.
const NOTABLE: Duration = Duration::from_mins(5);

/// The members that every event has besides its payload.
struct Envelope {
    tenant: Tenant,
    name: String,
    /// The fields that are read only if the event is about cancellations.
    published_at: Option<Box<RawValue>>,
    payload: Option<Box<RawValue>>,
}

/// Decodes the events of `NewStore`'s webhook.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebhookDecoder;

impl EventDecoder for WebhookDecoder {
    fn decode(&self, body: &[u8], received: Timestamp) -> Result<Event, FieldError> {
        let envelope = envelope(body)?;
        let cancellation = envelope.cancellation(received);
        Ok(Event { tenant: envelope.tenant, name: envelope.name, cancellation })
    }
}

/// Parses tenant and name of an event; the other fields are parsed only for a cancellation.
fn envelope(body: &[u8]) -> Result<Envelope, FieldError> {
    if body.is_empty() {
        return Err(malformed("body", "is empty"));
    }
    let body = json::mended(body);
    let event: &RawValue = serde_json::from_str(&body).map_err(|why| {
        let place = format!("is not JSON: line {} column {}", why.line(), why.column());
        malformed("body", place)
    })?;
    let Shape::Object(event) = Shape::of(event) else {
        return Err(malformed("body", "is not an object"));
    };
    let tenant = filled(event.shape("tenant"), "tenant")?.parse().map_err(invalid("tenant"))?;
    let name = filled(event.shape("name"), "name")?;
    let length = name.chars().count();
    if length > MAX_NAME {
        let why = format!("has {length} characters, the limit is {MAX_NAME}");
        return Err(malformed("name", why));
    }
    let kept = |name: &str| event.get(name).map(ToOwned::to_owned);
    Ok(Envelope { tenant, name, published_at: kept("published_at"), payload: kept("payload") })
}

impl Envelope {
    /// The units that this event reports as cancelled; `None` when it is not about cancellations.
    ///
    /// `received` is the current time. An event cannot be published after its receipt, and memos
    /// are dated by the publication. So a time in the future (a clock that is ahead) and a time
    /// such as 1970 (a clock that was never set) are replaced by `received`.
    fn cancellation(&self, received: Timestamp) -> Result<Option<Cancellation>, FieldError> {
        let listed = match self.name.as_str() {
            ITEMS_CANCELLED => Listed::Cancelled,
            ORDER_CANCELLED => Listed::WithStatus,
            _ => return Ok(None),
        };
        let published_at = filled(Shape::of_any(self.published_at.as_deref()), "published_at")?;
        let published_at = instant::read(&published_at)
            .ok_or_else(|| malformed("published_at", "is not an ISO 8601 time"))?;
        let payload = match Shape::of_any(self.payload.as_deref()) {
            Shape::Nothing => return Err(malformed("payload", "is missing")),
            Shape::Object(payload) if payload.is_empty() => {
                return Err(malformed("payload", "is empty"));
            }
            Shape::Object(payload) => payload,
            _ => return Err(malformed("payload", "is not an object")),
        };
        let order = filled(payload.shape("id"), "payload.id")?;
        let order: OrderId = order.parse().map_err(invalid("payload.id"))?;
        Ok(Some(Cancellation {
            tenant: self.tenant.clone(),
            event: self.name.clone(),
            order,
            units: units(&payload, listed)?,
            published_at: dated(published_at, received),
        }))
    }
}

/// The content of an event's list of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// Cancelled units only.
    Cancelled,
    /// Possibly also active units; each has its status.
    WithStatus,
}

fn units(
    payload: &Object<'_>,
    listed: Listed,
) -> Result<BTreeMap<UnitId, Option<String>>, FieldError> {
    let items_fault = |problem: &str| malformed("payload.items", problem);
    let items = match payload.shape("items") {
        Shape::Nothing => return Err(items_fault("is missing")),
        Shape::List(items) if items.is_empty() => return Err(items_fault("is empty")),
        Shape::List(items) if items.len() > MAX_ITEMS => {
            let length = items.len();
            return Err(items_fault(&format!("has {length} entries, the limit is {MAX_ITEMS}")));
        }
        Shape::List(items) => items,
        _ => return Err(items_fault("is not a list")),
    };
    let mut units = BTreeMap::new();
    for (index, item) in items.into_iter().enumerate() {
        let field = |name: &str| format!("payload.items[{index}].{name}");
        let Shape::Object(item) = Shape::of(item) else {
            return Err(malformed(format!("payload.items[{index}]"), "is not an object"));
        };
        let status = item.text("status");
        if listed == Listed::WithStatus && status.is_some_and(|status| !is_cancelled(&status)) {
            continue;
        }
        let id = filled(item.shape("id"), &field("id"))?;
        let id: UnitId = id.parse().map_err(invalid(&field("id")))?;
        // Not needed to credit the item, so a value that is no text counts as absent.
        let reason = item.text("cancellation_reason").map(|text| quote::cut(&text, MAX_REASON));
        let reason = reason.filter(|text| !text.is_empty());
        let known: &mut Option<String> = units.entry(id).or_default();
        *known = known.take().or(reason);
    }
    if units.is_empty() {
        return Err(items_fault("has no cancelled unit"));
    }
    Ok(units)
}

fn is_cancelled(status: &str) -> bool {
    ["cancelled", "canceled"].iter().any(|it| status.trim().eq_ignore_ascii_case(it))
}

/// The publication time of an event, limited to possible dates: NewStore did not exist before
/// `FIRST`.
fn dated(published: Timestamp, received: Timestamp) -> Timestamp {
    let is_possible = (FIRST..=received).contains(&published);
    let difference = published.since(received).max(received.since(published));
    if !is_possible && difference > NOTABLE {
        let published_at = instant::written(published);
        tracing::warn!(published_at, "Replaced an impossible published_at by the time of receipt");
    }
    if is_possible { published } else { received }
}

/// A required text; `path` is its name in the error.
fn filled(shape: Shape<'_>, path: &str) -> Result<String, FieldError> {
    match shape {
        Shape::Nothing => Err(malformed(path, "is missing")),
        Shape::Text(text) if text.trim().is_empty() => Err(malformed(path, "is empty")),
        Shape::Text(text) => Ok(text),
        _ => Err(malformed(path, "is not a text")),
    }
}

fn invalid(field: &str) -> impl Fn(IdError) -> FieldError {
    move |why| malformed(field, why.to_string())
}

fn malformed(field: impl Into<String>, problem: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), problem: problem.into() }
}

/// Without the payload, which may hold personal data.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod dates;
#[cfg(test)]
mod oddities;
#[cfg(test)]
mod tests;
