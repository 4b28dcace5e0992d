//! Executes the operations of checked requests.

use roxmltree::Node;

use super::{
    Access, Denial, Kind, Operation, Record,
    account::Books,
    creditable, listing, memo, order,
    reply::{self, BaseRef, Refusal, Written},
    request::{Lines, SearchPreferences},
    search, write,
    xml::{CORE, Xml, attribute, child, children, text},
};

/// Executes a request and writes the content of its answer.
pub(super) fn perform(
    books: &mut Books,
    operation: Operation,
    node: Node<'_, '_>,
    preferences: SearchPreferences,
    ending: Written,
    limit: usize,
) -> String {
    let name = operation.name();
    match operation {
        Operation::Get => {
            let record = child(node, "baseRef")
                .map_or_else(|| Err(Refusal::no_such_record()), |it| get(books, it));
            reply::response(name, &reply::read(record))
        }
        Operation::GetList => {
            let records = children(node).map(|it| reply::read(get(books, it))).collect::<String>();
            listed(name, "readResponseList", &records)
        }
        Operation::Search => search::start(books, node, preferences),
        Operation::SearchMoreWithId => search::more(books, node),
        Operation::Initialize => {
            let record = child(node, "initializeRecord")
                .map_or_else(|| Err(Refusal::no_such_record()), |it| initialize(books, it));
            reply::response(name, &reply::read(record))
        }
        Operation::Add => {
            let record = children(node).next().map(|it| add(books, it, ending));
            reply::response(name, &record.unwrap_or_default())
        }
        Operation::AddList => {
            let records: Vec<_> = children(node).map(|it| add(books, it, Written::Done)).collect();
            listed(name, "writeResponseList", &records.concat())
        }
        Operation::Update => {
            let record = children(node).next().map(|it| update(books, it, ending));
            reply::response(name, &record.unwrap_or_default())
        }
        Operation::GetServerTime => {
            let now = write::moment(books, books.time());
            result(name, &|xml| xml.leaf("platformCore:serverTime", &now))
        }
        Operation::GetDataCenterUrls => {
            let account = text(node, "account").unwrap_or_default();
            result(name, &|xml| data_centers(xml, account))
        }
        Operation::GetIntegrationGovernanceInfo => result(name, &|xml| {
            xml.leaf("platformCore:integrationConcurrencyLimit", &limit.to_string());
            xml.leaf("platformCore:limitType", "_account");
        }),
    }
}

/// The answer of an operation that was refused by a script.
pub(super) fn refused(operation: Operation, refusal: &Refusal) -> String {
    let name = operation.name();
    match operation {
        Operation::Get | Operation::Initialize => {
            reply::response(name, &reply::read(Err(refusal.clone())))
        }
        Operation::Add | Operation::Update => {
            reply::response(name, &reply::written(Err(refusal.clone()), None))
        }
        Operation::GetList | Operation::AddList => {
            let list = if operation == Operation::GetList { "read" } else { "write" };
            let mut xml = Xml::default();
            reply::failure(&mut xml, refusal);
            wrapped(name, &format!("{list}ResponseList"), &xml.finish())
        }
        Operation::Search | Operation::SearchMoreWithId => search::refused(name, refusal),
        Operation::GetServerTime
        | Operation::GetDataCenterUrls
        | Operation::GetIntegrationGovernanceInfo => {
            let mut xml = Xml::default();
            reply::failure(&mut xml, refusal);
            core_result(name, &xml.finish())
        }
    }
}

fn get(books: &Books, node: Node<'_, '_>) -> Result<String, Refusal> {
    let kind = attribute(node, "type").unwrap_or_default();
    let Some(kind) = Kind::named(kind) else {
        let id = attribute(node, "internalId").or_else(|| attribute(node, "scriptId"));
        let id = id.unwrap_or_default();
        let unknown = || Refusal::new("INVALID_RCRD_TYPE", "Invalid record type.");
        return listing::get(books, kind, id).ok_or_else(unknown)?;
    };
    if books.denied(kind, Access::View) {
        return Err(Refusal::new("INSUFFICIENT_PERMISSION", Denial::message(kind)));
    }
    let record = find(books, kind, node).ok_or_else(Refusal::no_such_record)?;
    Ok(write::record(books, record, "record", Lines::Included))
}

