//! The SOAP endpoint over HTTP: faults, slots, holds, and the operations.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{
    Fault, Operation, Point,
    account::Shared,
    auth,
    fault::Strike,
    operation, reply,
    reply::{Refusal, Written},
    request,
};
use crate::serve::Wire;

pub(super) const PATH: &str = "/services/NetSuitePort_2025_2";

/// The largest request, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The result of a call.
enum Outcome {
    Answer(Response),
    /// The connection is cut.
    Silence,
}

pub(super) fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route(PATH, post(call))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(shared))
}

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // In a separate task: a started call is finished even if the caller disconnects.
    let run = tokio::spawn(async move { run(&shared, &headers, &body).await });
    match run.await {
        Ok(Outcome::Answer(response)) => response,
        Ok(Outcome::Silence) | Err(_) => wire.cut().await,
    }
}

async fn run(shared: &Arc<Shared>, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let Some(operation) = soap_action(headers) else {
        return answer(soap(reply::malformed("There is no SOAPAction header for this")));
    };
    let strike = shared.script.strike(operation, body);
    if let Some(Strike {
        fault: fault @ (Fault::Down | Fault::Soap { .. } | Fault::Html { .. }),
        point: Point::BeforeCommit,
    }) = &strike
    {
        return spoilt(Some(fault), String::new());
    }
    let fault = strike.as_ref().map(|it| &it.fault);
    let Some(_slot) = shared.limits.enter() else {
        return answer(soap(Fault::throttled()));
    };
    if let Some(Fault::Slow(wait)) = fault {
        tokio::time::sleep(*wait).await;
    }
    if let Err(fault) = admit(shared, operation, headers, body) {
        return answer(soap(fault));
    }
    shared.holds.wait(operation, Point::BeforeCommit).await;
    let text = match perform(shared, operation, body, strike.as_ref()) {
        Ok(text) => text,
        Err(fault) => return answer(soap(fault)),
    };
    shared.holds.wait(operation, Point::AfterCommit).await;
    spoilt(fault, text)
}

/// The answer as changed by a fault.
fn spoilt(fault: Option<&Fault>, text: String) -> Outcome {
    match fault {
        Some(Fault::Down | Fault::LoseReply) => Outcome::Silence,
        Some(fault @ Fault::Soap { .. }) => answer(soap(fault.clone())),
        Some(Fault::Html { status, body }) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            answer((status, html, body.clone()).into_response())
        }
        Some(Fault::Garbled) => answer(xml(StatusCode::OK, text.replacen("</", "&unknown;</", 1))),
        Some(Fault::Hidden) => answer(xml(StatusCode::OK, counts_one_more(&text))),
        Some(Fault::Empty) => answer(xml(StatusCode::OK, String::new())),
        Some(Fault::Truncate) => {
            let end = text.floor_char_boundary(text.len() / 2);
            answer(xml(StatusCode::OK, text[..end].to_owned()))
        }
        _ => answer(xml(StatusCode::OK, text)),
    }
}

/// Checks authentication and schema of a request.
fn admit(
    shared: &Shared,
    operation: Operation,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Fault> {
    if headers.contains_key(header::COOKIE) {
        return Err(auth::ambiguous());
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    if !kind.is_some_and(|it| it.starts_with("text/xml")) {
        return Err(reply::malformed("The content type is not text/xml"));
    }
    let body = utf8(body)?;
    let document = request::parse(body)?;
    request::check(&mut shared.books(), operation, &document)
}

/// Executes a checked request.
fn perform(
    shared: &Shared,
    operation: Operation,
    body: &[u8],
    strike: Option<&Strike>,
) -> Result<String, Fault> {
    let document = request::parse(utf8(body)?)?;
    let node = request::body(&document)?;
    let mut books = shared.books();
    books.requests += 1;
    let refused = |when| match strike {
        Some(Strike { fault: Fault::Refusal { code, message }, point }) if *point == when => {
            Some(operation::refused(operation, &Refusal::new(code, message)))
        }
        _ => None,
    };
    let content = if let Some(refused) = refused(Point::BeforeCommit) {
        refused
    } else {
        let ending = match strike.map(|it| &it.fault) {
            Some(Fault::AfterSubmitFailed) => Written::ScriptFailed,
            Some(Fault::Warning) => Written::Warned,
            _ => Written::Done,
        };
        let preferences = request::search_preferences(&document);
        let limit = shared.limits.get();
        let done = operation::perform(&mut books, operation, node, preferences, ending, limit);
        refused(Point::AfterCommit).unwrap_or(done)
    };
    Ok(reply::envelope(&books.credentials.account, books.requests, &content))
}

/// The answer to a search, which then hides a record.
fn counts_one_more(text: &str) -> String {
    let name = "totalRecords>";
    let Some((before, rest)) = text.split_once(name) else { return text.to_owned() };
    let digits = rest.find('<').unwrap_or(rest.len());
    let total = rest[..digits].parse::<u32>().unwrap_or_default() + 1;
    format!("{before}{name}{total}{}", &rest[digits..])
}

fn soap_action(headers: &HeaderMap) -> Option<Operation> {
    let action = headers.get("SOAPAction")?.to_str().ok()?;
    Operation::named(action.trim_matches('"'))
}

fn utf8(body: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(body).map_err(|_| reply::malformed("The body is not UTF-8"))
}

fn soap(fault: Fault) -> Response {
    match fault {
        Fault::Soap { status, element, code, message } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            xml(status, reply::fault(&element, &code, &message))
        }
        other => xml(StatusCode::INTERNAL_SERVER_ERROR, format!("<!-- {other:?} -->")),
    }
}

fn xml(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/xml; charset=utf-8"),
        // A client that keeps it is refused next time: ambiguous authentication.
        (header::SET_COOKIE, "JSESSIONID=sandbox; Path=/; HttpOnly"),
    ];
    (status, headers, body).into_response()
}

fn answer(response: Response) -> Outcome {
    Outcome::Answer(response)
}
