//! A sale in NewStore's format: the order and the event.

use serde_json::{Value, json};

use super::{Sale, TaxIn, Unit, sums};

pub(super) fn json(sale: &Sale) -> Value {
    let order = &sale.order;
    let strategy = match sale.tax {
        TaxIn::Outside => "tax_excluded",
        TaxIn::Inside => "vat_included",
    };
    let tax = sale.units.iter().map(|unit| unit.tax).sum::<rust_decimal::Decimal>();
    let discounts = sale.units.iter().map(sums::discount).sum::<rust_decimal::Decimal>();
    let gross = sale.units.iter().map(sums::gross).sum::<rust_decimal::Decimal>();
    json!({
        "id": order,
        "tenant": sale.tenant,
        "externalId": sale.reference,
        "status": "open",
        "placedAt": sale.placed_at,
        "createdAt": sale.placed_at,
        "updatedAt": sale.updated_at,
        "demandLocationId": null,
        "currency": sale.currency,
        "isExchange": false,
        "isHistorical": false,
        "channel": sale.channel,
        "channelType": sale.channel_type,
        "captureType": "order",
        "priceMethod": strategy,
        "shippingTax": sale.shipping_tax.to_string(),
        "shippingTotal": sale.shipping.to_string(),
        "taxExempt": false,
        "taxStrategy": strategy,
        "taxTotal": (tax + sale.shipping_tax).to_string(),
        "subtotal": (gross - discounts).to_string(),
        "discountTotal": discounts.to_string(),
        "grandTotal": sale.total().to_string(),
        "discounts": sale.coupon.iter().map(|it| json!({ "couponCode": it })).collect::<Vec<_>>(),
        "items": sale.units.iter().map(|unit| item(sale, unit)).collect::<Vec<_>>(),
        "paymentAccount": { "id": order, "instruments": instruments(sale) },
    })
}

fn item(sale: &Sale, unit: &Unit) -> Value {
    json!({
        "id": unit.id,
        "tenant": sale.tenant,
        "orderId": sale.order,
        "productId": unit.product,
        "quantity": unit.quantity.to_string(),
        "status": unit.status,
        "cancellationReason": if is_cancelled(unit) { unit.reason.clone() } else { None },
        "itemType": "product",
        "pricebookPrice": unit.price.to_string(),
        "listPrice": unit.price.to_string(),
        "itemDiscounts": unit.item_discount.to_string(),
        "orderDiscounts": unit.order_discount.to_string(),
        "tax": unit.tax.to_string(),
        "shippingServiceLevel": "GROUND",
        "fulfillmentLocationId": null,
    })
}

fn is_cancelled(unit: &Unit) -> bool {
    unit.status.starts_with("cancel")
}

fn instruments(sale: &Sale) -> Vec<Value> {
    let numbered = sale.payments.iter().enumerate();
    let instruments = numbered.map(|(number, payment)| {
        let transactions = payment.transactions.iter().enumerate();
        let transactions = transactions.map(|(at, (kind, amount))| {
            json!({
                "id": format!("{}-{number}-{at}", sale.order),
                "tenant": sale.tenant,
                "amount": amount.to_string(),
                "currency": sale.currency,
                "transactionType": kind,
                "instrumentId": format!("{}-{number}", sale.order),
                "paymentAccountId": sale.order,
            })
        });
        json!({
            "id": format!("{}-{number}", sale.order),
            "paymentMethod": payment.method,
            "paymentOrigin": null,
            "paymentProvider": payment.provider,
            "paymentWallet": "",
            "paymentAccountTransactions": transactions.collect::<Vec<_>>(),
        })
    });
    instruments.collect()
}

pub(super) fn event(sale: &Sale, name: &str, units: &[&str], published_at: &str) -> Value {
    let items = units.iter().map(|id| {
        let unit = sale.units.iter().find(|unit| unit.id == *id);
        let product = unit.map_or("unknown", |it| it.product.as_str());
        if name == "order.cancelled" {
            let quantity = unit.map_or(1, |it| it.quantity);
            json!({ "id": id, "product_id": product, "quantity": quantity, "status": "cancelled" })
        } else {
            let reason = unit.and_then(|it| it.reason.as_deref());
            json!({ "id": id, "product_id": product, "cancellation_reason": reason })
        }
    });
    json!({
        "tenant": sale.tenant,
        "name": name,
        "published_at": published_at,
        "payload": { "id": sale.order, "items": items.collect::<Vec<_>>() },
    })
}
