//! How the account fails: each kind of fault in all the shapes that it has on the wire.

use std::time::Duration;

use sandbox::netsuite::{
    Access, Account, Calls, Credentials, Denial, Fault, Hold, Kind, Operation, Point, Rule,
};

use super::{fault::WireFault, plan::Step};
use crate::simulation::{self, Rng};

/// What a call takes longer where all do: less than anybody's patience, in the machine's time.
const SLOW: Duration = Duration::from_millis(30);

/// What trouble with the account looks like on the wire.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// An answer, or none, to such calls: so often, where it does not last.
    Answer { fault: Fault, operation: Option<Operation>, point: Point, times: Option<u32> },
    /// The next such calls, as many, take as long as the trouble lasts.
    Held { operation: Operation, point: Point, calls: u32 },
    /// Nothing listens.
    Refusing,
    /// Our token was revoked.
    Revoked,
    /// A permission was taken away.
    Denied(Denial),
}

/// Trouble that lasts.
pub(super) struct Lasting {
    trouble: WireFault<Shape>,
    before: Calls,
    /// Released when the trouble is over.
    holds: Vec<Hold>,
}

impl WireFault<Shape> {
    /// Draws one of these kinds, in one of its shapes.
    pub(super) fn drawn(kinds: &[simulation::SimulatedFault], chance: &Rng) -> Self {
        let kind = *chance.pick(kinds);
        let times = u32::try_from(chance.between(1, 3)).expect("a small number");
        let shape = chance.pick(&shapes(kind, times)).clone();
        Self { kind, shape }
    }

    /// Begins.
    pub(super) async fn begin(self, account: &Account) -> Lasting {
        let before = account.calls();
        let mut holds = Vec::new();
        match &self.shape {
            Shape::Answer { fault, operation, point, times } => {
                let mut rule = Rule::from(fault.clone()).at(*point);
                if let Some(operation) = operation {
                    rule = rule.on(*operation);
                }
                if let Some(times) = times {
                    rule = rule.times(*times);
                }
                account.fault(rule);
            }
            Shape::Held { operation, point, calls } => {
                holds.extend((0..*calls).map(|_| account.hold(*operation, *point)));
            }
            Shape::Refusing => account.refuse_connections().await,
            Shape::Revoked => {
                let token_id = "another token".to_owned();
                account.credentials(Credentials { token_id, ..Credentials::example() });
            }
            Shape::Denied(denial) => account.deny(*denial),
        }
        Lasting { trouble: self, before, holds }
    }
}

impl Lasting {
    /// Ends; says of what kind it was, and how many calls it befell.
    pub(super) async fn end(self, account: &Account) -> (simulation::SimulatedFault, u64) {
        drop(self.holds);
        account.clear_faults();
        account.credentials(Credentials::example());
        account.allow_all();
        let now = account.calls();
        let calls = |of: Option<Operation>| match of {
            Some(of) => now.of(of) - self.before.of(of),
            None => now.total() - self.before.total(),
        };
        let struck = match &self.trouble.shape {
            Shape::Answer { operation, times, .. } => {
                calls(*operation).min(times.map_or(u64::MAX, u64::from))
            }
            Shape::Held { operation, calls: held, .. } => {
                calls(Some(*operation)).min(u64::from(*held))
            }
            Shape::Revoked | Shape::Denied(_) => calls(None),
            Shape::Refusing => {
                account.accept_connections().await;
                1
            }
        };
        (self.trouble.kind, struck)
    }
}

/// Whether a step takes the right to view memos away.
pub(super) fn hides_memos(step: &Step) -> bool {
    let Step::ErpFails(trouble) = step else { return false };
    matches!(trouble.shape, Shape::Denied(Denial { kind: Kind::CreditMemo, access: Access::View }))
}

/// All that a kind of fault looks like.
fn shapes(kind: simulation::SimulatedFault, times: u32) -> Vec<Shape> {
    use Point::{AfterCommit, BeforeCommit};
    let page = |status, words: &str| Fault::Html {
        status,
        body: format!("<html><body>{words}</body></html>"),
    };
    let soap = |element, code| Fault::soap(element, code, "in the account's words");
    let refusal = |code| Fault::refusal(code, "in the account's words");
    let lasts = |fault| Shape::Answer { fault, operation: None, point: BeforeCommit, times: None };
    let of_add = |point| {
        move |fault| Shape::Answer {
            fault,
            operation: Some(Operation::Add),
            point,
            times: Some(times),
        }
    };
    let denied = |kind, access| Shape::Denied(Denial { kind, access });
    match kind {
        simulation::SimulatedFault::ErpThrottles => {
            let blocked = soap("exceededRequestLimitFault", "WS_CONCUR_SESSION_DISALLWD");
            let ways = [Fault::throttled(), blocked, page(429, "Too Many Requests")];
            let of_adding = ways.clone().map(of_add(BeforeCommit));
            ways.map(lasts).into_iter().chain(of_adding).collect()
        }
        simulation::SimulatedFault::ErpRevoked => {
            vec![Shape::Revoked, lasts(Fault::invalid_login())]
        }
        simulation::SimulatedFault::ErpForbidden => vec![
            denied(Kind::CreditMemo, Access::View),
            denied(Kind::CreditMemo, Access::Create),
            denied(Kind::Invoice, Access::View),
            lasts(soap("insufficientPermissionFault", "INSUFFICIENT_PERMISSION")),
        ],
        simulation::SimulatedFault::ErpStale => {
            vec![of_add(BeforeCommit)(refusal("RCRD_HAS_BEEN_CHANGED"))]
        }
        simulation::SimulatedFault::ErpSlow => vec![
            Shape::Held { operation: Operation::Add, point: BeforeCommit, calls: times },
            Shape::Held { operation: Operation::Add, point: AfterCommit, calls: times },
            Shape::Held { operation: Operation::Search, point: BeforeCommit, calls: 2 * times },
            lasts(Fault::Slow(SLOW)),
        ],
        simulation::SimulatedFault::ErpNeverGetsIt => {
            let lost = [Fault::Down, page(502, "Bad Gateway"), Fault::unexpected()];
            lost.map(of_add(BeforeCommit)).to_vec()
        }
        simulation::SimulatedFault::ErpLosesReply => {
            let lost = [
                Fault::LoseReply,
                Fault::Truncate,
                Fault::Empty,
                Fault::AfterSubmitFailed,
                page(502, "Bad Gateway"),
                page(200, "Sign in"),
                Fault::unexpected(),
                soap("faultFromNextYear", "CODE_FROM_NEXT_YEAR"),
                refusal("UNEXPECTED_ERROR"),
                // Said by whoever stands between, and not true.
                Fault::throttled(),
                Fault::maintenance(),
            ];
            lost.map(of_add(AfterCommit)).to_vec()
        }
        _ => {
            let down = [
                Fault::Down,
                Fault::maintenance(),
                Fault::unexpected(),
                page(503, "System maintenance"),
                page(504, "Timeout"),
                Fault::Truncate,
            ];
            down.map(lasts).into_iter().chain([Shape::Refusing]).collect()
        }
    }
}
