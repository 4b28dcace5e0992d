//! The meaning of NetSuite's codes for the caller: one table for faults and statuses.
//!
//! The code decides first, then the fault element, then the message: a fault of type
//! `invalidCredentialsFault` with code `UNEXPECTED_ERROR` is a temporary failure, and `USER_ERROR`
//! is a refused login inside that fault but bad data inside a status. The list of codes is open: an
//! unknown code is bad data in a status, and a failure without a cause in a fault. The codes of a
//! missing permission are also used for one field of one record: there the message decides
//! ([`is_about_a_field`]).

use std::{error::Error, fmt, time::Duration};

use ports::{LedgerError, Rejection, error_chain, redact_emails};

use crate::reply::XmlError;

/// NetSuite frees a slot within seconds and never states when.
const THROTTLE_WAIT: Duration = Duration::from_secs(5);

const MESSAGE_LIMIT: usize = 400;

/// The meaning of a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Too many requests; this one was not processed.
    Throttled,
    /// Down or out of reach; the request was not processed.
    Unavailable,
    /// No complete answer of NetSuite: the request may have been processed.
    Unknown,
    /// NetSuite reports a failure without a cause: the request may have been processed.
    Failed,
    /// A complete answer that cannot be read, or that hides a record it counts. A repeated call
    /// gets the same answer. The request may have been processed.
    Unreadable,
    /// The record changed between reading and writing.
    Stale,
    /// The external id is taken.
    Duplicate,
    /// There is no such record.
    Missing,
    /// The login was refused; under load NetSuite also refuses valid ones.
    Login,
    /// The credentials were revoked.
    Unauthorized,
    /// The integration's role lacks a permission, or the account a feature.
    Forbidden,
    /// The data are refused.
    Data,
    /// The accounting period is closed.
    Period,
    /// The request has more entries than NetSuite accepts.
    TooBig,
    /// NetSuite could not read the request.
    Bug,
}

impl Class {
    /// Whether NetSuite processed the request and rejected its content.
    pub(crate) fn is_refusal(self) -> bool {
        match self {
            Self::Stale
            | Self::Duplicate
            | Self::Missing
            | Self::Data
            | Self::Period
            | Self::TooBig
            | Self::Bug => true,
            Self::Throttled
            | Self::Unavailable
            | Self::Unknown
            | Self::Failed
            | Self::Unreadable
            | Self::Login
            | Self::Unauthorized
            | Self::Forbidden => false,
        }
    }
}

/// The place of a code in an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CodeSource<'a> {
    /// In a SOAP fault, with the name of the element in its detail, if there is one.
    Fault(&'a str),
    /// In the status of an operation.
    Status,
}

/// A failed call, with NetSuite's code and message.
#[derive(Debug)]
pub(crate) struct NetSuiteError {
    /// What it means.
    pub(crate) class: Class,
    code: String,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Whether a failed call may have changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The call only reads.
    None,
    /// The call writes.
    Write,
}

impl NetSuiteError {
    /// Whether another form of the same query may succeed: this one was refused, or answered in an
    /// unexpected form.
    pub(crate) fn is_about_the_question(&self) -> bool {
        let unreadable = self.source.as_ref().and_then(|it| it.downcast_ref::<XmlError>());
        let short = matches!(unreadable, Some(XmlError::CutOff | XmlError::Missing(_)));
        short || self.class.is_refusal()
    }

    /// A failure without a code of NetSuite.
    pub(crate) fn new(class: Class, message: impl fmt::Display) -> Self {
        Self::detail(class, "", &message.to_string())
    }

    /// A failure with another error as its source.
    pub(crate) fn caused(class: Class, source: impl Error + Send + Sync + 'static) -> Self {
        let message = source.to_string();
        Self { source: Some(Box::new(source)), ..Self::new(class, message) }
    }

    /// A failure with NetSuite's code and message.
    pub(crate) fn detail(class: Class, code: &str, message: &str) -> Self {
        let words = message.chars().map(|c| if c.is_control() { ' ' } else { c });
        let words = redact_emails(&words.collect::<String>());
        Self {
            class,
            code: code.chars().take(80).collect(),
            message: words.chars().take(MESSAGE_LIMIT).collect(),
            source: None,
        }
    }

    /// The same failure for a call that only verifies a read permission: there the code of a
    /// missing permission always means that, whatever the message is.
    pub(crate) fn of_a_proof(self) -> Self {
        let is_permission = |(class, codes): &(Class, &[&str])| {
            *class == Class::Forbidden && codes.contains(&self.code.as_str())
        };
        let class = if CODES.iter().any(is_permission) { Class::Forbidden } else { self.class };
        Self { class, ..self }
    }

