//! The floor under the service: the same calls with the same bytes, and nothing in between.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, RequestBuilder};
use tokio::task::JoinSet;

use super::{Call, Script, Template};
use crate::load::Load;

/// A token and a passport's worth of bytes: nobody looks at it here.
const TOKEN: &str = "token-of-the-floor-which-nobody-looks-at";

/// So many tasks, each of which makes an event's calls one after the other, then those of the
/// next event: one to `NewStore`, three to `NetSuite`, with a client for each system as the
/// service has them. Nothing is decided, signed, parsed, logged or written down.
pub async fn floor(
    folder: &Path,
    address: SocketAddr,
    tasks: usize,
    spell: Duration,
) -> io::Result<Load> {
    let script = Script::load(folder)?;
    let asked = Call::OF_AN_EVENT.map(|call| (call, script.asked(call)));
    let clients = [Client::new(), Client::new()];
    let (asked, next) = (Arc::new(asked), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let (asked, next, clients) = (Arc::clone(&asked), Arc::clone(&next), clients.clone());
        running.spawn(async move {
            let mut answers = Vec::new();
            while began.elapsed() < spell {
                let (asked_at, number) = (Instant::now(), next.fetch_add(1, Ordering::Relaxed));
                for (call, body) in asked.iter() {
                    let [newstore, netsuite] = &clients;
                    let client = if call.action().is_some() { netsuite } else { newstore };
                    ask(request(client, address, *call, body, number)).await;
                }
                answers.push(asked_at.elapsed());
            }
            answers
        });
    }
    let answers = running.join_all().await.into_iter().flatten().collect();
    Ok(Load::of(began.elapsed(), answers))
}

fn request(
    client: &Client,
    address: SocketAddr,
    call: Call,
    body: &Template,
    number: usize,
) -> RequestBuilder {
    let body = body.about(number);
    match call.action() {
        Some(action) => client
            .post(format!("http://{address}/services/NetSuitePort_2025_2"))
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", action)
            .body(body),
        None => client
            .post(format!("http://{address}/api/v1/org/data/query"))
            .header("content-type", "application/json")
            .bearer_auth(TOKEN)
            .body(body),
    }
}

async fn ask(request: RequestBuilder) {
    let answer = request.send().await.expect("the stub answers");
    assert!(answer.status().is_success(), "the stub answers {}", answer.status());
    answer.bytes().await.expect("answers are whole");
}
