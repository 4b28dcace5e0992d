//! Deliberate bugs, one at a time: what a simulation cannot see it does not prove.
//!
//! None of them is in the product. Those on the wire are put there by a proxy between the
//! service and its systems: to them it looks like a service that does not know better.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// A deliberate bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the list below says what each does")]
pub enum Mutation {
    KeyOfTheMoment,
    BlindLook,
    HidesMemos,
    CentLess,
    LostIsRefused,
    ThrottleIsRefusal,
    RemembersOrders,
    TakesRefusals,
    LosesFiles,
    AnswersLate,
    GivesUpEarly,
    NoGovernor,
    NoRefundNeeded,
    IgnoresNumber,
    CountsVoided,
}

impl Mutation {
    /// All bugs: name, and what is wrong.
    pub const ALL: [(Self, &str, &str); 15] = [
        (Self::KeyOfTheMoment, "key-of-the-moment", "each sending has an external id of its own"),
        (Self::BlindLook, "blind-look", "a memo is not found under its external id"),
        (Self::HidesMemos, "hides-memos", "memos on record are not looked at"),
        (Self::CentLess, "cent-less", "the first line of a memo is a cent short"),
        (Self::LostIsRefused, "lost-is-refused", "a lost reply is taken for a refusal"),
        (Self::ThrottleIsRefusal, "throttle-is-refusal", "being turned away is taken for one"),
        (Self::RemembersOrders, "remembers-orders", "an order is read once, and never again"),
        (Self::TakesRefusals, "takes-refusals", "an event that is answered 500 never comes again"),
        (Self::LosesFiles, "loses-files", "a crash loses what was in queue and journal"),
        (Self::AnswersLate, "answers-late", "`respond_within` is not kept"),
        (Self::GivesUpEarly, "gives-up-early", "the deadline comes after two seconds"),
        (Self::NoGovernor, "no-governor", "more calls are in flight than the account allows"),
        (Self::NoRefundNeeded, "no-refund-needed", "credits before the refund shows"),
        (Self::IgnoresNumber, "ignores-number", "memos of no invoice are not looked at"),
        (Self::CountsVoided, "counts-voided", "what was voided is taken for credit"),
    ];

    /// The bug of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, it, _)| *it == name).map(|(bug, ..)| *bug)
    }

    /// Whether it is put between the service and its systems.
    pub(super) fn is_on_the_wire(self) -> bool {
        match self {
            Self::KeyOfTheMoment
            | Self::BlindLook
            | Self::HidesMemos
            | Self::CentLess
            | Self::LostIsRefused
            | Self::ThrottleIsRefusal
            | Self::RemembersOrders
            | Self::IgnoresNumber
            | Self::CountsVoided => true,
            Self::TakesRefusals
            | Self::LosesFiles
            | Self::AnswersLate
            | Self::GivesUpEarly
            | Self::NoGovernor
            | Self::NoRefundNeeded => false,
        }
    }
}

/// A refusal of the data, whatever really happened.
const REFUSAL: &str = r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
<addResponse xmlns="urn:m"><writeResponse><c:status xmlns:c="urn:c" isSuccess="false">
<c:statusDetail type="ERROR"><c:code>USER_ERROR</c:code><c:message>no</c:message></c:statusDetail>
</c:status></writeResponse></addResponse></e:Body></e:Envelope>"#;

/// What was asked.
pub(super) struct Asked {
    /// The SOAP operation; empty where it is another protocol.
    pub(super) operation: String,
    pub(super) body: String,
}

/// What was answered.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) body: String,
}

/// A bug that changes what is said on the wire.
pub(super) struct Meddler {
    bug: Mutation,
    sendings: AtomicU64,
    remembered: Mutex<BTreeMap<String, Told>>,
}

impl Meddler {
    pub(super) fn new(bug: Mutation) -> Self {
        Self { bug, sendings: AtomicU64::new(0), remembered: Mutex::default() }
    }

    /// What is asked instead.
    pub(super) fn asks(&self, asked: Asked) -> Asked {
        let Asked { operation, body } = asked;
        let body = match (self.bug, operation.as_str()) {
            (Mutation::KeyOfTheMoment, "add") => {
                let sending = self.sendings.fetch_add(1, Ordering::Relaxed);
                body.replacen("\"nst-cm-", &format!("\"nst-cm-{sending}-"), 1)
            }
            (Mutation::BlindLook, "get") => body.replace("\"nst-cm-", "\"nst-no-"),
            (Mutation::HidesMemos, "search") => body.replace("_creditMemo", "_cashSale"),
            (Mutation::IgnoresNumber, "search") if body.contains("<cm:otherRefNum") => {
                body.replace("_creditMemo", "_cashSale")
            }
            (Mutation::CountsVoided, "search") if body.contains("_creditMemo") => {
                without_element(&body, "cm:voided")
            }
            (Mutation::CentLess, "add") => a_cent_less(&body).unwrap_or(body),
            _ => body,
        };
        Asked { operation, body }
    }

    /// What is told instead; nothing where the connection breaks.
    pub(super) fn tells(&self, asked: &Asked, told: Option<Told>) -> Option<Told> {
        let refusal = || Some(Told { status: 200, body: REFUSAL.to_owned() });
        match (self.bug, asked.operation.as_str()) {
            (Mutation::LostIsRefused, "add") if !is_answer(told.as_ref()) => refusal(),
            (Mutation::ThrottleIsRefusal, "add") if is_throttle(told.as_ref()) => refusal(),
            (Mutation::RemembersOrders, "") if asked.body.starts_with('{') => {
                let mut remembered = self.remembered.lock().expect("nobody panics with it");
                match told.filter(|it| it.status == 200) {
                    Some(now) => Some(remembered.entry(asked.body.clone()).or_insert(now).clone()),
                    None => remembered.get(&asked.body).cloned(),
                }
            }
            _ => told,
        }
    }
}

/// The document without the first element of this name.
fn without_element(body: &str, name: &str) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    match (body.split_once(&*start), body.split_once(&*end)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{after}"),
        _ => body.to_owned(),
    }
}

fn is_answer(told: Option<&Told>) -> bool {
    told.is_some_and(|it| it.body.contains("addResponse>"))
}

fn is_throttle(told: Option<&Told>) -> bool {
    told.is_some_and(|it| it.status == 429 || it.body.contains("RequestLimitFault"))
}

/// The memo with a smaller amount, and no rate, on its first line.
fn a_cent_less(body: &str) -> Option<String> {
    let (before, rest) = body.split_once("<cu:amount>")?;
    let (amount, after) = rest.split_once("</cu:amount>")?;
    let amount: rust_decimal::Decimal = amount.parse().ok()?;
    let less = amount - rust_decimal::Decimal::new(1, amount.scale());
    let mut before = before.to_owned();
    if let (Some(from), Some(to)) = (before.find("<cu:rate>"), before.find("</cu:rate>")) {
        before.replace_range(from..to + "</cu:rate>".len(), "");
    }
    Some(format!("{before}<cu:amount>{less}</cu:amount>{after}"))
}
