//! What is asked of the two systems for one event, told apart by a look at the bytes.

/// One kind of question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `NewStore`: a token.
    Token,
    /// `NewStore`: the order.
    Order,
    /// `NetSuite`: the order's sales documents.
    SalesDocuments,
    /// `NetSuite`: their memos.
    Memos,
    /// `NetSuite`: the memo, to be recorded.
    Add,
    /// `NetSuite`: a record that nobody has, to prove the right to look.
    Proof,
    /// `NetSuite`: memos, to be read back.
    ReadBack,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Token,
        Self::Order,
        Self::SalesDocuments,
        Self::Memos,
        Self::Add,
        Self::Proof,
        Self::ReadBack,
    ];
    /// What an event costs, in the order in which it is asked.
    pub const OF_AN_EVENT: [Self; 4] = [Self::Order, Self::SalesDocuments, Self::Memos, Self::Add];

    /// What is asked at this path, with this `SOAPAction` and body.
    pub(super) fn of(path: &str, action: &str, body: &str) -> Option<Self> {
        match action.trim_matches('"') {
            "search" if body.contains("_creditMemo") => Some(Self::Memos),
            "search" => Some(Self::SalesDocuments),
            "add" => Some(Self::Add),
            "get" => Some(Self::Proof),
            "getList" => Some(Self::ReadBack),
            _ if path.ends_with("/query") => Some(Self::Order),
            _ if path.ends_with("/token") => Some(Self::Token),
            _ => None,
        }
    }

    /// Its name, also of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Order => "order",
            Self::SalesDocuments => "bills",
            Self::Memos => "memos",
            Self::Add => "add",
            Self::Proof => "proof",
            Self::ReadBack => "read-back",
        }
    }

    /// Its `SOAPAction`; none where it goes to `NewStore`.
    #[must_use]
    pub fn action(self) -> Option<&'static str> {
        match self {
            Self::Token | Self::Order => None,
            Self::SalesDocuments | Self::Memos => Some("\"search\""),
            Self::Add => Some("\"add\""),
            Self::Proof => Some("\"get\""),
            Self::ReadBack => Some("\"getList\""),
        }
    }
}
