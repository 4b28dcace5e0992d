//! Generated orders, how they are billed and by which policy they are credited.

use proptest::{collection::vec, prelude::*};

use crate::{
    Amount, Billing, Discounts, Entry, ItemPolicy, LineTax, PaymentNode, Settlement, ShippingAs,
    ShippingPolicy, Tax, testing::*,
};

/// One generated order; amounts are in the currency's smallest unit.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a coin that was thrown")]
pub(super) struct RandomSale {
    pub(super) currency: (&'static str, u32),
    pub(super) inside: bool,
    pub(super) units: Vec<RandomItem>,
    pub(super) shipping: (u32, u32),
    /// The difference between the order's total and the sum of its parts.
    pub(super) off: i64,
    pub(super) instruments: usize,
    pub(super) second_invoice: bool,
    pub(super) column: Column,
    pub(super) merged: bool,
    pub(super) fixed: bool,
    pub(super) choices: (Discounts, Tax, Settlement, ShippingPolicy, ShippingAs),
    /// What is remembered after each run.
    pub(super) memory: Vec<Memory>,
    /// Whether the storefront shows everything as cancelled from the first event on.
    pub(super) ahead: bool,
}

/// One generated unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct RandomItem {
    pub(super) product: u8,
    pub(super) price: u32,
    pub(super) quantity: u32,
    /// Per cent.
    pub(super) discount: u32,
    pub(super) tax: u32,
    pub(super) second_invoice: bool,
}

/// What remains of a run when the next one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    Journal,
    Ledger,
    Both,
}

pub(super) fn sales() -> impl Strategy<Value = RandomSale> {
    let currency = prop_oneof![
        3 => Just(("USD", 2)),
        1 => Just(("JPY", 0)),
        1 => Just(("KWD", 3)),
    ];
    let shipping = prop_oneof![Just((0, 0)), (10..2000_u32, 0..30_u32)];
    let choices = (
        prop_oneof![Just(Discounts::Line), Just(Discounts::Net)],
        prop_oneof![Just(Tax::FromInvoice), Just(Tax::SuiteTax), Just(Tax::Item)],
        prop_oneof![Just(Settlement::Apply), Just(Settlement::PaymentItems)],
        prop_oneof![
            4 => Just(ShippingPolicy::OnFullCancellation),
            1 => Just(ShippingPolicy::Never),
        ],
        prop_oneof![Just(ShippingAs::Body), Just(ShippingAs::Line)],
    );
    let memory = prop_oneof![Just(Memory::Journal), Just(Memory::Ledger), Just(Memory::Both)];
    let column = prop_oneof![Just(Column::Filled), Just(Column::Empty)];
    let order = (currency, any::<bool>(), vec(random_item(), 1..=6), shipping, -6..=6_i64);
    let billing = (1..4_usize, any::<bool>(), column, any::<bool>(), prop::bool::weighted(0.2));
    (order, billing, choices, vec(memory, 1..6), any::<bool>()).prop_map(
        |(order, billing, choices, memory, ahead)| {
            let (currency, inside, units, shipping, off) = order;
            let (instruments, second_invoice, column, merged, fixed) = billing;
            let mut sale = RandomSale {
                currency,
                inside,
                units,
                shipping,
                off,
                instruments,
                second_invoice,
                column,
                merged,
                fixed,
                choices,
                memory,
                ahead,
            };
            sale.make_sense();
            sale
        },
    )
}

fn random_item() -> impl Strategy<Value = RandomItem> {
    let discount = prop_oneof![3 => Just(0), 2 => 1..60_u32, 1 => Just(100)];
    let quantity = prop_oneof![3 => Just(1), 1 => 2..4_u32];
    let terms = (0..3_u8, 30..20_000_u32, quantity, discount, 0..30_u32, any::<bool>());
    terms.prop_map(|(product, price, quantity, discount, tax, second_invoice)| RandomItem {
        product,
        price,
        quantity,
        discount,
        tax,
        second_invoice,
    })
}

impl RandomItem {
    pub(super) fn gross(self) -> u32 {
        self.price * self.quantity
    }

    fn discounted(self) -> u32 {
        self.gross() * self.discount / 100
    }

