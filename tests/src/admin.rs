//! Calls of the admin API, as a person's program makes them.

use reqwest::{Method, header};
use serde_json::Value;

use crate::{Service, document::Described, secrets, settings::ADMIN_TOKEN};

/// What the admin API answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body; null where it is no JSON.
    pub json: Value,
}

impl Reply {
    /// Fails unless it is this status.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "the check is what it is for")]
    pub fn with(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json
    }
}

impl Service {
    /// Asks with the admin token.
    pub async fn ask(&self, path: &str) -> Reply {
        self.call(Method::GET, path, Some(ADMIN_TOKEN), None).await
    }

    /// Has something done with the admin token.
    pub async fn tell(&self, path: &str, body: Option<Value>) -> Reply {
        self.call(Method::POST, path, Some(ADMIN_TOKEN), body).await
    }

    /// Calls with this token, and holds the answer against the document.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Reply {
        let mut call = self.http.request(method.clone(), format!("http://{}{path}", self.address));
        if let Some(token) = token {
            call = call.bearer_auth(token);
        }
        if let Some(body) = body {
            call = call.body(body.to_string());
        }
        let response = call.send().await.expect("the service answers");
        let status = response.status().as_u16();
        let header = |name| {
            let value = response.headers().get(name).and_then(|it| it.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (kind, caching) = (header(header::CONTENT_TYPE), header(header::CACHE_CONTROL));
        let body = response.text().await.expect("the answer is whole");
        secrets::assert_none(path, &body);
        let method = method.as_str().to_ascii_lowercase();
        Described { method: &method, path, status, kind: &kind, body: &body }.check();
        let json: Value = serde_json::from_str(&body).unwrap_or_default();
        assert!(caching == "no-store" || status == 404 || !path.starts_with("/api"), "{path}");
        Reply { status, json }
    }
}
