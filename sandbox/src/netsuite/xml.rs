//! Namespaces, reading by qualified name, and writing with escapes.

use std::fmt::Write as _;

use roxmltree::Node;

pub(super) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
pub(super) const MESSAGES: &str = "urn:messages_2025_2.platform.webservices.netsuite.com";
pub(super) const CORE: &str = "urn:core_2025_2.platform.webservices.netsuite.com";
pub(super) const COMMON: &str = "urn:common_2025_2.platform.webservices.netsuite.com";
pub(super) const FAULTS: &str = "urn:faults_2025_2.platform.webservices.netsuite.com";
pub(super) const ACCOUNTING: &str = "urn:accounting_2025_2.lists.webservices.netsuite.com";
pub(super) const CUSTOMIZATION: &str = "urn:customization_2025_2.setup.webservices.netsuite.com";
pub(super) const SALES: &str = "urn:sales_2025_2.transactions.webservices.netsuite.com";
pub(super) const CUSTOMERS: &str = "urn:customers_2025_2.transactions.webservices.netsuite.com";

/// The element children.
pub(super) fn children<'a, 'i>(
    node: Node<'a, 'i>,
) -> impl DoubleEndedIterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The first child with this local name. Namespaces were checked when the request was validated.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    children(node).find(|it| it.tag_name().name() == name)
}

/// The trimmed text of the child with this local name.
pub(super) fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name).map(content)
}

/// The attribute of this name that is in no namespace: `type` is not `xsi:type`.
pub(super) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let mut attributes = node.attributes();
    attributes.find(|it| it.namespace().is_none() && it.name() == name).map(|it| it.value())
}

/// The internal id of the reference with this local name.
pub(super) fn reference<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    attribute(child(node, name)?, "internalId")
}

pub(super) fn content<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

/// Namespace and local name of `xsi:type`; `None` when it is absent or its prefix is unknown.
pub(super) fn xsi_type<'a>(node: Node<'a, '_>) -> Option<(&'a str, &'a str)> {
    let value = node.attribute((XSI, "type"))?;
    let (prefix, name) = match value.split_once(':') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, value),
    };
    Some((node.lookup_namespace_uri(prefix)?, name))
}

/// An XML writer.
#[derive(Default)]
pub(super) struct Xml(String);

impl Xml {
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, ">");
    }

    pub(super) fn close(&mut self, name: &str) {
        self.push(format_args!("</{name}>"));
    }

    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, "/>");
    }

    pub(super) fn leaf(&mut self, name: &str, value: &str) {
        self.push(format_args!("<{name}>{}</{name}>", escaped(value)));
    }

    /// Writes an element with a text, if there is a value.
    pub(super) fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    pub(super) fn raw(&mut self, xml: &str) {
        self.0.push_str(xml);
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        self.push(format_args!("<{name}"));
        for (key, value) in attributes {
            self.push(format_args!(" {key}=\"{}\"", escaped(value)));
        }
        self.0.push_str(end);
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.0.write_fmt(arguments).expect("writing to a string cannot fail");
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
