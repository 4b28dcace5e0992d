//! One call of the webhook and what came back.

use std::net::SocketAddr;

use serde_json::Value;

use crate::{document::Described, secrets, settings::KEY};

/// What the webhook answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `outcome`.
    pub outcome: String,
    /// `reason`, where there is one.
    pub reason: Option<String>,
    /// The cancellation's id, where it has one.
    pub id: Option<String>,
    /// External ids of memos that this call put on record.
    pub memos: Vec<String>,
    /// The field that is wrong.
    pub field: Option<String>,
    /// All of it.
    pub body: String,
}

impl Answer {
    /// Reads an answer, and fails when it tells a secret or is not as documented.
    #[must_use]
    pub fn read(status: u16, body: String) -> Self {
        secrets::assert_none("an answer", &body);
        let (path, kind) = ("/newstore/events", "application/json");
        Described { method: "post", path, status, kind, body: &body }.check();
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |key: &str| json[key].as_str().map(str::to_owned);
        let memos = json["memos"].as_array().into_iter().flatten();
        Self {
            status,
            outcome: text("outcome").unwrap_or_default(),
            reason: text("reason"),
            id: text("id"),
            memos: memos.filter_map(Value::as_str).map(str::to_owned).collect(),
            field: text("field"),
            body,
        }
    }

    /// Fails unless it is this status and outcome.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the check is what it is for")]
    pub fn is(&self, status: u16, outcome: &str) -> &Self {
        assert_eq!((self.status, self.outcome.as_str()), (status, outcome), "{self:?}");
        self
    }

    /// Fails unless it has this reason.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the check is what it is for")]
    pub fn because(&self, reason: &str) -> &Self {
        assert_eq!(self.reason.as_deref(), Some(reason), "{self:?}");
        self
    }
}

/// Delivers an event as a stream does: again until it is answered 200. The cancellation's id.
pub async fn deliver(http: &reqwest::Client, address: SocketAddr, event: &Value) -> String {
    loop {
        let answer = post(http, address, event).await.expect("the service answers");
        if answer.status == 200 {
            return answer.id.expect("an event has an id");
        }
    }
}

/// Sends an event with the customer's key; no answer is an error.
pub async fn post(
    http: &reqwest::Client,
    address: SocketAddr,
    event: &Value,
) -> reqwest::Result<Answer> {
    let call = http.post(format!("http://{address}/newstore/events")).bearer_auth(KEY);
    let response = call.body(event.to_string()).send().await?;
    let status = response.status().as_u16();
    Ok(Answer::read(status, response.text().await?))
}
