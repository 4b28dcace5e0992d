//! Everything that can happen to one exchange.

use std::io::{Read, Write};

use wiremock::MockServer;

use super::*;
use crate::{
    fixtures::{adapter, add_done, always, clock, get_refused, http, memo, options},
    request::{RecordType, get_by_external_id},
};

fn client(endpoint: String, timeout: Duration) -> Client {
    let options = Options { endpoint: Some(endpoint), timeout, ..options() };
    Client::new(options, clock()).unwrap()
}

fn question() -> Request {
    get_by_external_id(RecordType::SalesOrder, "US-100042")
}

/// A server that does the same to every connection.
fn raw_server(behave: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(behave));
    format!("http://{address}")
}

async fn class(endpoint: String, timeout: Duration) -> Class {
    client(endpoint, timeout).call(&question()).await.unwrap_err().class
}

#[tokio::test]
async fn every_request_has_its_own_signature_and_no_cookie() {
    let server = MockServer::start().await;
    let answer = http(200, get_refused("RCRD_DSNT_EXIST"));
    always(&server, "get", answer.insert_header("Set-Cookie", "JSESSIONID=1; Path=/")).await;
    let client = client(server.uri(), Duration::from_secs(5));
    for _ in 0..3 {
        client.call(&question()).await.unwrap();
    }
    let requests = server.received_requests().await.unwrap();
    let mut nonces = std::collections::BTreeSet::new();
    for request in &requests {
        assert!(request.headers.get("Cookie").is_none());
        assert_eq!(request.headers["Content-Type"], "text/xml; charset=utf-8");
        assert_eq!(request.headers["SOAPAction"], "\"get\"");
        let body = String::from_utf8(request.body.clone()).unwrap();
        let nonce = body.split("c:nonce>").nth(1).unwrap().to_owned();
        assert!(nonces.insert(nonce), "{body}");
        assert!(body.contains("<c:timestamp>1439829974</c:timestamp>"), "{body}");
    }
    assert_eq!(nonces.len(), 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    let answer = http(302, "").insert_header("Location", "/elsewhere");
    always(&server, "get", answer).await;
    let class = class(server.uri(), Duration::from_secs(5)).await;
    assert_eq!(class, Class::Unavailable);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_missing_answer_ends_at_the_timeout_with_an_unknown_outcome() {
    let endpoint = raw_server(|mut stream| {
        // Reads and never answers, until the client closes the connection.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_eq!(class(endpoint, Duration::from_millis(200)).await, Class::Unknown);
}

#[tokio::test]
async fn a_connection_lost_after_sending_is_an_unknown_outcome() {
    let endpoint = raw_server(|mut stream| {
        stream.read_exact(&mut [0; 64]).unwrap();
    });
    assert_eq!(class(endpoint, Duration::from_secs(5)).await, Class::Unknown);
}

#[tokio::test]
async fn an_answer_that_ends_early_is_an_unknown_outcome() {
    let endpoint = raw_server(|mut stream| {
        let mut head = [0; 64];
        stream.read_exact(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<Envelope>").unwrap();
    });
    assert_eq!(class(endpoint, Duration::from_secs(5)).await, Class::Unknown);
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    assert_eq!(class(endpoint, Duration::from_secs(5)).await, Class::Unavailable);
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let endpoint = raw_server(|mut stream| {
        stream.read_exact(&mut [0; 64]).unwrap();
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<Envelope>";
        let chunk = vec![b' '; 1024 * 1024];
        let mut open = stream.write_all(head).is_ok();
        while open {
            open = stream.write_all(&chunk).is_ok();
        }
    });
    let error = client(endpoint, Duration::from_secs(30)).call(&question()).await.unwrap_err();
    assert_eq!(error.to_string(), "answer is too large or too deep");
}

/// Compressed spaces, twice as many as are read of any answer: one space, and then repeatedly the
/// last byte 258 times.
fn bomb() -> Vec<u8> {
    let (block, space, again) = ("110", "01010000", "1100010100000");
    let times = 2 * MAX_ANSWER / 258;
    let bits = [block, space].into_iter().chain(std::iter::repeat_n(again, times));
    let bits: Vec<u8> = bits.flat_map(str::bytes).map(|it| it - b'0').collect();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit);
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    gzip.extend(bits.chunks(8).map(byte));
    gzip
}

#[tokio::test]
async fn a_decompression_bomb_is_not_read_to_its_end() {
    let endpoint = raw_server(|mut stream| {
        stream.read_exact(&mut [0; 64]).unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
        let _ = stream.write_all(&[head.as_bytes(), &bomb()].concat());
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert!(bomb().len() < MAX_ANSWER / 50);
    let error = client(endpoint, Duration::from_secs(30)).call(&question()).await.unwrap_err();
    assert_eq!(error.to_string(), "answer is too large or too deep");
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_allowed() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let endpoint = raw_server({
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        move |mut stream| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            std::thread::spawn(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let _ = stream.read(&mut [0; 8192]);
                std::thread::sleep(Duration::from_millis(20));
                now.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(b"HTTP/1.1 429 No\r\nConnection: close\r\n\r\n");
            });
        }
    });
    let client = Arc::new(client(endpoint, Duration::from_secs(5)));
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.call(&question()).await.unwrap_err().class })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Class::Throttled);
    }
    assert_eq!(most.load(Ordering::SeqCst), options().concurrency);
}