    /// NetSuite's code; empty where it gave none.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The error of the port.
    pub(crate) fn into_error(self, effect: Effect) -> LedgerError {
        let refused = |kind, it: Self| {
            let (code, message) = it.into_words();
            LedgerError::Rejected { kind, code, message }
        };
        match self.class {
            Class::Throttled => LedgerError::Throttled(THROTTLE_WAIT),
            Class::Unknown if effect == Effect::Write => LedgerError::Unknown(self.into()),
            Class::Failed if effect == Effect::Write => self.into_failed(),
            // Nothing was written, and a failing order cannot be distinguished from a failing
            // account.
            Class::Unavailable | Class::Unknown | Class::Failed => {
                LedgerError::Unavailable(self.into())
            }
            Class::Unreadable => LedgerError::Unreadable(self.to_string()),
            Class::Login | Class::Unauthorized => LedgerError::Unauthorized(self.to_string()),
            Class::Forbidden => LedgerError::Forbidden(self.to_string()),
            Class::Period => refused(Rejection::Period, self),
            Class::Stale => refused(Rejection::Stale, self),
            Class::Duplicate | Class::Missing | Class::Data | Class::TooBig | Class::Bug => {
                refused(Rejection::Data, self)
            }
        }
    }

    /// The error for a write that failed while the account answered another call about the same
    /// order.
    pub(crate) fn into_failed(self) -> LedgerError {
        let (code, message) = self.into_words();
        LedgerError::Failed { code, message }
    }

    fn into_words(self) -> (String, String) {
        let code = if self.code.is_empty() { "UNSPECIFIED".to_owned() } else { self.code };
        let message = self.source.as_deref().map(|error| error_chain(error));
        (code, message.unwrap_or(self.message))
    }
}

impl fmt::Display for NetSuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for NetSuiteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|it| &**it as &(dyn Error + 'static))
    }
}

/// The meaning of a code, by its place and its message.
pub(crate) fn classify(context: CodeSource<'_>, code: &str, message: &str) -> Class {
    if let (CodeSource::Fault("exceededRequestSizeFault"), "UNEXPECTED_ERROR") = (context, code) {
        // The only fault whose usual code is less specific than its element.
        return Class::TooBig;
    }
    if let (CodeSource::Fault("invalidCredentialsFault"), "USER_ERROR") = (context, code) {
        return Class::Login;
    }
    let by_code = CODES.iter().find(|(_, codes)| codes.contains(&code));
    match by_code {
        Some((Class::Forbidden, _)) if is_about_a_field(code, message) => return Class::Data,
        Some((class, _)) => return *class,
        None => {}
    }
    let CodeSource::Fault(element) = context else {
        return by_message(message).unwrap_or(Class::Data);
    };
    let by_element = ELEMENTS.iter().find(|(name, _)| *name == element);
    by_element.map(|(_, class)| *class).or_else(|| by_message(message)).unwrap_or(Class::Failed)
}

/// Whether a missing-permission error concerns one field or value of one record.
///
/// `You do not have permissions to set a value for element class (read-only, feature disabled, or
/// not on the form).` does: another record may work without the field. A permission that the role
/// lacks is named: `You need the Transactions -> Invoice permission`.
fn is_about_a_field(code: &str, message: &str) -> bool {
    let words = message.to_ascii_lowercase();
    let names_a_permission = NAMED_PERMISSION.iter().any(|it| words.contains(it));
    let names_a_field = FIELD.iter().any(|it| words.contains(it));
    !names_a_permission && (names_a_field || code == "INSUFFICIENT_FLD_PERMISSION")
}

fn by_message(message: &str) -> Option<Class> {
    MESSAGES.iter().find(|(words, _)| message.contains(words)).map(|(_, class)| *class)
}

/// Words that accompany the name of a permission, in lower case.
const NAMED_PERMISSION: [&str; 5] =
    ["permission violation", "you need", "->", "' permission", "\" permission"];

/// Words for a part of a record, or for a single record, in lower case.
const FIELD: [&str; 6] =
    [" element", " field", " value for", " this record", " this transaction", " this form"];

