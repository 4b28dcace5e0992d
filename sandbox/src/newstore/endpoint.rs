//! The endpoints over HTTP: authentication and scripted faults.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Fault, execute, form, state::Shared, stream};
use crate::serve::Wire;

pub(super) const GRAPHQL: &str = "/api/v1/org/data/query";
pub(super) const TOKEN: &str = "/protocol/openid-connect/token";

pub(super) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route(GRAPHQL, post(graphql))
        .route(&format!("/auth/realms/{{realm}}{TOKEN}"), post(token))
        .route(stream::PATH, any(stream::serve))
        .route(&format!("{}/{{*place}}", stream::PATH), any(stream::serve))
        .with_state(Arc::clone(shared))
}

async fn token(
    State(shared): State<Arc<Shared>>,
    Path(realm): Path<String>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.world().calls.token += 1;
    let fault = strike(&shared.token_fault, wire).await;
    if let Some(answer) = scripted(&fault) {
        return answer;
    }
    finish(&fault, issue(&shared, &realm, &headers, &body))
}

fn issue(shared: &Shared, realm: &str, headers: &HeaderMap, body: &[u8]) -> (StatusCode, Value) {
    let refuse = |status, error: &str| (status, json!({ "error": error }));
    if realm != shared.name {
        return refuse(StatusCode::NOT_FOUND, "Realm does not exist");
    }
    if !has_type(headers, "application/x-www-form-urlencoded") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported media type");
    }
    let form = std::str::from_utf8(body).ok().and_then(form::parse);
    let Some(form) = form else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let field = |name: &str| form.get(name).map(String::as_str);
    if field("grant_type") != Some("client_credentials") {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let known = field("client_id") == Some(&shared.client_id)
        && field("client_secret") == Some(&shared.client_secret);
    if !known {
        return (
            StatusCode::UNAUTHORIZED,
            json!({
                "error": "unauthorized_client",
                "error_description": "Invalid client or Invalid client credentials",
            }),
        );
    }
    let mut world = shared.world();
    let granted = json!({
        "access_token": world.issue_token(),
        "expires_in": world.token_ttl,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": "profile email",
    });
    (StatusCode::OK, granted)
}

async fn graphql(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.world().calls.graphql += 1;
    behind(&shared, &shared.fault, wire, &headers, |fault| query(&shared, fault, &headers, &body))
        .await
}

/// The answer to a caller with a valid token, or the active fault.
pub(super) async fn behind(
    shared: &Shared,
    channel: &watch::Sender<Fault>,
    wire: Wire,
    headers: &HeaderMap,
    answer: impl FnOnce(&Fault) -> (StatusCode, Value),
) -> Response {
    let fault = strike(channel, wire).await;
    if let Some(answer) = scripted(&fault) {
        return answer;
    }
    let refused = refused(shared, channel, &fault, headers);
    finish(&fault, refused.unwrap_or_else(|| answer(&fault)))
}

/// The answer to a caller without a valid token.
fn refused(
    shared: &Shared,
    channel: &watch::Sender<Fault>,
    fault: &Fault,
    headers: &HeaderMap,
) -> Option<(StatusCode, Value)> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return Some((StatusCode::UNAUTHORIZED, json!({ "message": "Unauthorized" })));
    };
    let bearer = authorization.to_str().ok().and_then(|it| it.strip_prefix("Bearer "));
    let rejected = *fault == Fault::NextTokenRejected;
    if rejected {
        channel.send_if_modified(|current| {
            let still = *current == Fault::NextTokenRejected;
            if still {
                *current = Fault::None;
            }
            still
        });
    }
    let good = !rejected && bearer.is_some_and(|token| shared.world().accepts(token));
    let message = "User is not authorized to access this resource";
    (!good).then(|| (StatusCode::FORBIDDEN, json!({ "Message": message })))
}

fn query(shared: &Shared, fault: &Fault, headers: &HeaderMap, body: &[u8]) -> (StatusCode, Value) {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return (StatusCode::BAD_REQUEST, json!({ "errors": [{ "message": "not JSON" }] }));
    };
    if !has_type(headers, "application/json") {
        let message = "POST body sent invalid content type";
        return (StatusCode::BAD_REQUEST, json!({ "errors": [{ "message": message }] }));
    }
    if let Fault::GraphqlErrors(message) = fault {
        return (StatusCode::OK, json!({ "errors": [{ "message": message }] }));
    }
    (StatusCode::OK, execute::answer(shared, &request))
}

/// Waits as the active fault requires, and returns the fault for the answer.
async fn strike(fault: &watch::Sender<Fault>, wire: Wire) -> Fault {
    let mut current = fault.subscribe();
    // An error means that the tenant was dropped, which also ends this request.
    let settled = current.wait_for(|fault| *fault != Fault::Hang).await;
    let settled = settled.map(|fault| fault.clone()).unwrap_or_default();
    match settled {
        Fault::Down => wire.cut().await,
        Fault::Slow(wait) => {
            tokio::time::sleep(wait).await;
            Fault::None
        }
        other => other,
    }
}

fn scripted(fault: &Fault) -> Option<Response> {
    let Fault::Status { code, body, content_type, retry_after } = fault else {
        return None;
    };
    let mut response = Response::builder().status(*code).header(header::CONTENT_TYPE, content_type);
    if let Some(seconds) = retry_after {
        response = response.header(header::RETRY_AFTER, *seconds);
    }
    let response = response.body(Body::from(body.clone()));
    Some(response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}

fn finish(fault: &Fault, (status, body): (StatusCode, Value)) -> Response {
    let mut body = body.to_string();
    if *fault == Fault::Truncate {
        body.truncate(body.floor_char_boundary(body.len() / 2));
    }
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn has_type(headers: &HeaderMap, expected: &str) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    value.is_some_and(|it| it.split(';').next().unwrap_or_default().trim() == expected)
}
