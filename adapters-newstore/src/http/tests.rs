use super::*;

fn judge(status: u16, retry_after: Option<u64>, body: &str) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    let answer = HttpAnswer { status, retry_after, body: body.into() };
    match answer.success(&[&"s3cret".into()]) {
        Ok(body) => format!("ok {}", String::from_utf8(body).unwrap()),
        Err(StorefrontError::Unavailable(why)) => format!("unavailable {why}"),
        Err(StorefrontError::Throttled(wait)) => format!("throttled {}", wait.as_secs()),
        Err(StorefrontError::Unauthorized(why)) => format!("unauthorized {why}"),
        Err(StorefrontError::Unreadable(why)) => format!("unreadable {why}"),
    }
}

#[test]
fn every_status_has_its_meaning() {
    let page = "<html>403 Forbidden</html>";
    let problem = r#"{"title":"Forbidden","detail":"no s3cret\nfor you"}"#;
    // status, Retry-After, body, expected
    let table = [
        (200, None, "{}", "ok {}"),
        (204, None, "", "ok "),
        (301, None, "", "unreadable status 301"),
        (400, None, r#"{"errors":[{"message":"a"},{}]}"#, "unreadable status 400: a"),
        (401, None, "", "unauthorized status 401"),
        (403, None, page, "throttled 300"),
        (403, None, "", "throttled 300"),
        (403, Some(5), page, "throttled 300"),
        (403, None, r#"{"Message":"who?"}"#, "unauthorized status 403: who?"),
        (403, None, problem, "unauthorized status 403: Forbidden; no [redacted] for you"),
        (403, None, "\u{feff}{\"message\":\"a \\ud83d\"}", "unauthorized status 403: a \u{fffd}"),
        (400, None, r#"{"error":{"code":1e999},"message":"a"}"#, "unreadable status 400: a"),
        (404, None, "[]", "unreadable status 404"),
        (408, None, "", "unavailable status 408"),
        (429, None, "", "throttled 60"),
        (429, Some(0), "", "throttled 1"),
        (429, Some(17), "{}", "throttled 17"),
        (429, Some(999_999), "", "throttled 3600"),
        (500, None, r#"{"message":"sorry"}"#, "unavailable status 500: sorry"),
        (503, Some(9), page, "unavailable status 503"),
    ];
    for (status, retry_after, body, expected) in table {
        assert_eq!(judge(status, retry_after, body), expected, "{status} {retry_after:?} {body}");
    }
}
