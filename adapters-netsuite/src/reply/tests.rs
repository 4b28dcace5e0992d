//! Answers good, bad, cut off and damaged.

use domain::{Amount, SalesOrder};

use super::*;
use crate::fixtures::{
    OTHER_UNIT, UNIT, amount, conventions, envelope, fault, get_done, id, memo_record, reply,
    status, unit,
};

fn answer(text: &str, operation: Operation) -> Result<Node, NetSuiteError> {
    Reply::read(text.as_bytes())?.answer(operation)
}

#[track_caller]
fn record(text: &str) -> Node {
    parse_get(answer(text, Operation::Get).unwrap()).unwrap().unwrap()
}

#[track_caller]
fn class(result: Result<impl std::fmt::Debug, NetSuiteError>) -> Class {
    result.unwrap_err().class
}

#[test]
fn a_sales_order_is_read_with_its_lines() {
    let order = sales_order(&record(&reply("get_sales_order_ok")), &conventions()).unwrap();
    let SalesOrder { id: order_id, entity, currency, classes, lines, .. } = &order;
    assert_eq!((order_id, entity, currency), (&id("68001"), &id("5521"), &Some(id("1"))));
    assert_eq!(classes.location, Some(id("12")));
    assert_eq!(classes.subsidiary, Some(id("2")));
    assert_eq!(classes.department, None);
    let numbers: Vec<_> = lines.iter().map(|line| line.line.line).collect();
    assert_eq!(numbers, [1, 8]);
    assert_eq!(lines[0].line.item.name.as_deref(), Some("SKU-1"));
    assert_eq!(lines[0].billed, 1.into());
    assert_eq!(lines[1].fulfilled, 0.into());
    assert!(!lines[1].closed);
}

#[test]
fn invoices_are_read_with_their_lines() {
    let page = page(answer(&reply("search_invoices_ok"), Operation::Search).unwrap()).unwrap();
    assert_eq!((page.pages, page.total, page.records.len()), (1, Some(2), 2));
    let read = |it: &Node| invoice(it, &conventions()).unwrap();
    let invoices: Vec<_> = page.records.iter().map(read).collect();
    let first = &invoices[0];
    assert_eq!(first.id, id("70211"));
    assert_eq!(first.date.to_string(), "2026-11-21");
    assert_eq!((first.total, first.remaining), (amount("54.38"), amount("54.38")));
    assert_eq!(first.account, Some(id("122")));
    assert_eq!(first.lines[0].amount, amount("49.95"));
    assert_eq!(first.lines[0].quantity, Some(1.into()));
    assert!(invoices[1].remaining.is_zero());
}

const DETAILED: &str = r#"<record xmlns:s="urn:s" xmlns:c="urn:c"
  xsi:type="s:Invoice" internalId="7">
  <s:taxDetailsList><cm:taxDetails xmlns:cm="urn:cm"><cm:taxAmount>4.43</cm:taxAmount>
    <cm:taxDetailsReference>L1</cm:taxDetailsReference><cm:taxType internalId="5"/>
    <cm:taxCode internalId="9"/><cm:taxRate>8.875</cm:taxRate></cm:taxDetails>
   <cm:taxDetails xmlns:cm="urn:cm"><cm:taxAmount>4E-1</cm:taxAmount>
    <cm:taxDetailsReference>SHIPPING</cm:taxDetailsReference><cm:taxType internalId="5"/>
    <cm:taxCode internalId="10"/></cm:taxDetails></s:taxDetailsList>
  <s:itemList><s:item><s:customFieldList>
     <c:customField scriptId="custcol_other" xsi:type="c:StringCustomFieldRef">
      <c:value>other</c:value></c:customField>
     <c:customField internalId="1" scriptId="custcol_nws_item_id"
      xsi:type="c:StringCustomFieldRef"><c:value>DC333267-856c-421a-ac7a-e08291642d76,
       0d0a2f1c-0000-4000-8000-000000000002</c:value></c:customField></s:customFieldList>
    <s:line>3</s:line><s:rate>5E1</s:rate><s:quantity>2.0</s:quantity>
    <s:item internalId="9001" externalId="sku-1"><c:name>Shirts &amp; more : SKU-1</c:name></s:item>
    <s:taxDetailsReference>L1</s:taxDetailsReference><s:isTaxable>true</s:isTaxable>
    <s:taxCode internalId="-8"/><s:location internalId="12"/></s:item>
   <s:item><s:line>4</s:line><s:item internalId="8494"/><s:rate>-10.0%</s:rate>
    <s:amount>-10.00</s:amount></s:item>
   <s:item><s:line>5</s:line><s:item internalId="-3"/><s:quantity/></s:item></s:itemList>
  <s:total>1.05E2</s:total><s:shippingCost>5.0</s:shippingCost><s:currency internalId="1"/>
  <s:shippingTaxCode internalId="-8"/><s:tranDate>2026-11-21T00:00:00.000-08:00</s:tranDate>
  <s:entity internalId="5521"/><s:taxItem internalId="-112"/><s:class internalId="7"/></record>"#;

