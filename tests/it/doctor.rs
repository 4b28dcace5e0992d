//! The doctor, through the program: what is wrong is named with its remedy, and nothing is written.

use std::{fs, sync::Arc};

use app::clock::SystemClock;
use jiff::{SignedDuration, Timestamp};
use ports::Clock;
use sandbox::{
    netsuite::{
        Access, Credentials, Denial, Fault, Item, ItemKind, ItemType, Kind, ListKind, Operation,
    },
    newstore,
    sale::{Billing, KeyColumn, Payment, Sale, TaxBooking, Unit},
};
use tests::{A, B, KEY, ORDER, Settings, TestWorld, run};

use crate::crash::PROGRAM;

/// A sale with tax, so that its invoice shows how the account taxes.
fn taxed() -> Sale {
    Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00").tax("1.60"))
        .unit(Unit::new(B, "10001", "30.00").tax("2.40"))
        .paid(Payment::captured("credit_card", "adyen", "54.00"))
}

/// Systems of a customer that are as they should be, its goods no stock items.
async fn healthy(sale: &Sale, settings: &Settings) -> TestWorld {
    let world = TestWorld::with(sale, settings).await;
    world.account.list(ListKind::Department, "4");
    for currency in ["3", "5", "6"] {
        world.account.list(ListKind::Currency, currency);
    }
    for product in ["10000", "10001"] {
        let id = world.account.item_for(product);
        let item = Item::new(&id, product, ItemKind::Goods);
        let item = item.recorded_as(ItemType::NonInventorySaleItem);
        world.account.item(Item { external_id: Some(product.to_owned()), ..item });
    }
    only_dodici(&world);
    world
}

/// Leaves the second customer out: one is enough here.
fn only_dodici(world: &TestWorld) {
    let text = fs::read_to_string(world.config()).unwrap();
    let end = text.rfind("\n[[customer]]").unwrap();
    fs::write(world.config(), &text[..end]).unwrap();
}

/// What the doctor says, and how it ends.
async fn doctor(world: &TestWorld) -> (Option<i32>, String) {
    let before = world.account.calls();
    let output = run(PROGRAM, &["doctor", "--config", world.config().to_str().unwrap()]).await;
    let after = world.account.calls();
    for writing in [Operation::Add, Operation::AddList, Operation::Update] {
        assert_eq!(before.of(writing), after.of(writing), "{writing:?}");
    }
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    for secret in [KEY, "the-client-secret-of-dodici", &Credentials::example().token_id] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    (output.status.code(), said)
}

/// Fails unless a line begins and goes on so.
#[track_caller]
fn says(said: &str, verdict: &str, words: &[&str]) {
    let fits =
        |line: &&str| line.starts_with(verdict) && words.iter().all(|word| line.contains(word));
    assert!(said.lines().any(|line| fits(&line)), "no line {verdict} {words:?} in\n{said}");
}

#[tokio::test]
async fn a_correct_setup_is_reported_line_by_line() {
    let world = healthy(&taxed(), &Settings::default()).await;
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(0), "{said}");
    let table = [
        "NewStore: token: granted",
        "NewStore: read orders: answered for tenant dodici",
        "NetSuite: endpoint: answers",
        "NetSuite: token: accepted",
        "NetSuite: clock:",
        "NetSuite: read sales orders: permitted",
        "NetSuite: read invoices: permitted",
        "NetSuite: read credit memos: permitted",
        "NetSuite: read cash sales: permitted",
        "NetSuite: create credit memos:",
        "NetSuite: department 4 (maps.channels): is there (Department)",
        "NetSuite: item 8494 (policy.discount_item): is there (DiscountItem)",
        "(maps.payment_items.credit_card.adyen): is there",
        "NetSuite: stock items: none",
        "NetSuite: taxes: invoices are taxed",
        "NetSuite: line key column custcol_nws_item_id: is on invoice lines",
    ];
    for words in table {
        says(&said, "ok ", &[words]);
    }
    says(&said, "unknown ", &["tax code -8 (policy.untaxed_code)"]);
    assert!(said.ends_with("0 errors\n"), "{said}");
}

#[tokio::test]
async fn a_refused_login_is_reported_and_ends_the_examination() {
    let world = healthy(&taxed(), &Settings::default()).await;
    let other = Credentials { token_secret: "another".to_owned(), ..Credentials::example() };
    world.account.credentials(other);
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, "error ", &["NetSuite: token: refused", "Invalid login", "check account", "clock"]);
    // NetSuite refuses good logins under load: the one question was asked once more.
    assert_eq!(world.account.calls().total(), 2, "{:?}", world.account.calls());
    assert!(!said.contains("item 8494"), "{said}");
}

