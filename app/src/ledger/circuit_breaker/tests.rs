//! How the answers of a ledger and of a permission probe change the breaker.

use domain::Timestamp;
use ports::{Instant, Rejection};

use super::*;

/// A ledger with scripted answers, and a clock that stands still.
#[derive(Default)]
struct Scripted(Mutex<Option<LedgerError>>);

impl Scripted {
    fn answer(&self) -> Result<(), LedgerError> {
        self.0.lock().unwrap().take().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl ReadPermissions for Scripted {
    async fn verify(&self) -> Result<(), LedgerError> {
        self.answer()
    }
}

#[async_trait]
impl Ledger for Scripted {
    async fn billing(&self, _: &BillingQuery) -> Result<Billing, LedgerError> {
        self.answer().map(|()| Billing::default())
    }

    async fn post(&self, _: &CreditMemo, _: Sending) -> Result<Posted, LedgerError> {
        self.answer().map(|()| Posted::Now("1".parse().unwrap()))
    }

    async fn close_lines(&self, _: &LinesToClose) -> Result<(), LedgerError> {
        self.answer()
    }

    async fn confirm(&self, _: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        self.answer().map(|()| Vec::new())
    }

    async fn memos(&self, _: Timestamp, _: &Cursor) -> Result<MemoPage, LedgerError> {
        self.answer().map(|()| MemoPage { memos: Vec::new(), next: None })
    }
}

#[async_trait]
impl Clock for Scripted {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }

    fn instant(&self) -> Instant {
        Instant::new(self.now(), Duration::ZERO)
    }

    async fn sleep(&self, _: Duration) {}
}

/// The origin of a call.
#[derive(Debug, Clone, Copy)]
enum Call {
    Work,
    Proof,
}

fn unavailable() -> LedgerError {
    LedgerError::Unavailable("down".into())
}

fn throttled() -> LedgerError {
    LedgerError::Throttled(Duration::from_secs(5))
}

fn forbidden() -> LedgerError {
    LedgerError::Forbidden("no".to_owned())
}

fn unauthorized() -> LedgerError {
    LedgerError::Unauthorized("no".to_owned())
}

fn refused() -> LedgerError {
    let (code, message) = (String::new(), String::new());
    LedgerError::Rejected { kind: Rejection::Data, code, message }
}

fn failed() -> LedgerError {
    LedgerError::Failed { code: "UNEXPECTED_ERROR".to_owned(), message: "k2x8".to_owned() }
}

fn unreadable() -> LedgerError {
    LedgerError::Unreadable("no amount".to_owned())
}

#[tokio::test]
async fn an_order_that_fails_alone_opens_no_breaker_and_makes_no_probe() {
    let ledger = Arc::new(Scripted::default());
    let tenant = "dodici".parse().unwrap();
    let protected =
        CircuitBreakerLedger::new(&tenant, ledger.clone(), ledger.clone(), ledger.clone());
    let fail = |error| *ledger.0.lock().unwrap() = Some(error);
    for _ in 0..9 {
        fail(unavailable());
        assert!(protected.aside().confirm(&[]).await.is_err());
    }
    assert_eq!(protected.cause(), None);
    for _ in 0..3 {
        fail(unavailable());
        assert!(protected.confirm(&[]).await.is_err());
    }
    assert_eq!(protected.cause(), Some(BreakerCause::Unavailable));
    // The neutral call is answered, so the account works again.
    assert!(protected.answers().await);
    assert_eq!(protected.cause(), None);
    for _ in 0..3 {
        fail(unavailable());
        assert!(protected.confirm(&[]).await.is_err());
    }
    fail(unavailable());
    assert!(!protected.answers().await);
    assert_eq!(protected.cause(), Some(BreakerCause::Unavailable));
}

#[tokio::test]
async fn the_breaker_opens_by_the_kind_of_answer_and_call() {
    use Call::{Proof, Work};
    let nine = |error: fn() -> LedgerError| (0..9).map(|_| error()).collect();
    let table: [(Call, Vec<LedgerError>, Option<BreakerCause>); 12] = [
        (Work, nine(failed), None),
        (Work, nine(unreadable), None),
        (Work, vec![unavailable(), unavailable()], None),
        (Work, vec![unavailable(), unavailable(), unavailable()], Some(BreakerCause::Unavailable)),
        (Work, vec![unavailable(), unavailable(), refused(), unavailable()], None),
        // Calls that hang occupy the slots of others, which are then throttled.
        (
            Work,
            vec![unavailable(), throttled(), unavailable(), throttled(), unavailable()],
            Some(BreakerCause::Unavailable),
        ),
        (Work, nine(throttled), None),
        (Work, vec![forbidden()], Some(BreakerCause::Permission)),
        (Work, vec![unauthorized()], Some(BreakerCause::Credentials)),
        (Proof, nine(unavailable), None),
        (Proof, vec![forbidden()], Some(BreakerCause::Permission)),
        (Proof, vec![unauthorized()], Some(BreakerCause::Credentials)),
    ];
    for (call, errors, expected) in table {
        let when = format!("{call:?}: {errors:?}");
        let ledger = Arc::new(Scripted::default());
        let tenant = "dodici".parse().unwrap();
        let protected =
            CircuitBreakerLedger::new(&tenant, ledger.clone(), ledger.clone(), ledger.clone());
        for error in errors {
            *ledger.0.lock().unwrap() = Some(error);
            let result = match call {
                Work => protected.confirm(&[]).await.map(drop),
                Proof => protected.verify().await,
            };
            assert!(result.is_err(), "{when}");
        }
        assert_eq!(protected.cause(), expected, "{when}");
    }
}
