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

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Request, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::Cancellation;
use metrics_exporter_prometheus::PrometheusHandle;
use ports::{Known, Opened};
use secrecy::SecretString;
use tracing::Instrument;

use self::{
    answer::Answer,
    crowd::{Crowd, Place},
    failures::Failures,
};
use crate::{
    config::Intake,
    credit::{Outcome, Progress, broken},
    service::{Member, Runner, Service},
    trace,
    wiring::webhook,
};

/// The longest path with its query.
const MAX_TARGET: usize = 2048;

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
    crowd: Arc<Crowd>,
}

impl Front {
    /// The front of `service`.
    #[must_use]
    pub fn new(
        service: Service,
        intake: Intake,
        server: &crate::config::Server,
        metrics: PrometheusHandle,
    ) -> Self {
        let crowd = Crowd::new(service.customers.keys(), server.max_in_flight_per_tenant);
        Self {
            service,
            intake,
            respond_within: server.respond_within,
            max_body: server.max_body,
            metrics,
            admin_token: server.admin_token.clone(),
            failures: Arc::default(),
            crowd: Arc::new(crowd),
        }
    }

    /// All routes; those of the admin API where there is a token for it.
    pub fn router(self) -> Router {
        let open = Router::new()
            .route("/newstore/events", post(receive))
            .route("/health/live", get(|| async { "live\n" }))
            .route("/health/ready", get(ready))
            .route("/metrics", get(metrics));
        let routes = match self.admin_token.clone() {
            Some(token) => open.nest("/api", admin::routes(&self, token)),
            None => open,
        };
        routes
            .fallback(nothing_here)
            .method_not_allowed_fallback(not_with_this_method)
            .layer(middleware::from_fn(with_a_short_target))
            .with_state(self)
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
    if answer.status.is_client_error() {
        tracing::warn!(
            status = answer.status.as_u16(),
            reason = answer.reason.as_deref().unwrap_or(""),
            "A webhook call was rejected"
        );
    }
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
    let event = webhook::envelope(&body)?;
    let member = members.into_iter().find(|it| it.customer.tenant == *event.tenant());
    let Some(member) = member else {
        return Err(Answer::refused(StatusCode::FORBIDDEN, "the key belongs to another tenant"));
    };
    match event.cancellation()? {
        Some(cancellation) => Ok((member, cancellation)),
        None => Err(Answer::ignored(event.name())),
    }
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
    let attempt = front.service.running.spawn(async move {
        let outcome = service.attempt(&member, &opened, Runner::Webhook, &progress).await;
        drop(place);
        outcome
    });
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
