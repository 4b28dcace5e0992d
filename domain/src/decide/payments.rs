//! Payment lines: the memo's credit, split over the order's instruments.
//!
//! First the amount that each instrument gave back and no earlier memo allocated; then the rest
//! from what was captured, or authorized where nothing was captured.

use std::collections::BTreeMap;

use super::{
    DecisionInput,
    assemble::{Origin, plain_line},
    credited::Credited,
};
use crate::{
    Amount, CreditMemo, CustomField, FieldType, Instrument, InstrumentKey, LineKind, MemoLine,
    Reason,
};

/// The column that holds the last digits of a gift card.
const GIFT_CARD_COLUMN: &str = "custcol_nws_gcnumber";

/// The amounts that the memos of one run took from each instrument so far.
#[derive(Debug, Default)]
pub(super) struct Run(BTreeMap<InstrumentKey, Amount>);

impl Run {
    /// Adds the allocations of a memo.
    pub(super) fn note(&mut self, memo: &CreditMemo) {
        for (key, amount) in memo.allocations() {
            *self.0.entry(key.clone()).or_default() += amount;
        }
    }

    /// Adds the payment lines that make the memo net to 0.00.
    pub(super) fn add(
        &mut self,
        input: &DecisionInput<'_>,
        origin: Origin<'_>,
        memo: &mut CreditMemo,
        credited: &Credited,
    ) -> Result<(), Reason> {
        let instruments = &input.order.instruments;
        let allocations = |it: &Instrument| {
            credited.allocations(&it.key) + self.0.get(&it.key).copied().unwrap_or_default()
        };
        let mut left = memo.credit;
        let mut shares: Vec<Amount> = Vec::new();
        for it in instruments {
            let free = (it.given_back() - allocations(it)).max(Amount::ZERO);
            shares.push(free.min(left));
            left -= free.min(left);
        }
        for (it, share) in instruments.iter().zip(&mut shares) {
            let free = (it.paid() - allocations(it) - *share).max(Amount::ZERO);
            *share += free.min(left);
            left -= free.min(left);
        }
        if !left.is_zero() {
            return Err(Reason::PaymentShortfall { missing: left });
        }
        for (it, share) in instruments.iter().zip(shares).filter(|(_, share)| !share.is_zero()) {
            let entry = input.maps.payment_item(&it.method, &it.provider, input.order)?;
            let Some(item) = entry.id() else {
                continue;
            };
            let kind = LineKind::Payment(it.key.clone());
            let fields = it.last_four.iter().map(|digits| CustomField {
                script_id: GIFT_CARD_COLUMN.to_owned(),
                kind: FieldType::String,
                value: digits.clone(),
            });
            let fields = fields.collect();
            memo.lines.push(MemoLine { item, fields, ..plain_line(input, origin, kind, -share)? });
            memo.total -= share;
        }
        self.note(memo);
        Ok(())
    }
}
