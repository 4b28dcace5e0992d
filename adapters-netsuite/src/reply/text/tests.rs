//! Every way in which the same record may be written.

use crate::{
    fixtures::{conventions, get_done, id},
    reply::{Node, Reply, invoice, parse_get},
    request::Operation,
};

fn record(bytes: &[u8]) -> Node {
    parse_get(Reply::read(bytes).unwrap().answer(Operation::Get).unwrap()).unwrap().unwrap()
}

/// The name of the item on the first line of an invoice with this XML in its place.
fn name(xml: &str) -> Option<String> {
    let text = format!(
        "<record xsi:type=\"s:Invoice\" internalId=\"7\"><s:entity internalId=\"1\"/>\
         <s:tranDate>2026-11-21</s:tranDate><s:total>1.0</s:total><s:itemList><s:item>\
         <s:line>1</s:line><s:item internalId=\"9\"><c:name>{xml}</c:name></s:item></s:item>\
         </s:itemList></record>"
    );
    let invoice = invoice(&record(get_done(&text).as_bytes()), &conventions()).unwrap();
    assert_eq!((invoice.id, invoice.total), (id("7"), crate::fixtures::amount("1.00")));
    invoice.lines[0].item.name.clone()
}

#[test]
fn every_encoding_of_a_text_is_read_alike() {
    let table = [
        ("Ana", "Ana"),
        (" \n Ana \t", "Ana"),
        ("A&#110;a", "Ana"),
        ("A&#x6E;a", "Ana"),
        ("A&#x6e;a", "Ana"),
        ("A&#X6E;a", "Ana"),
        ("A&#0000110;a", "Ana"),
        ("<![CDATA[Ana]]>", "Ana"),
        ("<![CDATA[A]]>n<![CDATA[a]]>", "Ana"),
        ("A<!-- & < -->na", "Ana"),
        ("A<?word?>na", "Ana"),
        ("A&amp;B &lt;C&gt; &quot;D&quot; &apos;E&apos;", "A&B <C> \"D\" 'E'"),
        ("<![CDATA[A&amp;B]]>", "A&amp;B"),
        ("&#xE9;&#233;é", "ééé"),
        ("&#x1F600;", "😀"),
        ("&#128512;", "😀"),
        ("😀", "😀"),
        ("&#xD83D;&#xDE00;", "😀"),
        ("&#xd83d;&#xde00;", "😀"),
        ("&#55357;&#56832;", "😀"),
        ("Ana &#xD83D;&#xDE00;&#xD83D;&#xDE00; B", "Ana 😀😀 B"),
        ("A&#xD83D;B", "A\u{fffd}B"),
        ("A&#xDE00;B", "A\u{fffd}B"),
        ("A&#xD83D;", "A\u{fffd}"),
        ("&#xD83D;A", "\u{fffd}A"),
        ("&#xD83D;&#xD83D;&#xDE00;", "\u{fffd}😀"),
        ("&#xDE00;&#xD83D;", "\u{fffd}\u{fffd}"),
        ("&#xD83D;&amp;&#xDE00;", "\u{fffd}&\u{fffd}"),
        ("&#xD83D;<!---->&#xDE00;", "\u{fffd}\u{fffd}"),
        ("&#xD83D;<![CDATA[A]]>", "\u{fffd}A"),
        ("A&#0;B", "A\u{fffd}B"),
        ("A&#x1F;B", "A\u{fffd}B"),
        ("A&#xFFFF;B", "A\u{fffd}B"),
        ("A&#x110000;B", "A\u{fffd}B"),
        ("A&#99999999999999;B", "A\u{fffd}B"),
        ("A&#10;B", "A\nB"),
    ];
    for (xml, expected) in table {
        assert_eq!(name(xml).as_deref(), Some(expected), "{xml}");
    }
    assert_eq!(name(""), None);
    assert_eq!(name(" \n"), None);
}

#[test]
fn an_invalid_reference_is_unreadable() {
    for xml in ["&#;", "&#x;", "&#xZZ;", "&#12a;", "&#-1;", "&#+65;", "&unknown;", "& ", "&amp"] {
        let text = get_done(&format!("<record>{xml}</record>"));
        assert!(Reply::read(text.as_bytes()).is_err(), "{xml}");
    }
}

