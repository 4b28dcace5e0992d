//! get, getList and searches.

use super::*;

fn search(criteria: &str) -> String {
    format!(
        "<m:search><m:searchRecord xsi:type=\"cm:TransactionSearchBasic\">{criteria}\
         </m:searchRecord></m:search>"
    )
}

fn of_type(kind: &str) -> String {
    format!("<cm:type operator=\"anyOf\"><c:searchValue>{kind}</c:searchValue></cm:type>")
}

#[tokio::test]
async fn records_are_read_by_either_id_and_only_as_their_type() {
    let (bench, booked) = Bench::with_a_sale().await;
    let order = booked.sales_order.unwrap();
    let (internal, lower) = (format!("internalId=\"{order}\""), "externalId=\"test-1821\"");
    for id in [internal.as_str(), "externalId=\"TEST-1821\"", lower] {
        let answer = bench.get("salesOrder", id).await;
        assert_has(&answer, &["tranSales:SalesOrder", "externalId=\"TEST-1821\"", A, B]);
    }
    let table = [("salesOrder", "externalId=\"x\""), ("invoice", internal.as_str())];
    for (kind, id) in table {
        assert_has(&bench.get(kind, id).await, &["isSuccess=\"false\"", "RCRD_DSNT_EXIST"]);
    }
    let reference = |id: &str| {
        format!("<m:baseRef xsi:type=\"c:RecordRef\" internalId=\"{id}\" type=\"invoice\"/>")
    };
    let list =
        format!("<m:getList>{}{}</m:getList>", reference(&booked.invoices[0]), reference("1"));
    let (_, answer) = bench.call("getList", &list).await;
    assert_has(&answer, &["readResponseList", "tranSales:Invoice", "RCRD_DSNT_EXIST"]);
}

#[tokio::test]
async fn an_invoice_reads_as_it_was_booked() {
    let (bench, booked) = Bench::with_a_sale().await;
    let answer = bench.get("invoice", &format!("internalId=\"{}\"", booked.invoices[0])).await;
    assert_has(
        &answer,
        &[
            "<tranSales:entity internalId=\"5521\"/>",
            "<tranSales:tranDate>2026-11-20T00:00:00.000-05:00</tranSales:tranDate>",
            "<tranSales:amountRemaining>57.0</tranSales:amountRemaining>",
            "<tranSales:shippingCost>5.0</tranSales:shippingCost>",
            "<tranSales:taxTotal>2.0</tranSales:taxTotal>",
            "<tranSales:total>57.0</tranSales:total>",
            "<tranSales:quantity>1.0</tranSales:quantity>",
            "<platformCore:name>10000</platformCore:name>",
            "<tranSales:taxRate1>8.0</tranSales:taxRate1>",
        ],
    );
}

#[tokio::test]
async fn criteria_find_what_fits() {
    let (bench, booked) = Bench::with_a_sale().await;
    let (order, invoice) = (booked.sales_order.unwrap(), booked.invoices[0].clone());
    bench.add(&memo("nst-cm-1", &invoice)).await;
    let mut voided = Record::new(Kind::Invoice, "5521", "1");
    voided.standing = Standing::Voided;
    voided.created_from = Some(order.clone());
    let voided = bench.account.add(voided);
    let any = |name: &str, attributes: &str| {
        let value = format!("<c:searchValue {attributes}/>");
        format!("<cm:{name} operator=\"anyOf\">{value}</cm:{name}>")
    };
    let from = |id: &str| any("createdFrom", &format!("internalId=\"{id}\""));
    let flag = |name: &str, value: &str| {
        format!("<cm:{name}><c:searchValue>{value}</c:searchValue></cm:{name}>")
    };
    let field = |name: &str, operator: &str, value: &str| {
        format!(
            "<cm:{name} operator=\"{operator}\"><c:searchValue>{value}</c:searchValue></cm:{name}>"
        )
    };
    let window = format!(
        "<cm:lastModifiedDate operator=\"within\"><c:searchValue>{}</c:searchValue>\
         <c:searchValue2>{}</c:searchValue2></cm:lastModifiedDate>",
        Timestamp::from_second(NOW).unwrap(),
        Timestamp::from_second(NOW + 1).unwrap(),
    );
    let table = [
        (of_type("_salesOrder"), 1),
        (of_type("_invoice"), 2),
        (from(&order) + &flag("mainLine", "true") + &of_type("_invoice"), 2),
        (from(&order) + &of_type("_invoice") + &flag("voided", "false"), 1),
        (from(&order) + &of_type("_invoice") + &flag("voided", "true"), 1),
        (from(&invoice) + &of_type("_creditMemo"), 1),
        (from(&voided) + &of_type("_creditMemo"), 0),
        (field("externalIdString", "is", "NST-CM-1") + &of_type("_creditMemo"), 1),
        (field("externalIdString", "is", "nst-cm-2"), 0),
        (any("externalId", "externalId=\"TEST-1821\" type=\"salesOrder\""), 1),
        (field("otherRefNum", "equalTo", "TEST-1821") + &of_type("_creditMemo"), 1),
        (any("internalId", &format!("internalId=\"{invoice}\"")), 1),
        (window + &of_type("_creditMemo"), 1),
        (field("lastModifiedDate", "after", &Timestamp::from_second(NOW).unwrap().to_string()), 0),
    ];
    for (criteria, expected) in table {
        let (_, answer) = bench.call("search", &search(&criteria)).await;
        let total = format!("<platformCore:totalRecords>{expected}</platformCore:totalRecords>");
        assert!(answer.contains(&total), "{criteria}: {answer}");
        let records = answer.matches("<platformCore:record ").count();
        assert_eq!(records, expected, "{criteria}: {answer}");
    }
}