    fn taxed(self) -> u32 {
        (self.gross() - self.discounted()) * self.tax / 100
    }

    pub(super) fn is_free(self) -> bool {
        self.gross() == self.discounted()
    }
}

pub(super) fn unit_name(nth: usize) -> String {
    format!("unit-{nth}")
}

impl RandomSale {
    /// Whether a unit on a memo is always known by its id.
    pub(super) fn knows_units(&self) -> bool {
        self.column == Column::Filled || !self.memory.contains(&Memory::Ledger)
    }

    fn make_sense(&mut self) {
        // The difference must be rounding, and every unit must be able to carry it.
        let bound = i64::try_from(self.units.len()).unwrap();
        self.off = self.off.clamp(-bound, bound);
        if self.units.iter().any(|unit| unit.is_free()) || !self.knows_units() {
            self.off = 0;
        }
        // A fixed item is tied to its invoice line by the column alone.
        self.fixed &= self.column == Column::Filled;
        // Without ids, units of one product cannot be distinguished.
        if self.column == Column::Empty {
            for nth in 0..self.units.len() {
                let first = self.units.iter().find(|unit| unit.product == self.units[nth].product);
                let first = *first.unwrap();
                let second_invoice = self.units[nth].second_invoice;
                self.units[nth] = RandomItem { second_invoice, ..first };
            }
        }
        // A cent of computed tax would keep the memo from netting to 0.00.
        if self.choices.2 == Settlement::PaymentItems && self.choices.1 == Tax::FromInvoice {
            self.choices.1 = Tax::Item;
        }
    }

    pub(super) fn amount(&self, smallest: i64) -> Amount {
        Amount::new(rust_decimal::Decimal::new(smallest, self.currency.1)).unwrap()
    }

    pub(super) fn grand_total(&self) -> Amount {
        let order = crate::Order::check(&self.story().order).unwrap();
        order.credit_of(|_| true) + order.shipping.credit + self.amount(self.off)
    }

    /// The order before anything was cancelled or paid.
    pub(super) fn story(&self) -> Story {
        let text = |smallest: u32| self.amount(smallest.into()).to_string();
        let mut story = Story::new().currency(self.currency.0);
        for (nth, it) in self.units.iter().enumerate() {
            let discount = it.discounted();
            story = story
                .unit(&unit_name(nth), &text(it.price))
                .product(&format!("p{}", it.product))
                .times(&it.quantity.to_string())
                .discounts(&text(discount / 2), &text(discount - discount / 2))
                .tax(&text(it.taxed()));
        }
        let (shipping, rate) = self.shipping;
        story = story.shipping(&text(shipping), &text(shipping * rate / 100));
        if self.inside {
            story = story.inside();
        }
        if self.merged {
            story = story.merged();
        }
        if self.column == Column::Empty {
            story = story.nameless();
        }
        if self.second_invoice {
            story = story.invoice("701");
            let there = self.units.iter().enumerate().filter(|(_, it)| it.second_invoice);
            story = there.fold(story, |story, (nth, _)| story.on(&unit_name(nth), "701"));
        }
        let leaf = |raw: &str| PaymentNode::Leaf(Entry::Id(id(raw)));
        story.maps.payment_items = [
            ("credit_card".to_owned(), leaf("91291")),
            ("gift_card".to_owned(), leaf("91254")),
            ("paypal".to_owned(), leaf("91240")),
        ]
        .into();
        let choices = self.choices;
        let item = if self.fixed { ItemPolicy::Fixed(id("777")) } else { ItemPolicy::Invoice };
        story.but(tell_taxes).with(|policy| {
            (policy.discounts, policy.tax, policy.settlement) = (choices.0, choices.1, choices.2);
            (policy.shipping, policy.shipping_as) = (choices.3, choices.4);
            policy.item = item;
        })
    }
}

fn tell_taxes(billing: &mut Billing) {
    let tax = |code: &str| LineTax {
        tax_type: id("tt"),
        tax_code: id(code),
        rate: None,
        amount: amount("1.00"),
    };
    for invoice in &mut billing.invoices {
        invoice.shipping_taxes = vec![tax("state")];
        invoice.lines.iter_mut().for_each(|line| line.taxes = vec![tax("county"), tax("state")]);
    }
}
