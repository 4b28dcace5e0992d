//! The HTTP server: the webhook, which authenticates and reads events and answers with their
//! outcome, and the other pages.
//!
//! A 2xx answer means that the event is done or durably stored. An authenticated event is never
//! answered 4xx because of load, because the storefront would not send it again.

mod admin;
mod answer;
mod auth_failures;
mod bearer;
pub(crate) mod body;
pub mod http_threads;
pub mod keys;
pub mod listen;
pub mod refusals;
mod tenant_limit;
mod unread_body;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::Cancellation;
use metrics_exporter_prometheus::PrometheusHandle;
use ports::{Event, EventDecoder, Known, Received};
use secrecy::SecretString;
use tokio::{runtime::Handle, task::spawn_blocking};
use tracing::Instrument;

use crate::{
    background::supervisor::Supervisor,
    config::Intake,
    observability::spans,
    process::{
        credit::{AttemptProgress, store_unavailable},
        outcome::Outcome,
        service::{AttemptOwner, CustomerEntry, Service, is_deferred},
    },
};
use {
    self::{
        answer::{EventAnswer, Why},
        refusals::{Refusals, Refused},
    },
    crate::inbound::{
        auth_failures::AuthFailureLimiter,
        tenant_limit::{TenantLimit, TenantPermit},
    },
};

/// The path to which events are posted.
pub const WEBHOOK: &str = "/newstore/events";

/// The longest path with its query.
const MAX_TARGET: usize = 2048;
/// How many parts of a path a log line shows.
const MAX_PARTS: usize = 8;
/// Bodies of at least this size are not parsed on the HTTP threads.
const LARGE: usize = 64 * 1024;

/// The state that the handlers share.
#[derive(Clone)]
pub struct HttpState {
    /// The service.
    pub service: Service,
    /// Decodes the events of the webhook.
    pub events: Arc<dyn EventDecoder>,
    /// When an event is processed.
    pub intake: Intake,
    /// After this time the event goes to the queue and the answer is 200.
    pub respond_within: Duration,
    /// The largest accepted body, in bytes.
    pub max_body: usize,
    /// Renders `/metrics`.
    pub metrics: PrometheusHandle,
    tasks: Supervisor,
    admin_token: Option<SecretString>,
    auth_failures: Arc<AuthFailureLimiter>,
    refusals: Arc<Refusals>,
    tenant_limit: Arc<TenantLimit>,
    /// Where attempts run: see [`threads`].
    work: Handle,
}

impl HttpState {
    /// The state of the HTTP server for `service`; attempts run on the runtime that calls this.
    #[must_use]
    pub fn new(
        service: Service,
        events: Arc<dyn EventDecoder>,
        intake: Intake,
        server: &crate::config::Server,
        metrics: PrometheusHandle,
        tasks: Supervisor,
    ) -> Self {
        let refusals = Arc::new(Refusals::new(Arc::clone(&service.context.clock)));
        let tenant_limit =
            TenantLimit::new(service.customers.keys(), server.max_in_flight_per_tenant);
        Self {
            service,
            events,
            intake,
            respond_within: server.respond_within,
            max_body: server.max_body,
            metrics,
            tasks,
            admin_token: server.admin_token.clone(),
            auth_failures: Arc::default(),
            refusals,
            tenant_limit: Arc::new(tenant_limit),
            work: Handle::current(),
        }
    }

    /// All routes; those of the admin API only where a token is configured.
    pub fn router(self) -> Router {
        let open = Router::new()
            .route(WEBHOOK, post(receive))
            .route("/health/live", get(|| async { "live\n" }))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics));
        let routes = match self.admin_token.clone() {
            Some(token) => open.nest("/api", admin::routes(&self, token)),
            None => open,
        };
        routes
            .fallback(elsewhere)
            .method_not_allowed_fallback(not_with_this_method)
            .layer(middleware::from_fn(with_a_short_target))
            .layer(middleware::from_fn_with_state(self.clone(), with_its_refusal_noted))
            .with_state(self)
    }

    /// The list of rejected requests.
    #[must_use]
    pub fn refusals(&self) -> Arc<Refusals> {
        Arc::clone(&self.refusals)
    }

    fn draining(&self) -> bool {
        self.service.draining.is_cancelled()
    }

    /// The answer to a call with a missing or unknown key.
    fn unauthorized(&self, peer: SocketAddr) -> EventAnswer {
        if self.auth_failures.too_many(peer.ip(), self.service.context.clock.instant()) {
            return EventAnswer::refused(
                StatusCode::TOO_MANY_REQUESTS,
                "too many calls without a valid key",
            );
        }
        EventAnswer::refused(StatusCode::UNAUTHORIZED, "no key, or an unknown one")
    }
}

