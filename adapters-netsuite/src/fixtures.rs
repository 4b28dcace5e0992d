//! Shared test data: a clock, an account, a memo, and answers to read.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Amount, Application, CreditMemo, CustomField, FieldType, LineKind, MemoLine, OrderIdentity,
    RecordId, Source, TaxBasis, Timestamp, UnitId,
};
use ports::{Clock, Instant};
use wiremock::{Match, Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::{NetSuite, Options, account_conventions::AccountConventions, auth::Credentials};

/// The time of Oracle's published example.
pub(crate) const TIMESTAMP: i64 = 1_439_829_974;

/// The nonce of Oracle's published example.
pub(crate) const NONCE: &str = "6obMKq0tmY8ylVOdEkA1";

pub(crate) const UNIT: &str = "dc333267-856c-421a-ac7a-e08291642d76";
pub(crate) const OTHER_UNIT: &str = "0d0a2f1c-0000-4000-8000-000000000002";
pub(crate) const KEY: &str = "nst-cm-680ab9e626f2984bfa54";

/// A clock that does not advance.
pub(crate) struct StoppedClock;

#[async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(TIMESTAMP * 1000 + 999)
    }

    fn instant(&self) -> Instant {
        Instant::new(self.now(), Duration::ZERO)
    }

    async fn sleep(&self, _: Duration) {}
}

/// The account, keys and secrets of Oracle's published example.
pub(crate) fn options() -> Options {
    let secret = |text: &str| text.to_owned().into();
    Options {
        account: "TSTDRV123_SB1".to_owned(),
        version: "2025_2".to_owned(),
        endpoint: None,
        consumer_key: "71cc02b731f05895561ef0862d71553a3ac99498a947c3b7beaf4a1e4a29f7c4".to_owned(),
        consumer_secret: secret("7278da58caf07f5c336301a601203d10a58e948efa280f0618e25fcee1ef2abd"),
        token_id: "89e08d9767c5ac85b374415725567d05b54ecf0960ad2470894a52f741020d82".to_owned(),
        token_secret: secret("060cd9ab3ffbbe1e3d3918e90165ffd37ab12acc76b4691046e2d29c7d7674c2"),
        concurrency: 3,
        timeout: Duration::from_secs(5),
        time_zone: "America/Los_Angeles".to_owned(),
        line_key_field: "custcol_nws_item_id".to_owned(),
    }
}

pub(crate) fn credentials(account: &str) -> Credentials {
    Credentials::new(account.parse().unwrap(), options())
}

pub(crate) fn conventions() -> AccountConventions {
    AccountConventions::new(&options()).unwrap()
}

/// An adapter connected to `server`.
pub(crate) fn adapter(server: &MockServer) -> NetSuite {
    NetSuite::new(Options { endpoint: Some(server.uri()), ..options() }, Arc::new(StoppedClock))
        .unwrap()
}

pub(crate) fn id(raw: &str) -> RecordId {
    raw.parse().unwrap()
}

pub(crate) fn amount(raw: &str) -> Amount {
    raw.parse().unwrap()
}

pub(crate) fn unit(raw: &str) -> UnitId {
    UnitId::stored(raw).unwrap()
}

/// The order of the recorded answers: two units of two products, in US dollars.
pub(crate) fn identity() -> OrderIdentity {
    OrderIdentity {
        units: [unit(UNIT), unit(OTHER_UNIT)].into(),
        products: ["SKU-1".to_owned(), "SKU-2".to_owned()].into(),
        currency: Some(id("1")),
    }
}