fn find<'a>(books: &'a Books, kind: Kind, node: Node<'_, '_>) -> Option<&'a Record> {
    let found = match (attribute(node, "internalId"), attribute(node, "externalId")) {
        (Some(id), _) => books.record(id),
        (None, Some(id)) => books.by_external_id(id),
        (None, None) => None,
    };
    found.filter(|it| it.kind == kind)
}

fn initialize(books: &Books, node: Node<'_, '_>) -> Result<String, Refusal> {
    if books.denied(Kind::CreditMemo, Access::Create) {
        let message = Denial::message(Kind::CreditMemo);
        return Err(Refusal::new("INSUFFICIENT_PERMISSION", message));
    }
    let reference = child(node, "reference").filter(|_| text(node, "type") == Some("creditMemo"));
    let id = reference.and_then(|it| attribute(it, "internalId")).unwrap_or_default();
    let invoice = reference.filter(|it| attribute(*it, "type") == Some("invoice"));
    let invoice = invoice.and_then(|it| find(books, Kind::Invoice, it));
    let Some(invoice) = invoice else {
        let message = format!("You can not initialize creditMemo: invalid reference {id}.");
        return Err(Refusal::new("INVALID_INITIALIZE_REF", message));
    };
    let mut memo = creditable::prefilled(books, invoice);
    memo::number_lines(&mut memo);
    memo::reckon(books, &mut memo);
    Ok(write::record(books, &memo, "record", Lines::Included))
}

fn add(books: &mut Books, node: Node<'_, '_>, ending: Written) -> String {
    let external_id = attribute(node, "externalId");
    let result = memo::create(books, node);
    let id = result.as_ref().ok().cloned();
    // A duplicate is named by its external id only; other refusals name nothing.
    let duplicate = result.as_ref().is_err_and(|it| it.code == "DUP_RCRD");
    let record = BaseRef { kind: "creditMemo", id: id.as_deref(), external_id };
    let named = (id.is_some() || duplicate).then_some(&record);
    reply::written(result.map(|_| ending), named)
}

fn update(books: &mut Books, node: Node<'_, '_>, ending: Written) -> String {
    let result = order::update(books, node);
    let order = result.as_ref().ok().and_then(|id| books.record(id));
    let record = order.map(|it| BaseRef {
        kind: "salesOrder",
        id: Some(&it.id),
        external_id: it.external_id.as_deref(),
    });
    reply::written(result.clone().map(|_| ending), record.as_ref())
}

fn listed(operation: &str, list: &str, content: &str) -> String {
    let mut xml = Xml::default();
    reply::success(&mut xml);
    xml.raw(content);
    wrapped(operation, list, &xml.finish())
}

fn wrapped(operation: &str, list: &str, content: &str) -> String {
    let mut xml = Xml::default();
    xml.open(list, &[]);
    xml.raw(content);
    xml.close(list);
    reply::response(operation, &xml.finish())
}

fn result(operation: &str, content: &dyn Fn(&mut Xml)) -> String {
    let mut xml = Xml::default();
    reply::success(&mut xml);
    content(&mut xml);
    core_result(operation, &xml.finish())
}

fn core_result(operation: &str, content: &str) -> String {
    let name = format!("platformCore:{operation}Result");
    let mut xml = Xml::default();
    xml.open(&name, &[("xmlns:platformCore", CORE)]);
    xml.raw(content);
    xml.close(&name);
    reply::response(operation, &xml.finish())
}

fn data_centers(xml: &mut Xml, account: &str) {
    let host = account.to_lowercase().replace('_', "-");
    xml.open("platformCore:dataCenterUrls", &[]);
    for (name, service) in [
        ("restDomain", "restlets.api"),
        ("webservicesDomain", "suitetalk.api"),
        ("systemDomain", "app"),
    ] {
        let url = format!("https://{host}.{service}.netsuite.com");
        xml.leaf(&format!("platformCore:{name}"), &url);
    }
    xml.close("platformCore:dataCenterUrls");
}
