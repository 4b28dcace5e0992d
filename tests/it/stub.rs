//! The stub of the benchmarks: that the service really works between its systems.

use std::time::Duration;

use serde_json::Value;
use tests::{
    Settings, TestWorld,
    stub::{Script, serve},
};
use tokio::net::TcpListener;

#[tokio::test]
async fn the_stub_accepts_a_memo_for_any_order_and_shows_it() {
    let script = Script::record().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let world = TestWorld::new(&Settings::default()).await;
    world.redirect(listener.local_addr().unwrap());
    let events = [1, 999_999_999_999].map(|it| script.event().about(it));
    let serving = tokio::spawn(async move { serve(listener, &script, Duration::ZERO).await });
    let service = world.serve().await;
    for event in events {
        let event: Value = serde_json::from_slice(&event).unwrap();
        service.post(&event).await.is(200, "posted");
    }
    let confirmed = async {
        loop {
            let memos: Vec<_> =
                world.book().all().await.into_iter().flat_map(|it| it.memos).collect();
            if memos.iter().all(|memo| memo.confirmed_total.is_some()) {
                return memos;
            }
            tokio::task::yield_now().await;
        }
    };
    let memos = service.pass_time(confirmed).await;
    let totals: Vec<_> =
        memos.iter().map(|memo| memo.confirmed_total.unwrap().to_string()).collect();
    assert_eq!(totals, ["64.8", "64.8"]);
    serving.abort();
}
