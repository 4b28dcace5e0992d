//! Stories for tests: an order, how it was paid, and how it was billed, in a few words.

use rust_decimal::Decimal;

use crate::{
    Amount, Billing, BillingLine, Cancellation, Case, CivilDate, Claim, ClaimState, Classes,
    Decision, Entry, InstrumentSnapshot, Invoice, ItemRef, Maps, OrderSnapshot, Patience,
    PaymentNode, Plan, Policy, Reading, RecordId, SalesOrder, Timestamp, TransactionSnapshot,
    UnitId, UnitSnapshot, decide, readiness,
};

pub(crate) const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";

pub(crate) fn amount(raw: &str) -> Amount {
    raw.parse().unwrap()
}

pub(crate) fn id(raw: &str) -> RecordId {
    raw.parse().unwrap()
}

pub(crate) fn unit(raw: &str) -> UnitId {
    raw.parse().unwrap()
}

/// One order in both systems; units are on invoice 700 unless said otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) order: OrderSnapshot,
    invoices: Vec<(RecordId, Vec<String>)>,
    loose: Vec<String>,
    nameless: bool,
    owed: Option<Amount>,
    pub(crate) policy: Policy,
    pub(crate) maps: Maps,
    patience: Patience,
    claims: Vec<Claim>,
}

impl Story {
    pub(crate) fn new() -> Self {
        let order = OrderSnapshot {
            id: ORDER.parse().unwrap(),
            external_id: Some("TEST-1".into()),
            currency: Some("USD".into()),
            channel: Some("USC".into()),
            channel_type: Some("web".into()),
            demand_location: None,
            tax_strategy: Some("tax_excluded".into()),
            price_method: None,
            is_exchange: false,
            is_historical: false,
            shipping_total: Reading::of("0.00"),
            shipping_tax: Reading::of("0.00"),
            grand_total: Reading::Absent,
            coupon: None,
            units: Vec::new(),
            payments: Some(Vec::new()),
        };
        let policy = Policy {
            discount_item: Some(id("8494")),
            rounding_item: Some(id("12777")),
            tax_item: Some(id("10")),
            untaxed_code: Some(id("-8")),
            ..Policy::default()
        };
        let leaf = |raw: &str| PaymentNode::Leaf(Entry::Id(id(raw)));
        let table = |key: &str, raw: &str| [(key.to_owned(), Entry::Id(id(raw)))];
        let adyen = PaymentNode::branch([("USD".to_owned(), leaf("91291"))]);
        let maps = Maps {
            channels: table("web", "1").into_iter().collect(),
            currencies: table("USD", "1").into_iter().collect(),
            shipping_methods: table("GROUND", "4").into_iter().collect(),
            payment_items: [
                ("credit_card".to_owned(), PaymentNode::branch([("adyen".to_owned(), adyen)])),
                ("gift_card".to_owned(), PaymentNode::branch([("usd".to_owned(), leaf("91254"))])),
            ]
            .into(),
            ..Maps::default()
        };
        Self {
            order,
            invoices: vec![(id("700"), Vec::new())],
            loose: Vec::new(),
            nameless: false,
            owed: None,
            policy,
            maps,
            patience: Patience::Left,
            claims: Vec::new(),
        }
    }

    pub(crate) fn unit(mut self, id: &str, price: &str) -> Self {
        self.order.units.push(UnitSnapshot {
            id: id.to_owned(),
            product: Some(id.to_owned()),
            quantity: Reading::of("1"),
            price: Reading::of(price),
            status: Some("opened".to_owned()),
            service_level: Some("GROUND".to_owned()),
            reason: Some("insufficient_stock".to_owned()),
            ..UnitSnapshot::default()
        });
        self
    }

    fn last(&mut self) -> &mut UnitSnapshot {
        self.order.units.last_mut().unwrap()
    }

    pub(crate) fn tax(mut self, tax: &str) -> Self {
        self.last().tax = Reading::of(tax);
        self
    }

    pub(crate) fn product(mut self, product: &str) -> Self {
        self.last().product = Some(product.to_owned());
        self
    }

