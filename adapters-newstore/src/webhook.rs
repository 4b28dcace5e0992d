//! The webhook's wire shape, read by hand so that every fault names its field.
//!
//! Whoever sent a body we refuse gets to see why, and NewStore never sends it
//! again: only what really cannot be understood is [`Malformed`]. Keys that are
//! not known here are none of our business.

mod keys;

use std::{collections::BTreeMap, fmt};

use domain::{Cancellation, InvalidId, OrderId, Tenant, Timestamp, UnitId};
use serde_json::{Map, Value, json};

pub use keys::{Keys, fingerprint};

use crate::{instant, text};

/// Some units of an order were cancelled.
pub const ITEMS_CANCELLED: &str = "order.items_cancelled";
/// An order was cancelled as a whole.
const ORDER_CANCELLED: &str = "order.cancelled";

/// The events that are handled; all others are none of our business.
pub const EVENTS: [&str; 2] = [ITEMS_CANCELLED, ORDER_CANCELLED];

const MAX_NAME: usize = 100;
const MAX_ITEMS: usize = 10_000;
const MAX_REASON: usize = 200;

/// What every event has around its payload.
pub struct Envelope {
    tenant: Tenant,
    name: String,
    published_at: Timestamp,
    payload: Map<String, Value>,
}

/// Why a body is no event, naming the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct Malformed {
    /// The field, for example `payload.items[0].id`; `body` when it is no JSON object.
    pub field: String,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}

/// Reads an event's envelope; the payload is only looked at once its name is known.
pub fn envelope(body: &[u8]) -> Result<Envelope, Malformed> {
    let value: Value = serde_json::from_slice(body).map_err(|why| {
        let place = format!("is not JSON: line {} column {}", why.line(), why.column());
        malformed("body", place)
    })?;
    let Value::Object(mut body) = value else {
        return Err(malformed("body", "is not an object"));
    };
    let tenant = filled(&body, "tenant", "tenant")?.parse().map_err(invalid("tenant"))?;
    let name = filled(&body, "name", "name")?;
    let length = name.chars().count();
    if MAX_NAME < length {
        let why = format!("has {length} characters, the limit is {MAX_NAME}");
        return Err(malformed("name", why));
    }
    let name = name.to_owned();
    let published_at = instant::read(filled(&body, "published_at", "published_at")?)
        .ok_or_else(|| malformed("published_at", "is not an ISO 8601 time"))?;
    match body.remove("payload") {
        None | Some(Value::Null) => Err(malformed("payload", "is missing")),
        Some(Value::Object(payload)) if payload.is_empty() => Err(malformed("payload", "is empty")),
        Some(Value::Object(payload)) => Ok(Envelope { tenant, name, published_at, payload }),
        Some(_) => Err(malformed("payload", "is not an object")),
    }
}

/// The same event again, so that a queue can hold it: reading it gives `cancellation` back.
#[must_use]
pub fn body(cancellation: &Cancellation) -> String {
    let items: Vec<_> = cancellation
        .units
        .iter()
        .map(|(unit, reason)| json!({ "id": unit.as_str(), "cancellation_reason": reason }))
        .collect();
    json!({
        "tenant": cancellation.tenant.as_str(),
        "name": cancellation.event,
        "published_at": instant::written(cancellation.published_at),
        "payload": { "id": cancellation.order.as_str(), "items": items },
    })
    .to_string()
}

impl Envelope {
    /// Whose event it claims to be; the caller compares it with the key's owner.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The event's name, for example `order.items_cancelled`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The units that this event calls cancelled; `None` when it is not about cancellations.
    pub fn cancellation(&self) -> Result<Option<Cancellation>, Malformed> {
        let listed = match self.name.as_str() {
            ITEMS_CANCELLED => Listed::Cancelled,
            ORDER_CANCELLED => Listed::WithStatus,
            _ => return Ok(None),
        };
        let order = filled(&self.payload, "id", "payload.id")?;
        let order: OrderId = order.parse().map_err(invalid("payload.id"))?;
        Ok(Some(Cancellation {
            tenant: self.tenant.clone(),
            event: self.name.clone(),
            order,
            units: units(&self.payload, listed)?,
            published_at: self.published_at,
        }))
    }
}

/// What an event's list of items holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// Cancelled units only.
    Cancelled,
    /// Perhaps units that live, each told by its status.
    WithStatus,
}

fn units(
    payload: &Map<String, Value>,
    listed: Listed,
) -> Result<BTreeMap<UnitId, Option<String>>, Malformed> {
    let items_fault = |problem: &str| malformed("payload.items", problem);
    let items = match payload.get("items") {
        None | Some(Value::Null) => return Err(items_fault("is missing")),
        Some(Value::Array(items)) if items.is_empty() => return Err(items_fault("is empty")),
        Some(Value::Array(items)) if MAX_ITEMS < items.len() => {
            let length = items.len();
            return Err(items_fault(&format!("has {length} entries, the limit is {MAX_ITEMS}")));
        }
        Some(Value::Array(items)) => items,
        Some(_) => return Err(items_fault("is not a list")),
    };
    let mut units = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let field = |name: &str| format!("payload.items[{index}].{name}");
        let item = item.as_object();
        let item =
            item.ok_or_else(|| malformed(format!("payload.items[{index}]"), "is not an object"))?;
        let status = item.get("status").and_then(Value::as_str);
        if listed == Listed::WithStatus && status.is_some_and(|it| !is_cancelled(it)) {
            continue;
        }
        let id = filled(item, "id", &field("id"))?;
        let id: UnitId = id.parse().map_err(invalid(&field("id")))?;
        // Not needed to credit the item: what is no text is as good as absent.
        let reason = item.get("cancellation_reason").and_then(Value::as_str);
        let reason = reason.map(|it| text::cut(it, MAX_REASON)).filter(|it| !it.is_empty());
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

/// A text that must be there; `path` is how a fault names it.
fn filled<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    path: &str,
) -> Result<&'a str, Malformed> {
    match optional(object, name, path)? {
        None => Err(malformed(path, "is missing")),
        Some(text) if text.trim().is_empty() => Err(malformed(path, "is empty")),
        Some(text) => Ok(text),
    }
}

/// A text that may be absent or null.
fn optional<'a>(
    object: &'a Map<String, Value>,
    name: &str,
    path: &str,
) -> Result<Option<&'a str>, Malformed> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(path, "is not a text")),
    }
}

fn invalid(field: &str) -> impl Fn(InvalidId) -> Malformed {
    move |why| malformed(field, why.to_string())
}

fn malformed(field: impl Into<String>, problem: impl Into<String>) -> Malformed {
    Malformed { field: field.into(), problem: problem.into() }
}

/// Without the payload: it may be any event's, personal data included.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("tenant", &self.tenant)
            .field("name", &self.name)
            .field("published_at", &self.published_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
