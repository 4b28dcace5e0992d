//! An integration as JSON, written and read.

use std::collections::BTreeSet;

use ports::{
    DeliveryKey, EventFilter, Registration, StorefrontError, StreamState, StreamWindow,
    Subscription,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{instant, json};

/// The wanted state of an existing integration: its id, kind and window stay.
pub(super) fn change(wanted: &Registration, key: &SecretString) -> Value {
    json!({
        "callback_parameters": {
            "callback_url": wanted.callback,
            "api_key": key.expose_secret(),
        },
        "filter_conditions": { "event_filter": wanted.events, "entity_filter": [] },
    })
}

/// The wanted state of a new one, which starts by itself.
pub(super) fn new(wanted: &Registration, key: &SecretString) -> Value {
    let mut body = change(wanted, key);
    body["id"] = json!(wanted.id.as_str());
    body["integration_type"] = json!("permanent");
    if let Some(window) = wanted.window {
        body["integration_type"] = json!("temporary");
        body["starts_at"] = json!(instant::written(window.since()));
        body["ends_at"] = json!(instant::written(window.until()));
    }
    body
}

/// Parses an answer; the error does not quote it.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, StorefrontError> {
    let unreadable = "event stream: the answer contains no integration".to_owned();
    serde_json::from_str(&json::mended(body)).map_err(|_| StorefrontError::Unreadable(unreadable))
}

/// All integrations of a tenant.
#[derive(Deserialize)]
pub(super) struct Integrations {
    pub(super) integrations: Vec<Integration>,
}

/// One integration, with the fields that are used. One that writes files has no callback.
#[derive(Deserialize)]
pub(super) struct Integration {
    id: String,
    status: String,
    #[serde(default, deserialize_with = "json::perhaps")]
    callback_parameters: Option<Callback>,
    #[serde(default, deserialize_with = "json::perhaps")]
    filter_conditions: Option<Filter>,
    #[serde(default, deserialize_with = "json::perhaps")]
    starts_at: Option<String>,
    #[serde(default, deserialize_with = "json::perhaps")]
    ends_at: Option<String>,
}

#[derive(Default, Deserialize)]
struct Callback {
    #[serde(default, deserialize_with = "json::perhaps")]
    callback_url: Option<String>,
    #[serde(default, deserialize_with = "json::perhaps")]
    api_key: Option<SecretString>,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default, deserialize_with = "json::perhaps")]
    event_filter: Option<BTreeSet<String>>,
    #[serde(default, deserialize_with = "json::perhaps")]
    entity_filter: Option<BTreeSet<String>>,
}

impl Integration {
    /// The subscription of the port; `None` where the id could not be one of memobridge. Every
    /// state other than running counts as stopped: only these two states are known.
    pub(super) fn subscription(self, ours: &SecretString) -> Option<Subscription> {
        let instant = |raw: Option<String>| raw.as_deref().and_then(instant::read);
        let (since, until) = (instant(self.starts_at), instant(self.ends_at));
        let callback = self.callback_parameters.unwrap_or_default();
        Some(Subscription {
            id: self.id.parse().ok()?,
            state: match self.status.to_ascii_lowercase().as_str() {
                "running" => StreamState::Running,
                _ => StreamState::Stopped,
            },
            key: key(callback.api_key.as_ref(), ours),
            callback: callback.callback_url,
            filter: self.filter_conditions.map(|it| EventFilter {
                events: it.event_filter.unwrap_or_default(),
                entities: it.entity_filter.unwrap_or_default(),
            }),
            window: since.zip(until).and_then(|(since, until)| StreamWindow::new(since, until)),
        })
    }
}

/// A key that is shown with asterisks counts as not reported.
fn key(shown: Option<&SecretString>, ours: &SecretString) -> DeliveryKey {
    match shown.map(ExposeSecret::expose_secret) {
        Some(shown) if shown == ours.expose_secret() => DeliveryKey::Expected,
        Some(shown) if !shown.contains('*') => DeliveryKey::Another,
        _ => DeliveryKey::NotReported,
    }
}