/// Handles all other paths. A path with extra slashes is still the webhook: the person who
/// registered it, or a proxy, may have added one.
async fn elsewhere(
    state: State<HttpState>,
    peer: ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    if !leads_to_the_webhook(request.uri().path()) {
        return nothing_here().await.into_response();
    }
    if request.method() != Method::POST {
        let mut answer = not_with_this_method().await.into_response();
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return answer;
    }
    receive(state, peer, request).await
}

fn leads_to_the_webhook(path: &str) -> bool {
    parts(path).eq(parts(WEBHOOK))
}

/// Whether calls of an address reach the webhook, even if a proxy removes a prefix of the path.
#[must_use]
pub fn may_lead_to_the_webhook(path: &str) -> bool {
    let (path, webhook): (Vec<_>, Vec<_>) = (parts(path).collect(), parts(WEBHOOK).collect());
    path.ends_with(&webhook)
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// The path as a log line may show it. A part that belongs to no route may be a key that was put
/// into the wrong place.
fn known_parts(path: &str) -> String {
    let routes = [WEBHOOK, "/health/live", "/health/ready", "/metrics", "/api"];
    let known: Vec<_> = routes.iter().flat_map(|route| parts(route)).collect();
    let shown = parts(path).take(MAX_PARTS);
    shown.map(|part| if known.contains(&part) { format!("/{part}") } else { "/…".into() }).collect()
}

async fn nothing_here() -> EventAnswer {
    EventAnswer::refused(StatusCode::NOT_FOUND, "nothing exists at this path")
}

async fn not_with_this_method() -> EventAnswer {
    EventAnswer::refused(StatusCode::METHOD_NOT_ALLOWED, "this path does not allow this method")
}

async fn with_a_short_target(request: Request<Body>, next: Next) -> Response {
    let length = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
    if length > MAX_TARGET {
        let limit = format!("the path is over {MAX_TARGET} bytes");
        return EventAnswer::refused(StatusCode::URI_TOO_LONG, &limit).into_response();
    }
    next.run(request).await
}

/// Counts and logs a rejected request, because its sender may not report it. The admin API
/// writes its own audit line.
async fn with_its_refusal_noted(
    State(state): State<HttpState>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    let why = response.extensions_mut().remove::<Why>();
    let is_noted = response.extensions_mut().remove::<admin::Audited>().is_some();
    if status.is_client_error() && !is_noted {
        let reason = why.as_ref().map_or("", |Why(reason)| reason);
        let path = known_parts(&path);
        let refused = Refused { method: &method, path: &path, status, reason };
        state.refusals.note(&refused);
    }
    response
}

async fn metrics(State(state): State<HttpState>) -> String {
    state.metrics.render()
}

async fn receive(
    State(state): State<HttpState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (tenant, answer) = match accept(&state, peer, request).await {
        Ok((entry, cancellation)) => {
            let (tenant, span) = (cancellation.tenant.to_string(), spans::delivery(&cancellation));
            let answer = handle(&state, entry, cancellation).instrument(span.clone()).await;
            answer.write_on(&span);
            (tenant, answer)
        }
        Err(answer) => (String::new(), answer),
    };
    let status = answer.status.as_u16().to_string();
    let labels = [("tenant", tenant), ("status", status), ("outcome", answer.outcome.to_owned())];
    metrics::counter!("memobridge_deliveries_total", &labels).increment(1);
    answer.into_response()
}

/// Authenticates and reads the call: its customer and event, or the answer to a call without a
/// usable event.
async fn accept(
    state: &HttpState,
    peer: SocketAddr,
    request: Request<Body>,
) -> Result<(Arc<CustomerEntry>, Cancellation), EventAnswer> {
    if state.draining() {
        return Err(EventAnswer::shutting_down());
    }
    let members = authenticate(state, request.headers());
    if members.is_empty() {
        return Err(state.unauthorized(peer));
    }
    let encoding = body::Encoding::of(request.headers());
    let body = body::read(request, state.max_body, &*state.service.context.clock).await?;
    if !encoding.is_readable(&body) {
        return Err(EventAnswer::refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the Content-Encoding is not supported; send gzip or none",
        ));
    }
    let event = decode(state, body).await?;
    let entry = members.into_iter().find(|it| it.customer.tenant == event.tenant);
    let Some(entry) = entry else {
        return Err(EventAnswer::refused(
            StatusCode::FORBIDDEN,
            "the key belongs to another tenant",
        ));
    };
    match event.cancellation? {
        Some(cancellation) => Ok((entry, cancellation)),
        None => Err(EventAnswer::ignored(&event.name)),
    }
}

