//! Every storefront against every promise of its port: NewStore over real HTTP.

use std::{sync::Arc, time::Duration};

use adapters_newstore::{NewStore, Options};
use app::clock::SystemClock;
use async_trait::async_trait;
use domain::{
    InstrumentSnapshot, OrderId, OrderSnapshot, ReportedAmount, Timestamp, TransactionSnapshot,
    UnitSnapshot,
};
use ports::{
    Storefront,
    contract::storefront::{Sent, StorefrontSubject},
    contract_tests,
};
use sandbox::newstore::{Fault, Tenant};
use serde_json::{Value, json};
use tests::{FakeClock, reference::MemoryStorefront};

/// Long enough for a busy machine, short enough for the test that waits for it.
const TIMEOUT: Duration = Duration::from_secs(3);

struct Simulated {
    tenant: Tenant,
    newstore: NewStore,
}

async fn newstore() -> Simulated {
    let tenant = Tenant::start("dodici", "memobridge", "secret").await;
    let tenant = tenant.expect("the loopback has a free port");
    let options = Options {
        tenant: "dodici".parse().expect("a plain word is a tenant"),
        graphql_url: tenant.graphql_url(),
        token_url: tenant.token_url(),
        client_id: "memobridge".to_owned(),
        client_secret: "secret".into(),
        timeout: TIMEOUT,
    };
    let newstore = NewStore::new(options, Arc::new(FakeClock::default()));
    let newstore = newstore.expect("the options are complete");
    Simulated { tenant, newstore }
}

#[async_trait]
impl StorefrontSubject for Simulated {
    fn storefront(&self) -> &dyn Storefront {
        &self.newstore
    }

    async fn show(&self, order: &OrderSnapshot, sent: Sent) {
        self.tenant.put(order_json(order, sent));
    }

    async fn hide(&self, id: &OrderId) {
        self.tenant.remove(id.as_str());
    }

    async fn date(&self, id: &OrderId, created: Timestamp, changed: Timestamp) {
        let text = |at: Timestamp| {
            let at = jiff::Timestamp::from_millisecond(at.as_millis()).expect("a time of our days");
            json!(at.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string())
        };
        self.tenant.edit(id.as_str(), |order| {
            order["createdAt"] = text(created);
            order["updatedAt"] = text(changed);
        });
    }

    async fn refuse_times_of_change(&self) {
        self.tenant.refuse_filters(&["updatedAt"]);
    }

    async fn limit_pages(&self, entries: usize) {
        self.tenant.page_limit(entries);
    }

    async fn fall_silent(&self) {
        self.tenant.fault(Fault::Hang);
    }

    fn timeout(&self) -> Duration {
        TIMEOUT
    }
}

fn order_json(order: &OrderSnapshot, sent: Sent) -> Value {
    let units = order.units.iter().map(|unit| unit_json(unit, sent)).collect::<Vec<_>>();
    let instruments = |payments: &Vec<InstrumentSnapshot>| {
        payments.iter().map(|payment| instrument_json(payment, sent)).collect::<Vec<_>>()
    };
    let account = order.payments.as_ref().map(|it| json!({ "instruments": instruments(it) }));
    json!({
        "id": order.id.as_str(),
        "tenant": "dodici",
        "externalId": order.external_id,
        "currency": order.currency,
        "channel": order.channel,
        "channelType": order.channel_type,
        "demandLocationId": order.demand_location,
        "taxStrategy": order.tax_strategy,
        "priceMethod": order.price_method,
        "isExchange": order.is_exchange,
        "isHistorical": order.is_historical,
        "shippingTotal": number(&order.shipping_total, sent),
        "shippingTax": number(&order.shipping_tax, sent),
        "grandTotal": number(&order.grand_total, sent),
        "discounts": [{ "couponCode": order.coupon }],
        "items": units,
        "paymentAccount": account,
    })
}

fn unit_json(unit: &UnitSnapshot, sent: Sent) -> Value {
    json!({
        "id": unit.id,
        "productId": unit.product,
        "quantity": number(&unit.quantity, sent),
        "pricebookPrice": number(&unit.price, sent),
        "itemDiscounts": number(&unit.item_discounts, sent),
        "orderDiscounts": number(&unit.order_discounts, sent),
        "tax": number(&unit.tax, sent),
        "status": unit.status,
        "cancellationReason": unit.reason,
        "shippingServiceLevel": unit.service_level,
    })
}

/// Without an id of its own: the API need not give one.
fn instrument_json(instrument: &InstrumentSnapshot, sent: Sent) -> Value {
    let transaction = |it: &TransactionSnapshot| {
        json!({
            "amount": number(&it.amount, sent),
            "currency": it.currency,
            "transactionType": it.kind,
        })
    };
    let transactions = instrument.transactions.iter().map(transaction).collect::<Vec<_>>();
    json!({
        "paymentMethod": instrument.method,
        "paymentProvider": instrument.provider,
        "paymentAccountTransactions": transactions,
    })
}

fn number(reading: &ReportedAmount, sent: Sent) -> Value {
    match (reading, sent) {
        (ReportedAmount::Absent, _) => Value::Null,
        (ReportedAmount::Unreadable(raw), _) => json!(raw),
        (ReportedAmount::Value(amount), Sent::Texts) => json!(amount.to_string()),
        (ReportedAmount::Value(amount), Sent::Numbers) => {
            serde_json::from_str(&amount.to_string()).expect("a decimal is a JSON number")
        }
    }
}

/// The reference, in the machine's time: it must end its calls by itself.
struct InMemory(MemoryStorefront);

fn memory() -> InMemory {
    InMemory(MemoryStorefront::new(Arc::new(SystemClock), Duration::from_millis(200)))
}

#[async_trait]
impl StorefrontSubject for InMemory {
    fn storefront(&self) -> &dyn Storefront {
        &self.0
    }

    async fn show(&self, order: &OrderSnapshot, _: Sent) {
        self.0.show(order.clone());
    }

    async fn hide(&self, id: &OrderId) {
        self.0.hide(id);
    }

    /// It has no times of change.
    async fn date(&self, _: &OrderId, _: Timestamp, _: Timestamp) {}

    async fn refuse_times_of_change(&self) {}

    /// It has no pages.
    async fn limit_pages(&self, _: usize) {}

    async fn fall_silent(&self) {
        self.0.fall_silent();
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(200)
    }
}

/// The promises of every storefront, and those that need times of change.
macro_rules! storefront_tests {
    ($adapter:ident, $fresh:expr $(, $more:ident)*) => {
        contract_tests!($adapter, $fresh, storefront:
            an_order_arrives_as_it_is_shown,
            all_units_are_returned_for_every_page_size,
            all_payments_are_returned_for_every_page_size,
            an_order_that_is_not_visible_is_none,
            missing_payments_are_none_and_never_an_empty_list,
            amounts_arrive_exactly_as_numbers_and_as_texts,
            answers_are_never_cached,
            every_call_ends_within_the_timeout,
            $($more,)*
        );
    };
}

storefront_tests!(
    newstore_graphql,
    newstore(),
    orders_changed_in_a_window_are_listed_with_all_their_units,
    a_window_is_listed_completely_for_every_page_size,
    without_a_filter_by_change_orders_are_listed_by_creation
);
storefront_tests!(in_memory, async { memory() });
