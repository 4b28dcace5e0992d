//! What was asked and answered for one order, as templates, and as files.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{Call, Template, template::RECORDED};
use crate::{KEY, load::request};

/// The order's id, before its number.
pub(super) const ORDER: &str = "9f4e8ffc-0000-4000-8000-";
/// The order's reference, before its number.
pub(super) const REFERENCE: &str = "BENCH-";
/// The invoice's internal id, before its number.
pub(super) const INVOICE: &str = "internalId=\"2";
/// The memo's internal id, before its number.
pub(super) const MEMO: &str = "internalId=\"3";

/// Everything that goes over the wire for one order: the event and every exchange.
#[derive(Debug)]
pub struct Script {
    pub(super) event: Vec<u8>,
    pub(super) exchanges: BTreeMap<Call, (Vec<u8>, Vec<u8>)>,
}

impl Script {
    /// Writes it into a folder, for other processes.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        fs::write(folder.join("event"), &self.event)?;
        for (call, (asked, answered)) in &self.exchanges {
            fs::write(file(folder, *call, "asked"), asked)?;
            fs::write(file(folder, *call, "answered"), answered)?;
        }
        Ok(())
    }

    /// Reads it from there.
    pub fn load(folder: &Path) -> io::Result<Self> {
        let mut exchanges = BTreeMap::new();
        for call in Call::ALL {
            let read = |name| fs::read(file(folder, call, name));
            exchanges.insert(call, (read("asked")?, read("answered")?));
        }
        Ok(Self { event: fs::read(folder.join("event"))?, exchanges })
    }

    /// The event's JSON.
    #[must_use]
    pub fn event(&self) -> Template {
        Template::of(self.event.clone())
    }

    /// The call of the webhook.
    #[must_use]
    pub fn delivery(&self) -> Template {
        let event = str::from_utf8(&self.event).expect("an event is text");
        Template::of(request(KEY, event))
    }

    /// What is asked.
    #[must_use]
    pub fn asked(&self, call: Call) -> Template {
        Template::of(self.exchanges[&call].0.clone())
    }

    /// What is answered.
    #[must_use]
    pub fn answered(&self, call: Call) -> Template {
        Template::of(self.exchanges[&call].1.clone())
    }
}

fn file(folder: &Path, call: Call, name: &str) -> PathBuf {
    folder.join(format!("{}.{name}", call.name()))
}

/// An id with the recorded order's number.
pub(super) fn recorded(prefix: &str) -> String {
    format!("{prefix}{}", str::from_utf8(RECORDED).expect("digits are text"))
}
