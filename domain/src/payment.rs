//! Amounts authorized, captured and given back, per payment instrument.

use std::{collections::BTreeMap, fmt};

use crate::{Amount, InstrumentSnapshot};

/// Identifies an instrument within an order: method, provider and a counter.
///
/// The storefront may give instruments no id, but it keeps their order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstrumentKey(String);

impl InstrumentKey {
    /// Reads a key that memobridge stored earlier.
    #[must_use]
    pub fn stored(raw: &str) -> Self {
        Self(raw.to_owned())
    }
}

impl fmt::Display for InstrumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One payment instrument with the sums of its transactions, none of them negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Its stable name within the order.
    pub key: InstrumentKey,
    /// In lower case, for example `credit_card`.
    pub method: String,
    /// In lower case, for example `adyen`; may be empty.
    pub provider: String,
    /// Last four digits of a gift card, where they are known.
    pub last_four: Option<String>,
    /// Authorized by the payer.
    pub authorized: Amount,
    /// Taken from the payer.
    pub captured: Amount,
    /// Given back to the same instrument.
    pub refunded: Amount,
    /// Given back as a new store credit or gift card.
    pub issued: Amount,
    /// Authorizations that were released, and captures that were undone.
    pub voided: Amount,
    /// Taken back by the payer's bank (chargeback). It reduces the held amount, and no refund is
    /// recorded for it.
    pub charged_back: Amount,
}

/// The kind of a transaction, by the prefix of its type. The list of types is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Movement {
    Authorize,
    Capture,
    Refund,
    Issue,
    Void,
    ChargeBack,
}

/// Parts of a transaction type that mean that no money moved, or not yet: a `capture_failed` is no
/// capture, a `refund_request` no refund.
const NOT_DONE: [&str; 7] = ["fail", "declin", "reject", "cancel", "pending", "request", "revers"];

impl Movement {
    /// `None` for a type that does not count: an unknown one, or one that did not happen.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        const PREFIXES: [(&str, Movement); 8] = [
            ("authoriz", Movement::Authorize),
            ("capture", Movement::Capture),
            ("refund", Movement::Refund),
            ("issue", Movement::Issue),
            ("void", Movement::Void),
            ("revoke", Movement::Void),
            ("chargeback", Movement::ChargeBack),
            ("dispute", Movement::ChargeBack),
        ];
        let kind = kind.trim().to_lowercase();
        if NOT_DONE.iter().any(|word| kind.contains(word)) {
            return None;
        }
        PREFIXES.iter().find(|(prefix, _)| kind.starts_with(prefix)).map(|(_, movement)| *movement)
    }
}

impl Instrument {
    /// An instrument without any transaction; `counts` counts the instruments of its kind so far.
    pub(crate) fn untouched(
        snapshot: &InstrumentSnapshot,
        counts: &mut BTreeMap<String, usize>,
    ) -> Self {
        let lower = |text: &Option<String>| text.as_deref().unwrap_or("").trim().to_lowercase();
        let (method, provider) = (lower(&snapshot.method), lower(&snapshot.provider));
        let kind = format!("{method}/{provider}");
        let nth = counts.entry(kind.clone()).and_modify(|it| *it += 1).or_insert(1);
        let key = InstrumentKey(format!("{kind}#{nth}"));
        let zero = Amount::ZERO;
        Self {
            key,
            method,
            provider,
            last_four: snapshot.last_four.clone(),
            authorized: zero,
            captured: zero,
            refunded: zero,
            issued: zero,
            voided: zero,
            charged_back: zero,
        }
    }

    pub(crate) fn apply(&mut self, movement: Movement, amount: Amount) {
        let sum = match movement {
            Movement::Authorize => &mut self.authorized,
            Movement::Capture => &mut self.captured,
            Movement::Refund => &mut self.refunded,
            Movement::Issue => &mut self.issued,
            Movement::Void => &mut self.voided,
            Movement::ChargeBack => &mut self.charged_back,
        };
        *sum += amount.abs();
    }

    /// The sum that went back to the payer in any form.
    #[must_use]
    pub fn given_back(&self) -> Amount {
        self.refunded + self.issued + self.voided
    }

    /// The captured amount, or the authorized amount where nothing was captured.
    #[must_use]
    pub fn paid(&self) -> Amount {
        if self.captured.is_zero() { self.authorized } else { self.captured }
    }

    /// What this instrument contributes to covering the order.
    #[must_use]
    pub(crate) fn covers(&self) -> Amount {
        self.captured.max(self.authorized)
    }

    fn held(&self) -> Amount {
        let never_captured = (self.authorized - self.captured).max(Amount::ZERO);
        let undone = (self.voided - never_captured).max(Amount::ZERO);
        self.captured - self.refunded - self.issued - undone - self.charged_back
    }
}

/// Money of the payer that is not given back: `held` of `docs/RULES.md#held`.
#[must_use]
pub fn held(instruments: &[Instrument]) -> Amount {
    instruments.iter().map(Instrument::held).sum()
}

/// The sum of all captures, given back or not.
#[must_use]
pub fn captured(instruments: &[Instrument]) -> Amount {
    instruments.iter().map(|instrument| instrument.captured).sum()
}

#[cfg(test)]
mod tests;