#[test]
fn a_line_is_read_in_any_order_of_its_fields() {
    let invoice = invoice(&record(&get_done(DETAILED)), &conventions()).unwrap();
    let line = &invoice.lines[0];
    assert_eq!(line.line, 3);
    assert_eq!(line.amount, amount("100"));
    assert_eq!(line.units, [unit(UNIT), unit(OTHER_UNIT)]);
    assert_eq!(line.item.external_id.as_deref(), Some("sku-1"));
    assert_eq!(line.item.name.as_deref(), Some("Shirts & more : SKU-1"));
    assert_eq!(line.taxable, Some(true));
    assert_eq!(line.tax_code, Some(id("-8")));
    assert_eq!(line.taxes.len(), 1);
    assert_eq!(line.taxes[0].rate, Some("8.875".parse().unwrap()));
    assert_eq!(line.taxes[0].amount, amount("4.43"));
    assert_eq!(invoice.lines[1].amount, amount("-10"));
    assert_eq!(invoice.lines[2].amount, Amount::ZERO);
    assert_eq!(invoice.shipping_cost, amount("5"));
    assert_eq!(invoice.shipping_taxes[0].amount, amount("0.4"));
    assert_eq!(invoice.shipping_taxes[0].tax_code, id("10"));
    assert_eq!(invoice.remaining, Amount::ZERO);
    assert_eq!(invoice.tax_item, Some(id("-112")));
    assert_eq!(invoice.total, amount("105"));
}

#[test]
fn a_missing_required_part_makes_an_answer_unreadable() {
    let table = [
        (" internalId=\"7\"", "", "answer lacks internalId"),
        ("<s:entity internalId=\"5521\"/>", "", "answer lacks entity"),
        ("<s:line>3</s:line>", "", "answer lacks line"),
        ("<s:total>1.05E2</s:total>", "", "answer lacks total"),
        ("<s:item internalId=\"8494\"/>", "", "answer lacks item"),
        ("1.05E2", "NaN", "answer has an unreadable total: \"NaN\""),
        ("1.05E2", "1e99", "answer has an unreadable total: \"1e99\""),
        ("<s:line>3<", "<s:line>three<", "answer has an unreadable line: \"three\""),
        ("2026-11-21T", "21.11.2026T", "answer has an unreadable tranDate"),
        ("<s:isTaxable>true<", "<s:isTaxable>T<", "answer has an unreadable isTaxable: \"T\""),
        ("-10.00", "-10,00", "answer has an unreadable amount: \"-10,00\""),
    ];
    for (old, new, expected) in table {
        assert!(DETAILED.contains(old), "{old}");
        let record = record(&get_done(&DETAILED.replacen(old, new, 1)));
        let problem = invoice(&record, &conventions()).unwrap_err().to_string();
        assert!(problem.starts_with(expected), "{old} as {new}: {problem}");
    }
}

