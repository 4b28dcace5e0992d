//! Another shop's records under the same number, and amounts with the noise of doubles.

use ports::Ledger;
use wiremock::{Mock, MockServer, matchers::body_string_contains};

use super::*;
use crate::fixtures::{
    BodyContains, OTHER_UNIT, UNIT, adapter, always, amount, asked, get_done, get_refused, http,
    id, identity, once, reply, rows, unit,
};

const FOREIGN: &str = "5b1f0c52-7a55-4c1e-9d0e-000000010001";
const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";

fn query() -> BillingQuery {
    BillingQuery {
        reference: "1001".to_owned(),
        order: ORDER.parse().unwrap(),
        identity: identity(),
        money: "USD".parse().unwrap(),
        existing_memos: ExistingMemos::Invoice,
        own_memos: Vec::new(),
        units: vec![unit(UNIT)],
    }
}

fn line(unit: Option<&str>, sku: &str) -> String {
    let key = unit.map(|unit| {
        format!(
            "<t:customFieldList><c:customField scriptId=\"custcol_nws_item_id\"><c:value>{unit}\
             </c:value></c:customField></t:customFieldList>"
        )
    });
    format!(
        "<t:item><t:line>1</t:line><t:item internalId=\"9001\"><c:name>{sku}</c:name></t:item>\
         <t:quantity>1.0</t:quantity><t:amount>20.0</t:amount>{}</t:item>",
        key.unwrap_or_default()
    )
}

fn invoice(id: &str, order: &str, lines: &str) -> String {
    format!(
        "<record xsi:type=\"t:Invoice\" internalId=\"{id}\"><t:createdFrom internalId=\"{order}\"/>\
         <t:entity internalId=\"777\"/><t:tranDate>2026-11-21</t:tranDate><t:total>20.0</t:total>\
         <t:currency internalId=\"1\"/><t:amountRemaining>20.0</t:amountRemaining>\
         <t:itemList>{lines}</t:itemList></record>"
    )
}

fn sales_order(id: &str, currency: &str, lines: &str) -> String {
    format!(
        "<record xsi:type=\"t:SalesOrder\" internalId=\"{id}\"><t:entity internalId=\"777\"/>\
         <t:currency internalId=\"{currency}\"/><t:itemList>{lines}</t:itemList></record>"
    )
}

/// The number is sales order 70101 on invoice 70102; the order's id finds the given record.
async fn account(sales_documents: &[String], by_number: String, by_id: Option<&str>) -> MockServer {
    let server = MockServer::start().await;
    let found = by_id.map_or_else(|| get_refused("RCRD_DSNT_EXIST"), get_done);
    for (what, answer) in [(ORDER, found), ("nst-no-such", get_refused("RCRD_DSNT_EXIST"))] {
        Mock::given(BodyContains("get"))
            .and(body_string_contains(what))
            .respond_with(http(200, answer))
            .with_priority(1)
            .mount(&server)
            .await;
    }
    always(&server, "get", http(200, get_done(&by_number))).await;
    once(&server, "search", http(200, rows("search", 1, sales_documents.len(), sales_documents)))
        .await;
    server
}

async fn search_finds(server: &MockServer, records: &[String]) {
    always(server, "search", http(200, rows("search", 1, records.len(), records))).await;
}

#[tokio::test]
async fn a_sales_order_of_another_shop_with_the_same_number_is_not_found() {
    let foreign = line(Some(FOREIGN), "SKU-1");
    let sales_documents = [invoice("70102", "70101", &foreign)];
    let server = account(&sales_documents, sales_order("70101", "1", &foreign), None).await;
    search_finds(&server, &[]).await;
    let billing = adapter(&server).billing(&query()).await.unwrap();
    assert_eq!(billing, Billing::default());
}

#[tokio::test]
async fn the_orders_id_finds_the_sales_order_where_another_shop_has_the_number() {
    let foreign = line(Some(FOREIGN), "SKU-1");
    let sales_documents = [invoice("70102", "70101", &foreign)];
    let ours = line(Some(UNIT), "SKU-1");
    let order = sales_order("80101", "1", &ours);
    let server = account(&sales_documents, sales_order("70101", "1", &foreign), Some(&order)).await;
    once(&server, "search", http(200, rows("search", 1, 1, &[invoice("80102", "80101", &ours)])))
        .await;
    search_finds(&server, &[]).await;
    let billing = adapter(&server).billing(&query()).await.unwrap();
    assert_eq!(billing.sales_order.unwrap().id, id("80101"));
    let invoices: Vec<_> = billing.invoices.iter().map(|invoice| invoice.id.as_str()).collect();
    assert_eq!(invoices, ["80102"]);
}

