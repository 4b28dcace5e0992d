//! Starting on a database, and what happens when the database is not there.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    time::{Duration, Instant},
};

use adapters_journal::{DatabaseUrl, Existing, Postgres};
use domain::{Cancellation, Timestamp, UnitId};
use ports::{Journal, JournalError, LeaseToken, OpenCounts, Query, Step, error_chain};
use tests::{A, ORDER};
use tokio::task::JoinSet;

/// How long a call may take when nothing answers: for a connection, and once it has one.
const BOUND: Duration = Duration::from_secs(11);

fn cancellation() -> Cancellation {
    Cancellation {
        tenant: "dodici".parse().unwrap(),
        event: "order.cancelled".to_owned(),
        order: ORDER.parse().unwrap(),
        units: BTreeMap::from([(A.parse::<UnitId>().unwrap(), None)]),
        published_at: now(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_795_428_000_000)
}

fn address(url: &str) -> DatabaseUrl {
    url.parse().unwrap_or_else(|why| panic!("{url}: {why}"))
}

async fn open(url: &str) -> Result<Postgres, JournalError> {
    Postgres::open(&address(url)).await
}

/// Fails unless the journal is unavailable with these words, and without a secret.
#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, JournalError>, words: &str) {
    let error = result.expect_err(words);
    assert!(matches!(error, JournalError::Unavailable(_)), "{error:?}");
    assert!(error_chain(&error).contains(words), "{words} in {}", error_chain(&error));
    tests::assert_no_secret(
        "an error of the journal",
        &format!("{} {error:?}", error_chain(&error)),
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn replicas_that_start_together_migrate_once() {
    let server = tests::Postgres::shared().await;
    let url = server.database().await;
    let mut starting = JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        starting.spawn(async move { open(&url).await });
    }
    for started in starting.join_all().await {
        started.unwrap();
    }
    assert_eq!(server.sql(&url, "SELECT max(version) FROM journal_schema").await, "5");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_newer_schema_is_refused() {
    let server = tests::Postgres::shared().await;
    let url = server.database().await;
    let older = open(&url).await.unwrap();
    server.sql(&url, "INSERT INTO journal_schema VALUES (6)").await;
    let words = "the database has journal schema 6, this program knows up to 5";
    assert_unavailable(open(&url).await, words);
    assert_unavailable(Postgres::open_existing(&address(&url)).await, words);
    // What runs already goes on: migrations only add.
    older.open(&cancellation(), now()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn reading_creates_nothing_and_needs_no_permission_to_create() {
    let server = tests::Postgres::shared().await;
    let url = server.database().await;
    let missing = Postgres::open_existing(&address(&url)).await.unwrap();
    assert!(matches!(missing, Existing::Missing), "{missing:?}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(server.sql(&url, tables).await, "0");
    open(&url).await.unwrap().open(&cancellation(), now()).await.unwrap();

    // Once the tables are there, reading and writing rows is all that is needed.
    let password = tests::DATABASE_PASSWORD;
    let lesser = format!(
        "CREATE ROLE lesser LOGIN PASSWORD '{password}'; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lesser"
    );
    server.sql(&url, &lesser).await;
    let lesser = url.replace("//clerk:", "//lesser:");
    for url in [&url, &lesser] {
        let made = Postgres::open_existing(&address(url)).await.unwrap();
        let Existing::Current(made) = made else { panic!("{made:?}") };
        assert_eq!(made.find(&Query::default()).await.unwrap().len(), 1);
        open(url).await.unwrap().open(&cancellation(), now()).await.unwrap();
    }
    server.sql(&url, "DELETE FROM journal_schema WHERE version = 5").await;
    let older = Postgres::open_existing(&address(&url)).await.unwrap();
    assert!(matches!(older, Existing::Older { found: 4, known: 5 }), "{older:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn unfinished_cancellations_are_counted_from_their_own_index() {
    let server = tests::Postgres::shared().await;
    let url = server.database().await;
    let journal = open(&url).await.unwrap();
    let over = "INSERT INTO cancellation (id, tenant, event, order_id, units, published_at, \
                    received_at, waiting_since, updated_at, state, deliveries) \
                SELECT 'can-' || n, 'dodici', 'order.cancelled', n, '{}', 0, 0, 0, 0, 'posted', 1 \
                FROM generate_series(1, 10000) n";
    server.sql(&url, over).await;
    server.sql(&url, "ANALYZE cancellation").await;
    journal.open(&cancellation(), now()).await.unwrap();
    let found = journal.open_counts().await.unwrap();
    assert_eq!(found.iter().map(|it| it.count).collect::<Vec<_>>(), [1]);
    // The server notes what a connection did at the latest when it ends.
    drop(journal);
    let scans = "SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes \
                 WHERE indexrelname = 'cancellation_unfinished'";
    let used = async { while server.sql(&url, scans).await == "0" {} };
    assert!(tokio::time::timeout(BOUND, used).await.is_ok(), "the index was not used");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_restart_between_two_calls_is_not_noticed() {
    let server = tests::Postgres::start().await;
    let journal = open(&server.database().await).await.unwrap();
    let deliveries = async |many: usize| {
        let cancellation = cancellation();
        let calls = (0..many).map(|_| journal.open(&cancellation, now()));
        for call in calls {
            call.await.unwrap();
        }
    };
    deliveries(2).await;
    server.stop().await;
    server.start_again().await;
    deliveries(2).await;
    server.kill().await;
    server.start_again().await;
    deliveries(2).await;
    let found = journal.find(&Query::default()).await.unwrap();
    assert_eq!(found[0].deliveries, 6, "what was answered outlives the crash");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_stopped_server_is_unavailable_until_it_is_back() {
    let server = tests::Postgres::start().await;
    let url = server.database().await;
    let journal = open(&url).await.unwrap();
    let (ours, token) = (cancellation(), LeaseToken("run".to_owned()));
    journal.open(&ours, now()).await.unwrap();
    server.stop().await;
    let began = Instant::now();
    let (tenant, order, id) = (&ours.tenant, &ours.order, ours.id());
    // The socket is a file, which is gone with the server.
    let words = "No such file or directory";
    assert_unavailable(journal.open(&ours, now()).await, words);
    assert_unavailable(journal.acquire(tenant, order, &token, now(), BOUND).await, words);
    assert_unavailable(journal.claims(tenant, order).await, words);
    assert_unavailable(journal.record(&id, now(), &[Step::Retried]).await, words);
    assert_unavailable(journal.find(&Query::default()).await, words);
    assert_unavailable(open(&url).await, words);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    server.start_again().await;
    journal.record(&id, now(), &[Step::Retried]).await.unwrap();
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let began = Instant::now();
    let url = format!("postgres://clerk:{}@127.0.0.1:{port}/x", tests::DATABASE_PASSWORD);
    assert_unavailable(open(&url).await, "the database has not answered within 5s");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn a_call_behind_a_lasting_lock_times_out_and_can_be_repeated() {
    let server = tests::Postgres::shared().await;
    let url = server.database().await;
    let journal = open(&url).await.unwrap();
    let locked = "BEGIN; LOCK TABLE cancellation; SELECT pg_sleep(60)";
    let locking = tokio::spawn({
        let url = url.clone();
        async move { server.sql(&url, locked).await }
    });
    let holder = "SELECT pid FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' \
                  AND relation = 'cancellation'::regclass";
    let mut pid = String::new();
    while pid.is_empty() {
        pid = server.sql(&url, holder).await;
    }
    let began = Instant::now();
    let result = journal.open(&cancellation(), now()).await;
    assert!(matches!(result, Err(JournalError::Unavailable(_))), "{result:?}");
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    server.sql(&url, &format!("SELECT pg_terminate_backend({pid})")).await;
    locking.await.expect_err("its connection was cut");
    journal.open(&cancellation(), now()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_unusable_database_reports_the_cause() {
    let server = tests::Postgres::shared().await;
    let url = server.database().await;
    let standby = "CREATE FUNCTION pg_is_in_recovery() RETURNS boolean LANGUAGE sql RETURN true";
    server.sql(&url, standby).await;
    let wrong = url.replace(tests::DATABASE_PASSWORD, "another-password");
    // URL, words
    let table = [
        (wrong, "password authentication failed for user \"clerk\""),
        (url.replace("/test_", "/nobodys_"), "does not exist"),
        (format!("{url}&sslmode=verify-full"), "server does not support TLS"),
        (format!("{url}&options[search_path]=public,pg_catalog"), "the database is a standby"),
    ];
    for (url, words) in table {
        assert_unavailable(open(&url).await, words);
    }
}