#[test]
fn a_credit_memo_is_read_with_its_applications() {
    let applied = "<t:createdFrom internalId=\"70211\"/><t:applyList>\
                   <t:apply><t:apply>true</t:apply><t:doc>70211</t:doc></t:apply>\
                   <t:apply><t:apply>false</t:apply><t:doc>70299</t:doc></t:apply></t:applyList>";
    let text = memo_record().replace("<t:createdFrom internalId=\"70211\"/>", applied);
    let record = record(&get_done(&text));
    let memo = existing(&record, &conventions(), domain::Standing::Valid).unwrap();
    assert_eq!(memo.id, id("71300"));
    assert_eq!(memo.external_id.as_deref(), Some("NST-CM-680AB9E626F2984BFA54"));
    assert_eq!(memo.created_from, Some(id("70211")));
    assert_eq!(memo.applied_to, [id("70211")]);
    assert_eq!(memo.total, amount("99.99"));
    assert_eq!(memo.lines[0].units, [unit(UNIT)]);
    let confirmed = confirmed(&record, &conventions()).unwrap();
    assert_eq!((confirmed.number, confirmed.total), (None, amount("99.99")));
}

#[test]
fn a_write_succeeds_when_the_record_was_saved() {
    let table = [
        ("add_ok", "71300"),
        ("add_ok_with_warning", "71300"),
        ("add_after_submit_failed", "71300"),
    ];
    for (name, expected) in table {
        let read = parse_write(&answer(&reply(name), Operation::Add).unwrap());
        assert_eq!(read.unwrap(), id(expected), "{name}");
    }
    let update = parse_write(&answer(&reply("update_ok"), Operation::Update).unwrap());
    assert_eq!(update.unwrap(), id("68001"));
    let spelt_otherwise = reply("add_after_submit_failed").replace("afterSubmit", "aftersubmit");
    assert!(parse_write(&answer(&spelt_otherwise, Operation::Add).unwrap()).is_ok());
}

#[test]
fn a_success_without_an_id_is_unreadable() {
    let table = [
        reply("add_ok").replace("internalId=\"71300\"", ""),
        reply("add_after_submit_failed").replace("internalId=\"71300\"", ""),
        envelope("<addResponse><writeResponse/></addResponse>"),
        envelope("<addResponse/>"),
        envelope("<getResponse/>"),
        envelope("<addResponse><writeResponse><status/></writeResponse></addResponse>"),
    ];
    for text in table {
        let read = answer(&text, Operation::Add).and_then(|it| parse_write(&it));
        assert_eq!(class(read), Class::Unreadable, "{text}");
    }
}

#[test]
fn a_missing_record_is_not_a_missing_permission() {
    let get = |name| parse_get(answer(&reply(name), Operation::Get).unwrap());
    assert!(get("get_not_found").unwrap().is_none());
    assert_eq!(class(get("get_permission")), Class::Forbidden);
}

#[test]
fn a_list_leaves_out_only_missing_records() {
    let list = |responses: &str| {
        let body = format!(
            "<getListResponse><readResponseList>{}{responses}</readResponseList></getListResponse>",
            status(None)
        );
        parse_get_list(answer(&envelope(&body), Operation::GetList).unwrap())
    };
    let good = format!("<readResponse>{}{}</readResponse>", status(None), memo_record());
    let bad = |code| format!("<readResponse>{}</readResponse>", status(Some(code)));
    let found = list(&format!("{good}{}{good}", bad("RCRD_DSNT_EXIST"))).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(class(list(&format!("{good}{}", bad("PERMISSION_VIOLATION")))), Class::Forbidden);
}

