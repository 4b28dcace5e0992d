//! The webhook: authenticates, reads, and answers with what became of the event.
//!
//! Nothing is answered 2xx before it is done or durable. An authenticated event
//! is never answered 4xx for load: the storefront would not send it again.

mod answer;
mod failures;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::Cancellation;
use metrics_exporter_prometheus::PrometheusHandle;
use ports::{Known, Opened};

use self::{answer::Answer, failures::Failures};
use crate::{
    config::Intake,
    credit::{Outcome, Progress, broken},
    service::{Member, Runner, Service},
    wiring::webhook,
};

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
    failures: Arc<Failures>,
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
        let (respond_within, max_body) = (server.respond_within, server.max_body);
        Self { service, intake, respond_within, max_body, metrics, failures: Arc::default() }
    }

    /// All routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/newstore/events", post(receive))
            .route("/health/live", get(|| async { "live\n" }))
            .route("/health/ready", get(ready))
            .route(
                "/metrics",
                get(|State(front): State<Self>| async move { front.metrics.render() }),
            )
            .with_state(self)
    }

    fn draining(&self) -> bool {
        self.service.draining.is_cancelled()
    }
}

async fn receive(
    State(front): State<Front>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response {
    let answer = match accept(&front, peer, request).await {
        Ok((member, cancellation)) => handle(&front, member, cancellation).await,
        Err(answer) => answer,
    };
    if answer.status.is_client_error() {
        tracing::warn!(
            status = answer.status.as_u16(),
            reason = answer.reason.as_deref().unwrap_or(""),
            "A webhook call was rejected"
        );
    }
    let status = answer.status.as_u16().to_string();
    metrics::counter!("memobridge_deliveries_total", "status" => status).increment(1);
    answer.into_response()
}

/// Who sent what; or the answer to a call that carries no event for us.
async fn accept(
    front: &Front,
    peer: SocketAddr,
    request: Request<Body>,
) -> Result<(Arc<Member>, Cancellation), Answer> {
    if front.draining() {
        return Err(Answer::refused(StatusCode::SERVICE_UNAVAILABLE, "shutting down"));
    }
    let members = authenticate(front, request.headers());
    if members.is_empty() {
        let now = front.service.desk.clock.now();
        return Err(if front.failures.too_many(peer.ip(), now) {
            Answer::refused(StatusCode::TOO_MANY_REQUESTS, "too many calls without a valid key")
        } else {
            Answer::refused(StatusCode::UNAUTHORIZED, "no key, or an unknown one")
        });
    }
    let body = to_bytes(request.into_body(), front.max_body).await.map_err(|_| {
        let limit = format!("the body is over {} bytes, or broke off", front.max_body);
        Answer::refused(StatusCode::PAYLOAD_TOO_LARGE, &limit)
    })?;
    let event = webhook::envelope(&body).map_err(Answer::malformed)?;
    let member = members.into_iter().find(|it| it.customer.tenant == *event.tenant());
    let Some(member) = member else {
        return Err(Answer::refused(StatusCode::FORBIDDEN, "the key belongs to another tenant"));
    };
    match event.cancellation().map_err(Answer::malformed)? {
        Some(cancellation) => Ok((member, cancellation)),
        None => Err(Answer::ignored(event.name())),
    }
}

/// The retailers whose key the call carries; two may share one. Every key is
/// compared, so that time tells nothing.
fn authenticate(front: &Front, headers: &HeaderMap) -> Vec<Arc<Member>> {
    let value = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let parts = value.and_then(|it| it.split_once(' '));
    let Some((_, key)) = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Vec::new();
    };
    let members = front.service.customers.values();
    members.filter(|it| it.keys.accept(key.trim())).cloned().collect()
}

/// Works on an event, or says what became of it earlier.
async fn handle(front: &Front, member: Arc<Member>, cancellation: Cancellation) -> Answer {
    let service = &front.service;
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
    Answer::of(&id, &run(front, member, opened).await)
}

/// Runs an attempt, which goes on when the caller has waited long enough: the
/// event is then durably in the queue.
async fn run(front: &Front, member: Arc<Member>, opened: Opened) -> Outcome {
    let service = front.service.clone();
    let cancellation = opened.cancellation.clone();
    let progress = Arc::new(Progress::default());
    let seen = progress.clone();
    let attempt = front
        .service
        .running
        .spawn(async move { service.attempt(&member, &opened, Runner::Webhook, &progress).await });
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
