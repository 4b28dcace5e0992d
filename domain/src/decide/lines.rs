//! The item lines of a record, with their discounts.
//!
//! Payment, discount, tax and rounding lines are removed first: they never match a unit.

use rust_decimal::Decimal;

use crate::{Amount, BillingLine, ItemRef, Maps, Policy, RecordId, ShippingAs};

/// The purpose of a line of an invoice, a sales order or a credit memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Item,
    Discount,
    Payment,
    Tax,
    Rounding,
    Shipping,
}

/// The role of a line with this item and amount.
pub(super) fn role(item: &RecordId, amount: Amount, policy: &Policy, maps: &Maps) -> Role {
    let is = |id: &Option<RecordId>| id.as_ref() == Some(item);
    let negative = amount < Amount::ZERO;
    let gift_card = maps.gift_card_products.contains(item);
    let service = policy.shipping_as == ShippingAs::Line;
    if is(&policy.discount_item) {
        Role::Discount
    } else if is(&policy.rounding_item) {
        Role::Rounding
    } else if is(&policy.tax_item) {
        Role::Tax
    } else if maps.is_payment_item(item) || (gift_card && negative) {
        Role::Payment
    } else if service && maps.shipping_methods.ids().any(|id| id == item) {
        Role::Shipping
    } else if negative {
        Role::Discount
    } else {
        Role::Item
    }
}

/// An item line with the discount lines that follow it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ItemLine<'a> {
    pub(super) line: &'a BillingLine,
    /// The first discount line directly after it.
    pub(super) discount: Option<&'a BillingLine>,
    /// Net of tax and of all its discount lines.
    pub(super) net: Amount,
}

impl ItemLine<'_> {
    /// Pieces on the line; a line without a quantity has one piece for each unit that it names.
    pub(super) fn quantity(&self) -> Decimal {
        let named = Decimal::from(self.line.units.len().max(1));
        pieces(self.line.quantity, named)
    }

    /// The terms that make two lines of one product interchangeable: rate and tax.
    pub(super) fn terms(&self) -> LineTerms<'_> {
        let rate = self.line.amount.share(Decimal::ONE, self.quantity()).value();
        let taxes = self.line.taxes.iter().map(|tax| (&tax.tax_type, &tax.tax_code, tax.rate));
        LineTerms {
            rate: rate.round_dp(6).normalize(),
            tax_code: self.line.tax_code.as_ref(),
            taxable: self.line.taxable,
            taxes: taxes.collect(),
        }
    }
}

/// Rate and tax of an item line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineTerms<'a> {
    rate: Decimal,
    tax_code: Option<&'a RecordId>,
    taxable: Option<bool>,
    taxes: Vec<(&'a RecordId, &'a RecordId, Option<Decimal>)>,
}

/// The reported quantity of a line, limited to the supported range; `otherwise` where the line has
/// none.
pub(super) fn pieces(reported: Option<Decimal>, otherwise: Decimal) -> Decimal {
    let most = Decimal::from(u32::MAX);
    reported.filter(|it| *it > Decimal::ZERO).map_or(otherwise, |it| it.min(most))
}

/// The item lines of one record, in ascending line order.
pub(super) fn item_lines<'a>(
    lines: impl Iterator<Item = &'a BillingLine>,
    policy: &Policy,
    maps: &Maps,
) -> Vec<ItemLine<'a>> {
    let mut item_lines: Vec<ItemLine<'a>> = Vec::new();
    let mut follows_item = false;
    for line in lines {
        match role(&line.item.id, line.amount, policy, maps) {
            Role::Item => {
                item_lines.push(ItemLine { line, discount: None, net: line.amount });
                follows_item = true;
            }
            Role::Discount if follows_item => {
                let last = item_lines.last_mut().expect("a discount line follows an item line");
                last.discount = last.discount.or(Some(line));
                last.net += line.amount;
            }
            _ => follows_item = false,
        }
    }
    item_lines.sort_by_key(|it| it.line.line);
    item_lines
}

/// How reliably an item is a product: the first of these that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum MatchRank {
    ExternalId,
    ItemId,
    NameToken,
}

impl MatchRank {
    /// All ranks, the most reliable first.
    pub(super) const ALL: [Self; 3] = [Self::ExternalId, Self::ItemId, Self::NameToken];
}

/// The products that a line's item may be, the most reliable first: by external id, item id, or a
/// whole token of the item's name. The record's internal id counts only where the line gives
/// nothing else.
pub(crate) fn names(item: &ItemRef) -> impl Iterator<Item = (&str, MatchRank)> {
    let external = item.external_id.as_deref().map(str::trim);
    let name = item.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let bare = (external.is_none() && name.is_none()).then(|| item.id.as_str());
    let tokens = name.unwrap_or_default().split_whitespace();
    let external = external.into_iter().map(|text| (text, MatchRank::ExternalId));
    let ids = name.or(bare).into_iter().map(|text| (text, MatchRank::ItemId));
    external.chain(ids).chain(tokens.map(|text| (text, MatchRank::NameToken)))
}

/// How reliably a line's item is the product, if it is.
pub(super) fn match_rank(item: &ItemRef, product: &str) -> Option<MatchRank> {
    names(item).find(|(name, _)| *name == product).map(|(_, match_rank)| match_rank)
}