#[test]
fn faults_are_read_from_both_versions_of_soap() {
    let faults = [
        "fault_concurrency",
        "fault_maintenance",
        "fault_unexpected",
        "fault_insufficient_permission",
        "fault_invalid_credentials",
        "fault_invalid_credentials_but_transient",
        "fault_request_size",
    ];
    let expected = [
        Class::Throttled,
        Class::Unavailable,
        Class::Failed,
        Class::Forbidden,
        Class::Login,
        Class::Failed,
        Class::TooBig,
    ];
    for (name, expected) in faults.iter().zip(expected) {
        assert_eq!(class(answer(&reply(name), Operation::Get)), expected, "{name}");
    }
    let newer = r#"<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body>
        <env:Fault><env:Code><env:Value>env:Receiver</env:Value></env:Code>
        <env:Reason><env:Text xml:lang="en">SuiteTalk concurrent request limit exceeded.
        </env:Text></env:Reason></env:Fault></env:Body></env:Envelope>"#;
    let error = answer(newer, Operation::Get).unwrap_err();
    assert_eq!(error.class, Class::Throttled);
    assert_eq!(error.to_string(), "SuiteTalk concurrent request limit exceeded.");
    let with_detail = fault("invalidSessionFault", "SESSION_TIMED_OUT", "again")
        .replace("detail>", "Detail>")
        .replace("http://schemas.xmlsoap.org/soap/envelope/", "urn:another");
    assert_eq!(class(answer(&with_detail, Operation::Get)), Class::Login);
}

#[test]
fn garbage_is_unreadable_and_never_panics() {
    let whole = reply("get_sales_order_ok");
    let deep = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
    let table: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("space", b" \n".to_vec()),
        ("words", b"Service Unavailable".to_vec()),
        ("a page", b"<!DOCTYPE html>\n<html><body>Maintenance</body></html>".to_vec()),
        ("a sloppy page", b"<HTML><HEAD><TITLE>x</HEAD><P>Bad & ugly<BR></HTML>".to_vec()),
        ("JSON", b"{\"error\": 1}".to_vec()),
        ("zeros", vec![0; 64]),
        ("no text", vec![0xff, 0xfe, 0x3c, 0x00]),
        ("half a character", whole.as_bytes().iter().copied().chain([0xe2, 0x82]).collect()),
        ("too deep", deep.into_bytes()),
        ("never closed", b"<a><b></a></b>".to_vec()),
        ("two roots", b"<Envelope/><Envelope/>".to_vec()),
        ("closed twice", b"</Envelope>".to_vec()),
        ("an entity of its own", b"<Envelope>&boom;</Envelope>".to_vec()),
        ("an impossible character", b"<Envelope>&#xFFFFFFFF;</Envelope>".to_vec()),
        ("no character", b"<Envelope>&#x0;</Envelope>".to_vec()),
        ("a bad attribute", b"<Envelope a=1 a='2' a/>".to_vec()),
        (
            "a bomb",
            b"<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\">]><Envelope><Body><a>&b;</a></Body></Envelope>"
                .to_vec(),
        ),
        ("no body", b"<Envelope/>".to_vec()),
        ("an empty body", b"<Envelope><Body/></Envelope>".to_vec()),
        ("another message", envelope("<loginResponse/>").into_bytes()),
    ];
    for (what, bytes) in table {
        let read = Reply::read(&bytes).map_err(NetSuiteError::from);
        let class = class(read.and_then(|it| it.answer(Operation::Get)));
        assert_eq!(class, Class::Unreadable, "{what}");
    }
}

#[test]
fn an_answer_cut_off_anywhere_is_unreadable() {
    let whole = reply("get_sales_order_ok");
    let whole = whole.trim_end();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert!(Reply::read(&whole.as_bytes()[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn a_damaged_answer_never_panics() {
    for name in ["get_sales_order_ok", "search_invoices_ok", "add_ok", "fault_concurrency"] {
        let whole = reply(name).into_bytes();
        for position in 0..whole.len() {
            for byte in [b'<', b'&', b'"', 0xff] {
                let mut damaged = whole.clone();
                damaged[position] = byte;
                let Ok(message) = Reply::read(&damaged) else { continue };
                let Ok(answer) = message.answer(Operation::Get) else { continue };
                if let Ok(Some(record)) = parse_get(answer) {
                    // Whether it is still readable does not matter, only that it returns.
                    drop((
                        sales_order(&record, &conventions()),
                        existing(&record, &conventions(), domain::Standing::Valid),
                    ));
                }
            }
        }
    }
}
