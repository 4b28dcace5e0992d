//! The account's answers: envelope, faults, statuses.

use super::{
    Fault,
    xml::{CORE, FAULTS, MESSAGES, SOAP, XSI, Xml},
};

/// Why an operation was refused, in the answer's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

/// A record that an answer names.
pub(super) struct BaseRef<'a> {
    pub(super) kind: &'a str,
    pub(super) id: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
}

/// The result of a write, as in its status.
pub(super) enum Written {
    Done,
    Warned,
    ScriptFailed,
}

impl Refusal {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }

    /// The most common refusal.
    pub(super) fn user(message: impl Into<String>) -> Self {
        Self::new("USER_ERROR", message)
    }

    pub(super) fn invalid_reference(field: &str, id: &str) -> Self {
        Self::new("INVALID_KEY_OR_REF", format!("Invalid {field} reference key {id}."))
    }

    pub(super) fn no_such_record() -> Self {
        Self::new("RCRD_DSNT_EXIST", "That record does not exist.")
    }
}

/// An answer around `body`, with the id that support asks for.
pub(super) fn envelope(account: &str, number: u64, body: &str) -> String {
    let mut xml = Xml::default();
    start(&mut xml);
    xml.open("soapenv:Header", &[]);
    xml.open("platformMsgs:documentInfo", &[("xmlns:platformMsgs", MESSAGES)]);
    xml.leaf("platformMsgs:nsId", &format!("WEBSERVICES_{account}_{number:026}_sandbox"));
    xml.close("platformMsgs:documentInfo");
    xml.close("soapenv:Header");
    xml.open("soapenv:Body", &[]);
    xml.raw(body);
    xml.close("soapenv:Body");
    xml.close("soapenv:Envelope");
    xml.finish()
}

/// A fault's envelope; an empty element leaves the detail without a code.
pub(super) fn fault(element: &str, code: &str, message: &str) -> String {
    let mut xml = Xml::default();
    start(&mut xml);
    xml.open("soapenv:Body", &[]);
    xml.open("soapenv:Fault", &[]);
    xml.leaf("faultcode", "soapenv:Server.userException");
    xml.leaf("faultstring", message);
    xml.open("detail", &[]);
    if !element.is_empty() {
        let name = format!("platformFaults:{element}");
        xml.open(&name, &[("xmlns:platformFaults", FAULTS)]);
        xml.leaf("platformFaults:code", code);
        xml.leaf("platformFaults:message", message);
        xml.close(&name);
    }
    xml.open("ns1:hostname", &[("xmlns:ns1", "http://xml.apache.org/axis/")]);
    xml.raw("sandbox.invalid");
    xml.close("ns1:hostname");
    xml.close("detail");
    xml.close("soapenv:Fault");
    xml.close("soapenv:Body");
    xml.close("soapenv:Envelope");
    xml.finish()
}

/// The fault for a request that does not fit the schema.
pub(super) fn malformed(violation: &str) -> Fault {
    Fault::soap("", "", &format!("org.xml.sax.SAXException: {violation}"))
}

/// An operation's answer element around its content.
pub(super) fn response(operation: &str, content: &str) -> String {
    let name = format!("{operation}Response");
    let mut xml = Xml::default();
    xml.open(&name, &[("xmlns", MESSAGES)]);
    xml.raw(content);
    xml.close(&name);
    xml.finish()
}

/// A successful read: `content` is the record.
pub(super) fn read(result: Result<String, Refusal>) -> String {
    let mut xml = Xml::default();
    xml.open("readResponse", &[]);
    match result {
        Ok(record) => {
            success(&mut xml);
            xml.raw(&record);
        }
        Err(refusal) => failure(&mut xml, &refusal),
    }
    xml.close("readResponse");
    xml.finish()
}

/// A write, done or refused.
pub(super) fn written(result: Result<Written, Refusal>, record: Option<&BaseRef<'_>>) -> String {
    let mut xml = Xml::default();
    xml.open("writeResponse", &[]);
    match result {
        Ok(Written::Done) => {
            xml.open("platformCore:status", &[("xmlns:platformCore", CORE), ("isSuccess", "true")]);
            xml.open("platformCore:statusDetail", &[]);
            xml.leaf("platformCore:afterSubmitFailed", "false");
            xml.close("platformCore:statusDetail");
            xml.close("platformCore:status");
        }
        Ok(Written::Warned) => {
            let message = "Credit exceeds the customer balance.";
            detail(&mut xml, "true", "WARN", "WARNING", message, "");
        }
        Ok(Written::ScriptFailed) => {
            let failed = "<platformCore:afterSubmitFailed>true</platformCore:afterSubmitFailed>";
            let message = "Script error in afterSubmit.";
            detail(&mut xml, "false", "ERROR", "USER_ERROR", message, failed);
        }
        Err(refusal) => failure(&mut xml, &refusal),
    }
    if let Some(record) = record {
        let mut attributes = vec![
            ("xmlns:platformCore", CORE),
            ("xsi:type", "platformCore:RecordRef"),
            ("type", record.kind),
        ];
        attributes.extend(record.id.map(|id| ("internalId", id)));
        attributes.extend(record.external_id.map(|id| ("externalId", id)));
        xml.empty("baseRef", &attributes);
    }
    xml.close("writeResponse");
    xml.finish()
}

pub(super) fn success(xml: &mut Xml) {
    xml.empty("platformCore:status", &[("xmlns:platformCore", CORE), ("isSuccess", "true")]);
}

pub(super) fn failure(xml: &mut Xml, refusal: &Refusal) {
    detail(xml, "false", "ERROR", &refusal.code, &refusal.message, "");
}

fn detail(xml: &mut Xml, done: &str, severity: &str, code: &str, message: &str, more: &str) {
    xml.open("platformCore:status", &[("xmlns:platformCore", CORE), ("isSuccess", done)]);
    xml.open("platformCore:statusDetail", &[("type", severity)]);
    xml.leaf("platformCore:code", code);
    xml.leaf("platformCore:message", message);
    xml.raw(more);
    xml.close("platformCore:statusDetail");
    xml.close("platformCore:status");
}

fn start(xml: &mut Xml) {
    xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let namespaces = [
        ("xmlns:soapenv", SOAP),
        ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
        ("xmlns:xsi", XSI),
    ];
    xml.open("soapenv:Envelope", &namespaces);
}