    pub(crate) fn discounts(mut self, item: &str, order: &str) -> Self {
        self.last().item_discounts = Reading::of(item);
        self.last().order_discounts = Reading::of(order);
        self
    }

    pub(crate) fn inside(mut self) -> Self {
        self.order.tax_strategy = Some("vat_included".to_owned());
        self
    }

    pub(crate) fn shipping(mut self, total: &str, tax: &str) -> Self {
        self.order.shipping_total = Reading::of(total);
        self.order.shipping_tax = Reading::of(tax);
        self
    }

    pub(crate) fn owed(mut self, total: &str) -> Self {
        self.owed = Some(amount(total));
        self
    }

    pub(crate) fn paid_by(mut self, method: &str, provider: &str, sum: &str) -> Self {
        let movement = |kind| movement(kind, sum);
        self.order.payments.as_mut().unwrap().push(InstrumentSnapshot {
            method: Some(method.to_owned()),
            provider: Some(provider.to_owned()),
            last_four: None,
            transactions: vec![movement("authorize"), movement("capture")],
        });
        self
    }

    pub(crate) fn paid(self, sum: &str) -> Self {
        self.paid_by("credit_card", "adyen", sum)
    }

    pub(crate) fn authorized(self, sum: &str) -> Self {
        let mut story = self.paid(sum);
        story.order.payments.as_mut().unwrap()[0].transactions.pop();
        story
    }

    pub(crate) fn captured(self, sum: &str) -> Self {
        self.moved("capture", sum)
    }

    pub(crate) fn refunded(self, sum: &str) -> Self {
        self.moved("refund", sum)
    }

    pub(crate) fn moved(mut self, kind: &str, sum: &str) -> Self {
        let instruments = self.order.payments.as_mut().unwrap();
        instruments.last_mut().unwrap().transactions.push(movement(kind, sum));
        self
    }

    pub(crate) fn invoice(mut self, number: &str) -> Self {
        self.invoices.push((id(number), Vec::new()));
        self
    }

    pub(crate) fn on(mut self, unit: &str, invoice: &str) -> Self {
        let invoice = id(invoice);
        let found = self.invoices.iter_mut().find(|(it, _)| *it == invoice).unwrap();
        found.1.push(unit.to_owned());
        self
    }

    pub(crate) fn loose(mut self, unit: &str) -> Self {
        self.loose.push(unit.to_owned());
        self
    }

    pub(crate) fn nameless(mut self) -> Self {
        self.nameless = true;
        self
    }

