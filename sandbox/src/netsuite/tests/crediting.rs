//! Rules for credit memos, and the computed values.

use super::*;

#[tokio::test]
async fn a_memo_is_booked_taxed_and_applied() {
    let (bench, booked) = Bench::with_a_sale().await;
    let invoice = &booked.invoices[0];
    let answer = bench.add(&memo("nst-cm-1", invoice)).await;
    assert_has(&answer, &["isSuccess=\"true\"", "type=\"creditMemo\"", "externalId=\"nst-cm-1\""]);
    let [memo] = bench.account.memos().try_into().unwrap();
    assert_eq!(memo.number, "CM1001");
    assert_eq!(memo.total, amount("21.60"));
    assert_eq!(memo.open(), Decimal::ZERO);
    assert_eq!(memo.created_from.as_ref(), Some(invoice));
    assert_eq!(memo.date.to_string(), "2026-11-23");
    assert_eq!(memo.location.as_deref(), Some("12"), "inherited");
    assert_eq!(memo.lines[0].field("custcol_nws_item_id"), Some(A));
    assert_eq!(bench.account.invoice(invoice).unwrap().open(), amount("35.40"));
    let read = bench.get("creditMemo", "externalId=\"nst-cm-1\"").await;
    assert_has(
        &read,
        &["tranCust:CreditMemo", "<tranCust:tranId>CM1001<", "<tranCust:orderLine>1<", A],
    );
}

#[tokio::test]
async fn external_ids_are_unique_over_all_records_without_case() {
    let (bench, booked) = Bench::with_a_sale().await;
    let invoice = &booked.invoices[0];
    bench.add(&memo("nst-cm-1", invoice)).await;
    for key in ["nst-cm-1", "NST-CM-1", "test-1821"] {
        let answer = bench.add(&memo(key, invoice)).await;
        assert_has(&answer, &["isSuccess=\"false\"", "DUP_RCRD", &format!("externalId=\"{key}\"")]);
        assert!(!answer.contains("internalId"), "{key}: {answer}");
    }
    assert_eq!(bench.account.memos().len(), 1);
}

#[tokio::test]
async fn fields_missing_on_a_memo_are_copied_from_its_invoice() {
    let (bench, booked) = Bench::with_a_sale().await;
    let full = memo("key", &booked.invoices[0]);
    let unapplied = without(&full, "cu:applyList");
    let table = [
        ("shipping stated", unapplied.clone(), "21.60"),
        ("shipping inherited", without(&unapplied, "cu:shippingCost"), "27.00"),
        (
            "other lines kept",
            unapplied.replace("replaceAll=\"true\"", "replaceAll=\"false\""),
            "51.60",
        ),
        ("all lines copied", without(&unapplied, "cu:itemList"), "51.60"),
    ];
    for (what, xml, total) in table {
        let xml = xml.replace("\"key\"", &format!("\"{what}\""));
        let answer = bench.add(&xml).await;
        assert!(answer.contains("isSuccess=\"true\""), "{what}: {answer}");
        let memo = bench.account.by_external_id(what).unwrap();
        assert_eq!(memo.total, amount(total), "{what}");
        assert_eq!(memo.open(), memo.total, "{what} was applied to something");
        bench.account.delete(&memo.id);
    }
}

#[tokio::test]
async fn fields_copied_from_the_invoice_can_be_cleared() {
    let (bench, booked) = Bench::with_a_sale().await;
    let invoice = &booked.invoices[0];
    bench.account.edit(invoice, |it| it.fields.push(Field::text("custbody_note", "fragile")));
    let nulls = |names: &[&str]| {
        let names = names.iter().map(|it| format!("<c:name>{it}</c:name>"));
        format!("<c:nullFieldList>{}</c:nullFieldList>", names.collect::<Vec<_>>().concat())
    };
    let table = [
        (String::new(), Some("12"), Some("fragile")),
        (nulls(&["custbody_note"]), Some("12"), None),
        (nulls(&["location", "custbody_note"]), None, None),
    ];
    for (nulls, location, note) in table {
        let xml = memo("key-1", invoice).replace("<cu:currency", &format!("{nulls}<cu:currency"));
        assert_has(&bench.add(&xml).await, &["isSuccess=\"true\""]);
        let memo = bench.account.memos().remove(0);
        assert_eq!(memo.location.as_deref(), location, "{nulls}");
        assert_eq!(memo.field("custbody_note"), note, "{nulls}");
        bench.account.delete(&memo.id);
        bench.account.edit(invoice, |it| it.remaining = Some(it.total));
    }
}