#[tokio::test]
async fn a_refusal_of_newstore_is_reported() {
    let world = healthy(&taxed(), &Settings::default()).await;
    let text = fs::read_to_string(world.config()).unwrap();
    let text = text.replace("\"the-client-secret-of-dodici\"", "\"old-secret-of-dodici\"");
    fs::write(world.config(), text).unwrap();
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, "error ", &["NewStore: token:", "unauthorized_client", "check client_id"]);
    assert!(!said.contains("old-secret-of-dodici"), "{said}");
    says(&said, "ok ", &["NetSuite: token: accepted"]);
}

#[tokio::test]
async fn a_single_missing_permission_is_named() {
    let table = [
        (Kind::SalesOrder, Access::View, "read sales orders", "Transactions > Sales Order (view)"),
        (Kind::Invoice, Access::View, "read invoices", "Transactions > Invoice (view)"),
        (Kind::CreditMemo, Access::View, "read credit memos", "Transactions > Credit Memo (view)"),
        (Kind::CreditMemo, Access::Create, "create credit memos", "Credit Memo (create)"),
    ];
    let world = healthy(&taxed(), &Settings::default()).await;
    for (kind, access, what, remedy) in table {
        world.account.deny(Denial { kind, access });
        let (code, said) = doctor(&world).await;
        world.account.allow_all();
        assert_eq!(code, Some(1), "{what}: {said}");
        says(&said, "error ", &[what, "INSUFFICIENT_PERMISSION", remedy]);
        // One that may not view memos may not enter any, either.
        let expected = if (kind, access) == (Kind::CreditMemo, Access::View) { 2 } else { 1 };
        let wrong = said.lines().filter(|it| it.starts_with("error")).count();
        assert_eq!(wrong, expected, "{what}: {said}");
    }
    world.account.deny(Denial { kind: Kind::CashSale, access: Access::View });
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(0), "{said}");
    says(&said, "warning ", &["read cash sales", "Transactions > Cash Sale (view)"]);
}

#[tokio::test]
async fn a_missing_record_is_named_with_its_setting() {
    let settings = Settings {
        payment_items: "credit_card = { adyen = \"91299\" }\ngift_card = \"91254\"".to_owned(),
        policy: "item = { id = \"4711\" }\ncustom_form = \"101\"".to_owned(),
        ..Settings::default()
    };
    let world = healthy(&taxed(), &settings).await;
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(1), "{said}");
    let table = [
        ("item 91299 (maps.payment_items.credit_card.adyen)", "correct the id in maps.payment"),
        ("item 4711 (policy.item)", "correct the id in policy.item"),
    ];
    for (what, remedy) in table {
        says(&said, "error ", &[what, "does not exist", remedy]);
    }
    says(&said, "unknown ", &["form 101 (policy.custom_form)", "check it in NetSuite"]);
    assert!(said.contains("2 errors"), "{said}");
}

#[tokio::test]
async fn custom_fields_are_queried_where_no_invoice_shows_them() {
    let policy = "fields = { custbody_nws_order_id = \"order.id\", \
                  custbody_new = \"order.channel\", custbody_wrong = { constant = \"\" } }\n\
                  line_fields = { custcol_wrong = \"unit.id\" }";
    let world = healthy(&taxed(), &Settings::policy(policy)).await;
    world.account.custom_field("custbody_new");
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, "ok ", &["custom field custbody_nws_order_id: is on invoices"]);
    says(&said, "ok ", &["custom field custbody_new: is there"]);
    says(&said, "error ", &["custom field custbody_wrong: does not exist", "policy.fields"]);
    says(&said, "error ", &["custom field custcol_wrong: does not exist", "policy.line_fields"]);
}

#[tokio::test]
async fn a_wrong_clock_is_reported_before_tokens_are_refused() {
    let table = [
        (90, "warning ", "NTP", Some(0)),
        (-90, "warning ", "NTP", Some(0)),
        (270, "error ", "NTP", Some(1)),
        (-270, "error ", "NTP", Some(1)),
        (600, "error ", "this machine's clock", Some(1)),
    ];
    let world = healthy(&taxed(), &Settings::default()).await;
    for (seconds, verdict, words, expected) in table {
        let off = SignedDuration::from_secs(seconds);
        let now = || Timestamp::from_millisecond(SystemClock.now().as_millis()).unwrap();
        world.account.clock(Arc::new(move || now() + off));
        let (code, said) = doctor(&world).await;
        assert_eq!(code, expected, "{seconds}: {said}");
        says(&said, verdict, &[words]);
    }
}

