//! The account, driven with XML written by hand.

mod books;
mod crediting;
mod faults;
mod listing;
mod passport;
mod reading;
mod schema;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use jiff::Timestamp;
use reqwest::Client;
use rust_decimal::Decimal;

use super::{Account, Credentials, Line, Record, *};
use crate::sale::{Billing, Booked, KeyColumn, Sale, Unit};

const NOW: i64 = 1_795_435_200;
const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";
const A: &str = "dc333267-856c-421a-ac7a-e08291642d76";
const B: &str = "0d0a2f1c-0000-4000-8000-000000000002";

/// An account with a fixed clock, and a client that signs its requests.
struct Bench {
    account: Account,
    http: Client,
    nonce: AtomicU32,
}

impl Bench {
    async fn new() -> Self {
        let account = Account::start(Credentials::example()).await.unwrap();
        let now = Timestamp::from_second(NOW).unwrap();
        account.clock(Arc::new(move || now));
        Self { account, http: Client::new(), nonce: AtomicU32::new(0) }
    }

    /// An account with A for 20.00 and B for 30.00, shipping 5.00 with tax 0.40, on one invoice.
    async fn with_a_sale() -> (Self, Booked) {
        let bench = Self::new().await;
        let sale = Sale::new(ORDER, "TEST-1821")
            .unit(Unit::new(A, "10000", "20.00").tax("1.60"))
            .unit(Unit::new(B, "10001", "30.00"))
            .shipping("5.00", "0.40");
        let booked =
            sale.install_netsuite(&bench.account, &Billing::OneInvoice, KeyColumn::Present);
        (bench, booked)
    }

    fn passport(&self) -> String {
        let nonce = format!("nonce{:08}", self.nonce.fetch_add(1, SeqCst));
        passport(&Credentials::example(), &nonce, NOW)
    }

    /// Sends an operation and returns the HTTP status and the answer.
    async fn call(&self, operation: &str, body: &str) -> (u16, String) {
        let header = format!("{}{}", self.passport(), PREFERENCES);
        self.send(operation, &envelope(&header, body)).await.unwrap()
    }

    async fn send(&self, operation: &str, xml: &str) -> Result<(u16, String), reqwest::Error> {
        let request = self.http.post(self.account.endpoint());
        let request = request.header("SOAPAction", format!("\"{operation}\""));
        let request = request.header("Content-Type", "text/xml; charset=utf-8");
        let response = request.body(xml.to_owned()).send().await?;
        let status = response.status().as_u16();
        Ok((status, response.text().await?))
    }

    async fn add(&self, memo: &str) -> String {
        self.call("add", &format!("<m:add>{memo}</m:add>")).await.1
    }

    async fn get(&self, kind: &str, id: &str) -> String {
        let reference = format!(r#"<m:baseRef xsi:type="c:RecordRef" {id} type="{kind}"/>"#);
        self.call("get", &format!("<m:get>{reference}</m:get>")).await.1
    }
}

const PREFERENCES: &str = "<m:searchPreferences><m:bodyFieldsOnly>false</m:bodyFieldsOnly>\
    <m:pageSize>50</m:pageSize></m:searchPreferences>";

fn passport(credentials: &Credentials, nonce: &str, at: i64) -> String {
    let signature = credentials.sign(nonce, &at.to_string());
    format!(
        r#"<m:tokenPassport><c:account>{}</c:account>
        <c:consumerKey>{}</c:consumerKey><c:token>{}</c:token><c:nonce>{nonce}</c:nonce>
        <c:timestamp>{at}</c:timestamp>
        <c:signature algorithm="HMAC-SHA256">{signature}</c:signature></m:tokenPassport>"#,
        credentials.account, credentials.consumer_key, credentials.token_id
    )
}

fn envelope(header: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:m="urn:messages_2025_2.platform.webservices.netsuite.com"
  xmlns:c="urn:core_2025_2.platform.webservices.netsuite.com"
  xmlns:cm="urn:common_2025_2.platform.webservices.netsuite.com"
  xmlns:s="urn:sales_2025_2.transactions.webservices.netsuite.com"
  xmlns:cu="urn:customers_2025_2.transactions.webservices.netsuite.com">
  <e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"#
    )
}

/// A memo for unit A of the sale, with all fields.
fn memo(key: &str, invoice: &str) -> String {
    format!(
        r#"<m:record xsi:type="cu:CreditMemo" externalId="{key}">
        <cu:currency internalId="1"/>
        <cu:entity internalId="5521" type="customer"/>
        <cu:tranDate>2026-11-23T00:00:00.000-05:00</cu:tranDate>
        <cu:createdFrom internalId="{invoice}" type="invoice"/>
        <cu:otherRefNum>TEST-1821</cu:otherRefNum>
        <cu:account internalId="122"/>
        <cu:autoApply>false</cu:autoApply>
        <cu:shippingCost>0.00</cu:shippingCost>
        <cu:handlingCost>0.00</cu:handlingCost>
        <cu:itemList replaceAll="true"><cu:item>
          <cu:item internalId="9001"/>
          <cu:orderLine>1</cu:orderLine>
          <cu:quantity>1</cu:quantity>
          <cu:price internalId="-1"/>
          <cu:rate>20.00</cu:rate>
          <cu:amount>20.00</cu:amount>
          <cu:taxCode internalId="501"/>
          <cu:customFieldList>
            <c:customField xsi:type="c:StringCustomFieldRef" scriptId="custcol_nws_item_id">
              <c:value>{A}</c:value></c:customField>
          </cu:customFieldList>
        </cu:item></cu:itemList>
        <cu:applyList replaceAll="true"><cu:apply>
          <cu:apply>true</cu:apply><cu:doc>{invoice}</cu:doc><cu:amount>21.60</cu:amount>
        </cu:apply></cu:applyList>
      </m:record>"#
    )
}

/// The XML without the element `name`.
fn without(xml: &str, name: &str) -> String {
    let (start, end) = (format!("<{name}"), format!("</{name}>"));
    let from = xml.find(&start).unwrap();
    let to = xml
        .find(&end)
        .map_or_else(|| xml[from..].find("/>").unwrap() + from + 2, |it| it + end.len());
    format!("{}{}", &xml[..from], &xml[to..])
}

#[track_caller]
fn assert_has(xml: &str, parts: &[&str]) {
    for part in parts {
        assert!(xml.contains(part), "no {part} in {xml}");
    }
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}
