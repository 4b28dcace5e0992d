//! The admin API: lists, shows and retries cancellations.
//!
//! Disabled without a token. Every call passes [`guard`], which checks the token, limits
//! concurrency and writes the audit trail, for denied calls too.

mod cursor;
mod parameters;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{ConnectInfo, MatchedPath, Path, State, rejection::PathRejection},
    http::{HeaderValue, Request, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::CancellationId;
use ports::{FieldError, Query, error_chain};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use self::{cursor::Cursor, parameters::Parameters};
use super::{
    HttpState,
    answer::EventAnswer,
    bearer, body,
    keys::{self, Keys},
    not_with_this_method, nothing_here,
};
use crate::operator::{
    audit::{Actor, AuditEntry},
    json::{CancellationDetail, CancellationPage, CancellationSummary},
    parse,
    retry::{self, Channel, Filter, Requeue, RetryError, RetryMode, RetryTally},
};

/// The OpenAPI document of the API.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");
/// Calls that are processed at once; the others wait, and the webhook does not.
const MAX_CALLS: usize = 2;
/// Cancellations of a page by default.
const PAGE: usize = 100;
/// The most cancellations of a page.
const MAX_PAGE: usize = 500;
/// The largest accepted body, in bytes.
const MAX_BODY: usize = 4096;

/// The token of the API and the limit of concurrent calls.
struct AdminGuard {
    token: Keys,
    permits: Semaphore,
}

/// Marks a call that the audit trail contains.
#[derive(Clone)]
pub(super) struct Audited;

/// The subject of a call for the audit trail, where its path does not name it.
#[derive(Clone)]
struct AuditSubject(String);

/// The routes below `/api`, for calls with this token.
pub(super) fn routes(state: &HttpState, token: SecretString) -> Router<HttpState> {
    let admin_guard =
        AdminGuard { token: Keys::new(vec![token]), permits: Semaphore::new(MAX_CALLS) };
    let guarded = (state.clone(), Arc::new(admin_guard));
    Router::new()
        .route("/cancellations", get(list))
        .route("/cancellations/{id}", get(show))
        .route("/cancellations/{id}/retry", post(retry_one))
        .route("/retry", post(retry_all))
        .route("/openapi.json", get(document))
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_with_this_method)
        .layer(middleware::from_fn_with_state(guarded, guard))
}

/// Completes a call and its audit line even if the caller disconnects.
async fn guard(
    State((state, admin_guard)): State<(HttpState, Arc<AdminGuard>)>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let running = state.service.running.clone();
    let call = running.spawn(async move { admit(&state, &admin_guard, peer, request, next).await });
    call.await.unwrap_or_else(|error| {
        tracing::error!(%error, "A call of the admin API failed");
        let broken = "the call failed";
        EventAnswer::refused(StatusCode::INTERNAL_SERVER_ERROR, broken).into_response()
    })
}

