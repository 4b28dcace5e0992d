//! NewStore's event stream, from its registration to what its events become.

mod adapter;
mod commands;
mod delivering;
mod watching;

use serde_json::{Value, json};
use tests::{KEY, Settings};

/// The id of the stream.
const ID: &str = "memobridge";

/// Settings with a stream that calls back here.
fn settings(callback: &str) -> Settings {
    let worker = "first_delay = \"100ms\"\nmax_delay = \"500ms\"".to_owned();
    Settings { stream: format!("callback_url = \"{callback}\""), worker, ..Settings::default() }
}

/// The integration that these settings ask for.
fn integration(callback: &str) -> Value {
    json!({
        "id": ID,
        "integration_type": "permanent",
        "callback_parameters": { "callback_url": callback, "api_key": KEY },
        "filter_conditions": {
            "event_filter": ["order.items_cancelled", "order.cancelled"], "entity_filter": [],
        },
    })
}
