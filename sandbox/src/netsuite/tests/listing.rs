//! Records other than transactions.

use super::*;

/// The answer to a `getList` of these references.
async fn listed(bench: &Bench, references: &[(&str, &str)]) -> String {
    let reference = |(kind, id): &(&str, &str)| {
        format!(r#"<m:baseRef xsi:type="c:RecordRef" internalId="{id}" type="{kind}"/>"#)
    };
    let references: String = references.iter().map(reference).collect();
    bench.call("getList", &format!("<m:getList>{references}</m:getList>")).await.1
}

#[tokio::test]
async fn only_used_records_exist() {
    let (bench, _) = Bench::with_a_sale().await;
    let table = [
        ("inventoryItem", "9001", Some("listAcct:InventoryItem")),
        ("nonInventorySaleItem", "9001", None),
        ("discountItem", "8494", Some("listAcct:DiscountItem")),
        ("otherChargeSaleItem", "91291", Some("listAcct:OtherChargeSaleItem")),
        ("inventoryItem", "4711", None),
        ("currency", "1", Some("listAcct:Currency")),
        ("currency", "2", None),
        ("salesTaxItem", "501", Some("listAcct:SalesTaxItem")),
        ("salesTaxItem", "-8", None),
        ("location", "99", None),
        ("department", "99", None),
    ];
    for (kind, id, expected) in table {
        let answer = bench.get(kind, &format!("internalId=\"{id}\"")).await;
        let again = listed(&bench, &[(kind, id)]).await;
        for answer in [answer, again] {
            match expected {
                Some(class) => assert_has(&answer, &[class, &format!("internalId=\"{id}\"")]),
                None => assert_has(&answer, &["RCRD_DSNT_EXIST"]),
            }
        }
    }
}

#[tokio::test]
async fn lists_and_items_can_be_set() {
    let bench = Bench::new().await;
    let kinds = [
        ("location", ListKind::Location),
        ("department", ListKind::Department),
        ("subsidiary", ListKind::Subsidiary),
        ("currency", ListKind::Currency),
        ("salesTaxItem", ListKind::SalesTaxItem),
        ("taxGroup", ListKind::TaxGroup),
    ];
    for (name, kind) in kinds {
        assert_has(&bench.get(name, "internalId=\"7\"").await, &["RCRD_DSNT_EXIST"]);
        bench.account.list(kind, "7");
        assert_has(&bench.get(name, "internalId=\"7\"").await, &["isSuccess=\"true\""]);
    }
    let item = Item::new("8", "Fee", ItemKind::Other).recorded_as(ItemType::ServiceSaleItem);
    bench.account.item(item);
    assert_has(&bench.get("serviceSaleItem", "internalId=\"8\"").await, &[">Fee<"]);
    assert_has(&bench.get("otherChargeSaleItem", "internalId=\"8\"").await, &["RCRD_DSNT_EXIST"]);
}

#[tokio::test]
async fn custom_fields_are_found_by_their_script_ids() {
    let (bench, _) = Bench::with_a_sale().await;
    bench.account.custom_field("custbody_new");
    let table = [
        ("transactionBodyCustomField", "custbody_nws_order_id", true),
        ("transactionBodyCustomField", "custbody_new", true),
        ("transactionBodyCustomField", "custcol_nws_item_id", false),
        ("transactionColumnCustomField", "custcol_nws_item_id", true),
        ("transactionColumnCustomField", "custcol_other", false),
    ];
    for (kind, script_id, is_there) in table {
        let reference = format!(
            r#"<m:baseRef xsi:type="c:CustomizationRef" type="{kind}" scriptId="{script_id}"/>"#
        );
        let (_, answer) =
            bench.call("getList", &format!("<m:getList>{reference}</m:getList>")).await;
        let found = format!("<setupCustom:scriptId>{script_id}<");
        assert_has(&answer, &[if is_there { &found } else { "RCRD_DSNT_EXIST" }]);
    }
}

#[tokio::test]
async fn a_list_answers_each_reference_and_knows_no_other_types() {
    let (bench, _) = Bench::with_a_sale().await;
    let references = [("inventoryItem", "9001"), ("kitItem", "9001"), ("spaceship", "1")];
    let answer = listed(&bench, &references).await;
    assert_eq!(answer.matches("<readResponse>").count(), 3, "{answer}");
    assert_has(&answer, &["listAcct:InventoryItem", "RCRD_DSNT_EXIST", "INVALID_RCRD_TYPE"]);
}

#[tokio::test]
async fn a_form_needs_the_permission_and_the_time_has_no_arguments() {
    let bench = Bench::new().await;
    let form = "<m:initialize><m:initializeRecord><c:type>creditMemo</c:type>\
        <c:reference type=\"invoice\" internalId=\"0\"/></m:initializeRecord></m:initialize>";
    assert_has(&bench.call("initialize", form).await.1, &["INVALID_INITIALIZE_REF"]);
    bench.account.deny(Denial { kind: Kind::CreditMemo, access: Access::Create });
    assert_has(&bench.call("initialize", form).await.1, &["INSUFFICIENT_PERMISSION"]);
    let (status, _) = bench.call("getServerTime", "<m:getServerTime/>").await;
    assert_eq!(status, 200);
    let (status, _) =
        bench.call("getServerTime", "<m:getServerTime><m:x/></m:getServerTime>").await;
    assert_eq!(status, 500);
}
