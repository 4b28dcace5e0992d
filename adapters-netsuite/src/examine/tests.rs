//! The doctor's findings for each answer of an account.

use std::collections::BTreeSet;

use domain::{FieldRule, FieldSource, FieldType, ItemPolicy, NotInvoiced, Policy, Tax};
use ports::{RecordKind, RequiredRecord, Severity};
use wiremock::{MockServer, Request as Asked, ResponseTemplate};

use super::*;
use crate::fixtures::{
    TIMESTAMP, adapter, always, asked, envelope, fault, get_refused, http, id, once, options,
    reply, status,
};

/// A finding in a line: `wrong token: refused …; check …`.
fn line(finding: &DiagnosticFinding) -> String {
    let DiagnosticFinding { what, observed: seen, severity: verdict } = finding;
    match verdict {
        Severity::Ok => format!("fine {what}: {seen}"),
        Severity::Unknown => format!("unknown {what}: {seen}"),
        Severity::Warning(remedy) => format!("warning {what}: {seen}; {remedy}"),
        Severity::Error(remedy) => format!("wrong {what}: {seen}; {remedy}"),
    }
}

async fn examined(server: &MockServer, requirements: &Requirements) -> Vec<String> {
    let lines: Vec<_> = adapter(server).examine(requirements).await.iter().map(line).collect();
    for secret in ["7278da58", "060cd9ab"] {
        assert!(!lines.iter().any(|line| line.contains(secret)), "{lines:?}");
    }
    lines
}

#[track_caller]
fn says(lines: &[String], begin: &str, words: &str) {
    let fits = |line: &&String| line.starts_with(begin) && line.contains(words);
    assert!(lines.iter().any(|line| fits(&line)), "no {begin:?} with {words:?} in {lines:#?}");
}

/// The answer of `getServerTime`, this many seconds from the test's time.
fn time(off: i64) -> String {
    let at = jiff::Timestamp::from_second(TIMESTAMP + off).unwrap();
    let status = status(None);
    envelope(&format!(
        "<getServerTimeResponse><getServerTimeResult>{status}<c:serverTime xmlns:c=\"urn:c\">\
         {at}</c:serverTime></getServerTimeResult></getServerTimeResponse>"
    ))
}

fn initialized(code: &str) -> String {
    let status = status(Some(code));
    envelope(&format!(
        "<initializeResponse><readResponse>{status}</readResponse></initializeResponse>"
    ))
}

/// The answer of `getList`, one entry per record: a record, or an error code.
fn listed(answers: &[String]) -> String {
    let responses = answers.iter().map(|it| format!("<readResponse>{it}</readResponse>"));
    let (status, responses) = (status(None), responses.collect::<String>());
    envelope(&format!(
        "<getListResponse><readResponseList>{status}{responses}</readResponseList>\
         </getListResponse>"
    ))
}

fn record(kind: &str, id: &str, more: &str) -> String {
    let status = status(None);
    format!("{status}<record xsi:type=\"l:{kind}\" internalId=\"{id}\">{more}</record>")
}

/// The references in a request, as type and id.
fn references(request: &Asked) -> Vec<(String, String)> {
    let text = String::from_utf8(request.body.clone()).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let base = document.descendants().filter(|it| it.tag_name().name() == "baseRef");
    // By local name alone it would also match `xsi:type`.
    let attribute = |it: roxmltree::Node<'_, '_>, name: &str| {
        let mut attributes = it.attributes();
        let found = attributes.find(|it| it.namespace().is_none() && it.name() == name);
        found.unwrap().value().to_owned()
    };
    base.map(|it| (attribute(it, "type"), attribute(it, "internalId"))).collect()
}

