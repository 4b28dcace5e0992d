//! Received XML as a small tree of local names.
//!
//! Documents with a DTD are refused, and so is anything deeper or larger than any answer of
//! NetSuite, because the input is untrusted. Names and values are slices of the document's text,
//! which all nodes share: copying them was most of the cost of reading.

use std::{borrow::Cow, fmt, ops::Range, ptr, sync::Arc};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::text::{self, References};

const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 1_000_000;

/// The attribute with a record's type, as opposed to a plain `type`.
const XSI_TYPE: &str = "xsi:type";

/// The attribute of an element that has no value, as opposed to a plain `nil`.
const XSI_NIL: &str = "xsi:nil";

/// An element by its local name.
pub(crate) struct Node {
    document: Arc<str>,
    name: Text,
    attributes: Vec<(Text, Text)>,
    text: Text,
    /// In the order of the document.
    pub(crate) children: Vec<Node>,
}

/// An element that is still open, and the index of its first child.
struct Open {
    node: Node,
    children: usize,
}

/// A text: a slice of the document, or an owned text where it differs from the document.
enum Text {
    Slice(Range<usize>),
    Static(&'static str),
    Owned(String),
}

impl Text {
    fn of(document: &str, text: Cow<'_, str>) -> Self {
        let part = match text {
            Cow::Borrowed(part) => part,
            Cow::Owned(text) => return Self::Owned(text),
        };
        let start = part.as_ptr().addr().wrapping_sub(document.as_ptr().addr());
        let range = start..start.wrapping_add(part.len());
        match document.get(range.clone()) {
            Some(same) if ptr::eq(same, part) => Self::Slice(range),
            _ => Self::Owned(part.to_owned()),
        }
    }

    fn get<'a>(&'a self, document: &'a str) -> &'a str {
        match self {
            Self::Slice(range) => &document[range.clone()],
            Self::Static(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.name()).field("children", &self.children).finish_non_exhaustive()
    }
}

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XmlError {
    /// Not XML, or incomplete XML.
    #[error("answer is not XML")]
    NotXml(#[from] quick_xml::Error),
    /// An attribute that cannot be read.
    #[error("answer has an attribute that is not XML")]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    /// The bytes are not UTF-8.
    #[error("answer is not UTF-8")]
    NotText,
    /// It ended before it was complete.
    #[error("answer is cut off")]
    CutOff,
    /// It refers to something only a DTD could define, or has a DTD.
    #[error("answer has a document type or an unknown entity")]
    DocumentType,
    /// Deeper or larger than any answer of NetSuite.
    #[error("answer is too large or too deep")]
    TooLarge,
    /// XML, but no SOAP.
    #[error("answer is no SOAP message but {0:?}")]
    NotSoap(String),
    /// The answer to another operation.
    #[error("answer is of an unexpected kind: {0:?}")]
    Unexpected(String),
    /// A required part is missing.
    #[error("answer lacks {0}")]
    Missing(&'static str),
    /// A value that does not fit its type.
    #[error("answer has an unreadable {field}: {value:?}")]
    Value {
        /// The field.
        field: &'static str,
        /// The value, cut to a length that can be shown.
        value: String,
    },
}

impl XmlError {
    /// An error for a value that does not fit its type.
    pub(crate) fn value(field: &'static str, raw: &str) -> Self {
        Self::Value { field, value: raw.chars().take(40).collect() }
    }

    /// The error about one part of an answer, for people.
    pub(crate) fn of(&self, subject: &str) -> String {
        match self {
            Self::Missing(field) => format!("{subject} lacks {field}"),
            Self::Value { field, value } => {
                format!("{subject} has an unreadable {field}: {value:?}")
            }
            other => format!("{subject}: {other}"),
        }
    }
}

impl Node {
    /// Parses a complete document.
    pub(crate) fn parse(text: &str) -> Result<Self, XmlError> {
        let document: Arc<str> = Arc::from(text.trim_start_matches('\u{feff}'));
        let mut reader = Reader::from_str(&document);
        let (mut open, mut closed, mut nodes) = (Vec::<Open>::new(), Vec::new(), 0_usize);
        let mut references = References::default();
        loop {
            let event = reader.read_event()?;
            if !matches!(event, Event::GeneralRef(_))
                && let Some(alone) = references.end()
            {
                append(&mut open, Cow::Owned(alone.to_string()));
            }
            match event {
                Event::Start(start) => {
                    let node = Self::open(&document, &start)?;
                    open.push(Open { node, children: closed.len() });
                }
                Event::Empty(start) => close(&mut closed, Self::open(&document, &start)?),
                Event::End(_) => {
                    let Open { mut node, children } = open.pop().ok_or(XmlError::CutOff)?;
                    node.children = closed.split_off(children);
                    close(&mut closed, node);
                }
                Event::Text(text) => append(&mut open, text.xml10_content()),
                Event::CData(text) => append(&mut open, text.xml10_content()),
                Event::GeneralRef(entity) => {
                    let mut character = String::new();
                    references.resolve(&entity.xml10_content(), &mut character)?;
                    append(&mut open, Cow::Owned(character));
                }
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            }
            nodes += 1;
            if nodes > MAX_NODES || open.len() > MAX_DEPTH {
                return Err(XmlError::TooLarge);
            }
        }
        let root = closed.pop().filter(|_| open.is_empty()).ok_or(XmlError::CutOff)?;
        match closed.first() {
            Some(_) => Err(XmlError::Unexpected(root.name().to_owned())),
            None => Ok(root),
        }
    }

    fn open(document: &Arc<str>, start: &BytesStart<'_>) -> Result<Self, XmlError> {
        let name = Text::of(document, Cow::Borrowed(start.local_name().as_ref()));
        let mut attributes = Vec::new();
        // If an attribute is repeated, the first one counts.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = match attribute.value {
                Cow::Borrowed(raw) => text::attribute(raw)?,
                Cow::Owned(raw) => Cow::Owned(text::attribute(&raw)?.into_owned()),
            };
            let (local, prefix) = attribute.key.decompose();
            attributes.push(match (local.as_ref(), prefix) {
                // The value is a qualified name of which only the local part is stable.
                ("type", Some(_)) => {
                    (Text::Static(XSI_TYPE), Text::of(document, without_prefix(value)))
                }
                ("nil", Some(_)) => (Text::Static(XSI_NIL), Text::of(document, value)),
                (name, _) => (Text::of(document, Cow::Borrowed(name)), Text::of(document, value)),
            });
        }
        let (document, text) = (Arc::clone(document), Text::Static(""));
        Ok(Self { document, name, attributes, text, children: Vec::new() })
    }

    /// Its name without prefix.
    pub(crate) fn name(&self) -> &str {
        self.name.get(&self.document)
    }

    /// The local part of its declared type, for example `Invoice`.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.attribute(XSI_TYPE)
    }