#[tokio::test]
async fn a_memo_that_does_not_fit_the_invoice_is_refused() {
    let (bench, booked) = Bench::with_a_sale().await;
    let good = memo("key-1", &booked.invoices[0]);
    let edit = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let long = |name: &str, length: usize| format!("<cu:{name}>{}</cu:{name}>", "x".repeat(length));
    let reference = "<cu:otherRefNum>TEST-1821</cu:otherRefNum>";
    let (first_line, last_line) =
        (good.find("<cu:item>").unwrap(), good.find("</cu:itemList>").unwrap());
    let table = [
        ("no entity", without(&good, "cu:entity"), "INVALID_KEY_OR_REF"),
        ("other entity", edit("\"5521\"", "\"5522\""), "INVALID_KEY_OR_REF"),
        (
            "other currency",
            edit("cu:currency internalId=\"1\"", "cu:currency internalId=\"2\""),
            "INVALID_KEY_OR_REF",
        ),
        (
            "no such invoice",
            edit(
                &format!("createdFrom internalId=\"{}\"", booked.invoices[0]),
                "createdFrom internalId=\"7\"",
            ),
            "INVALID_KEY_OR_REF",
        ),
        ("no orderLine", without(&good, "cu:orderLine"), "USER_ERROR"),
        ("no quantity", without(&good, "cu:quantity"), "USER_ERROR"),
        ("no such line", edit("<cu:orderLine>1", "<cu:orderLine>9"), "INVALID_KEY_OR_REF"),
        ("another line's item", edit("<cu:orderLine>1", "<cu:orderLine>2"), "INVALID_KEY_OR_REF"),
        ("too many pieces", edit("<cu:quantity>1", "<cu:quantity>2"), "USER_ERROR"),
        (
            "applied beyond the memo",
            edit("<cu:amount>21.60", "<cu:amount>21.61"),
            "TRANS_APPLIED_AMTS_UNBALNCD",
        ),
        (
            "other account",
            edit("account internalId=\"122\"", "account internalId=\"123\""),
            "USER_ERROR",
        ),
        ("no such tax code", edit("\"501\"", "\"999\""), "INVALID_KEY_OR_REF"),
        ("long reference", edit(reference, &long("otherRefNum", 46)), "EXCEEDED_MAX_FIELD_LENGTH"),
        ("long memo", edit(reference, &long("memo", 1000)), "EXCEEDED_MAX_FIELD_LENGTH"),
        ("negative", edit("<cu:amount>20.00", "<cu:amount>-20.00"), "USER_ERROR"),
        ("no lines", good.replace(&good[first_line..last_line], ""), "USER_ERROR"),
        (
            "codes and details",
            edit("<cu:currency", "<cu:taxDetailsOverride>true</cu:taxDetailsOverride><cu:currency"),
            "USER_ERROR",
        ),
    ];
    for (what, xml, code) in table {
        let answer = bench.add(&xml).await;
        assert!(answer.contains("isSuccess=\"false\""), "{what}: {answer}");
        assert!(answer.contains(&format!(">{code}<")), "{what}: {answer}");
        assert!(bench.account.memos().is_empty(), "{what} was booked");
    }
}

#[tokio::test]
async fn a_line_is_credited_no_further_than_its_quantity_by_any_number_of_memos() {
    let (bench, booked) = Bench::with_a_sale().await;
    let unapplied = |key: &str| without(&memo(key, &booked.invoices[0]), "cu:applyList");
    assert_has(&bench.add(&unapplied("key-1")).await, &["isSuccess=\"true\""]);
    assert_has(&bench.add(&unapplied("key-2")).await, &["USER_ERROR", "0 left to credit"]);
    let first = bench.account.by_external_id("key-1").unwrap();
    bench.account.edit(&first.id, |it| it.standing = Standing::Voided);
    assert_has(&bench.add(&unapplied("key-3")).await, &["isSuccess=\"true\""]);
}