    pub(crate) fn exhausted(mut self) -> Self {
        self.patience = Patience::Exhausted;
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    /// The memos of a plan are on record now.
    pub(crate) fn settle(&mut self, plan: &Plan) {
        for (nth, memo) in plan.memos.iter().enumerate() {
            let record = id(&format!("9{nth}{}", self.claims.len()));
            self.claims.push(Claim { memo: memo.clone(), state: ClaimState::Settled(record) });
        }
    }

    /// The order after these units were cancelled, complete with its total.
    pub(crate) fn snapshot(&self, cancelled: &[&str]) -> OrderSnapshot {
        let mut order = self.order.clone();
        let before: Vec<UnitId> = self.claims.iter().flat_map(|it| it.memo.units.clone()).collect();
        for it in &mut order.units {
            if cancelled.contains(&it.id.as_str()) || before.contains(&unit(&it.id)) {
                it.status = Some("cancelled".to_owned());
            }
        }
        if let Some(owed) = self.owed {
            order.grand_total = Reading::Value(owed);
        }
        order
    }

    pub(crate) fn cancellation(cancelled: &[&str]) -> Cancellation {
        Cancellation {
            tenant: "dodici".parse().unwrap(),
            event: "order.items_cancelled".to_owned(),
            order: ORDER.parse().unwrap(),
            units: cancelled.iter().map(|it| (unit(it), None)).collect(),
            published_at: Timestamp::from_millis(0),
        }
    }

    /// What the ledger holds: one line per unit with its discount after it.
    pub(crate) fn billing(&self, order: &crate::Order) -> Billing {
        let placed: Vec<&str> =
            self.invoices.iter().flat_map(|(_, it)| it).map(|it| &**it).collect();
        let invoices = self.invoices.iter().enumerate().map(|(nth, (number, named))| {
            let here = |it: &&crate::Unit| {
                let name = it.id.as_str();
                let first = nth == 0 && !placed.contains(&name);
                (first || named.iter().any(|it| it == name))
                    && !self.loose.iter().any(|it| it == name)
            };
            let units = order.units.iter().filter(here).collect::<Vec<_>>();
            self.bill(order, number, &units, nth == 0)
        });
        Billing {
            sales_order: Some(SalesOrder {
                id: id("600"),
                entity: id("55"),
                currency: id("1"),
                classes: Classes::default(),
                tax_item: None,
                lines: Vec::new(),
            }),
            invoices: invoices.collect(),
            cash_sales: Vec::new(),
            memos: Vec::new(),
        }
    }

    fn bill(
        &self,
        order: &crate::Order,
        number: &RecordId,
        units: &[&crate::Unit],
        bears_shipping: bool,
    ) -> Invoice {
        let mut lines: Vec<BillingLine> = Vec::new();
        for it in units {
            let inside = order.treatment == crate::TaxTreatment::Inside;
            let price = if inside { it.gross - it.tax } else { it.gross };
            let named = if self.nameless { Vec::new() } else { vec![it.id.clone()] };
            let next = u32::try_from(lines.len()).unwrap() + 1;
            lines.push(line(next, &format!("item-{}", it.product), price, named));
            lines.last_mut().unwrap().item.external_id = Some(it.product.clone());
            if !it.discount.is_zero() {
                lines.push(line(next + 1, "8494", -it.discount, Vec::new()));
            }
        }
        let shipping = if bears_shipping { order.shipping.credit } else { Amount::ZERO };
        let sum: Amount = units.iter().map(|it| it.credit(order.treatment)).sum();
        let single = self.invoices.len() == 1 && self.loose.is_empty();
        let total = if single { order.grand_total } else { sum + shipping };
        Invoice {
            id: number.clone(),
            entity: id("55"),
            currency: id("1"),
            account: Some(id("122")),
            date: CivilDate::new(2020, 2, 20).unwrap(),
            total,
            remaining: total,
            classes: Classes { location: Some(id("12")), ..Classes::default() },
            tax_item: None,
            shipping_cost: if bears_shipping { order.shipping.net() } else { Amount::ZERO },
            shipping_tax_code: Some(id("tax-7")),
            shipping_taxes: Vec::new(),
            lines,
        }
    }

    pub(crate) fn decide(&self, cancelled: &[&str]) -> Decision {
        let cancellation = Self::cancellation(cancelled);
        let snapshot = self.snapshot(cancelled);
        let order = match readiness(&cancellation, Some(&snapshot), &self.policy, self.patience) {
            Ok(order) => order,
            Err(stop) => return Decision::Stop(stop),
        };
        let billing = self.billing(&order);
        decide(&Case {
            cancellation: &cancellation,
            order: &order,
            billing: &billing,
            claims: &self.claims,
            policy: &self.policy,
            maps: &self.maps,
            published: CivilDate::new(2020, 2, 19).unwrap(),
            not_before: None,
            patience: self.patience,
            storefront: "NewStore",
        })
    }
}

fn movement(kind: &str, sum: &str) -> TransactionSnapshot {
    let kind = Some(kind.to_owned());
    TransactionSnapshot { kind, amount: Reading::of(sum), currency: Some("USD".to_owned()) }
}

fn line(number: u32, item: &str, amount: Amount, units: Vec<UnitId>) -> BillingLine {
    BillingLine {
        line: number,
        item: ItemRef { id: id(item), external_id: None, name: None },
        quantity: (Amount::ZERO < amount).then_some(Decimal::ONE),
        amount,
        tax_code: Some(id("tax-7")),
        taxable: None,
        taxes: Vec::new(),
        location: None,
        units,
    }
}
