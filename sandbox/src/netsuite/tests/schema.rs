//! Requests that the schema does not allow.

use super::*;

#[tokio::test]
async fn mistakes_in_a_memo_are_faults_and_record_nothing() {
    let (bench, booked) = Bench::with_a_sale().await;
    let good = memo("key-1", &booked.invoices[0]);
    let edit = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let table = [
        ("no xsi:type", edit(" xsi:type=\"cu:CreditMemo\"", "")),
        ("type of another namespace", edit("cu:CreditMemo\"", "s:CreditMemo\"")),
        ("undeclared prefix", edit("cu:CreditMemo\"", "zz:CreditMemo\"")),
        (
            "external id as an element",
            edit("<cu:currency", "<cu:externalId>x</cu:externalId><cu:currency"),
        ),
        ("unknown attribute", edit("externalId=", "externalID=")),
        (
            "entity after createdFrom",
            edit("<cu:otherRefNum>", "<cu:entity internalId=\"5521\"/><cu:otherRefNum>"),
        ),
        ("child in another namespace", edit("<cu:account ", "<m:account ")),
        (
            "an element of invoices",
            edit("<cu:autoApply>", "<cu:undepFunds>true</cu:undepFunds><cu:autoApply>"),
        ),
        (
            "doc as a reference",
            edit(
                &format!("<cu:doc>{}</cu:doc>", booked.invoices[0]),
                &format!("<cu:doc internalId=\"{}\"/>", booked.invoices[0]),
            ),
        ),
        (
            "a null list of the record's namespace",
            edit("<cu:currency", "<cu:nullFieldList/><cu:currency"),
        ),
        (
            "a null list that is not first",
            edit(
                "<cu:account",
                "<c:nullFieldList><c:name>memo</c:name></c:nullFieldList><cu:account",
            ),
        ),
        ("custom field without type", edit(" xsi:type=\"c:StringCustomFieldRef\"", "")),
        (
            "amount before rate",
            edit(
                "<cu:rate>20.00</cu:rate>\n          <cu:amount>20.00</cu:amount>",
                "<cu:amount>20.00</cu:amount><cu:rate>20.00</cu:rate>",
            ),
        ),
        ("an amount that is none", edit("<cu:amount>20.00", "<cu:amount>20,00")),
        ("a date without offset", edit("00:00.000-05:00", "00:00.000")),
        (
            "text where a reference is due",
            edit("<cu:account internalId=\"122\"/>", "<cu:account>122</cu:account>"),
        ),
    ];
    for (what, xml) in table {
        let (status, answer) = bench.call("add", &format!("<m:add>{xml}</m:add>")).await;
        assert_eq!(status, 500, "{what}: {answer}");
        assert!(answer.contains("org.xml.sax.SAX"), "{what}: {answer}");
        assert!(bench.account.memos().is_empty(), "{what} was booked");
    }
    assert_has(&bench.add(&good).await, &["isSuccess=\"true\""]);
}

#[tokio::test]
async fn mistakes_around_the_operation_are_faults() {
    let bench = Bench::new().await;
    let time = "<m:getServerTime/>";
    let search = |criteria: &str| {
        format!(
            "<m:search><m:searchRecord xsi:type=\"cm:TransactionSearchBasic\">{criteria}\
             </m:searchRecord></m:search>"
        )
    };
    let invoice = "<cm:type operator=\"anyOf\"><c:searchValue>_invoice</c:searchValue></cm:type>";
    let main = "<cm:mainLine><c:searchValue>true</c:searchValue></cm:mainLine>";
    let text = |operator: &str| {
        format!(
            "<cm:otherRefNum operator=\"{operator}\">\
             <c:searchValue>P</c:searchValue></cm:otherRefNum>"
        )
    };
    let table = [
        ("another action", "get", time.to_owned()),
        ("no such action", "upsert", time.to_owned()),
        ("two operations", "getServerTime", time.repeat(2)),
        (
            "baseRef without type",
            "get",
            "<m:get><m:baseRef internalId=\"1\" type=\"invoice\"/></m:get>".to_owned(),
        ),
        ("criteria out of order", "search", search(&format!("{invoice}{main}"))),
        ("otherRefNum with is", "search", search(&text("is"))),
        ("no operator", "search", search(&text(""))),
        ("an unknown criterion", "search", search("<cm:nope/>")),
        ("a DTD", "getServerTime", "<!DOCTYPE x><m:getServerTime/>".to_owned()),
    ];
    for (what, operation, body) in table {
        let (status, answer) = bench.call(operation, &body).await;
        assert_eq!(status, 500, "{what}: {answer}");
        assert!(answer.contains("org.xml.sax.SAX"), "{what}: {answer}");
    }
    let header = format!(
        "{}<m:preferences><m:ignoreReadonlyFields>true</m:ignoreReadonlyFields></m:preferences>",
        bench.passport()
    );
    let (status, _) = bench.send("getServerTime", &envelope(&header, time)).await.unwrap();
    assert_eq!(status, 500, "a preference that is misspelt");
    let dtd = envelope(&bench.passport(), time).replace("?>", "?><!DOCTYPE a [<!ENTITY b \"c\">]>");
    assert_eq!(bench.send("getServerTime", &dtd).await.unwrap().0, 500, "a DTD in its place");
}