#[tokio::test]
async fn without_unit_ids_product_and_currency_decide_the_owner() {
    let table = [
        ("ours", line(None, "Shirts : SKU-1"), "1", true),
        ("another product", line(None, "SKU-9"), "1", false),
        ("another currency", line(None, "SKU-1"), "2", false),
    ];
    for (what, lines, currency, is_ours) in table {
        let sales_documents = [invoice("70102", "70101", &lines)];
        let order = sales_order("70101", currency, &lines);
        let server = account(&sales_documents, order, None).await;
        search_finds(&server, &[]).await;
        let billing = adapter(&server).billing(&query()).await.unwrap();
        assert_eq!(billing.sales_order.is_some(), is_ours, "{what}");
        assert_eq!(billing.invoices.len(), usize::from(is_ours), "{what}");
    }
}

#[tokio::test]
async fn one_unit_of_the_order_on_an_invoice_needs_no_further_call() {
    let lines = line(Some(OTHER_UNIT), "SKU-9") + &line(Some(FOREIGN), "SKU-9");
    let sales_documents = [invoice("70102", "70101", &lines)];
    let server = account(&sales_documents, sales_order("70101", "1", &lines), None).await;
    search_finds(&server, &[]).await;
    let query = BillingQuery { units: vec![unit(OTHER_UNIT)], ..query() };
    let billing = adapter(&server).billing(&query).await.unwrap();
    assert_eq!(billing.sales_order.unwrap().id, id("70101"));
    // The third call verifies the read permission for memos.
    assert_eq!(asked(&server).await, ["search", "search", "get"]);
}

#[tokio::test]
async fn doubles_are_rounded_to_the_orders_currency_when_read() {
    let noisy = |text: String| {
        text.replace(">54.38<", ">54.379999999999995<")
            .replace(">49.95<", ">49.9500000000000002<")
            .replace(">1.0<", ">0.9999999999999999<")
    };
    let table = [("USD", "54.38", "49.95"), ("JPY", "54", "50"), ("KWD", "54.380", "49.950")];
    for (currency, total, line) in table {
        let server = MockServer::start().await;
        once(&server, "search", http(200, noisy(reply("search_invoices_ok")))).await;
        let memo = noisy(crate::fixtures::memo_record().replace("99.99", "54.38"));
        search_finds(&server, &[memo]).await;
        always(&server, "get", http(200, noisy(reply("get_sales_order_ok")))).await;
        let query = BillingQuery { money: currency.parse().unwrap(), ..query() };
        let billing = adapter(&server).billing(&query).await.unwrap();
        let invoice = &billing.invoices[0];
        assert_eq!((invoice.total, invoice.remaining), (amount(total), amount(total)));
        assert_eq!(invoice.total.to_string(), total);
        assert_eq!(invoice.lines[0].amount, amount(line));
        assert_eq!(invoice.lines[0].quantity, Some(1.into()));
        let order = billing.sales_order.unwrap();
        assert_eq!(order.lines[0].line.amount, amount(line));
        assert_eq!((order.lines[0].billed, order.lines[0].fulfilled), (1.into(), 1.into()));
        assert_eq!(billing.memos[0].total, amount(total));
        assert_eq!(billing.memos[0].lines[0].amount, amount(line));
    }
}

#[tokio::test]
async fn a_total_that_is_read_back_has_no_noise() {
    let memo = crate::fixtures::memo_record().replace("99.99", "49.99999999999999");
    let server = MockServer::start().await;
    let list = format!(
        "<getListResponse><readResponseList>{}<readResponse>{}{memo}</readResponse>\
         </readResponseList></getListResponse>",
        crate::fixtures::status(None),
        crate::fixtures::status(None)
    );
    always(&server, "getList", http(200, crate::fixtures::envelope(&list))).await;
    let confirmed = adapter(&server).confirm(&[id("71300")]).await.unwrap();
    assert_eq!(confirmed[0].total, amount("50.00"));
}
