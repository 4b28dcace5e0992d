//! Why a file could not be opened, read or written.

use std::{io, path::PathBuf, sync::Arc};

/// What went wrong with which file; SQLite's own words are in `source`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The path itself, or a folder on the way to it.
    #[error("cannot make the folder of {}", path.display())]
    Folder {
        /// The file as it was asked for.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not a database, damaged, or not ours to open.
    #[error("cannot open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The file can be read at most.
    #[error("{} is not writable", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Its file system cannot do what several processes on one file need.
    #[error("{} cannot be put into write-ahead mode, it stays {mode:?}", path.display())]
    NoWal {
        /// The file.
        path: PathBuf,
        /// The mode it is in.
        mode: String,
    },
    /// A folder, a device: nothing that could hold a database.
    #[error("{} is no file", path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// Its tables are another program's, or those of another store of this one.
    #[error("{} is a database of something else: it has no table {missing}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// A table that it would have.
        missing: String,
    },
    /// Its tables are another program's: they were there before this one's.
    #[error("{} is another program's database", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it; this one would misread it.
    #[error("{} has schema {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema in the file.
        found: usize,
        /// The newest schema that is known here.
        known: usize,
    },
    /// An older program wrote it; it is not migrated by those who only read.
    #[error("{} has schema {found}, this program reads schema {known}", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// The schema in the file.
        found: usize,
        /// The schema that is known here.
        known: usize,
    },
    /// The writer's thread could not be started.
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
    /// SQLite gave up the transaction while another caller's work ran in it,
    /// as it does when the disk is full; nothing of it is on disk.
    #[error("the transaction on {} was rolled back because another write in the batch failed", path.display())]
    RolledBack {
        /// The file.
        path: PathBuf,
    },
    /// A snapshot could not be taken.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The work itself panicked; nothing of it is on disk.
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
