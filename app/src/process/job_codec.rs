//! Encodes a cancellation as the body of a job, and decodes it.
//!
//! A queue may hold jobs of the previous version for days. Version 1, which has no version number,
//! was the event in `NewStore`'s format: it is still decoded, but no longer written.

use std::collections::BTreeMap;

use domain::{Cancellation, IdError, Timestamp};
use serde::{Deserialize, Serialize};

const VERSION: u32 = 2;
/// A body of this size fits every queue, including an SQS queue with a limit of 256 KiB for body
/// and attributes. A job of 5,000 units without reasons is smaller.
const MAX_BYTES: usize = 240 * 1024;

/// Why a body cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum JobCodecError {
    /// It has not the format of a known version.
    #[error("it is not a job of version 1 or {VERSION}")]
    Shape(#[from] serde_json::Error),
    /// A later version wrote it.
    #[error("it has version {0}, which is not known")]
    Version(u32),
    /// An id is invalid.
    #[error("it has an invalid id")]
    Id(#[from] IdError),
    /// The publication time is invalid.
    #[error("its publication time cannot be read")]
    Time(#[from] jiff::Error),
}

#[derive(Deserialize)]
struct Head {
    version: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    version: u32,
    tenant: String,
    event: String,
    order: String,
    /// Milliseconds since 1970.
    published_at: i64,
    units: Vec<String>,
    /// By unit; left out of large jobs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    reasons: BTreeMap<String, String>,
}

/// Version 1.
#[derive(Deserialize)]
struct EventBody {
    tenant: String,
    name: String,
    published_at: String,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    id: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    cancellation_reason: Option<String>,
}

/// Encodes a cancellation as a job's body; decoding it gives the same cancellation. A large one has
/// no reasons: no decision depends on them, and the journal has them.
#[must_use]
pub fn encode(cancellation: &Cancellation) -> String {
    let with_reasons = json(cancellation, reasons(cancellation));
    if with_reasons.len() <= MAX_BYTES {
        return with_reasons;
    }
    json(cancellation, BTreeMap::new())
}

fn json(cancellation: &Cancellation, reasons: BTreeMap<String, String>) -> String {
    let Cancellation { tenant, event, order, units, published_at } = cancellation;
    let body = Body {
        version: VERSION,
        tenant: tenant.to_string(),
        event: event.clone(),
        order: order.to_string(),
        published_at: published_at.as_millis(),
        units: units.keys().map(ToString::to_string).collect(),
        reasons,
    };
    serde_json::to_string(&body).expect("texts and numbers can be written as JSON")
}

fn reasons(cancellation: &Cancellation) -> BTreeMap<String, String> {
    let units = cancellation.units.iter();
    units.filter_map(|(unit, reason)| Some((unit.to_string(), reason.clone()?))).collect()
}

/// Decodes a body that this version or the previous one wrote.
///
/// # Errors
///
/// The body is not from either version.
pub fn decode(body: &str) -> Result<Cancellation, JobCodecError> {
    match serde_json::from_str::<Head>(body)?.version {
        None => serde_json::from_str::<EventBody>(body)?.cancellation(),
        Some(VERSION) => serde_json::from_str::<Body>(body)?.cancellation(),
        Some(other) => Err(JobCodecError::Version(other)),
    }
}

impl Body {
    fn cancellation(mut self) -> Result<Cancellation, JobCodecError> {
        let units = self.units.into_iter().map(|unit| {
            let reason = self.reasons.remove(&unit);
            Ok((unit.parse()?, reason))
        });
        Ok(Cancellation {
            tenant: self.tenant.parse()?,
            event: self.event,
            order: self.order.parse()?,
            units: units.collect::<Result<_, IdError>>()?,
            published_at: Timestamp::from_millis(self.published_at),
        })
    }
}

impl EventBody {
    fn cancellation(self) -> Result<Cancellation, JobCodecError> {
        let items = self.payload.items.into_iter();
        let published_at: jiff::Timestamp = self.published_at.parse()?;
        Ok(Cancellation {
            tenant: self.tenant.parse()?,
            event: self.name,
            order: self.payload.id.parse()?,
            units: items
                .map(|item| Ok((item.id.parse()?, item.cancellation_reason)))
                .collect::<Result<_, IdError>>()?,
            published_at: Timestamp::from_millis(published_at.as_millisecond()),
        })
    }
}

#[cfg(test)]
mod tests;
