//! The table of codes.

use super::*;

#[test]
fn codes_come_first_then_elements_then_words() {
    use Class as C;
    let fault = CodeSource::Fault;
    let credentials = fault("invalidCredentialsFault");
    let table = [
        // A code means the same in any place,
        (fault("exceededConcurrentRequestLimitFault"), "WS_REQUEST_BLOCKED", "", C::Throttled),
        (CodeSource::Status, "WS_REQUEST_BLOCKED", "", C::Throttled),
        (fault("exceededRequestLimitFault"), "WS_CONCUR_SESSION_DISALLWD", "", C::Throttled),
        (CodeSource::Status, "SSS_REQUEST_LIMIT_EXCEEDED", "", C::Throttled),
        (CodeSource::Status, "UNEXPECTED_ERROR", "", C::Failed),
        (CodeSource::Status, "RCRD_HAS_BEEN_CHANGED", "", C::Stale),
        (CodeSource::Status, "DUP_RCRD", "", C::Duplicate),
        (CodeSource::Status, "UNIQUE_RCRD_ID_REQD", "", C::Duplicate),
        (CodeSource::Status, "RCRD_DSNT_EXIST", "", C::Missing),
        (CodeSource::Status, "INSUFFICIENT_PERMISSION", "", C::Forbidden),
        (CodeSource::Status, "TRAN_PRD_CLOSED", "", C::Period),
        (CodeSource::Status, "VALID_PRD_REQD", "", C::Period),
        (CodeSource::Status, "EXCEEDED_MAX_TRANS_LINES", "", C::TooBig),
        (CodeSource::Status, "INVALID_KEY_OR_REF", "", C::Data),
        // in any element,
        (credentials, "ACCT_TEMP_UNAVAILABLE", "", C::Unavailable),
        (credentials, "UNEXPECTED_ERROR", "", C::Failed),
        (fault("unexpectedErrorFault"), "INSUFFICIENT_PERMISSION", "", C::Forbidden),
        (fault("invalidSessionFault"), "SESSION_TIMED_OUT", "", C::Login),
        (fault("invalidAccountFault"), "INVALID_ACCT", "", C::Unauthorized),
        (fault("invalidVersionFault"), "UNSUPPORTED_WS_VERSION", "", C::Forbidden),
        // and with any message.
        (CodeSource::Status, "USER_ERROR", "Invalid login attempt.", C::Data),
        // Only this one changes its meaning with its place.
        (credentials, "USER_ERROR", "Please enter value(s) for: Location", C::Login),
        (fault("exceededRequestSizeFault"), "UNEXPECTED_ERROR", "", C::TooBig),
        // Without a known code the element decides,
        (credentials, "A_CODE_FROM_NEXT_YEAR", "", C::Login),
        (fault("insufficientPermissionFault"), "", "", C::Forbidden),
        (fault("exceededRecordCountFault"), "ERROR", "", C::TooBig),
        // then the message,
        (fault(""), "", "Ambiguous authentication", C::Login),
        (fault(""), "", "org.xml.sax.SAXParseException: An invalid XML character", C::Bug),
        (fault(""), "", "java.lang.NullPointerException", C::Failed),
        (fault("aFault"), "ERROR", "concurrent request limit exceeded", C::Throttled),
        (CodeSource::Status, "ERROR", "NLDatabaseOfflineException", C::Failed),
        // then the place.
        (fault("aFaultFromNextYear"), "A_CODE_FROM_NEXT_YEAR", "", C::Failed),
        (CodeSource::Status, "A_CODE_FROM_NEXT_YEAR", "", C::Data),
    ];
    for (context, code, message, expected) in table {
        let found = classify(context, code, message);
        assert_eq!(found, expected, "{context:?} {code:?} {message:?}");
    }
}

