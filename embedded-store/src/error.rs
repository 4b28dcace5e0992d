//! Why a file could not be opened, read or written.

use std::{io, path::PathBuf, sync::Arc};

/// A failure, with the path of the file; SQLite's message is the `source`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The path, or one of its parent folders.
    #[error("cannot create the folder of {}", path.display())]
    Folder {
        /// The file as it was requested.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not a database, damaged, or not permitted.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The file is read-only.
    #[error("{} is not writable", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file system does not support a database that several processes share.
    #[error("{} cannot be put into write-ahead mode, it stays {mode:?}", path.display())]
    NoWal {
        /// The file.
        path: PathBuf,
        /// The mode it is in.
        mode: String,
    },
    /// A folder or a device, which cannot be a database.
    #[error("{} is not a file", path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// Its tables belong to another program, or to another store of memobridge.
    #[error("{} is another database: it has no table {missing}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// A table that the expected database has.
        missing: String,
    },
    /// Its tables belong to another program, which created them first.
    #[error("{} is another program's database", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer version, so this version would misread it.
    #[error("{} has schema {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema in the file.
        found: usize,
        /// The newest schema that is known here.
        known: usize,
    },
    /// Written by an older version; a reader does not migrate it.
    #[error("{} has schema {found}, this program reads schema {known}", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// The schema in the file.
        found: usize,
        /// The schema that is known here.
        known: usize,
    },
    /// The writer thread could not be started.
    #[error("cannot start the writer of {}", path.display())]
    Thread {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Nothing of the transaction is on disk.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// SQLite's reason, the same for all callers that shared the transaction.
        source: Arc<rusqlite::Error>,
    },
    /// SQLite rolled the transaction back while another caller's work ran in it, for example
    /// because the disk is full. Nothing of the transaction is on disk.
    #[error("the transaction on {} was rolled back because another write in the batch failed", path.display())]
    RolledBack {
        /// The file.
        path: PathBuf,
    },
    /// A snapshot could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The work panicked; nothing of it is on disk.
    #[error("work on {} panicked", path.display())]
    Panicked {
        /// The file.
        path: PathBuf,
    },
    /// The store is closing.
    #[error("{} is closed", path.display())]
    Closed {
        /// The file.
        path: PathBuf,
    },
}