const CODES: [(Class, &[&str]); 12] = [
    (
        Class::Throttled,
        &[
            "WS_REQUEST_BLOCKED",
            "WS_CONCUR_SESSION_DISALLWD",
            "EXCEEDED_MAX_CONCUR_RQST",
            "EXCEEDED_CONCURRENT_REQUEST_LIMIT",
            "CONCURRENCY_LIMIT_EXCEEDED",
            "SSS_REQUEST_LIMIT_EXCEEDED",
            "CONCUR_SEARCH_DISALLWD",
            "EXCEEDED_MAX_SESSIONS",
            "WS_EXCEEDED_CONCUR_USERS_ALLWD",
        ],
    ),
    (Class::Unavailable, &["ACCT_TEMP_UNAVAILABLE"]),
    (
        Class::Failed,
        &[
            "UNEXPECTED_ERROR",
            "EXCEEDED_MAX_TIME",
            "SSS_REQUEST_TIME_EXCEEDED",
            "SSS_CONNECTION_TIME_OUT",
        ],
    ),
    (
        Class::Stale,
        &[
            "RCRD_HAS_BEEN_CHANGED",
            "RCRD_EDITED_SINCE_RETRIEVED",
            "SEARCH_TIMED_OUT",
            "SSS_SEARCH_TIMEOUT",
            "ABORT_SEARCH_EXCEEDED_MAX_TIME",
        ],
    ),
    (
        Class::Duplicate,
        &["DUP_RCRD", "UNIQUE_RCRD_ID_REQD", "CANT_CREATE_NON_UNIQUE_RCRD", "DUP_TRANS"],
    ),
    (Class::Missing, &["RCRD_DSNT_EXIST"]),
    (
        Class::Login,
        &[
            "INVALID_LOGIN",
            "INVALID_LOGIN_ATTEMPT",
            "INVALID_LOGIN_CREDENTIALS",
            "INVALID_SESSION",
            "SESSION_TIMED_OUT",
        ],
    ),
    (
        Class::Unauthorized,
        &[
            "INVALID_ACCT",
            "LOGIN_DISABLED",
            "USER_DISABLED",
            "INVALID_LOGIN_IP",
            "LOGIN_REQD",
            "CANT_LOGIN_WITH_OAUTH",
        ],
    ),
    (
        Class::Forbidden,
        &[
            "INSUFFICIENT_PERMISSION",
            "PERMISSION_VIOLATION",
            "WS_PERMISSION_REQD",
            "WS_FEATURE_REQD",
            "FEATURE_DISABLED",
            "INVALID_ROLE",
            "ROLE_REQUIRED",
            "ROLE_REQD",
            "NOT_ENOUGH_PERMISSIONS",
            "INSUFFICIENT_FLD_PERMISSION",
            "UNSUPPORTED_WS_VERSION",
            "INVALID_WS_VERSION",
        ],
    ),
    (
        Class::Data,
        &[
            "USER_ERROR",
            "INVALID_KEY_OR_REF",
            "INVALID_REF_KEY",
            "MISSING_REQD_FLD",
            "TRANS_APPLIED_AMTS_UNBALNCD",
            "TRANS_AMTS_UNBALNCD",
        ],
    ),
    (
        Class::Period,
        &[
            "TRAN_PRD_CLOSED",
            "TRAN_PERIOD_CLOSED",
            "CLOSED_TRAN_PRD",
            "TRANS_EDIT_DISALLWD",
            "VALID_PRD_REQD",
            "DATE_PRD_MISMATCH",
        ],
    ),
    (
        Class::TooBig,
        &["MAX_RCRDS_EXCEEDED", "EXCEEDED_RQST_SIZE_LIMIT", "EXCEEDED_MAX_TRANS_LINES"],
    ),
];

const ELEMENTS: [(&str, Class); 11] = [
    ("exceededConcurrentRequestLimitFault", Class::Throttled),
    ("exceededRequestLimitFault", Class::Throttled),
    ("exceededUsageLimitFault", Class::Throttled),
    ("unexpectedErrorFault", Class::Failed),
    ("invalidCredentialsFault", Class::Login),
    ("invalidSessionFault", Class::Login),
    ("invalidAccountFault", Class::Unauthorized),
    ("insufficientPermissionFault", Class::Forbidden),
    ("invalidVersionFault", Class::Forbidden),
    ("exceededRecordCountFault", Class::TooBig),
    ("exceededRequestSizeFault", Class::TooBig),
];

const MESSAGES: [(&str, Class); 13] = [
    ("concurrent request limit exceeded", Class::Throttled),
    ("Only one request may be made against a session", Class::Throttled),
    ("NullPointerException", Class::Failed),
    ("ConcurrentModificationException", Class::Failed),
    ("NLDatabaseOfflineException", Class::Failed),
    ("Connection Pool is not intialized", Class::Failed),
    ("CacheUnavailableException", Class::Failed),
    ("Ambiguous authentication", Class::Login),
    ("Invalid login attempt", Class::Login),
    ("Permission Violation", Class::Forbidden),
    ("SAXParseException", Class::Bug),
    ("SAXException", Class::Bug),
    ("NLSchemaBeanException", Class::Bug),
];

#[cfg(test)]
mod tests;