#[tokio::test]
async fn a_wait_for_a_slot_counts_toward_the_timeout() {
    let endpoint = raw_server(|mut stream| {
        // Reads and never answers, until the client closes the connection.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let timeout = Duration::from_millis(400);
    let options = Options { endpoint: Some(endpoint), timeout, concurrency: 1, ..options() };
    let client = Client::new(options, clock()).unwrap();
    let question = question();
    let (one, other) = tokio::join!(client.call(&question), client.call(&question));
    assert_eq!(one.unwrap_err().class, Class::Unknown);
    // It stopped waiting while there was still time for an answer.
    assert_eq!(other.unwrap_err().class, Class::Throttled);
}

#[tokio::test]
async fn an_unreadable_answer_is_distinguished_from_no_answer() {
    let message =
        |inner: &str| format!("<s:Envelope xmlns:s='x'><s:Body>{inner}</s:Body></s:Envelope>");
    let deep = "<a>".repeat(100) + &"</a>".repeat(100);
    let table = [
        (200, message("<getResponse>&unknown;</getResponse>"), Class::Unreadable),
        (200, message("<getResponse></a></getResponse>"), Class::Unreadable),
        (200, message(&deep), Class::Unreadable),
        (200, message("<addResponse/>") + "\r\n", Class::Unreadable),
        (200, format!("<!DOCTYPE x>{}", message("")), Class::Unreadable),
        (200, message("").replace("s:", ""), Class::Unreadable),
        // Not from NetSuite, or incomplete.
        (200, String::new(), Class::Unknown),
        (200, "<html><body>Sign in</body></html>".to_owned(), Class::Unknown),
        (200, "<html><br>Sign in</html>".to_owned(), Class::Unknown),
        (200, message("<getResponse>").replace("</s:Envelope>", ""), Class::Unknown),
        (200, "{}".to_owned(), Class::Unknown),
        (500, message("<getResponse>&unknown;</getResponse>"), Class::Unknown),
        (502, "<html/>".to_owned(), Class::Unknown),
    ];
    for (status, body, expected) in table {
        let server = MockServer::start().await;
        always(&server, "get", http(status, body.clone())).await;
        let class = class(server.uri(), Duration::from_secs(5)).await;
        assert_eq!(class, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn errors_show_no_secret() {
    use ports::{Ledger, Sending};

    let server = MockServer::start().await;
    always(&server, "add", http(502, add_done().replace("addResponse", "x"))).await;
    always(&server, "get", http(500, "<html>consumer</html>")).await;
    let error = adapter(&server).post(&memo(), Sending::First).await.unwrap_err();
    let shown = format!("{error:?} {error}");
    for secret in ["7278da58", "060cd9ab", "71cc02b7", "89e08d97"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
