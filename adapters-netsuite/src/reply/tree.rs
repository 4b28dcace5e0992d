//! XML as it was received: a small owned tree of local names.
//!
//! Documents with a DTD are refused, and so is anything deeper or larger than
//! any answer of NetSuite's: what is read here comes from outside.

use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
};

const MAX_DEPTH: usize = 64;
const MAX_NODES: usize = 1_000_000;

/// The attribute that tells a record's type, as opposed to a plain `type`.
const XSI_TYPE: &str = "xsi:type";

/// An element by its local name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Without prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    text: String,
    /// In the order of the document.
    pub(crate) children: Vec<Node>,
}

/// Why an answer could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// No XML, or not all of it.
    #[error("answer is not XML")]
    NotXml(#[from] quick_xml::Error),
    /// An attribute that cannot be read.
    #[error("answer has an attribute that is not XML")]
    Attribute(#[from] quick_xml::events::attributes::AttrError),
    /// Bytes that are no text.
    #[error("answer is not UTF-8")]
    NotText,
    /// It ended before it was complete.
    #[error("answer is cut off")]
    CutOff,
    /// It refers to something only a DTD could define, or has a DTD.
    #[error("answer has a document type or an unknown entity")]
    DocumentType,
    /// More of it than any answer has.
    #[error("answer is too large or too deep")]
    TooLarge,
    /// XML, but no SOAP.
    #[error("answer is no SOAP message but {0:?}")]
    NotSoap(String),
    /// The answer to something else.
    #[error("answer is of an unexpected kind: {0:?}")]
    Unexpected(String),
    /// Something that must be there is not.
    #[error("answer lacks {0}")]
    Missing(&'static str),
    /// A value that is none of its type.
    #[error("answer has an unreadable {field}: {value:?}")]
    Value {
        /// Where.
        field: &'static str,
        /// What, cut to a length that can be shown.
        value: String,
    },
}

impl Unreadable {
    /// A value that is none of its type.
    pub(crate) fn value(field: &'static str, raw: &str) -> Self {
        Self::Value { field, value: raw.chars().take(40).collect() }
    }

    /// What is wrong with one thing in an answer, for people.
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
    /// Reads a whole document.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let (mut open, mut root, mut nodes) = (Vec::<Node>::new(), None, 0_usize);
        loop {
            let event = reader.read_event()?;
            match event {
                Event::Start(start) => open.push(Self::open(&start)?),
                Event::Empty(start) => close(Self::open(&start)?, &mut open, &mut root)?,
                Event::End(_) => {
                    let node = open.pop().ok_or(Unreadable::CutOff)?;
                    close(node, &mut open, &mut root)?;
                }
                Event::Text(text) => append(&mut open, &text.xml10_content()),
                Event::CData(text) => append(&mut open, &text.xml10_content()),
                Event::GeneralRef(entity) => append(&mut open, &resolve(&entity)?),
                Event::DocType(_) => return Err(Unreadable::DocumentType),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
            }
            nodes += 1;
            if MAX_NODES < nodes || MAX_DEPTH < open.len() {
                return Err(Unreadable::TooLarge);
            }
        }
        match root {
            Some(root) if open.is_empty() => Ok(root),
            _ => Err(Unreadable::CutOff),
        }
    }

    fn open(start: &BytesStart<'_>) -> Result<Self, Unreadable> {
        let name = start.local_name().as_ref().to_owned();
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
            let (local, prefix) = attribute.key.decompose();
            attributes.push(match (local.as_ref(), prefix) {
                // Its value is a qualified name of which only the local part is stable.
                ("type", Some(_)) => {
                    let kind = value.rsplit(':').next().unwrap_or_default();
                    (XSI_TYPE.to_owned(), kind.to_owned())
                }
                (name, _) => (name.to_owned(), value.into_owned()),
            });
        }
        Ok(Self { name, attributes, text: String::new(), children: Vec::new() })
    }

    /// The local part of its declared type, for example `Invoice`.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.attribute(XSI_TYPE)
    }

    /// An attribute, unless it is empty.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.trim()).filter(|it| !it.is_empty())
    }

    /// Its text without the space around it.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The first element of this name in it.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|it| it.name == name)
    }

    /// The elements of this name in it.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |it| it.name == name)
    }

    /// An element that must be in it.
    pub(crate) fn required(&self, name: &'static str) -> Result<&Self, Unreadable> {
        self.child(name).ok_or(Unreadable::Missing(name))
    }

    /// The text of an element in it, unless it is empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(Self::text).filter(|it| !it.is_empty())
    }

    /// Takes the first element of this name out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        let position = self.children.iter().position(|it| it.name == name)?;
        Some(self.children.remove(position))
    }

    /// Takes all elements of this name out, in their order.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<Self> {
        let children = std::mem::take(&mut self.children);
        let (wanted, others) = children.into_iter().partition(|it| it.name == name);
        self.children = others;
        wanted
    }
}

fn close(node: Node, open: &mut [Node], root: &mut Option<Node>) -> Result<(), Unreadable> {
    match open.last_mut() {
        Some(parent) => parent.children.push(node),
        None if root.is_none() => *root = Some(node),
        None => return Err(Unreadable::Unexpected(node.name)),
    }
    Ok(())
}

/// Text outside of the root element is of no interest.
fn append(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

fn resolve(entity: &BytesRef<'_>) -> Result<String, Unreadable> {
    if let Some(character) = entity.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    let name = entity.xml10_content();
    resolve_predefined_entity(&name).map(str::to_owned).ok_or(Unreadable::DocumentType)
}