/// An account in which these records exist, and all calls are answered.
async fn account(records: &'static [(&'static str, &'static str)]) -> MockServer {
    let server = MockServer::start().await;
    always(&server, "getServerTime", http(200, time(0))).await;
    always(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
    always(&server, "initialize", http(200, initialized("INVALID_INITIALIZE_REF"))).await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    let answer = move |request: &Asked| {
        let answer = |(kind, id): (String, String)| {
            let known = records
                .iter()
                .find(|record| record.1 == id && record.0.eq_ignore_ascii_case(&kind));
            known.map_or_else(|| status(Some("RCRD_DSNT_EXIST")), |it| record(it.0, it.1, ""))
        };
        let answers: Vec<_> = references(request).into_iter().map(answer).collect();
        http(200, listed(&answers))
    };
    always(&server, "getList", answer).await;
    server
}

fn requirements(records: &[(RecordKind, &str)]) -> Requirements {
    let records = records.iter().map(|(kind, raw)| RequiredRecord {
        kind: *kind,
        id: id(raw),
        named_by: vec![format!("maps.{}", kind.name())],
    });
    Requirements { records: records.collect(), ..Requirements::default() }
}

#[tokio::test]
async fn the_first_refusal_ends_the_examination_and_names_its_kind() {
    let refused = ["wrong token: refused", "check account, consumer_key"];
    let silent = ["wrong endpoint: does not answer", "nothing is lost meanwhile"];
    let credentials = fault("invalidCredentialsFault", "USER_ERROR", "Invalid login attempt.");
    let table = [
        (500, credentials, refused, 2),
        (500, fault("invalidAccountFault", "INVALID_ACCT", "No such account."), refused, 1),
        (500, fault("invalidCredentialsFault", "ACCT_TEMP_UNAVAILABLE", "Maintenance"), silent, 1),
        (500, fault("unexpectedErrorFault", "UNEXPECTED_ERROR", "Oops"), silent, 1),
        (404, "<html>nobody here</html>".to_owned(), silent, 1),
        (503, "<html>maintenance</html>".to_owned(), silent, 1),
        (
            500,
            fault("insufficientPermissionFault", "INSUFFICIENT_PERMISSION", "SOAP"),
            ["wrong token: has no access", "SOAP Web Services (full)"],
            1,
        ),
    ];
    for (code, body, [begin, words], calls) in table {
        let server = MockServer::start().await;
        always(&server, "getServerTime", http(code, body.clone())).await;
        let lines = examined(&server, &Requirements::default()).await;
        says(&lines[..1], begin, words);
        assert_eq!(asked(&server).await, vec!["getServerTime"; calls], "{body}");
    }
}

#[tokio::test]
async fn a_refused_login_shows_the_servers_time() {
    let refusal = fault("invalidCredentialsFault", "USER_ERROR", "Invalid login attempt.");
    // Ten minutes after the test's time, which is 16:46:14.
    let dated = http(500, refusal).insert_header("Date", "Mon, 17 Aug 2015 16:56:14 GMT");
    let server = MockServer::start().await;
    always(&server, "getServerTime", dated).await;
    let lines = examined(&server, &Requirements::default()).await;
    says(&lines, "wrong clock: this machine's is 599 s behind", "NTP");
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_clock_difference_warns_after_a_minute_and_fails_after_four() {
    let table = [
        (0, "fine clock: agrees"),
        (60, "fine clock: this machine's is 60 s behind"),
        (-60, "fine clock: this machine's is 60 s ahead of"),
        (61, "warning clock: this machine's is 61 s behind"),
        (-61, "warning clock: this machine's is 61 s ahead of"),
        (240, "warning clock"),
        (241, "wrong clock: this machine's is 241 s behind"),
        (-241, "wrong clock: this machine's is 241 s ahead of"),
    ];
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
    for (off, expected) in table {
        let found = line(&clock(at(1000), at(1000), at(1000 + off)));
        assert!(found.starts_with(expected), "{off}: {found}");
    }
    // A difference within the duration of the call is no difference.
    assert!(line(&clock(at(0), at(90), at(80))).starts_with("fine clock: agrees"));
}

#[tokio::test]
async fn each_permission_is_reported_separately() {
    let server = account(&[]).await;
    let lines = examined(&server, &Requirements::default()).await;
    for what in ["read sales orders", "read invoices", "read credit memos", "read cash sales"] {
        says(&lines, &format!("fine {what}"), "permitted");
    }
    says(&lines, "fine create credit memos", "no dry run");

    for (nth, what) in
        ["read sales orders", "read invoices", "read credit memos"].into_iter().enumerate()
    {
        let server = MockServer::start().await;
        for _ in 0..nth {
            once(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
        }
        once(&server, "get", http(200, get_refused("INSUFFICIENT_PERMISSION"))).await;
        always(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
        always(&server, "getServerTime", http(200, time(0))).await;
        let lines = examined(&server, &Requirements::default()).await;
        says(&lines, &format!("wrong {what}"), "(view)");
        assert_eq!(lines.iter().filter(|line| line.starts_with("wrong")).count(), 1, "{lines:#?}");
    }
}

#[tokio::test]
async fn the_permission_to_create_memos_is_read_from_the_form() {
    let table = [
        ("INVALID_INITIALIZE_REF", "fine"),
        ("RCRD_DSNT_EXIST", "fine"),
        ("INVALID_KEY_OR_REF", "fine"),
        ("INSUFFICIENT_PERMISSION", "wrong"),
        ("PERMISSION_VIOLATION", "wrong"),
        ("UNEXPECTED_ERROR", "warning"),
        ("NOT_SUPPORTED_HERE", "warning"),
    ];
    for (code, verdict) in table {
        let server = MockServer::start().await;
        always(&server, "getServerTime", http(200, time(0))).await;
        always(&server, "initialize", http(200, initialized(code))).await;
        let lines = examined(&server, &Requirements::default()).await;
        says(&lines, &format!("{verdict} create credit memos"), "");
    }
}

#[tokio::test]
async fn the_policys_further_requirements_are_checked() {
    let server = account(&[]).await;
    once(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
    let closing = Policy { not_invoiced: NotInvoiced::CloseLines, ..Policy::default() };
    let lines =
        examined(&server, &Requirements { policy: closing.clone(), records: Vec::new() }).await;
    says(&lines, "unknown edit sales orders", "Sales Order (edit)");
    for (policy, verdict) in [(closing, "wrong"), (Policy::default(), "warning")] {
        let server = MockServer::start().await;
        always(&server, "getServerTime", http(200, time(0))).await;
        for _ in 0..3 {
            once(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
        }
        always(&server, "get", http(200, get_refused("INSUFFICIENT_PERMISSION"))).await;
        let lines = examined(&server, &Requirements { policy, records: Vec::new() }).await;
        says(&lines, &format!("{verdict} read cash sales"), "Cash Sale (view)");
    }
}

#[tokio::test]
async fn records_are_queried_by_kind_and_reported_one_by_one() {
    let server = account(&[("Location", "5"), ("DiscountItem", "8494"), ("TaxGroup", "501")]).await;
    let wanted = requirements(&[
        (RecordKind::Location, "5"),
        (RecordKind::Location, "6"),
        (RecordKind::Item, "8494"),
        (RecordKind::Item, "4711"),
        (RecordKind::ShippingMethod, "4"),
        (RecordKind::TaxCode, "501"),
        (RecordKind::TaxCode, "-8"),
    ]);
    let lines = examined(&server, &wanted).await;
    says(&lines, "fine location 5 (maps.location)", "is there (Location)");
    says(&lines, "wrong location 6 (maps.location)", "correct the id in maps.location");
    says(&lines, "fine item 8494", "is there (DiscountItem)");
    says(&lines, "wrong item 4711", "does not exist");
    says(&lines, "unknown shipping method 4", "check it in NetSuite");
    says(&lines, "fine tax code 501", "is there (TaxGroup)");
    says(&lines, "unknown tax code -8", "check it in NetSuite");
    let lists = asked(&server).await.iter().filter(|it| *it == "getList").count();
    assert_eq!(lists, 3, "one for locations, items and tax codes each");
}

#[tokio::test]
async fn many_ids_are_queried_in_batches_that_netsuite_accepts() {
    let server = account(&[]).await;
    let ids: Vec<_> = (1..=200).map(|it| it.to_string()).collect();
    let records: Vec<_> = ids.iter().map(|it| (RecordKind::Item, it.as_str())).collect();
    let lines = examined(&server, &requirements(&records)).await;
    assert_eq!(lines.iter().filter(|line| line.starts_with("wrong item")).count(), 200);
    let requests = server.received_requests().await.unwrap();
    let lists = requests.iter().filter(|request| request.headers["SOAPAction"] == "\"getList\"");
    let sizes: Vec<_> = lists.map(|it| references(it).len()).collect();
    assert_eq!(sizes, [935, 935, 330]);
    let all: BTreeSet<_> = requests.iter().flat_map(references_if_any).collect();
    assert_eq!(all.len(), 2200);
}

fn references_if_any(request: &Asked) -> Vec<(String, String)> {
    let is_list = request.headers["SOAPAction"] == "\"getList\"";
    if is_list { references(request) } else { Vec::new() }
}

#[tokio::test]
async fn an_unreadable_record_is_not_reported_as_missing() {
    let inactive = record("Location", "7", "<l:isInactive>true</l:isInactive>");
    let table = [
        (listed(&[status(Some("INSUFFICIENT_PERMISSION"))]), "warning location 7", "the right to"),
        (
            listed(&[status(Some("INVALID_RCRD_TYPE"))]),
            "warning location 7",
            "could not be checked",
        ),
        (fault("", "", "SAXException: no such type"), "warning location 7", "could not be checked"),
        (listed(&[inactive]), "warning location 7", "make it active"),
        (listed(&[status(Some("RCRD_DSNT_EXIST"))]), "wrong location 7", "does not exist"),
    ];
    for (answer, begin, words) in table {
        let server = MockServer::start().await;
        always(&server, "getServerTime", http(200, time(0))).await;
        always(&server, "getList", http(200, answer)).await;
        says(&examined(&server, &requirements(&[(RecordKind::Location, "7")])).await, begin, words);
    }
}

#[tokio::test]
async fn the_fixed_item_must_not_be_stocked() {
    let server = account(&[("InventoryItem", "7777")]).await;
    let policy = Policy { item: ItemPolicy::Fixed(id("7777")), ..Policy::default() };
    let wanted = Requirements { policy, ..requirements(&[(RecordKind::Item, "7777")]) };
    says(&examined(&server, &wanted).await, "warning item 7777", "non-inventory item");
}

/// The result of a search: one invoice with this content.
fn invoices(lines: &str, body: &str) -> ResponseTemplate {
    let status = status(None);
    http(
        200,
        envelope(&format!(
            "<searchResponse><searchResult>{status}<totalRecords>1</totalRecords><totalPages>1\
             </totalPages><recordList><record xsi:type=\"t:Invoice\" internalId=\"1\">{body}\
             <itemList>{lines}</itemList></record></recordList></searchResult></searchResponse>"
        )),
    )
}

#[tokio::test]
async fn invoices_show_stock_taxes_and_the_key_column() {
    const ITEM: &str = "<item><item internalId=\"9001\"/></item>";
    const CODED: &str = "<item><item internalId=\"9001\"/><taxCode internalId=\"501\"/></item>";
    const DETAILS: &str = "<taxDetailsList><taxDetails/></taxDetailsList>";
    let keyed = "<item><customFieldList><customField scriptId=\"custcol_nws_item_id\"><value>\
                 dc333267-856c-421a-ac7a-e08291642d76</value></customField></customFieldList></item>";
    let fixed = ItemPolicy::Fixed(id("1"));
    let taxed = |tax| Policy { tax, ..Policy::default() };
    let with_field = || {
        let source = FieldSource::OrderId;
        let kind = FieldType::String;
        let rule = FieldRule { script_id: "custbody_order".to_owned(), source, kind };
        Policy { fields: vec![rule], ..Policy::default() }
    };
    let field = "<customFieldList><customField scriptId=\"CUSTBODY_ORDER\"/></customFieldList>";
    let table = [
        (ITEM, field, with_field(), "fine custom field custbody_order", "is on invoices"),
        (ITEM, "", with_field(), "unknown custom field custbody_order", "on no invoice"),
        (ITEM, "", Policy::default(), "warning stock items", "(9001)"),
        (ITEM, "", Policy::default(), "unknown taxes", "neither"),
        (ITEM, "", Policy::default(), "warning line key column", "matched by item"),
        (ITEM, "", Policy { item: fixed, ..Policy::default() }, "wrong line key column", "ties"),
        (keyed, "", Policy::default(), "fine line key column", "is on invoice lines"),
        (CODED, "", taxed(Tax::FromInvoice), "fine taxes", "from-invoice"),
        (CODED, "", taxed(Tax::SuiteTax), "wrong taxes", "tax = \"from-invoice\" or \"item\""),
        (ITEM, "<taxItem internalId=\"-7\"/>", taxed(Tax::SuiteTax), "wrong taxes", "legacy"),
        (ITEM, DETAILS, taxed(Tax::SuiteTax), "fine taxes", "suitetax"),
        (ITEM, DETAILS, taxed(Tax::FromInvoice), "wrong taxes", "set policy tax = \"suitetax\""),
        (ITEM, DETAILS, taxed(Tax::Item), "wrong taxes", "set policy tax = \"suitetax\""),
    ];
    for (lines, body, policy, begin, words) in table {
        let server = MockServer::start().await;
        always(&server, "search", invoices(lines, body)).await;
        always(&server, "getServerTime", http(200, time(0))).await;
        let stocked = listed(&[record("InventoryItem", "9001", "")]);
        always(&server, "getList", http(200, stocked)).await;
        says(&examined(&server, &Requirements { policy, records: Vec::new() }).await, begin, words);
    }
}

#[tokio::test]
async fn a_custom_field_that_no_invoice_shows_is_queried() {
    let rule = |script_id: &str| FieldRule {
        script_id: script_id.to_owned(),
        source: FieldSource::OrderId,
        kind: FieldType::String,
    };
    let policy = Policy {
        fields: vec![rule("custbody_a")],
        cleared_fields: vec!["custbody_b".to_owned()],
        line_fields: vec![rule("custcol_a")],
        ..Policy::default()
    };
    let shown =
        |id: &str| format!("<customFieldList><customField scriptId=\"{id}\"/></customFieldList>");
    let field = |id: &str, more: &str| {
        record("TransactionBodyCustomField", "1", &format!("<scriptId>{id}</scriptId>{more}"))
    };
    let missing = || status(Some("RCRD_DSNT_EXIST"));
    let known = || field("custbody_x", "");
    // The answers for a, b and, where invoices show it, x; and the findings about a and b.
    let table = [
        (vec![field("CUSTBODY_A", ""), missing(), known()], ["fine", "wrong"]),
        (vec![missing(), missing(), known()], ["wrong", "wrong"]),
        (
            vec![field("custbody_a", "<bodySale>false</bodySale>"), missing(), missing()],
            ["warning", "unknown"],
        ),
        (vec![missing(), missing(), missing()], ["unknown", "unknown"]),
        (vec![field("custbody_a", ""), missing()], ["fine", "unknown"]),
        (
            vec![field("custbody_a", ""), status(Some("INVALID_RCRD_TYPE")), known()],
            ["fine", "unknown"],
        ),
    ];
    for (answers, [a, b]) in table {
        let is_shown = answers.len() == 3;
        let shown = |id: &str| if is_shown { shown(id) } else { String::new() };
        let server = MockServer::start().await;
        let lines = format!("<item><item internalId=\"9001\"/>{}</item>", shown("custcol_x"));
        always(&server, "search", invoices(&lines, &shown("custbody_x"))).await;
        always(&server, "getServerTime", http(200, time(0))).await;
        let columns = [missing(), field("custcol_x", "")];
        let answer = move |request: &Asked| {
            let asks = |kind: &str| String::from_utf8_lossy(&request.body).contains(kind);
            let script_ids: &[String] = if asks("transactionBodyCustomField") {
                &answers
            } else if asks("transactionColumnCustomField") {
                &columns
            } else {
                &[]
            };
            http(200, listed(script_ids))
        };
        always(&server, "getList", answer).await;
        let requirements = Requirements { policy: policy.clone(), records: Vec::new() };
        let lines = examined(&server, &requirements).await;
        says(&lines, &format!("{a} custom field custbody_a"), "");
        says(&lines, &format!("{b} custom field custbody_b"), "");
        let column = if is_shown { "wrong" } else { "unknown" };
        says(&lines, &format!("{column} custom field custcol_a"), "");
    }
}

#[tokio::test]
async fn if_referenced_records_are_hidden_others_may_be_hidden_too() {
    let body = "<currency internalId=\"1\"/><location internalId=\"5\"/>";
    let line = "<item><item internalId=\"9001\"/></item>";
    let wanted = [
        (RecordKind::Item, "4711"),
        (RecordKind::Location, "6"),
        (RecordKind::Currency, "2"),
        (RecordKind::Department, "7"),
    ];
    let server = MockServer::start().await;
    always(&server, "search", invoices(line, body)).await;
    let only_currency = |request: &Asked| {
        let answer = |(kind, id): (String, String)| match (kind.as_str(), id.as_str()) {
            ("currency", "1") => record("Currency", "1", ""),
            _ => status(Some("RCRD_DSNT_EXIST")),
        };
        http(200, listed(&references(request).into_iter().map(answer).collect::<Vec<_>>()))
    };
    always(&server, "getList", only_currency).await;
    always(&server, "getServerTime", http(200, time(0))).await;
    let lines = examined(&server, &requirements(&wanted)).await;
    says(&lines, "warning item 4711", "could not be checked");
    says(&lines, "warning location 6", "could not be checked");
    says(&lines, "wrong currency 2", "does not exist");
    // No invoice names a department: then its absence is the only evidence.
    says(&lines, "wrong department 7", "does not exist");
}

#[tokio::test]
async fn without_recent_invoices_older_ones_are_checked() {
    let server = account(&[]).await;
    let lines = examined(&server, &Requirements::default()).await;
    says(&lines, "warning search transactions", "Find Transaction");
    let searches = asked(&server).await.iter().filter(|it| *it == "search").count();
    assert_eq!(searches, 2);
}

#[tokio::test]
async fn an_unreachable_account_is_reported_with_the_cause() {
    let options = crate::Options { endpoint: Some("http://127.0.0.1:1".to_owned()), ..options() };
    let account = NetSuite::new(options, crate::fixtures::clock()).unwrap();
    let findings = account.examine(&Requirements::default()).await;
    let lines: Vec<_> = findings.iter().map(line).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    says(&lines, "wrong endpoint: does not answer", "refused");
}
