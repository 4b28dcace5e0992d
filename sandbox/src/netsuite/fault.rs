//! Scripted faults of an account: which fault, for which operation, and how often.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::Point;

/// The operations the account answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the SOAP operation of its name")]
pub enum Operation {
    Get,
    GetList,
    Search,
    SearchMoreWithId,
    Initialize,
    Add,
    AddList,
    Update,
    GetServerTime,
    GetDataCenterUrls,
    GetIntegrationGovernanceInfo,
}

/// A kind of fault. "Nothing was done" applies unless the rule strikes after the commit: see
/// [`Rule::at`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed without an answer; nothing was done.
    Down,
    /// The call is executed, then the connection is closed without an answer.
    LoseReply,
    /// A SOAP fault; nothing was done.
    Soap {
        /// The HTTP status; NetSuite uses 500.
        status: u16,
        /// The element in its detail: `unexpectedErrorFault`.
        element: String,
        /// The code in it.
        code: String,
        /// The message in it.
        message: String,
    },
    /// An answer with `isSuccess="false"`; nothing was done.
    Refusal {
        /// The status code.
        code: String,
        /// The message.
        message: String,
    },
    /// The call is executed, and the answer is `isSuccess="false"` with `afterSubmitFailed`: a
    /// script failed afterwards.
    AfterSubmitFailed,
    /// The call is executed, and the answer has a warning.
    Warning,
    /// Not SOAP at all; nothing was done.
    Html {
        /// The HTTP status.
        status: u16,
        /// The page.
        body: String,
    },
    /// The call is executed, and the answer is cut in the middle of its XML.
    Truncate,
    /// The call is executed, and the answer is empty.
    Empty,
    /// The call is executed; the answer is complete, but its XML is invalid.
    Garbled,
    /// A search counts one record more than it returns.
    Hidden,
    /// The normal answer after this delay; the slot is in use for that time.
    Slow(Duration),
}

/// A fault with its conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    strike: Strike,
    operation: Option<Operation>,
    about: Option<String>,
    left: Option<u32>,
    spared: u32,
}

/// The fault of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strike {
    pub(super) fault: Fault,
    pub(super) point: Point,
}

/// The active fault rules and the calls so far.
#[derive(Default)]
pub(super) struct Script(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    rules: Vec<Rule>,
    calls: Calls,
}

/// The number of calls of each operation, with failed ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls(BTreeMap<Operation, u64>);

