//! A SOAP request, checked: envelope, credentials, preferences, and the operation's own shape.

use roxmltree::{Document, Node, ParsingOptions};

use super::{
    Fault, Operation,
    account::Books,
    auth, reply, shape,
    xml::{COMMON, CUSTOMERS, MESSAGES, SALES, SOAP, child, children, content},
};

/// The most XML nodes of a request; requests for memos have far fewer.
const MAX_NODES: u32 = 200_000;

/// The most references in one `getList`.
const MAX_READ: usize = 1000;
/// The most records in one `addList`.
const MAX_WRITE: usize = 200;

/// The options of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SearchPreferences {
    pub(super) lines: Lines,
    pub(super) page_size: usize,
}

/// Whether records come with their lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// They come with their lines.
    Included,
    /// Only body fields, which is the default of a search.
    Omitted,
}

/// A document, if it is well-formed and has no DTD.
pub(super) fn parse(body: &str) -> Result<Document<'_>, Fault> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let parsed = Document::parse_with_options(body, options);
    parsed.map_err(|error| Fault::soap("", "", &format!("org.xml.sax.SAXParseException; {error}")))
}

/// Checks everything that can be checked before the request is executed.
pub(super) fn check(
    books: &mut Books,
    operation: Operation,
    document: &Document<'_>,
) -> Result<(), Fault> {
    let root = document.root_element();
    if !root.has_tag_name((SOAP, "Envelope")) {
        return Err(reply::malformed("Bad envelope tag"));
    }
    let header = children(root).find(|it| it.has_tag_name((SOAP, "Header")));
    if operation != Operation::GetDataCenterUrls {
        auth::check(books, header)?;
    }
    for block in header.into_iter().flat_map(children) {
        let name = match block.tag_name().name() {
            "tokenPassport" => continue,
            "preferences" => "Preferences",
            "searchPreferences" => "SearchPreferences",
            other => return Err(reply::malformed(&format!("Unknown header - {other}"))),
        };
        if block.tag_name().namespace() != Some(MESSAGES) {
            return Err(reply::malformed(&format!("{name} is in another namespace")));
        }
        shape::check(block, name).map_err(|it| reply::malformed(&it))?;
    }
    let node = body(document)?;
    if !node.has_tag_name((MESSAGES, operation.name())) {
        let name = node.tag_name().name();
        return Err(reply::malformed(&format!("{name} is not what SOAPAction says")));
    }
    count(operation, node)?;
    fits(operation, node).map_err(|it| reply::malformed(&it))
}

/// The operation's element.
pub(super) fn body<'a, 'i>(document: &'a Document<'i>) -> Result<Node<'a, 'i>, Fault> {
    let body = children(document.root_element()).find(|it| it.has_tag_name((SOAP, "Body")));
    let operations: Vec<_> = body.into_iter().flat_map(children).collect();
    match operations.as_slice() {
        [operation] => Ok(*operation),
        _ => Err(reply::malformed("A body has one operation")),
    }
}

/// The search preferences in the request's header.
pub(super) fn search_preferences(document: &Document<'_>) -> SearchPreferences {
    let header = child(document.root_element(), "Header");
    let preferences = header.and_then(|it| child(it, "searchPreferences"));
    let text = |name| preferences.and_then(|it| child(it, name)).map(content);
    let lines = match text("bodyFieldsOnly") {
        Some("false" | "0") => Lines::Included,
        _ => Lines::Omitted,
    };
    let page_size = text("pageSize").and_then(|it| it.parse().ok()).unwrap_or(1000);
    SearchPreferences { lines, page_size }
}

fn count(operation: Operation, node: Node<'_, '_>) -> Result<(), Fault> {
    let most = match operation {
        Operation::GetList => MAX_READ,
        Operation::AddList => MAX_WRITE,
        _ => return Ok(()),
    };
    if children(node).count() <= most {
        return Ok(());
    }
    let name = operation.name();
    let message = format!(
        "The maximum number ( {most} ) of records allowed for a {name} operation has been exceeded."
    );
    Err(Fault::soap("exceededRecordCountFault", "MAX_RCRDS_EXCEEDED", &message))
}

fn fits(operation: Operation, node: Node<'_, '_>) -> Result<(), shape::Violation> {
    let only = |name: &str| match children(node).collect::<Vec<_>>().as_slice() {
        [it] if it.has_tag_name((MESSAGES, name)) => Ok(*it),
        _ => Err(format!("{} takes one {name}", operation.name())),
    };
    match operation {
        Operation::Get => shape::base_ref(only("baseRef")?),
        Operation::GetList => children(node).try_for_each(shape::base_ref),
        Operation::Search => search_record(only("searchRecord")?),
        Operation::SearchMoreWithId => shape::check(node, "SearchMoreWithId"),
        Operation::Initialize => shape::check(only("initializeRecord")?, "InitializeRecord"),
        Operation::Add => record(only("record")?, CUSTOMERS, "CreditMemo"),
        Operation::AddList => children(node).try_for_each(|it| record(it, CUSTOMERS, "CreditMemo")),
        Operation::Update => record(only("record")?, SALES, "SalesOrder"),
        Operation::GetDataCenterUrls => shape::check(node, "GetDataCenterUrls"),
        Operation::GetServerTime | Operation::GetIntegrationGovernanceInfo => {
            match children(node).next() {
                None => Ok(()),
                Some(it) => Err(format!("Invalid element - {}", it.tag_name().name())),
            }
        }
    }
}

fn record(node: Node<'_, '_>, namespace: &str, name: &str) -> Result<(), shape::Violation> {
    if !node.has_tag_name((MESSAGES, "record")) {
        return Err(format!("Invalid element - {}", node.tag_name().name()));
    }
    if !shape::is_type(node, namespace, name) {
        return Err(format!("record is abstract: Record cannot be instantiated as a {name}"));
    }
    shape::check(node, name)
}

fn search_record(node: Node<'_, '_>) -> Result<(), shape::Violation> {
    if shape::is_type(node, COMMON, "TransactionSearchBasic") {
        return shape::check(node, "TransactionSearchBasic");
    }
    if shape::is_type(node, SALES, "TransactionSearchAdvanced") {
        return shape::check(node, "TransactionSearchAdvanced");
    }
    Err("searchRecord is abstract: SearchRecord cannot be instantiated".to_owned())
}