#[tokio::test]
async fn taxes_that_differ_from_the_policy_are_reported() {
    let details = taxed().tax_booking(TaxBooking::Details);
    let table = [
        (taxed(), "tax = \"from-invoice\"", None),
        (taxed(), "tax = \"item\"", None),
        (taxed(), "tax = \"suitetax\"", Some("set policy tax = \"from-invoice\"")),
        (details.clone(), "tax = \"suitetax\"", None),
        (details.clone(), "tax = \"from-invoice\"", Some("set policy tax = \"suitetax\"")),
        (details, "tax = \"item\"", Some("set policy tax = \"suitetax\"")),
    ];
    for (sale, policy, remedy) in table {
        let world = healthy(&sale, &Settings::policy(policy)).await;
        let (code, said) = doctor(&world).await;
        match remedy {
            None => assert_eq!(code, Some(0), "{policy}: {said}"),
            Some(remedy) => {
                assert_eq!(code, Some(1), "{policy}: {said}");
                says(&said, "error ", &["taxes", remedy]);
            }
        }
    }
}

#[tokio::test]
async fn stock_items_on_invoices_cause_a_warning_with_the_policy_to_set() {
    let world = healthy(&taxed(), &Settings::default()).await;
    let id = world.account.item_for("10000");
    world.account.item(Item::new(&id, "10000", ItemKind::Goods));
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(0), "{said}");
    says(&said, "warning ", &["stock items", &id, "item = { id ="]);
    assert!(said.ends_with("0 errors, 1 warning\n"), "{said}");
}

#[tokio::test]
async fn a_missing_key_column_is_an_error_where_nothing_else_ties_units() {
    let table = [("", "warning ", Some(0)), ("item = { id = \"7777\" }", "error ", Some(1))];
    for (policy, verdict, expected) in table {
        let world = healthy(&taxed(), &Settings::policy(policy)).await;
        for invoice in world.account.of_kind(Kind::Invoice) {
            world.account.delete(&invoice.id);
        }
        let again = Sale::new("7c1d0f0a-0000-4000-8000-000000000009", "TEST-1822")
            .unit(Unit::new("7c1d0f0a-0000-4000-8000-000000000010", "10000", "20.00").tax("1.60"));
        again.install_netsuite(&world.account, &Billing::OneInvoice, KeyColumn::Absent);
        let (code, said) = doctor(&world).await;
        assert_eq!(code, expected, "{policy}: {said}");
        says(&said, verdict, &["line key column custcol_nws_item_id", "line_key_field"]);
    }
}

#[tokio::test]
async fn systems_that_are_down_are_distinguished_from_refusals() {
    let world = healthy(&taxed(), &Settings::default()).await;
    world.account.refuse_connections().await;
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, "error ", &["NetSuite: endpoint: does not answer", "nothing is lost meanwhile"]);
    world.account.accept_connections().await;
    world.account.fault(Fault::maintenance());
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, "error ", &["NetSuite: endpoint: does not answer", "ACCT_TEMP_UNAVAILABLE"]);
    world.account.clear_faults();
    world.tenant.fault(newstore::Fault::Down);
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(1), "{said}");
    says(&said, "error ", &["NewStore: read orders", "check graphql_url"]);
    says(&said, "ok ", &["NetSuite: token: accepted"]);
}

#[tokio::test]
async fn an_unanswered_check_is_a_warning() {
    let world = healthy(&taxed(), &Settings::default()).await;
    world.account.fault(Fault::refusal("INVALID_RCRD_TYPE", "No.").on(Operation::GetList));
    world.account.fault(Fault::unexpected().on(Operation::Initialize));
    world.account.fault(Fault::unexpected().on(Operation::Search));
    let (code, said) = doctor(&world).await;
    assert_eq!(code, Some(0), "{said}");
    for what in ["create credit memos", "department 4", "search transactions"] {
        says(&said, "warning ", &[what, "could not be checked"]);
    }
}

#[tokio::test]
async fn without_invoices_the_unchecked_items_are_reported() {
    let world = TestWorld::new(&Settings::default()).await;
    let (code, said) = doctor(&world).await;
    // The account is empty: so are its lists.
    assert_eq!(code, Some(1), "{said}");
    says(&said, "warning ", &["search transactions", "no invoice was found", "Find Transaction"]);
}

#[tokio::test]
async fn an_unusable_configuration_has_its_own_exit_code() {
    let world = healthy(&taxed(), &Settings::default()).await;
    let good = fs::read_to_string(world.config()).unwrap();
    let table = [
        ("tenant = \"dodici\"", "tenant = \"\"", "tenant"),
        ("graphql_url = \"http", "graphql_url = \"nothttp", "graphql_url"),
    ];
    for (from, to, words) in table {
        assert!(good.contains(from), "{from}");
        fs::write(world.config(), good.replacen(from, to, 1)).unwrap();
        let (code, said) = doctor(&world).await;
        assert_eq!(code, Some(2), "{to}: {said}");
        assert!(said.contains(words), "{to}: {said}");
    }
    assert_eq!(world.account.calls().total(), 0);
}
