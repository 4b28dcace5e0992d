//! The webhook: authenticates, reads, and answers with what became of the event;
//! and the other pages beside it.
//!
//! Nothing is answered 2xx before it is done or durable. An authenticated event
//! is never answered 4xx for load: the storefront would not send it again.

mod admin;
mod answer;
mod bearer;
mod body;
mod crowd;
mod failures;
pub mod listen;
pub mod refusals;
mod rest;
pub mod threads;

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
use domain::{Cancellation, Timestamp};
use metrics_exporter_prometheus::PrometheusHandle;
use ports::{Known, Opened};
use secrecy::SecretString;
use tokio::{runtime::Handle, task::spawn_blocking};
use tracing::Instrument;

use self::{
    answer::{Answer, Why},
    body::Unusable,
    crowd::{Crowd, Place},
    failures::Failures,
    refusals::{Refusals, Refused},
};
use crate::{
    config::Intake,
    credit::{Outcome, Progress, broken},
    service::{Member, Runner, Service},
    trace,
    wiring::webhook::{self, Envelope, Malformed},
};

/// Where events are posted.
pub const WEBHOOK: &str = "/newstore/events";

/// The longest path with its query.
const MAX_TARGET: usize = 2048;
/// A body from this many bytes on is not read where HTTP is served.
const LARGE: usize = 64 * 1024;

/// What the handlers share.
#[derive(Clone)]
pub struct Front {
    /// The service behind.
    pub service: Service,
    /// When the work is done.
    pub intake: Intake,
    /// Past this the event goes to the queue and the answer is 200.
    pub respond_within: Duration,
    /// The largest body taken, in bytes.
    pub max_body: usize,
    /// What `/metrics` shows.
    pub metrics: PrometheusHandle,
    admin_token: Option<SecretString>,
    failures: Arc<Failures>,
    refusals: Arc<Refusals>,
    crowd: Arc<Crowd>,
    /// Where attempts run: see [`threads`].
    work: Handle,
}

impl Front {
    /// The front of `service`, whose work is done where this is called.
    #[must_use]
    pub fn new(
        service: Service,
        intake: Intake,
        server: &crate::config::Server,
        metrics: PrometheusHandle,
    ) -> Self {
        let refusals = Arc::new(Refusals::new(Arc::clone(&service.desk.clock)));
        let crowd = Crowd::new(service.customers.keys(), server.max_in_flight_per_tenant);
        Self {
            service,
            intake,
            respond_within: server.respond_within,
            max_body: server.max_body,
            metrics,
            admin_token: server.admin_token.clone(),
            failures: Arc::default(),
            refusals,
            crowd: Arc::new(crowd),
            work: Handle::current(),
        }
    }

    /// All routes; those of the admin API where there is a token for it.
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

    /// Where refused requests are noted.
    #[must_use]
    pub fn refusals(&self) -> Arc<Refusals> {
        Arc::clone(&self.refusals)
    }

    fn draining(&self) -> bool {
        self.service.draining.is_cancelled()
    }

    /// The answer to a call whose key is not accepted.
    fn unauthorized(&self, peer: SocketAddr) -> Answer {
        if self.failures.too_many(peer.ip(), self.service.desk.clock.instant()) {
            return Answer::refused(
                StatusCode::TOO_MANY_REQUESTS,
                "too many calls without a valid key",
            );
        }
        Answer::refused(StatusCode::UNAUTHORIZED, "no key, or an unknown one")
    }
}

/// A path that is spelt otherwise: with slashes too many it is still the webhook's, as whoever
/// registered it, or a proxy on the way, meant it.
async fn elsewhere(
    front: State<Front>,
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
    receive(front, peer, request).await
}

fn leads_to_the_webhook(path: &str) -> bool {
    parts(path).eq(parts(WEBHOOK))
}

