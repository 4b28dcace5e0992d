//! Writes XML: a tree in which an optional field takes one line.

use std::{fmt::Display, io};

use domain::RecordId;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

/// The size of a request of a few lines, in bytes.
const ROOM: usize = 4096;

type Out = Writer<Vec<u8>>;

/// An element with its prefix, attributes and content.
#[derive(Debug)]
pub(super) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An empty element.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), text: String::new(), children: Vec::new() }
    }

    /// Adds an attribute.
    pub(super) fn attribute(mut self, name: &'static str, value: impl Display) -> Self {
        self.attributes.push((name, strip_invalid_chars(&value)));
        self
    }

    /// Adds text.
    pub(super) fn content(mut self, value: impl Display) -> Self {
        self.text = strip_invalid_chars(&value);
        self
    }

    /// Adds an element.
    pub(super) fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// Adds elements.
    pub(super) fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// Adds a field.
    pub(super) fn text(self, name: &'static str, value: impl Display) -> Self {
        self.child(Self::new(name).content(value))
    }

    /// Adds a field, where it is set.
    pub(super) fn text_if(self, name: &'static str, value: Option<impl Display>) -> Self {
        self.children(value.map(|it| Self::new(name).content(it)))
    }

    /// Adds a reference to a record.
    pub(super) fn reference(self, name: &'static str, id: &RecordId) -> Self {
        self.child(Self::new(name).attribute("internalId", id))
    }

    /// Adds a reference to a record, where it is set.
    pub(super) fn reference_if(self, name: &'static str, id: Option<&RecordId>) -> Self {
        self.children(id.map(|it| Self::new(name).attribute("internalId", it)))
    }

    /// A list that replaces the entries that NetSuite would create.
    pub(super) fn list(name: &'static str, rows: impl IntoIterator<Item = Element>) -> Self {
        Self::new(name).attribute("replaceAll", true).children(rows)
    }

    /// The complete document, with `body` in an element of its own at the end.
    pub(super) fn document_around(&self, name: &'static str, body: &Self) -> String {
        let mut writer = Writer::new_with_indent(Vec::with_capacity(ROOM), b' ', 2);
        self.write_around(&mut writer, name, body).expect("memory takes all that is written");
        let mut document =
            String::from_utf8(writer.into_inner()).expect("what was text stays text");
        document.push('\n');
        document
    }

    fn write_around(&self, writer: &mut Out, name: &'static str, body: &Self) -> io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        writer.write_event(Event::Start(self.start()))?;
        for child in &self.children {
            child.write(writer)?;
        }
        writer.write_event(Event::Start(BytesStart::new(name)))?;
        body.write(writer)?;
        writer.write_event(Event::End(BytesEnd::new(name)))?;
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }

    fn start(&self) -> BytesStart<'_> {
        let mut start = BytesStart::new(self.name);
        for (name, value) in &self.attributes {
            start.push_attribute((*name, value.as_str()));
        }
        start
    }

    fn write(&self, writer: &mut Out) -> io::Result<()> {
        if self.text.is_empty() && self.children.is_empty() {
            return writer.write_event(Event::Empty(self.start()));
        }
        writer.write_event(Event::Start(self.start()))?;
        if !self.text.is_empty() {
            writer.write_event(Event::Text(BytesText::new(&self.text)))?;
        }
        for child in &self.children {
            child.write(writer)?;
        }
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }
}

/// The value without the characters that XML 1.0 cannot carry, not even escaped.
pub(crate) fn strip_invalid_chars(value: &impl Display) -> String {
    let is_allowed = |c: &char| match *c {
        '\t' | '\n' | '\r' => true,
        c => '\u{20}' <= c && c != '\u{fffe}' && c != '\u{ffff}',
    };
    let text = value.to_string();
    if text.chars().all(|it| is_allowed(&it)) {
        text
    } else {
        text.chars().filter(is_allowed).collect()
    }
}
