//! The registration API over HTTP.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use serde_json::Value;

use super::{
    PATH,
    integration::Status,
    registry::{Told, problem},
};
use crate::{
    newstore::{endpoint, state::Shared},
    serve::Wire,
};

/// Answers any call.
pub(in crate::newstore) async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.world().calls.stream += 1;
    endpoint::behind(&shared, &shared.stream_fault, wire, &headers, |_| {
        answer(&shared, &method, uri.path(), &body)
    })
    .await
}

fn answer(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Told {
    let place = path.trim_start_matches(PATH).split('/').filter(|it| !it.is_empty());
    let place: Vec<_> = place.collect();
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let now = shared.now();
    shared.change(|it| match (method.as_str(), place.as_slice()) {
        ("GET", []) => it.list(),
        ("POST", []) => it.create(&json, now),
        ("GET", [id]) => it.tell(id),
        ("PATCH", [id]) => it.update(id, &json),
        ("DELETE", [id]) => it.delete(id),
        ("POST", [id, "_start"]) => it.turn(id, Status::Running),
        ("POST", [id, "_stop"]) => it.turn(id, Status::Stopped),
        _ => problem(StatusCode::METHOD_NOT_ALLOWED, "not_allowed", "there is no such call"),
    })
}