#[test]
fn every_encoding_of_an_attribute_is_read_alike() {
    let table = [
        ("\"sku-1\"", "sku-1"),
        ("'sku-1'", "sku-1"),
        ("\" sku-1\n\"", "sku-1"),
        ("\"sku&#45;1\"", "sku-1"),
        ("\"a\nb\tc\r\nd\"", "a b c d"),
        ("\"&quot;a&quot; &amp; b\"", "\"a\" & b"),
        ("\"&#xD83D;&#xDE00;\"", "😀"),
        ("\"a&#xD83D;b\"", "a\u{fffd}b"),
        ("\"a&#xDE00;&#xD83D;\"", "a\u{fffd}\u{fffd}"),
        ("\"&#xD83D; &#xDE00;\"", "\u{fffd} \u{fffd}"),
    ];
    for (value, expected) in table {
        let record = record(get_done(&format!("<record externalId={value}/>")).as_bytes());
        assert_eq!(record.attribute("externalId"), Some(expected), "{value}");
    }
    for value in ["\"&#xZZ;\"", "\"a & b\"", "\"&unknown;\""] {
        let text = get_done(&format!("<record externalId={value}/>"));
        assert!(Reply::read(text.as_bytes()).is_err(), "{value}");
    }
}

#[test]
fn text_around_a_document_is_ignored() {
    let record_of = |before: &[u8], after: &[u8]| {
        let text = get_done("<record internalId=\"7\"/>");
        record(&[before, text.as_bytes(), after].concat()).attribute("internalId").unwrap().len()
    };
    let table: [(&[u8], &[u8]); 4] =
        [(b"", b""), (b"\xEF\xBB\xBF", b""), (b"", b"\r\n \n"), (b"", b"<!-- end -->")];
    for (before, after) in table {
        assert_eq!(record_of(before, after), 1, "{before:?} {after:?}");
    }
}

#[test]
fn any_prefix_or_none_is_accepted() {
    let bare = "<record xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"Invoice\" \
                internalId=\"7\"><entity internalId=\"1\"/><tranDate>2026-11-21</tranDate>\
                <total>1</total></record>";
    let long = "<q9:record q9:type=\"q10:Invoice\" internalId=\"7\"><q10:entity internalId=\"1\"/>\
                <q10:tranDate>2026-11-21</q10:tranDate><q10:total>1</q10:total></q9:record>";
    for text in [bare, long] {
        let record = record(get_done(text).as_bytes());
        assert_eq!(record.kind(), Some("Invoice"));
        assert_eq!(invoice(&record, &conventions()).unwrap().id, id("7"));
    }
}

#[test]
fn a_nil_element_counts_as_absent() {
    let text = "<record xsi:type=\"s:Invoice\" internalId=\"7\"><s:entity internalId=\"1\"/>\
                <s:currency xsi:nil=\"true\" internalId=\"9\"/><s:tranDate>2026-11-21</s:tranDate>\
                <s:total>1</s:total><s:amountRemaining xsi:nil='1'></s:amountRemaining>\
                <s:shippingCost xsi:nil=\"true\"/><s:itemList xsi:nil=\"true\"/></record>";
    let record = record(get_done(text).as_bytes());
    assert!(record.child("itemList").is_none());
    let read = invoice(&record, &conventions()).unwrap();
    assert_eq!((read.currency, read.lines.len()), (None, 0));
    assert!(read.remaining.is_zero() && read.shipping_cost.is_zero());
    let nil = text.replace("<s:total>1</s:total>", "<s:total xsi:nil=\"true\"/>");
    let problem = invoice(&self::record(get_done(&nil).as_bytes()), &conventions()).unwrap_err();
    assert_eq!(problem.to_string(), "answer lacks total");
    let not_nil = text.replace("<s:currency xsi:nil=\"true\"", "<s:currency xsi:nil=\"false\"");
    let read = invoice(&self::record(get_done(&not_nil).as_bytes()), &conventions()).unwrap();
    assert_eq!(read.currency, Some(id("9")));
}

#[test]
fn surrogate_halves_in_bytes_are_read_like_references() {
    let table: [(&[u8], &str); 4] = [
        (b"\xED\xA0\xBD\xED\xB8\x80", "\u{1F600}"),
        (b"A\xED\xA0\xBDB", "A\u{fffd}B"),
        (b"A\xED\xB8\x80", "A\u{fffd}"),
        (b"\xED\xA0\xBD\xED\xA0\xBD\xED\xB8\x80", "\u{fffd}\u{1F600}"),
    ];
    for (bytes, expected) in table {
        assert_eq!(super::decode(bytes).unwrap(), expected, "{bytes:?}");
    }
    for bytes in [&b"\xFF"[..], b"\xED\xA0", b"\xE2\x82", b"\xED\xA0\xBD\xFF"] {
        assert!(super::decode(bytes).is_err(), "{bytes:?}");
    }
}