#[test]
fn a_refused_field_is_distinguished_from_a_missing_permission() {
    let field = [
        "You do not have permissions to set a value for element class (read-only, feature \
         disabled, or not on the form).",
        "You do not have permissions to set a value for element addrtext due to one of the \
         following reasons: 1) The field is read-only; 2) An associated feature is disabled",
        "You do not have permission to edit this record.",
        "Insufficient permission to set the field 'Department'.",
    ];
    let permission = [
        "Permission Violation: You need a higher level of the 'Lists -> Documents and Files' \
         permission to access this page. Please contact your account administrator.",
        "Permission Violation: You need the Transactions -> Credit Memo permission to access \
         this page.",
        "You need the 'Transactions -> Find Transaction' permission to view this field.",
        "You do not have privileges to perform this operation.",
        "",
    ];
    for code in ["INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION"] {
        for context in [CodeSource::Status, CodeSource::Fault("insufficientPermissionFault")] {
            for words in field {
                assert_eq!(classify(context, code, words), Class::Data, "{code} {words}");
            }
            for words in permission {
                assert_eq!(classify(context, code, words), Class::Forbidden, "{code} {words}");
            }
        }
    }
    let code = "INSUFFICIENT_FLD_PERMISSION";
    assert_eq!(classify(CodeSource::Status, code, ""), Class::Data);
    assert_eq!(classify(CodeSource::Status, code, permission[0]), Class::Forbidden);
}

#[test]
fn a_refused_field_does_not_prove_the_read_permission() {
    let words = "You do not have permission to view this record.";
    let class = classify(CodeSource::Status, "INSUFFICIENT_PERMISSION", words);
    let error = NetSuiteError::detail(class, "INSUFFICIENT_PERMISSION", words);
    assert_eq!(error.of_a_proof().class, Class::Forbidden);
    let absent = NetSuiteError::detail(Class::Missing, "RCRD_DSNT_EXIST", "no such record");
    assert_eq!(absent.of_a_proof().class, Class::Missing);
}

#[test]
fn classes_become_the_cases_of_the_port() {
    let shown = |class, effect| {
        format!("{:?}", NetSuiteError::detail(class, "CODE", "words").into_error(effect))
            .split(['(', '{'])
            .next()
            .unwrap()
            .trim()
            .to_owned()
    };
    let table = [
        (Class::Throttled, "Throttled"),
        (Class::Unavailable, "Unavailable"),
        (Class::Unknown, "Unknown"),
        (Class::Failed, "Failed"),
        (Class::Unreadable, "Unreadable"),
        (Class::Stale, "Rejected"),
        (Class::Duplicate, "Rejected"),
        (Class::Missing, "Rejected"),
        (Class::Login, "Unauthorized"),
        (Class::Unauthorized, "Unauthorized"),
        (Class::Forbidden, "Forbidden"),
        (Class::Data, "Rejected"),
        (Class::Period, "Rejected"),
        (Class::TooBig, "Rejected"),
        (Class::Bug, "Rejected"),
    ];
    for (class, expected) in table {
        assert_eq!(shown(class, Effect::Write), expected, "{class:?}");
        assert_eq!(class.is_refusal(), expected == "Rejected", "{class:?}");
    }
    // A read leaves nothing behind, whatever its result.
    assert_eq!(shown(Class::Unknown, Effect::None), "Unavailable");
    assert_eq!(shown(Class::Failed, Effect::None), "Unavailable");
    assert_eq!(shown(Class::Unreadable, Effect::None), "Unreadable");
}

#[test]
fn refusals_keep_the_code_and_a_limited_message() {
    let long = NetSuiteError::detail(Class::Period, &"C".repeat(500), &"w\n".repeat(500));
    let LedgerError::Rejected { kind: Rejection::Period, code, message } =
        long.into_error(Effect::Write)
    else {
        panic!("a closed period is a refusal");
    };
    assert_eq!((code.len(), message.len()), (80, MESSAGE_LIMIT));
    assert!(!message.contains('\n'), "{message:?}");
}

#[test]
fn no_code_has_two_classes() {
    let mut codes: Vec<_> = CODES.iter().flat_map(|(_, codes)| codes.iter()).collect();
    let count = codes.len();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), count);
}
