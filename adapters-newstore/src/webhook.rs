//! The webhook's data format, parsed by hand so that every error names its field.
//!
//! A rejected body is answered with the reason, and NewStore does not send it again. So a body is
//! an [`EventError`] only if a required field cannot be read; unknown keys are ignored.

mod keys;
mod object;

use std::{collections::BTreeMap, fmt, time::Duration};

use domain::{Cancellation, IdError, OrderId, Tenant, Timestamp, UnitId};
use serde_json::{json, value::RawValue};

pub use keys::{Keys, fingerprint};
use object::{Object, Shape};

use crate::{instant, json, quote};

/// Some units of an order were cancelled.
pub const ITEMS_CANCELLED: &str = "order.items_cancelled";
/// An order was cancelled as a whole.
const ORDER_CANCELLED: &str = "order.cancelled";

/// The events that are handled; all others are ignored.
pub const EVENTS: [&str; 2] = [ITEMS_CANCELLED, ORDER_CANCELLED];

const MAX_NAME: usize = 100;
const MAX_ITEMS: usize = 10_000;
const MAX_REASON: usize = 200;
/// The largest job. It fits every queue, also SQS queues of 256 KiB with their attributes. 5,000
/// items without their reasons are smaller.
const MAX_JOB: usize = 240 * 1024;
/// 2000-01-01T00:00:00Z. An earlier date comes from a clock that was never set.
const FIRST: Timestamp = Timestamp::from_millis(946_684_800_000);
/// A larger difference between the clocks is logged.
const NOTABLE: Duration = Duration::from_mins(5);

/// The common fields of every event.
pub struct Envelope {
    tenant: Tenant,
    name: String,
    /// The fields that are read only if the event is about cancellations.
    published_at: Option<Box<RawValue>>,
    payload: Option<Box<RawValue>>,
}

/// Why a body is not a valid event, with the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct EventError {
    /// The field, for example `payload.items[0].id`; `body` when it is no JSON object.
    pub field: String,
    /// The problem, as the rest of a sentence.
    pub problem: String,
}

/// Reads tenant and name of an event; the other fields are read later.
pub fn envelope(body: &[u8]) -> Result<Envelope, EventError> {
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

/// Encodes the event as a job of the queue; decoding it returns `cancellation`. A large one has no
/// reasons: no decision depends on them, and the journal has them.
#[must_use]
pub fn body(cancellation: &Cancellation) -> String {
    let with_reasons = written(cancellation, |reason| reason);
    if with_reasons.len() <= MAX_JOB { with_reasons } else { written(cancellation, |_| None) }
}

fn written(cancellation: &Cancellation, reason: fn(Option<&str>) -> Option<&str>) -> String {
    let item = |(unit, told): (&UnitId, &Option<String>)| match reason(told.as_deref()) {
        Some(reason) => json!({ "id": unit.as_str(), "cancellation_reason": reason }),
        None => json!({ "id": unit.as_str() }),
    };
    let items: Vec<_> = cancellation.units.iter().map(item).collect();
    json!({
        "tenant": cancellation.tenant.as_str(),
        "name": cancellation.event,
        "published_at": instant::written(cancellation.published_at),
        "payload": { "id": cancellation.order.as_str(), "items": items },
    })
    .to_string()
}

impl Envelope {
    /// The tenant in the event; the caller compares it with the owner of the key.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The event's name, for example `order.items_cancelled`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The units that this event reports as cancelled; `None` when it is not about cancellations.
    ///
    /// `received` is now. An event cannot be published after its receipt, and memos are dated by
    /// its publication. So a date in the future, from a clock that is ahead, is replaced by
    /// `received`, and so is 1970, from a clock that was never set.
    pub fn cancellation(&self, received: Timestamp) -> Result<Option<Cancellation>, EventError> {
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
) -> Result<BTreeMap<UnitId, Option<String>>, EventError> {
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
        let reason = item.text("cancellation_reason").map(|told| quote::cut(&told, MAX_REASON));
        let reason = reason.filter(|told| !told.is_empty());
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
fn dated(told: Timestamp, received: Timestamp) -> Timestamp {
    let can_be = (FIRST..=received).contains(&told);
    let differs = told.since(received).max(received.since(told));
    if !can_be && differs > NOTABLE {
        let told = instant::written(told);
        tracing::warn!(told, "Replaced an impossible published_at by the time of receipt");
    }
    if can_be { told } else { received }
}

/// A required text; `path` names it in an error.
fn filled(shape: Shape<'_>, path: &str) -> Result<String, EventError> {
    match shape {
        Shape::Nothing => Err(malformed(path, "is missing")),
        Shape::Text(text) if text.trim().is_empty() => Err(malformed(path, "is empty")),
        Shape::Text(text) => Ok(text),
        _ => Err(malformed(path, "is not a text")),
    }
}

fn invalid(field: &str) -> impl Fn(IdError) -> EventError {
    move |why| malformed(field, why.to_string())
}

fn malformed(field: impl Into<String>, problem: impl Into<String>) -> EventError {
    EventError { field: field.into(), problem: problem.into() }
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