#[tokio::test]
async fn a_search_returns_lines_only_on_request() {
    let (bench, _) = Bench::with_a_sale().await;
    let body = search(&of_type("_invoice"));
    let (_, with) = bench.call("search", &body).await;
    assert!(with.contains("itemList"), "{with}");
    let xml = envelope(&bench.passport(), &body);
    let (_, bare) = bench.send("search", &xml).await.unwrap();
    assert!(bare.contains("tranSales:Invoice") && !bare.contains("itemList"), "{bare}");
}

#[tokio::test]
async fn pages_follow_one_another_to_the_last() {
    let bench = Bench::new().await;
    for number in 1..=5 {
        let mut invoice = Record::new(Kind::Invoice, "5521", "1");
        invoice.lines = vec![Line::new("9001", number.into())];
        bench.account.add(invoice);
    }
    bench.account.page_limit(2);
    let (_, first) = bench.call("search", &search(&of_type("_invoice"))).await;
    assert_has(&first, &["totalRecords>5<", "totalPages>3<", "pageIndex>1<", "pageSize>2<"]);
    let id = first.split("searchId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let more = |page: u32| {
        format!(
            "<m:searchMoreWithId><m:searchId>{id}</m:searchId>\
             <m:pageIndex>{page}</m:pageIndex></m:searchMoreWithId>"
        )
    };
    let table = [
        (1, 2, "internalId=\"70001\""),
        (2, 2, "internalId=\"70003\""),
        (3, 1, "internalId=\"70005\""),
    ];
    for (page, records, first) in table {
        let (_, answer) = bench.call("searchMoreWithId", &more(page)).await;
        assert_has(&answer, &["searchMoreWithIdResponse", first]);
        assert_eq!(answer.matches("<platformCore:record ").count(), records, "page {page}");
    }
    let (_, beyond) = bench.call("searchMoreWithId", &more(4)).await;
    assert_has(&beyond, &["isSuccess=\"false\"", "INVALID_SEARCH_PAGE_INDEX"]);
}

#[tokio::test]
async fn an_advanced_search_joins_the_order_and_answers_records_or_rows() {
    let (bench, booked) = Bench::with_a_sale().await;
    let body = |columns: &str, id: &str| {
        format!(
            "<m:search><m:searchRecord xsi:type=\"s:TransactionSearchAdvanced\"><s:criteria>\
             <s:basic>{}</s:basic><s:createdFromJoin><cm:externalIdString operator=\"is\">\
             <c:searchValue>{id}</c:searchValue></cm:externalIdString></s:createdFromJoin>\
             </s:criteria>{columns}</m:searchRecord></m:search>",
            of_type("_invoice")
        )
    };
    let invoice = format!("internalId=\"{}\"", booked.invoices[0]);
    let (_, records) = bench.call("search", &body("", "TEST-1821")).await;
    assert_has(&records, &["recordList", "tranSales:Invoice", "itemList", &invoice]);
    let columns = "<s:columns><s:basic><cm:amountRemaining/><cm:internalId/></s:basic>\
        <s:createdFromJoin><cm:tranId/></s:createdFromJoin></s:columns>";
    let (_, rows) = bench.call("search", &body(columns, "TEST-1821")).await;
    let parts = ["searchRowList", "tranSales:TransactionSearchRow", ">57.0<", &invoice, ">SO1001<"];
    assert_has(&rows, &parts);
    let (_, none) = bench.call("search", &body("", "TEST-1822")).await;
    assert_has(&none, &["totalRecords>0<", "isSuccess=\"true\""]);
}

#[tokio::test]
async fn a_missing_permission_refuses_a_get_and_empties_a_search() {
    let (bench, booked) = Bench::with_a_sale().await;
    bench.account.deny(Denial { kind: Kind::Invoice, access: Access::View });
    let answer = bench.get("invoice", &format!("internalId=\"{}\"", booked.invoices[0])).await;
    assert_has(&answer, &["INSUFFICIENT_PERMISSION", "Transactions -&gt; Invoice"]);
    let (status, answer) = bench.call("search", &search(&of_type("_invoice"))).await;
    assert_eq!(status, 200);
    assert_has(&answer, &["isSuccess=\"true\"", "totalRecords>0<"]);
    bench.account.allow_all();
    bench.account.deny(Denial { kind: Kind::CreditMemo, access: Access::Create });
    let answer = bench.add(&memo("key-1", &booked.invoices[0])).await;
    assert_has(&answer, &["isSuccess=\"false\"", "INSUFFICIENT_PERMISSION"]);
}