    /// An attribute, unless it is empty.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.get(&self.document) == name);
        found.map(|(_, value)| value.get(&self.document).trim()).filter(|it| !it.is_empty())
    }

    /// Its text without the space around it.
    pub(crate) fn text(&self) -> &str {
        self.text.get(&self.document).trim()
    }

    /// The first element of this name in it.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name() == name)
    }

    /// The elements of this name in it.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |it| it.name() == name)
    }

    /// An element that must be in it.
    pub(crate) fn required(&self, name: &'static str) -> Result<&Self, XmlError> {
        self.child(name).ok_or(XmlError::Missing(name))
    }

    /// The text of an element in it, unless it is empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(Self::text).filter(|it| !it.is_empty())
    }

    /// Removes and returns the first element of this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        let position = self.children.iter().position(|child| child.name() == name)?;
        Some(self.children.remove(position))
    }

    /// Removes and returns all elements of this name, in their order.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<Self> {
        let children = std::mem::take(&mut self.children);
        let (wanted, others) = children.into_iter().partition(|child| child.name() == name);
        self.children = others;
        wanted
    }
}

/// Text outside the root element is ignored.
fn append(open: &mut [Open], text: Cow<'_, str>) {
    let Some(Open { node, .. }) = open.last_mut() else { return };
    match &mut node.text {
        Text::Owned(whole) => whole.push_str(&text),
        // Leading space is ignored; most of it stands between elements.
        Text::Static(_) if text.trim().is_empty() => {}
        Text::Static(_) => node.text = Text::of(&node.document, text),
        Text::Slice(range) => {
            let whole = [&node.document[range.clone()], &text].concat();
            node.text = Text::Owned(whole);
        }
    }
}

fn without_prefix(name: Cow<'_, str>) -> Cow<'_, str> {
    let start = name.rfind(':').map_or(0, |it| it + 1);
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[start..]),
        Cow::Owned(name) => Cow::Owned(name[start..].to_owned()),
    }
}

/// An element without a value, by `xsi:nil`, is treated as absent.
fn close(closed: &mut Vec<Node>, node: Node) {
    if !matches!(node.attribute(XSI_NIL), Some("true" | "1")) {
        closed.push(node);
    }
}
