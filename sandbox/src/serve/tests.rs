//! Accepted, refused and cut connections.

use axum::{Router, extract::ConnectInfo, routing::get};
use reqwest::Client;

use super::{Server, Wire};

async fn started() -> (Server, String) {
    let router = Router::new()
        .route("/answer", get(|| async { "here" }))
        .route("/cut", get(|ConnectInfo(wire): ConnectInfo<Wire>| wire.cut::<String>()));
    let server = Server::start(router).await.unwrap();
    let url = format!("http://{}", server.address());
    (server, url)
}

#[tokio::test]
async fn a_stopped_server_refuses_and_a_restarted_one_answers_on_the_same_port() {
    let (server, url) = started().await;
    let client = Client::new();
    for round in 0..3 {
        let answer = client.get(format!("{url}/answer")).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "here", "round {round}");
        server.shut().await;
        let refused = client.get(format!("{url}/answer")).send().await.unwrap_err();
        assert!(refused.is_connect(), "round {round}: {refused:?}");
        server.open().await;
    }
}

#[tokio::test]
async fn a_cut_request_gets_no_answer_and_the_next_one_does() {
    let (_server, url) = started().await;
    let client = Client::new();
    for round in 0..3 {
        let cut = client.get(format!("{url}/cut")).send().await.unwrap_err();
        assert!(!cut.is_connect(), "round {round}: {cut:?}");
        let answer = client.get(format!("{url}/answer")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "round {round}");
    }
}
