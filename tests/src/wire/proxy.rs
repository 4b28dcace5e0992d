//! A proxy between the service and one of its systems, for bugs that live on the wire.

use std::{io, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sandbox::serve::{Server, Wire};

use super::mutation::{Asked, Meddler, Mutation, Told};

/// What travels with an answer.
const TOLD: [header::HeaderName; 2] = [header::CONTENT_TYPE, header::RETRY_AFTER];

/// A running proxy; it stops when this is dropped.
pub(super) struct Proxy {
    /// The scheme and the place of the system behind it.
    pub(super) origin: String,
    server: Server,
}

/// What every call needs.
struct Relay {
    origin: String,
    http: reqwest::Client,
    meddler: Meddler,
}

impl Proxy {
    /// Starts one in front of the system with this URL.
    pub(super) async fn start(url: &str, bug: Mutation) -> io::Result<Self> {
        let url = reqwest::Url::parse(url).map_err(io::Error::other)?;
        let origin = url.origin().ascii_serialization();
        let meddler = Meddler::new(bug);
        let relay = Relay { origin: origin.clone(), http: reqwest::Client::new(), meddler };
        let router = Router::new().fallback(relayed).with_state(Arc::new(relay));
        Ok(Self { origin, server: Server::start(router).await? })
    }

    /// The scheme and the place of the proxy itself.
    pub(super) fn address(&self) -> String {
        format!("http://{}", self.server.address())
    }
}

async fn relayed(
    State(relay): State<Arc<Relay>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let operation = head.headers.get("soapaction").and_then(|it| it.to_str().ok());
    let operation = operation.unwrap_or_default().trim_matches('"').to_owned();
    let Some(body) = text(body).await else { return wire.cut().await };
    let asked = relay.meddler.asks(Asked { operation, body });
    let mut headers = head.headers;
    for ours in [header::HOST, header::CONTENT_LENGTH, header::ACCEPT_ENCODING] {
        headers.remove(ours);
    }
    let url = format!("{}{}", relay.origin, head.uri);
    let call = relay.http.request(head.method, url).headers(headers).body(asked.body.clone());
    let (headers, told) = match exchange(call).await {
        Ok((headers, told)) => (headers, Some(told)),
        Err(_) => (HeaderMap::new(), None),
    };
    let Some(Told { status, body }) = relay.meddler.tells(&asked, told) else {
        return wire.cut().await;
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = (status, body).into_response();
    let plain = HeaderValue::from_static("text/xml; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response.headers_mut().extend(headers);
    response
}

async fn text(body: Body) -> Option<String> {
    let bytes = to_bytes(body, usize::MAX).await.ok()?;
    String::from_utf8(bytes.to_vec()).ok()
}

async fn exchange(call: reqwest::RequestBuilder) -> reqwest::Result<(HeaderMap, Told)> {
    let response = call.send().await?;
    let status = response.status().as_u16();
    let told = |name: header::HeaderName| {
        let value = response.headers().get(&name)?.clone();
        Some((name, value))
    };
    let headers = TOLD.into_iter().filter_map(told).collect();
    Ok((headers, Told { status, body: response.text().await? }))
}