/// Parses an event; a large one on a thread that does not serve HTTP.
async fn decode(state: &HttpState, body: Bytes) -> Result<Event, EventAnswer> {
    let (most, received) = (state.max_body, state.service.context.clock.now());
    let decoder = Arc::clone(&state.events);
    if body.len() < LARGE && !body::is_gzip(&body) {
        return Ok(body::event(&*decoder, &body, most, received)?);
    }
    match spawn_blocking(move || body::event(&*decoder, &body, most, received)).await {
        Ok(read) => Ok(read?),
        Err(error) => {
            tracing::error!(%error, "Failed to read the body of an event");
            Err(EventAnswer::overloaded("the body cannot be read"))
        }
    }
}

/// The customers whose key the call carries; two may share one. Every key is compared, so that the
/// duration reveals nothing.
fn authenticate(state: &HttpState, headers: &HeaderMap) -> Vec<Arc<CustomerEntry>> {
    let Some(key) = bearer::key(headers) else {
        return Vec::new();
    };
    let members = state.service.customers.values();
    members.filter(|it| it.keys.accept(key)).cloned().collect()
}

/// Processes an event, or returns the outcome of an earlier delivery.
async fn handle(
    state: &HttpState,
    entry: Arc<CustomerEntry>,
    cancellation: Cancellation,
) -> EventAnswer {
    let service = &state.service;
    let Some(place) = state.tenant_limit.enter(&cancellation.tenant) else {
        tracing::warn!(tenant = %cancellation.tenant, "Rejected an event: too many events of {} at once", cancellation.tenant);
        return EventAnswer::overloaded("too many events of this tenant are being processed");
    };
    let id = cancellation.id();
    let opened =
        match service.context.journal.open(&cancellation, service.context.clock.now()).await {
            Ok(opened) => opened,
            Err(error) => return EventAnswer::of(&id, &store_unavailable(&error)),
        };
    if let Known::SeenBefore { state, reason } = &opened.known
        && let Some(answer) = EventAnswer::settled(&id, *state, reason.as_deref())
    {
        return answer;
    }
    if state.intake == Intake::Queued {
        if is_deferred(&opened) {
            // Its job waits in the queue; its delay and its reason must not change.
            return EventAnswer::accepted(&id);
        }
        return match service.defer(&opened.cancellation, Duration::ZERO, None).await {
            Ok(()) => EventAnswer::accepted(&id),
            Err(outcome) => EventAnswer::of(&id, &outcome),
        };
    }
    EventAnswer::of(&id, &run(state, entry, opened, place).await)
}

/// Runs an attempt. When `respond_within` has passed the attempt continues, the event is durably in
/// the queue, and the caller gets its answer. The attempt keeps its permit until it ends.
async fn run(
    state: &HttpState,
    entry: Arc<CustomerEntry>,
    opened: Received,
    place: TenantPermit,
) -> Outcome {
    let service = state.service.clone();
    let cancellation = opened.cancellation.clone();
    let is_in_queue = is_deferred(&opened);
    let progress = Arc::new(AttemptProgress::default());
    let seen = progress.clone();
    let attempt = async move {
        let outcome = service.attempt(&entry, &opened, AttemptOwner::Webhook, &progress).await;
        drop(place);
        outcome
    };
    let attempt = state.service.running.spawn_on(attempt, &state.work);
    let service = &state.service;
    tokio::select! {
        biased;
        outcome = attempt => outcome.unwrap_or_else(|error| store_unavailable(&error)),
        () = service.context.clock.sleep(state.respond_within) => {
            let reason = seen.timeout_reason();
            let deferred = if is_in_queue {
                Ok(())
            } else {
                service.defer(&cancellation, service.first_delay, Some(&reason)).await
            };
            match deferred {
                Ok(()) => Outcome::Waiting { reason, posted: Vec::new(), not_before: None },
                Err(outcome) => outcome,
            }
        }
    }
}

/// Ready when the configuration is loaded, queue and journal are open, work is taken
/// and no background task has failed. The state of other systems never matters here.
async fn ready(State(state): State<HttpState>) -> (StatusCode, String) {
    let mut missing = Vec::new();
    if let Some(error) = state.tasks.failure() {
        missing.push(error.to_string());
    }
    if state.draining() {
        missing.push("shutting down".to_owned());
    }
    let query = ports::Query { limit: 1, ..Default::default() };
    if let Err(error) = state.service.context.journal.find(&query).await {
        missing.push(format!("journal: {}", ports::error_chain(&error)));
    }
    if let Err(error) = state.service.jobs.check().await {
        missing.push(format!("queue: {}", ports::error_chain(&error)));
    }
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", missing.join("\n")))
}