impl Operation {
    /// All operations.
    pub const ALL: [Self; 11] = [
        Self::Get,
        Self::GetList,
        Self::Search,
        Self::SearchMoreWithId,
        Self::Initialize,
        Self::Add,
        Self::AddList,
        Self::Update,
        Self::GetServerTime,
        Self::GetDataCenterUrls,
        Self::GetIntegrationGovernanceInfo,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetList => "getList",
            Self::Search => "search",
            Self::SearchMoreWithId => "searchMoreWithId",
            Self::Initialize => "initialize",
            Self::Add => "add",
            Self::AddList => "addList",
            Self::Update => "update",
            Self::GetServerTime => "getServerTime",
            Self::GetDataCenterUrls => "getDataCenterUrls",
            Self::GetIntegrationGovernanceInfo => "getIntegrationGovernanceInfo",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

impl Fault {
    /// Limits it to one operation.
    #[must_use]
    pub fn on(self, operation: Operation) -> Rule {
        Rule::from(self).on(operation)
    }

    /// Limits it to calls whose request contains this text: an order's number, a key.
    #[must_use]
    pub fn about(self, text: &str) -> Rule {
        Rule::from(self).about(text)
    }

    /// Limits it to the next calls.
    #[must_use]
    pub fn times(self, calls: u32) -> Rule {
        Rule::from(self).times(calls)
    }

    /// Applies the fault at this point. After the commit, the call has been executed even if the
    /// fault states otherwise.
    #[must_use]
    pub fn at(self, point: Point) -> Rule {
        Rule::from(self).at(point)
    }

    /// Scheduled maintenance.
    #[must_use]
    pub fn maintenance() -> Self {
        let message = "The account you are trying to access is currently unavailable while we \
            undergo our regularly scheduled maintenance.";
        Self::soap("invalidCredentialsFault", "ACCT_TEMP_UNAVAILABLE", message)
    }

    /// Too many requests at once.
    #[must_use]
    pub fn throttled() -> Self {
        let message = "SuiteTalk concurrent request limit exceeded. Request blocked.";
        Self::soap("exceededConcurrentRequestLimitFault", "WS_REQUEST_BLOCKED", message)
    }

    /// A refused login, for wrong or for valid credentials.
    #[must_use]
    pub fn invalid_login() -> Self {
        Self::soap("invalidCredentialsFault", "USER_ERROR", "Invalid login attempt.")
    }

    /// The fault that leaves the outcome unknown.
    #[must_use]
    pub fn unexpected() -> Self {
        let message = "An unexpected error occurred. Error ID: k2x8sandbox";
        Self::soap("unexpectedErrorFault", "UNEXPECTED_ERROR", message)
    }

    /// A SOAP fault with HTTP status 500.
    #[must_use]
    pub fn soap(element: &str, code: &str, message: &str) -> Self {
        Self::Soap {
            status: 500,
            element: element.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// A refusal in the answer's status.
    #[must_use]
    pub fn refusal(code: &str, message: &str) -> Self {
        Self::Refusal { code: code.to_owned(), message: message.to_owned() }
    }
}

impl Rule {
    /// Limits it to one operation.
    #[must_use]
    pub fn on(self, operation: Operation) -> Self {
        Self { operation: Some(operation), ..self }
    }

    /// Limits it to calls whose request contains this text: an order's number, a key.
    #[must_use]
    pub fn about(self, text: &str) -> Self {
        Self { about: Some(text.to_owned()), ..self }
    }

    /// Limits it to this many calls; the default is no limit.
    #[must_use]
    pub fn times(self, calls: u32) -> Self {
        Self { left: Some(calls), ..self }
    }

    /// Applies the fault at this point. After the commit, the call has been executed even if the
    /// fault states otherwise.
    #[must_use]
    pub fn at(self, point: Point) -> Self {
        Self { strike: Strike { point, ..self.strike }, ..self }
    }

    /// Lets this many calls pass before it begins.
    #[must_use]
    pub fn after(self, calls: u32) -> Self {
        Self { spared: calls, ..self }
    }
}

impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        let strike = Strike { fault, point: Point::BeforeCommit };
        Self { strike, operation: None, about: None, left: None, spared: 0 }
    }
}

impl Calls {
    /// Calls of one operation.
    #[must_use]
    pub fn of(&self, operation: Operation) -> u64 {
        self.0.get(&operation).copied().unwrap_or_default()
    }

    /// Calls of all operations.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

impl Script {
    pub(super) fn push(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    pub(super) fn clear(&self) {
        self.lock().rules.clear();
    }

    pub(super) fn calls(&self) -> Calls {
        self.lock().calls.clone()
    }

    /// Counts a call and returns its fault: that of the first rule that matches.
    pub(super) fn strike(&self, operation: Operation, request: &[u8]) -> Option<Strike> {
        let mut inner = self.lock();
        *inner.calls.0.entry(operation).or_default() += 1;
        let request = String::from_utf8_lossy(request);
        let reaches = |rule: &&mut Rule| {
            rule.operation.is_none_or(|it| it == operation)
                && rule.about.as_ref().is_none_or(|text| request.contains(text.as_str()))
        };
        for rule in inner.rules.iter_mut().filter(reaches) {
            if let Some(spared) = rule.spared.checked_sub(1) {
                rule.spared = spared;
                continue;
            }
            match &mut rule.left {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            return Some(rule.strike.clone());
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