/// One cancelled unit, made from invoice 70211 of customer 5521.
pub(crate) fn memo() -> CreditMemo {
    CreditMemo {
        key: KEY.parse().unwrap(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        units: vec![unit(UNIT)],
        source: Source::Invoice(id("70211")),
        entity: id("5521"),
        currency: Some(id("1")),
        money: "USD".parse().unwrap(),
        account: Some(id("122")),
        location: Some(id("12")),
        department: None,
        class: None,
        subsidiary: None,
        custom_form: None,
        date: "2026-11-23".parse().unwrap(),
        reference: "US-100042".to_owned(),
        text: "NewStore cancellation US-100042: changed mind; paid credit_card/adyen 54.38".into(),
        tax_item: None,
        tax_basis: TaxBasis::Codes,
        lines: vec![item_line()],
        shipping: None,
        application: Some(Application { invoice: id("70211"), amount: amount("54.38") }),
        fields: Vec::new(),
        cleared: Vec::new(),
        credit: amount("54.38"),
        total: amount("54.38"),
    }
}

pub(crate) fn item_line() -> MemoLine {
    MemoLine {
        kind: LineKind::Item,
        item: id("9001"),
        source_line: Some(1),
        quantity: Some(1),
        rate: Some(amount("49.95")),
        amount: amount("49.95"),
        tax_code: Some(id("-8")),
        taxable: None,
        location: Some(id("12")),
        units: vec![unit(UNIT)],
        taxes: Vec::new(),
        fields: Vec::new(),
    }
}

pub(crate) fn field(script_id: &str, kind: FieldType, value: &str) -> CustomField {
    CustomField { script_id: script_id.to_owned(), kind, value: value.to_owned() }
}

/// An answer from `testdata/replies`.
pub(crate) fn reply(name: &str) -> String {
    let path = format!("{}/testdata/replies/{name}.xml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An envelope around a body, as NetSuite writes it.
pub(crate) fn envelope(body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header>
 <m:documentInfo xmlns:m="urn:m"><m:nsId>WEBSERVICES_1</m:nsId></m:documentInfo>
 </soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"#
    )
}

/// A fault with an element in its detail.
pub(crate) fn fault(element: &str, code: &str, message: &str) -> String {
    envelope(&format!(
        "<soapenv:Fault><faultcode>soapenv:Server.userException</faultcode>\
         <faultstring>{message}</faultstring><detail><f:{element} xmlns:f=\"urn:f\">\
         <f:code>{code}</f:code><f:message>{message}</f:message></f:{element}></detail>\
         </soapenv:Fault>"
    ))
}

/// A status, successful or not.
pub(crate) fn status(code: Option<&str>) -> String {
    let Some(code) = code else {
        return "<c:status xmlns:c=\"urn:c\" isSuccess=\"true\"/>".to_owned();
    };
    format!(
        "<c:status xmlns:c=\"urn:c\" isSuccess=\"false\"><c:statusDetail type=\"ERROR\">\
         <c:code>{code}</c:code><c:message>NetSuite's words</c:message></c:statusDetail></c:status>"
    )
}

/// The answer of `add` for a refused memo.
pub(crate) fn add_refused(code: &str) -> String {
    let status = status(Some(code));
    envelope(&format!("<addResponse><writeResponse>{status}</writeResponse></addResponse>"))
}

/// The answer of `add` for a memo recorded as 71300.
pub(crate) fn add_done() -> String {
    reply("add_ok")
}

/// The answer of `get` for a refused call.
pub(crate) fn get_refused(code: &str) -> String {
    let status = status(Some(code));
    envelope(&format!("<getResponse><readResponse>{status}</readResponse></getResponse>"))
}

/// The answer of `get` for a record that was found.
pub(crate) fn get_done(record: &str) -> String {
    let status = status(None);
    envelope(&format!("<getResponse><readResponse>{status}{record}</readResponse></getResponse>"))
}

/// The answer of a search with these records, as one of `pages` pages.
pub(crate) fn rows(operation: &str, pages: u32, total: usize, records: &[String]) -> String {
    envelope(&format!(
        "<{operation}Response><r:searchResult xmlns:r=\"urn:r\">{}\
         <r:totalRecords>{total}</r:totalRecords><r:totalPages>{pages}</r:totalPages>\
         <r:searchId>S1</r:searchId><r:recordList>{}</r:recordList></r:searchResult>\
         </{operation}Response>",
        status(None),
        records.concat()
    ))
}

/// The record that [`memo`] becomes.
pub(crate) fn memo_record() -> String {
    memo_record_of("5521", "<t:createdFrom internalId=\"70211\"/>", &[UNIT])
}

/// A credit memo on record, of a customer, with a source and units.
pub(crate) fn memo_record_of(entity: &str, source: &str, units: &[&str]) -> String {
    let line = |unit: &&str| {
        format!(
            "<t:item><t:item internalId=\"9001\"/><t:amount>49.95</t:amount>\
             <t:customFieldList><c:customField scriptId=\"custcol_nws_item_id\" \
             xsi:type=\"c:StringCustomFieldRef\"><c:value>{unit}</c:value></c:customField>\
             </t:customFieldList></t:item>"
        )
    };
    let lines = units.iter().map(line).collect::<Vec<_>>().concat();
    format!(
        "<record xmlns:t=\"urn:t\" xmlns:c=\"urn:c\" xsi:type=\"t:CreditMemo\" \
         internalId=\"71300\" externalId=\"{}\"><t:entity internalId=\"{entity}\"/>{source}\
         <t:otherRefNum>us-100042</t:otherRefNum><t:total>99.99</t:total>\
         <t:itemList>{lines}</t:itemList></record>",
        KEY.to_ascii_uppercase()
    )
}

/// Matches requests of one operation.
pub(crate) struct BodyContains(pub(crate) &'static str);

impl Match for BodyContains {
    fn matches(&self, request: &Request) -> bool {
        let action = request.headers.get("SOAPAction").and_then(|it| it.to_str().ok());
        action == Some(&format!("\"{}\"", self.0))
    }
}

/// An HTTP answer.
pub(crate) fn http(status: u16, body: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.into(), "text/xml; charset=utf-8")
}

/// Answers every request of an operation with the same answer.
pub(crate) async fn always(
    server: &MockServer,
    operation: &'static str,
    answer: impl Respond + 'static,
) {
    Mock::given(BodyContains(operation)).respond_with(answer).mount(server).await;
}

/// Answers the next request of an operation; earlier calls of this function are used first.
pub(crate) async fn once(
    server: &MockServer,
    operation: &'static str,
    answer: impl Respond + 'static,
) {
    Mock::given(BodyContains(operation)).respond_with(answer).up_to_n_times(1).mount(server).await;
}

/// The operations that `server` received, in order.
pub(crate) async fn asked(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let action = |it: &Request| it.headers["SOAPAction"].to_str().unwrap().replace('"', "");
    requests.iter().map(action).collect()
}

/// The bodies of the requests, in order.
pub(crate) async fn bodies(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests.into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect()
}
