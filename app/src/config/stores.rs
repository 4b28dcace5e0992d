//! `[queue]` and `[journal]`: where deferred events and the journal are stored.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use super::{
    section::{Section, duration, one_of},
    url,
};
use crate::wiring::DatabaseUrl;

/// `[queue]`
#[derive(Debug, Clone)]
pub enum QueueConfig {
    /// One file on this machine.
    Embedded {
        /// The file.
        path: PathBuf,
    },
    /// Amazon SQS, shared by replicas.
    Sqs(Sqs),
}

/// `kind = "sqs"`; credentials come from the AWS chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sqs {
    /// The queue, FIFO or standard.
    pub url: String,
    /// The queue for unreadable messages.
    pub dead_letter_url: Option<String>,
    /// The region; the default comes from the AWS configuration chain.
    pub region: Option<String>,
    /// An emulator instead of AWS.
    pub endpoint: Option<String>,
}

/// `[journal]`
#[derive(Debug, Clone)]
pub enum JournalConfig {
    /// One file; several processes of one machine may share it.
    Embedded {
        /// The file.
        path: PathBuf,
    },
    /// A PostgreSQL database, shared by replicas.
    Postgres {
        /// Its address and credentials, redacted in `Debug`.
        url: DatabaseUrl,
    },
}

/// Seven years: the period for which most countries require accounting records.
const KEEP: Duration = Duration::from_hours(24 * 2557);
/// The shortest retention: an audit or a replay may need records of this age.
const LEAST_KEPT: Duration = Duration::from_hours(24 * 30);

#[derive(Clone, Copy, PartialEq, Eq)]
enum StoreKind {
    Embedded,
    Shared,
}

/// The stores, and how long the journal keeps finished cancellations.
pub(super) fn read(root: &Section<'_>) -> Option<(QueueConfig, JournalConfig, Duration)> {
    let (queue, journal) = (queue(root), journal(root));
    let (queue, (journal, keep)) = (queue?, journal?);
    if let (QueueConfig::Embedded { path }, JournalConfig::Embedded { path: journal }) =
        (&queue, &journal)
        && is_one_file(path, journal)
    {
        let problem = format!("journal.path and queue.path are one file: {}", path.display());
        root.source.fault(line_of(root, "journal"), problem);
        return None;
    }
    Some((queue, journal, keep))
}

fn queue(root: &Section<'_>) -> Option<QueueConfig> {
    const FILE: &str = "data/queue.db";
    let Some(section) = root.section("queue") else {
        return Some(QueueConfig::Embedded { path: root.source.path(FILE) });
    };
    let queue = match kind(&section, "sqs")? {
        StoreKind::Embedded => Some(QueueConfig::Embedded { path: path(&section, FILE) }),
        StoreKind::Shared => {
            let address = section.required("url", url);
            let dead_letter_url = section.get("dead_letter_url", url);
            let region = section.text("region");
            let endpoint = section.get("endpoint", url);
            address.map(|url| QueueConfig::Sqs(Sqs { url, dead_letter_url, region, endpoint }))
        }
    };
    section.done();
    queue
}

fn journal(root: &Section<'_>) -> Option<(JournalConfig, Duration)> {
    const FILE: &str = "data/journal.db";
    let Some(section) = root.section("journal") else {
        return Some((JournalConfig::Embedded { path: root.source.path(FILE) }, KEEP));
    };
    let keep = section.get("retention", duration).unwrap_or(KEEP);
    if keep < LEAST_KEPT {
        section.fault("retention", "must be at least \"30d\"");
    }
    let journal = match kind(&section, "postgres")? {
        StoreKind::Embedded => Some(JournalConfig::Embedded { path: path(&section, FILE) }),
        StoreKind::Shared => section
            .required("url", str::parse::<DatabaseUrl>)
            .map(|url| JournalConfig::Postgres { url }),
    };
    section.done();
    Some((journal?, keep))
}

/// The kind; `None` only together with a fault.
fn kind(section: &Section<'_>, shared: &str) -> Option<StoreKind> {
    if section.tree("kind").is_none() {
        return Some(StoreKind::Embedded);
    }
    let kinds = [("embedded", StoreKind::Embedded), (shared, StoreKind::Shared)];
    section.get("kind", |text| one_of(text, &kinds))
}

fn path(section: &Section<'_>, default: &str) -> PathBuf {
    let path = section.text("path").unwrap_or_else(|| default.to_owned());
    section.source.path(&path)
}

/// The line of a store's path, or of its section where the path is absent.
fn line_of(root: &Section<'_>, store: &'static str) -> usize {
    root.section(store).map_or(0, |section| section.line_of("path"))
}

/// Whether two paths name the same file, in any spelling, even if it does not exist yet.
fn is_one_file(one: &Path, other: &Path) -> bool {
    if let (Ok(one), Ok(other)) = (fs::metadata(one), fs::metadata(other)) {
        return (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    resolved(one) == resolved(other)
}

/// The path without symbolic links and `..`, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(resolved.pop()),
            part => resolved.push(part),
        }
        if let Ok(real) = resolved.canonicalize() {
            resolved = real;
        }
    }
    resolved
}
