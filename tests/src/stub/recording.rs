//! Has the service work on one order between the sandbox's systems, and writes down what it
//! asks and what it is answered.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use sandbox::sale::{Sale, Unit};
use tokio::{net::TcpListener, task::yield_now};

use super::{
    Call, Script,
    script::{ORDER, REFERENCE, recorded},
};
use crate::{ITEMS, Settings, TestWorld, event, paid};

/// Between the service and the systems.
struct Recorder {
    tenant: String,
    account: String,
    http: reqwest::Client,
    exchanges: Mutex<BTreeMap<Call, (String, String)>>,
}

impl Script {
    /// Records what one order takes: three units with tax, two of them cancelled, one of those
    /// discounted, on one invoice that carries their ids.
    pub async fn record() -> Self {
        let sale = sale();
        let world = TestWorld::with(&sale, &Settings::default()).await;
        let cancelled = [unit(1), unit(2)];
        let event = event(&sale, ITEMS, &[&cancelled[0], &cancelled[1]]);
        let recorder = Arc::new(Recorder {
            tenant: origin(&world.tenant.graphql_url()),
            account: origin(&world.account.endpoint()),
            http: reqwest::Client::new(),
            exchanges: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        world.redirect(listener.local_addr().expect("it is bound"));
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&recorder));
        let passing = tokio::spawn(async { axum::serve(listener, router).await });

        let service = world.serve().await;
        service.post(&event).await.is(200, "posted");
        service.pass_time(recorder.has(&Call::ALL)).await;
        service.stop().await;
        passing.abort();

        let (mut ids, memos) = (Vec::new(), world.account.memos());
        let invoices = world.account.of_kind(sandbox::netsuite::Kind::Invoice);
        ids.extend(invoices.iter().map(|invoice| (invoice.id.clone(), recorded("2"))));
        ids.extend(memos.iter().map(|memo| (memo.id.clone(), recorded("3"))));
        let exchanges = std::mem::take(&mut *recorder.exchanges.lock().expect("nobody panics"));
        let numbered = |text: String| renamed(text, &ids).into_bytes();
        let exchanges = exchanges
            .into_iter()
            .map(|(call, (asked, answered))| (call, (numbered(asked), numbered(answered))));
        Self { event: event.to_string().into_bytes(), exchanges: exchanges.collect() }
    }
}

impl Recorder {
    async fn has(&self, calls: &[Call]) {
        let missing = || {
            let exchanges = self.exchanges.lock().expect("nobody panics with it");
            calls.iter().any(|it| !exchanges.contains_key(it))
        };
        while missing() {
            yield_now().await;
        }
    }
}

/// Asks whom the service meant, and passes the answer on.
async fn pass_on(
    State(recorder): State<Arc<Recorder>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let action = headers.get("soapaction").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let asked = String::from_utf8_lossy(&body).into_owned();
    let call = Call::of(uri.path(), action, &asked).expect("nothing else is asked for an event");
    let system = if call.action().is_some() { &recorder.account } else { &recorder.tenant };
    let mut request = recorder.http.post(format!("{system}{}", uri.path())).body(body);
    for name in [header::CONTENT_TYPE.as_str(), header::AUTHORIZATION.as_str(), "soapaction"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("the sandbox answers");
    let status = answer.status();
    let answered = answer.text().await.expect("answers are text");
    let mut exchanges = recorder.exchanges.lock().expect("nobody panics with it");
    exchanges.insert(call, (asked, answered.clone()));
    (status, answered).into_response()
}

fn sale() -> Sale {
    Sale::new(&recorded(ORDER), &recorded(REFERENCE))
        .unit(Unit::new(&unit(1), "10000", "20.00").tax("1.60"))
        .unit(Unit::new(&unit(2), "10001", "50.00").discounts("5.00", "5.00").tax("3.20"))
        .unit(Unit::new(&unit(3), "10002", "100.00").tax("8.00"))
        .paid(paid("172.80"))
        .cancelled(&[&unit(1), &unit(2)])
        .refunded("credit_card", "64.80")
}

fn unit(place: usize) -> String {
    recorded(&format!("dc333267-000{place}-4000-8000-"))
}

/// A system's address, without a path.
fn origin(url: &str) -> String {
    let url: reqwest::Url = url.parse().expect("systems have addresses");
    url.origin().ascii_serialization()
}

/// With other ids of records.
fn renamed(text: String, ids: &[(String, String)]) -> String {
    ids.iter().fold(text, |text, (old, new)| {
        let text = text.replace(&format!("\"{old}\""), &format!("\"{new}\""));
        text.replace(&format!(">{old}<"), &format!(">{new}<"))
    })
}