#[tokio::test]
async fn an_invoice_cannot_be_applied_beyond_what_remains() {
    let (bench, booked) = Bench::with_a_sale().await;
    let invoice = &booked.invoices[0];
    bench.account.edit(invoice, |it| it.remaining = Some(amount("21.59")));
    let answer = bench.add(&memo("key-1", invoice)).await;
    assert_has(&answer, &["TRANS_APPLIED_AMTS_UNBALNCD"]);
    bench.account.edit(invoice, |it| it.remaining = Some(amount("21.60")));
    assert_has(&bench.add(&memo("key-1", invoice)).await, &["isSuccess=\"true\""]);
    assert_eq!(bench.account.invoice(invoice).unwrap().open(), Decimal::ZERO);
}

#[tokio::test]
async fn without_an_apply_list_the_account_applies_a_memo_by_itself() {
    let (bench, booked) = Bench::with_a_sale().await;
    let mut older = Record::new(Kind::Invoice, "5521", "1");
    older.lines = vec![Line::new("9001", amount("10.00"))];
    let older = bench.account.add(older);
    let memo = without(&memo("key-1", &booked.invoices[0]), "cu:applyList");
    bench.add(&memo.replace("<cu:autoApply>false", "<cu:autoApply>true")).await;
    assert_eq!(bench.account.invoice(&older).unwrap().open(), Decimal::ZERO);
    assert_eq!(bench.account.memos()[0].open(), amount("11.60"));
}

#[tokio::test]
async fn given_tax_details_replace_the_computed_ones() {
    let (bench, booked) = Bench::with_a_sale().await;
    let details = |reference: &str| {
        format!(
            "<cu:taxDetailsList replaceAll=\"true\"><cm:taxDetails>\
             <cm:taxDetailsReference>{reference}</cm:taxDetailsReference>\
             <cm:taxType internalId=\"5\"/><cm:taxCode internalId=\"9\"/>\
             <cm:taxBasis>20.00</cm:taxBasis><cm:taxRate>8.0</cm:taxRate>\
             <cm:taxAmount>1.59</cm:taxAmount></cm:taxDetails></cu:taxDetailsList>"
        )
    };
    let reference = "<cu:taxDetailsReference>l1</cu:taxDetailsReference><cu:customFieldList>";
    let with = |details: &str| {
        without(&memo("key-1", &booked.invoices[0]), "cu:taxCode")
            .replace(
                "<cu:currency",
                "<cu:taxDetailsOverride>true</cu:taxDetailsOverride><cu:currency",
            )
            .replace("<cu:customFieldList>", reference)
            .replace("</cu:applyList>", &format!("</cu:applyList>{details}"))
            .replace("21.60", "21.59")
    };
    let dangling = bench.add(&with(&details("l2"))).await;
    assert_has(&dangling, &["isSuccess=\"false\"", "taxDetailsReference"]);
    assert_has(&bench.add(&with(&details("l1"))).await, &["isSuccess=\"true\""]);
    assert_eq!(bench.account.memos()[0].total, amount("21.59"));
}

#[tokio::test]
async fn a_price_level_overrides_the_entered_price_unless_it_is_custom() {
    let table = [("custom", "internalId=\"-1\"", "21.60"), ("base", "internalId=\"1\"", "37.80")];
    for (what, level, total) in table {
        let (bench, booked) = Bench::with_a_sale().await;
        let mut shirt = Item::new("9001", "10000", ItemKind::Goods);
        shirt.price = Some(amount("35.00"));
        bench.account.item(shirt);
        let memo = without(&memo("key-1", &booked.invoices[0]), "cu:applyList");
        bench.add(&memo.replace("internalId=\"-1\"", level)).await;
        assert_eq!(bench.account.memos()[0].total, amount(total), "{what}");
    }
}

#[tokio::test]
async fn a_list_is_booked_record_by_record() {
    let (bench, booked) = Bench::with_a_sale().await;
    let unapplied = |key: &str| without(&memo(key, &booked.invoices[0]), "cu:applyList");
    let list = format!("<m:addList>{}{}</m:addList>", unapplied("key-1"), unapplied("key-1"));
    let (_, answer) = bench.call("addList", &list).await;
    assert_has(&answer, &["writeResponseList", "isSuccess=\"true\"", "DUP_RCRD"]);
    assert_eq!(bench.account.memos().len(), 1);
}
