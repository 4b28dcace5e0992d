//! Accepted and refused passports.

use super::*;

const LIST: &str = "<m:getServerTime/>";

#[tokio::test]
async fn a_good_passport_is_accepted_once() {
    let bench = Bench::new().await;
    let xml = envelope(&bench.passport(), LIST);
    let (status, answer) = bench.send("getServerTime", &xml).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    assert_has(&answer, &["isSuccess=\"true\"", "serverTime"]);
    let (status, answer) = bench.send("getServerTime", &xml).await.unwrap();
    assert_eq!(status, 500, "a nonce was accepted twice: {answer}");
    assert_has(&answer, &["invalidCredentialsFault", "USER_ERROR", "Invalid login attempt."]);
}

#[tokio::test]
async fn anything_wrong_with_a_passport_is_an_invalid_login() {
    let bench = Bench::new().await;
    let good = Credentials::example();
    let other = |change: fn(&mut Credentials)| {
        let mut credentials = Credentials::example();
        change(&mut credentials);
        credentials
    };
    let valid = passport(&good, "abcdef000001", NOW);
    let table = [
        ("no passport", String::new()),
        (
            "lower-case account",
            passport(&other(|it| it.account = "tstdrv123_sb1".into()), "a00001", NOW),
        ),
        ("other consumer", passport(&other(|it| it.consumer_key = "x".into()), "a00002", NOW)),
        ("other token", passport(&other(|it| it.token_id = "x".into()), "a00003", NOW)),
        ("other secret", passport(&other(|it| it.token_secret = "x".into()), "a00004", NOW)),
        ("too old", passport(&good, "a00005", NOW - 301)),
        ("too new", passport(&good, "a00006", NOW + 301)),
        ("short nonce", passport(&good, "a0007", NOW)),
        ("nonce with a dash", passport(&good, "a00008-x", NOW)),
        ("milliseconds", passport(&good, "a00009", NOW * 1000)),
        ("children in messages", valid.replace("c:", "m:")),
        ("in core", valid.replace("m:tokenPassport", "c:tokenPassport")),
        ("SHA1", valid.replace("HMAC-SHA256", "HMAC-SHA1")),
        ("no algorithm", valid.replace(" algorithm=\"HMAC-SHA256\"", "")),
        ("hex", valid.replace("=</c:signature>", "</c:signature>")),
        ("out of order", swap(&valid, "c:consumerKey", "c:token")),
    ];
    for (what, header) in table {
        let (status, answer) = bench.send("getServerTime", &envelope(&header, LIST)).await.unwrap();
        assert_eq!(status, 500, "{what}: {answer}");
        assert!(answer.contains("Invalid login attempt."), "{what}: {answer}");
    }
    let (status, answer) = bench.send("getServerTime", &envelope(&valid, LIST)).await.unwrap();
    assert_eq!(status, 200, "the passport the others were made from: {answer}");
}

#[tokio::test]
async fn two_logins_in_one_request_are_ambiguous() {
    let bench = Bench::new().await;
    let table = ["<m:applicationInfo/>", "<m:passport/>"];
    for more in table {
        let header = format!("{}{more}", bench.passport());
        let (status, answer) = bench.send("getServerTime", &envelope(&header, LIST)).await.unwrap();
        assert_eq!(status, 500, "{more}: {answer}");
        assert_has(&answer, &["invalidCredentialsFault", "Ambiguous authentication"]);
    }
    let request = bench.http.post(bench.account.endpoint());
    let request = request.header("SOAPAction", "getServerTime").header("Content-Type", "text/xml");
    let request = request.header("Cookie", "JSESSIONID=1");
    let answer = request.body(envelope(&bench.passport(), LIST)).send().await.unwrap();
    assert_has(&answer.text().await.unwrap(), &["Ambiguous authentication"]);
}

#[test]
fn the_published_inputs_give_the_published_signature() {
    let credentials = Credentials {
        account: "1234567".into(),
        consumer_key: "71cc02b731f05895561ef0862d71553a3ac99498a947c3b7beaf4a1e4a29f7c4".into(),
        consumer_secret: "7278da58caf07f5c336301a601203d10a58e948efa280f0618e25fcee1ef2abd".into(),
        token_id: "89e08d9767c5ac85b374415725567d05b54ecf0960ad2470894a52f741020d82".into(),
        token_secret: "060cd9ab3ffbbe1e3d3918e90165ffd37ab12acc76b4691046e2d29c7d7674c2".into(),
    };
    let signature = credentials.sign("6obMKq0tmY8ylVOdEkA1", "1439829974");
    assert_eq!(signature, "FCghIZqXNetuZY8ILWOFH0ucdfzQOmAuL+q+kF21zPs=");
    assert!(!format!("{credentials:?}").contains("7278da58"), "a secret shows in Debug");
}

/// With two neighbouring elements the other way round.
fn swap(xml: &str, first: &str, second: &str) -> String {
    let cut = |name: &str| {
        let from = xml.find(&format!("<{name}>")).unwrap();
        let end = format!("</{name}>");
        &xml[from..xml.find(&end).unwrap() + end.len()]
    };
    let (first, second) = (cut(first), cut(second));
    let neighbours = format!("{first}{second}");
    assert!(xml.contains(&neighbours), "{neighbours}");
    xml.replace(&neighbours, &format!("{second}{first}"))
}
