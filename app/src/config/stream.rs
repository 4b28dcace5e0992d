//! `[customer.stream]`: how the storefront's event stream calls the webhook.

use std::collections::BTreeSet;

use domain::CANCELLATION_EVENTS;
use ports::SubscriptionId;
use secrecy::{ExposeSecret, SecretString};

use super::{
    secret,
    section::{Section, Severity},
    url,
};
use crate::inbound::{WEBHOOK, may_lead_to_the_webhook};

const DEFAULT_ID: &str = "memobridge";
/// Shorter than the limit, because the id of a replay contains it.
const MAX_ID: usize = 24;

/// `[customer.stream]`
#[derive(Debug)]
pub struct Stream {
    /// The subscription's id.
    pub id: SubscriptionId,
    /// The URL of the webhook, as the storefront reaches it.
    pub callback_url: String,
    /// The key in its calls, one of the webhook's keys.
    pub api_key: SecretString,
    /// The registration API, if it is not on the host of the GraphQL endpoint.
    pub url: Option<String>,
    /// The events to be sent.
    pub events: BTreeSet<String>,
}

/// `keys` are the webhook's keys, if they could be read.
pub(super) fn read(section: &Section<'_>, keys: Option<&[SecretString]>) -> Option<Stream> {
    let id = match section.tree("id") {
        Some(_) => section.get("id", id),
        None => id(DEFAULT_ID).ok(),
    };
    let callback_url = section.required("callback_url", url);
    let api_key = section.required("api_key", secret);
    section.warn_of_short("api_key", api_key.as_slice());
    let url = section.get("url", url);
    let events = match section.tree("events") {
        Some(_) => section.list("events", event),
        None => Some(CANCELLATION_EVENTS.map(str::to_owned).into()),
    };
    section.unknown();
    if let (Some(keys), Some(key)) = (keys, &api_key)
        && !keys.iter().any(|it| it.expose_secret() == key.expose_secret())
    {
        section.fault("api_key", "must be one of webhook_keys: events would be answered 401");
    }
    if callback_url.as_deref().is_some_and(|address| !leads_here(address)) {
        let problem = format!("does not end in {WEBHOOK}: its calls may be answered 404");
        section.note(Severity::Warning, "callback_url", &problem);
    }
    Some(Stream {
        id: id?,
        callback_url: callback_url?,
        api_key: api_key?,
        url,
        events: events?.into_iter().collect(),
    })
}

fn leads_here(address: &str) -> bool {
    address.parse::<reqwest::Url>().is_ok_and(|address| may_lead_to_the_webhook(address.path()))
}

fn id(raw: &str) -> Result<SubscriptionId, String> {
    let id = raw.parse().ok().filter(|_| raw.len() <= MAX_ID);
    id.ok_or_else(|| {
        format!(
            "must be at most {MAX_ID} letters, digits, '-', '_' or '.', a letter or digit first: \
             replays are named after it"
        )
    })
}

fn event(raw: &str) -> Result<String, String> {
    if CANCELLATION_EVENTS.contains(&raw) {
        return Ok(raw.to_owned());
    }
    Err(format!(
        "has an event that is not handled: choose among {}",
        CANCELLATION_EVENTS.join(", ")
    ))
}
