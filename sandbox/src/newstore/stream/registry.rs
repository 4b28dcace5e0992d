//! All integrations of a tenant, and the events that they send.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::integration::{Delivery, Integration, Status, known, object, text};

/// The most integrations of a tenant.
const MAX_INTEGRATIONS: usize = 25;

/// An answer of the API.
pub(super) type Told = (StatusCode, Value);

/// The integrations by their ids, and all published events.
#[derive(Default)]
pub(in crate::newstore) struct Registry {
    pub(super) integrations: BTreeMap<String, Integration>,
    events: Vec<Event>,
}

struct Event {
    name: String,
    at: Timestamp,
    body: Value,
}

/// An event that is being sent.
pub(super) struct Parcel {
    pub(super) callback_url: String,
    pub(super) api_key: Option<String>,
    pub(super) body: String,
    name: String,
    place: usize,
}

impl Registry {
    pub(super) fn list(&self) -> Told {
        let all: Vec<_> = self.integrations.iter().map(|(id, it)| it.to_json(id)).collect();
        (StatusCode::OK, json!({ "integrations": all }))
    }

    pub(super) fn tell(&self, id: &str) -> Told {
        match self.integrations.get(id) {
            Some(it) => (StatusCode::OK, it.to_json(id)),
            None => missing(id),
        }
    }

    pub(super) fn create(&mut self, body: &Value, now: Timestamp) -> Told {
        let (id, integration) = match self.read(body, now) {
            Ok(new) => new,
            Err(why) => return problem(StatusCode::BAD_REQUEST, "invalid_request", &why),
        };
        if self.integrations.contains_key(&id) {
            let why = format!("{id} exists already");
            return problem(StatusCode::CONFLICT, "resource_exists", &why);
        }
        if self.integrations.len() >= MAX_INTEGRATIONS {
            let why = format!("at most {MAX_INTEGRATIONS} integrations can be registered");
            return problem(StatusCode::BAD_REQUEST, "limit_exceeded", &why);
        }
        let created = integration.to_json(&id);
        self.integrations.insert(id, integration);
        (StatusCode::CREATED, created)
    }

    /// Without a start, only events published from now on are sent.
    fn read(&self, body: &Value, now: Timestamp) -> Result<(String, Integration), String> {
        const KEYS: [&str; 6] = [
            "id",
            "integration_type",
            "starts_at",
            "ends_at",
            "callback_parameters",
            "filter_conditions",
        ];
        let body = object("the body", body)?;
        known(body, &KEYS)?;
        let id = text(body, "id")?.ok_or("id is missing")?;
        let instant = |name: &str| -> Result<Option<Timestamp>, String> {
            let parse = |it: String| it.parse().map_err(|_| format!("{name} must be an instant"));
            text(body, name)?.map(parse).transpose()
        };
        let (starts_at, ends_at) = (instant("starts_at")?, instant("ends_at")?);
        let temporary = match text(body, "integration_type")?.as_deref() {
            Some("temporary") => true,
            Some("permanent") => false,
            _ => return Err("integration_type must be permanent or temporary".to_owned()),
        };
        if temporary != ends_at.is_some() {
            return Err("ends_at is for temporary integrations, and for all of them".to_owned());
        }
        if ends_at.is_some_and(|end| end <= starts_at.unwrap_or(now)) {
            return Err("ends_at must be after starts_at".to_owned());
        }
        let mut integration = Integration {
            status: Status::Running,
            callback_url: String::new(),
            api_key: None,
            event_filter: Vec::new(),
            entity_filter: Vec::new(),
            starts_at,
            ends_at,
            deliveries: Vec::new(),
            next: if starts_at.is_some() { 0 } else { self.events.len() },
        };
        integration.take(body)?;
        if integration.callback_url.is_empty() {
            return Err("callback_parameters.callback_url is missing".to_owned());
        }
        Ok((id, integration))
    }

    pub(super) fn update(&mut self, id: &str, body: &Value) -> Told {
        let Some(integration) = self.integrations.get_mut(id) else {
            return missing(id);
        };
        let mut changed = integration.clone();
        let taken = object("the body", body).and_then(|body| {
            known(body, &["callback_parameters", "filter_conditions"])?;
            changed.take(body)
        });
        if let Err(why) = taken {
            return problem(StatusCode::BAD_REQUEST, "invalid_request", &why);
        }
        *integration = changed;
        (StatusCode::OK, integration.to_json(id))
    }

    pub(super) fn turn(&mut self, id: &str, status: Status) -> Told {
        let Some(integration) = self.integrations.get_mut(id) else {
            return missing(id);
        };
        integration.status = status;
        (StatusCode::OK, integration.to_json(id))
    }

    pub(super) fn delete(&mut self, id: &str) -> Told {
        match self.integrations.remove(id) {
            Some(_) => (StatusCode::NO_CONTENT, Value::Null),
            None => missing(id),
        }
    }

    pub(super) fn publish(&mut self, name: String, at: Timestamp, body: Value) {
        self.events.push(Event { name, at, body });
    }

    /// The next event of an integration; `None` while it is stopped.
    pub(super) fn next(&self, id: &str) -> Option<Parcel> {
        let integration = self.integrations.get(id)?;
        if integration.status == Status::Stopped {
            return None;
        }
        let mut due = self.events.iter().enumerate().skip(integration.next);
        let (place, event) = due.find(|(_, it)| integration.sends(&it.name, it.at))?;
        Some(Parcel {
            callback_url: integration.callback_url.clone(),
            api_key: integration.api_key.clone(),
            body: event.body.to_string(),
            name: event.name.clone(),
            place,
        })
    }

    /// Records the answer to an event. The next event follows unless this one must be repeated.
    pub(super) fn settle(
        &mut self,
        id: &str,
        parcel: &Parcel,
        answer: Option<(u16, String)>,
    ) -> Delivery {
        let (status, answer) = answer.unzip();
        let (integration, event) = (id.to_owned(), parcel.name.clone());
        let delivery = Delivery { integration, event, status, answer: answer.unwrap_or_default() };
        if let Some(integration) = self.integrations.get_mut(id) {
            integration.deliveries.push(delivery.clone());
            if !delivery.holds_up() {
                integration.next = parcel.place + 1;
            }
        }
        delivery
    }

    /// Stops a temporary integration that has nothing left to send, now and later.
    pub(super) fn end(&mut self, id: &str, now: Timestamp) {
        let done = self.next(id).is_none();
        if let Some(integration) = self.integrations.get_mut(id)
            && integration.ends_at.is_some_and(|end| done && end <= now)
        {
            integration.status = Status::Stopped;
        }
    }
}

fn missing(id: &str) -> Told {
    let why = format!("there is no integration {id}");
    problem(StatusCode::NOT_FOUND, "resource_not_found", &why)
}

pub(super) fn problem(status: StatusCode, code: &str, why: &str) -> Told {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "error_code": code,
        "message": why,
        "messages": [why],
    });
    (status, body)
}