/// Authenticates the call, limits concurrency and writes the audit entry.
async fn admit(
    state: &HttpState,
    admin_guard: &AdminGuard,
    peer: SocketAddr,
    request: Request<Body>,
    next: Next,
) -> Response {
    let key = bearer::key(request.headers());
    let actor = Actor::Caller { address: peer.ip(), token: key.map(keys::fingerprint) };
    let path = request.extensions().get::<MatchedPath>().map_or("/api", MatchedPath::as_str);
    let action = format!("{} {path}", request.method());
    let target = request.uri().path_and_query().map(|it| format!("/api{it}"));
    let accepted = key.is_some_and(|it| admin_guard.token.accept(it));
    let mut response = if accepted {
        let _permit = admin_guard.permits.acquire().await.expect("the semaphore is never closed");
        next.run(request).await
    } else {
        state.unauthorized(peer).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let status = response.status();
    let counted = [("status", status.as_u16().to_string())];
    metrics::counter!("memobridge_admin_calls_total", &counted).increment(1);
    // The subject of a rejected or unreadable call may be anything, so it is not logged.
    let readable = accepted && status != StatusCode::BAD_REQUEST;
    let about = response.extensions_mut().remove::<AuditSubject>().map(|AuditSubject(it)| it);
    let subject = about.or(target.filter(|_| readable)).unwrap_or_default();
    response.extensions_mut().insert(Audited);
    let audit_entry = AuditEntry { actor: &actor, action: &action, subject: &subject };
    if status.is_success() {
        audit_entry.done(status.as_str());
    } else {
        audit_entry.refused(status.as_str());
    }
    response
}

/// A page of cancellations, newest first.
async fn list(State(state): State<HttpState>, uri: Uri) -> Result<Response, EventAnswer> {
    let mut asked = Parameters::of_query(&uri)?;
    let mut query = Query {
        state: asked.text("state", parse::state)?,
        order: asked.text("order", str::parse)?,
        tenant: asked.text("tenant", str::parse)?,
        since: asked.text("since", parse::instant)?,
        after: asked.text("cursor", str::parse)?.map(|Cursor(place)| place),
        ..Query::default()
    };
    let limit = asked.text("limit", page)?.unwrap_or(PAGE);
    asked.done()?;
    query.limit = limit + 1;
    let mut found = state.service.context.journal.find(&query).await.map_err(RetryError::from)?;
    let more = limit < found.len();
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let page = CancellationPage {
        cancellations: found.iter().map(CancellationSummary::from).collect(),
        next_cursor: last.map(|it| Cursor(it.sequence).to_string()),
    };
    Ok(Json(page).into_response())
}

fn page(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok().filter(|it| (1..=MAX_PAGE).contains(it));
    limit.ok_or_else(|| format!("must be a whole number from 1 to {MAX_PAGE}"))
}

/// One cancellation with its history.
async fn show(
    State(state): State<HttpState>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, EventAnswer> {
    let id = id(path)?;
    Parameters::of_query(&uri)?.done()?;
    let query = Query { id: Some(id.clone()), with_history: true, limit: 1, ..Query::default() };
    let found = state.service.context.journal.find(&query).await.map_err(RetryError::from)?.pop();
    let record = found.ok_or(RetryError::Unknown(id))?;
    Ok(Json(CancellationDetail::from(&record)).into_response())
}

/// Requeues one cancellation.
async fn retry_one(
    State(state): State<HttpState>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<EventAnswer, EventAnswer> {
    let id = id(path)?;
    Parameters::of_query(&uri)?.done()?;
    let journal = &*state.service.context.journal;
    let way_back = requeue(&state).ok_or_else(EventAnswer::shutting_down)?;
    let record = retry::one(journal, &id).await?;
    retry::apply(journal, &record, way_back, &mut RetryTally::default()).await?;
    Ok(EventAnswer::retried(&id))
}

/// Requeues, or only counts, everything that matches the filter in the body.
async fn retry_all(
    State(state): State<HttpState>,
    uri: Uri,
    request: Request<Body>,
) -> Result<Response, EventAnswer> {
    Parameters::of_query(&uri)?.done()?;
    let body = body::read(request, MAX_BODY, &*state.service.context.clock).await?;
    let mut asked = Parameters::of_body(&body)?;
    let filter = Filter {
        state: asked.text("state", parse::state)?.ok_or_else(|| parameters::missing("state"))?,
        reason: asked.text("reason", parse::reason)?,
        tenant: asked.text("tenant", str::parse)?,
        order: asked.text("order", str::parse)?,
        since: asked.text("since", parse::instant)?,
    };
    let only_counts = asked.flag("dry_run")?;
    asked.done()?;
    let (intent, outcome, done) = if only_counts {
        (RetryMode::Count, "would-retry", "counted")
    } else {
        (requeue(&state).ok_or_else(EventAnswer::shutting_down)?, "retried", "requeued")
    };
    let mut tally = RetryTally::default();
    let ended = retry::all(&*state.service.context.journal, &filter, intent, &mut tally).await;
    let done = format!("{filter}: {} {done}", tally.ids.len());
    let answer = match ended {
        Ok(()) => Json(tally.answer(outcome)).into_response(),
        Err(refused) => EventAnswer::from(refused).into_response(),
    };
    Ok((Extension(AuditSubject(done)), answer).into_response())
}

async fn document(
    uri: Uri,
) -> Result<([(header::HeaderName, &'static str); 1], &'static str), EventAnswer> {
    Parameters::of_query(&uri)?.done()?;
    Ok(([(header::CONTENT_TYPE, "application/json")], DOCUMENT))
}

fn id(path: Result<Path<String>, PathRejection>) -> Result<CancellationId, FieldError> {
    let malformed = |problem| FieldError { field: "id".to_owned(), problem };
    let Path(text) = path.map_err(|_| malformed("is not a text".to_owned()))?;
    text.parse().map_err(|why: domain::IdError| malformed(why.to_string()))
}

/// The means to requeue; `None` while shutting down.
fn requeue(state: &HttpState) -> Option<RetryMode<'_>> {
    let service = &state.service;
    let (jobs, clock) = (&*service.jobs, &*service.context.clock);
    let requeue = Requeue { jobs, clock, channel: Channel::AdminApi };
    Some(RetryMode::PutBack(requeue)).filter(|_| !state.draining())
}

impl From<RetryError> for EventAnswer {
    fn from(refused: RetryError) -> Self {
        let status = match refused {
            RetryError::Unknown(_) => StatusCode::NOT_FOUND,
            RetryError::Settled(..) | RetryError::Done(_) => StatusCode::CONFLICT,
            RetryError::Journal(_) | RetryError::Queue(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::refused(status, &error_chain(&refused))
    }
}
