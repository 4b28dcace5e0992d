//! One integration: its configuration and the events that it has sent.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Whether an integration sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It sends.
    Running,
    /// It does not send until it is started.
    Stopped,
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Whether it sends.
    pub status: Status,
    /// The callback address.
    pub callback_url: String,
    /// The key in its calls.
    pub api_key: Option<String>,
    /// The names of the events to send; all where the set is empty.
    pub event_filter: Vec<String>,
    /// The entities whose events are sent; all where the set is empty.
    pub entity_filter: Vec<String>,
    /// The start of its window, where it has one.
    pub starts_at: Option<Timestamp>,
    /// The end of its window, where it is temporary.
    pub ends_at: Option<Timestamp>,
    /// All sent events in order, with those that were not accepted.
    pub deliveries: Vec<Delivery>,
    /// The position of the next event.
    pub(super) next: usize,
}

/// An event that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The integration that sent it.
    pub integration: String,
    /// The event's name.
    pub event: String,
    /// The answer's status; none where there was no answer.
    pub status: Option<u16>,
    /// The answer's body.
    pub answer: String,
}

impl Delivery {
    /// Whether the event must be sent again before any other.
    #[must_use]
    pub fn holds_up(&self) -> bool {
        !matches!(self.status, Some(200..=299 | 400..=499))
    }

    /// Whether the event was rejected and is not sent again.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self.status, Some(400..=499))
    }
}

impl Integration {
    /// Whether it sends events with this name and time.
    pub(super) fn sends(&self, name: &str, at: Timestamp) -> bool {
        let entity = name.split('.').next().unwrap_or_default();
        let passes =
            |filter: &[String], it: &str| filter.is_empty() || filter.iter().any(|f| f == it);
        passes(&self.event_filter, name)
            && passes(&self.entity_filter, entity)
            && self.starts_at.is_none_or(|start| start <= at)
            && self.ends_at.is_none_or(|end| at < end)
    }

    /// Sets callback and filter from a body.
    pub(super) fn take(&mut self, body: &Map<String, Value>) -> Result<(), String> {
        if let Some(callback) = body.get("callback_parameters") {
            let callback = object("callback_parameters", callback)?;
            known(callback, &["callback_url", "api_key"])?;
            if let Some(url) = text(callback, "callback_url")? {
                self.callback_url = url;
            }
            self.api_key = text(callback, "api_key")?.or(self.api_key.take());
        }
        if let Some(filter) = body.get("filter_conditions") {
            let filter = object("filter_conditions", filter)?;
            known(filter, &["event_filter", "entity_filter"])?;
            self.event_filter = names(filter, "event_filter")?;
            self.entity_filter = names(filter, "entity_filter")?;
        }
        Ok(())
    }

    /// Its JSON as the API returns it.
    pub(super) fn to_json(&self, id: &str) -> Value {
        let mut integration = json!({
            "id": id,
            "status": match self.status {
                Status::Running => "running",
                Status::Stopped => "stopped",
            },
            "integration_type": if self.ends_at.is_some() { "temporary" } else { "permanent" },
            "callback_parameters": { "callback_url": self.callback_url },
            "filter_conditions": {
                "event_filter": self.event_filter, "entity_filter": self.entity_filter,
            },
        });
        if let Some(key) = &self.api_key {
            integration["callback_parameters"]["api_key"] = json!(key);
        }
        for (name, at) in [("starts_at", self.starts_at), ("ends_at", self.ends_at)] {
            if let Some(at) = at {
                integration[name] = json!(at.to_string());
            }
        }
        integration
    }
}

/// An object, or an error message.
pub(super) fn object<'a>(name: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or(format!("{name} must be an object"))
}

/// Rejects undocumented members.
pub(super) fn known(object: &Map<String, Value>, keys: &[&str]) -> Result<(), String> {
    match object.keys().find(|it| !keys.contains(&it.as_str())) {
        Some(key) => Err(format!("{key} is not known")),
        None => Ok(()),
    }
}

/// A text that may be absent, but not empty.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} must be a text")),
    }
}

fn names(object: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let wrong = format!("{name} must be a list of texts");
    let Some(list) = object.get(name) else {
        return Ok(Vec::new());
    };
    let list = list.as_array().ok_or(wrong.clone())?;
    list.iter().map(|it| it.as_str().map(str::to_owned).ok_or(wrong.clone())).collect()
}