/// Whether calls of an address get to the webhook, whatever a proxy takes off its beginning.
#[must_use]
pub fn may_lead_to_the_webhook(path: &str) -> bool {
    let (path, webhook): (Vec<_>, Vec<_>) = (parts(path).collect(), parts(WEBHOOK).collect());
    path.ends_with(&webhook)
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

async fn nothing_here() -> Answer {
    Answer::refused(StatusCode::NOT_FOUND, "there is nothing at this path")
}

async fn not_with_this_method() -> Answer {
    Answer::refused(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method")
}

async fn with_a_short_target(request: Request<Body>, next: Next) -> Response {
    let length = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
    if MAX_TARGET < length {
        let limit = format!("the path is over {MAX_TARGET} bytes");
        return Answer::refused(StatusCode::URI_TOO_LONG, &limit).into_response();
    }
    next.run(request).await
}

/// Whoever is refused may not say so to anybody: it is seen here. The admin API writes down its
/// own calls.
async fn with_its_refusal_noted(
    State(front): State<Front>,
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
        let refused = Refused { method: &method, path: &path, status, reason };
        front.refusals.note(&refused);
    }
    response
}

async fn metrics(State(front): State<Front>) -> String {
    front.metrics.render()
}

async fn receive(
    State(front): State<Front>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let (tenant, answer) = match accept(&front, peer, request).await {
        Ok((member, cancellation)) => {
            let (tenant, span) = (cancellation.tenant.to_string(), trace::delivery(&cancellation));
            let answer = handle(&front, member, cancellation).instrument(span.clone()).await;
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

/// Who sent what; or the answer to a call that carries no event for us.
async fn accept(
    front: &Front,
    peer: SocketAddr,
    request: Request<Body>,
) -> Result<(Arc<Member>, Cancellation), Answer> {
    if front.draining() {
        return Err(Answer::shutting_down());
    }
    let members = authenticate(front, request.headers());
    if members.is_empty() {
        return Err(front.unauthorized(peer));
    }
    let body = body::read(request, front.max_body, &*front.service.desk.clock).await?;
    let (event, cancellation) = understood(front, body).await?;
    let member = members.into_iter().find(|it| it.customer.tenant == *event.tenant());
    let Some(member) = member else {
        return Err(Answer::refused(StatusCode::FORBIDDEN, "the key belongs to another tenant"));
    };
    match cancellation? {
        Some(cancellation) => Ok((member, cancellation)),
        None => Err(Answer::ignored(event.name())),
    }
}

/// An event, and what it cancels.
type Understood = (Envelope, Result<Option<Cancellation>, Malformed>);

/// What a body says.
async fn understood(front: &Front, body: Bytes) -> Result<Understood, Answer> {
    let (most, received) = (front.max_body, front.service.desk.clock.now());
    if body.len() < LARGE && !body::is_packed(&body) {
        return Ok(read(&body, most, received)?);
    }
    match spawn_blocking(move || read(&body, most, received)).await {
        Ok(read) => Ok(read?),
        Err(error) => {
            tracing::error!(%error, "An event could not be read");
            Err(Answer::turned_away("the body could not be read"))
        }
    }
}

fn read(body: &[u8], most: usize, received: Timestamp) -> Result<Understood, Unusable> {
    let body = body::unpacked(body, most)?;
    let event = webhook::envelope(&body)?;
    let cancellation = event.cancellation(received);
    Ok((event, cancellation))
}

/// The retailers whose key the call carries; two may share one. Every key is
/// compared, so that time tells nothing.
fn authenticate(front: &Front, headers: &HeaderMap) -> Vec<Arc<Member>> {
    let Some(key) = bearer::key(headers) else {
        return Vec::new();
    };
    let members = front.service.customers.values();
    members.filter(|it| it.keys.accept(key)).cloned().collect()
}

/// Works on an event, or says what became of it earlier.
async fn handle(front: &Front, member: Arc<Member>, cancellation: Cancellation) -> Answer {
    let service = &front.service;
    let Some(place) = front.crowd.enter(&cancellation.tenant) else {
        tracing::warn!(tenant = %cancellation.tenant, "Too many events of {} at once", cancellation.tenant);
        return Answer::turned_away("too many events of this tenant are being worked on");
    };
    let id = cancellation.id();
    let opened = match service.desk.journal.open(&cancellation, service.desk.clock.now()).await {
        Ok(opened) => opened,
        Err(error) => return Answer::of(&id, &broken(&error)),
    };
    if let Known::Before { state, reason } = &opened.known
        && let Some(answer) = Answer::settled(&id, *state, reason.as_deref())
    {
        return answer;
    }
    if front.intake == Intake::Queued {
        return match service.defer(&opened.cancellation, Duration::ZERO, None).await {
            Ok(()) => Answer::accepted(&id),
            Err(outcome) => Answer::of(&id, &outcome),
        };
    }
    Answer::of(&id, &run(front, member, opened, place).await)
}

/// Runs an attempt, which goes on when the caller has waited long enough: the
/// event is then durably in the queue. It keeps its place until its end.
async fn run(front: &Front, member: Arc<Member>, opened: Opened, place: Place) -> Outcome {
    let service = front.service.clone();
    let cancellation = opened.cancellation.clone();
    let progress = Arc::new(Progress::default());
    let seen = progress.clone();
    let attempt = async move {
        let outcome = service.attempt(&member, &opened, Runner::Webhook, &progress).await;
        drop(place);
        outcome
    };
    let attempt = front.service.running.spawn_on(attempt, &front.work);
    let service = &front.service;
    tokio::select! {
        biased;
        outcome = attempt => outcome.unwrap_or_else(|error| broken(&error)),
        () = service.desk.clock.sleep(front.respond_within) => {
            let reason = seen.silent();
            match service.defer(&cancellation, service.first_delay, Some(&reason)).await {
                Ok(()) => Outcome::Waiting { reason, posted: Vec::new(), not_before: None },
                Err(outcome) => outcome,
            }
        }
    }
}

/// Ready when the configuration is loaded, queue and journal are open and work
/// is taken. The state of other systems never matters here.
async fn ready(State(front): State<Front>) -> (StatusCode, String) {
    let mut missing = Vec::new();
    if front.draining() {
        missing.push("shutting down".to_owned());
    }
    let query = ports::Query { limit: 1, ..Default::default() };
    if let Err(error) = front.service.desk.journal.find(&query).await {
        missing.push(format!("journal: {}", ports::told(&error)));
    }
    if let Err(error) = front.service.jobs.receive(0, Duration::ZERO, Duration::ZERO).await {
        missing.push(format!("queue: {}", ports::told(&error)));
    }
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", missing.join("\n")))
}
