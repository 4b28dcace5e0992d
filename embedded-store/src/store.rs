//! The store: a file with its one writer and its readers.

use std::path::Path;

use rusqlite::Connection;

use crate::{
    StoreError, open,
    readers::{Beside, Readers},
    writer::Writer,
};

/// An open file.
///
/// Dropping it finishes pending writes and closes the file. Dropping the future of a call does not
/// cancel the write.
#[derive(Debug)]
pub struct Store {
    /// `None` where it was opened to be read only.
    writer: Option<Writer>,
    readers: Readers,
}

/// Says what [`Store::open`] would refuse, and changes and makes nothing.
pub fn check(path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    open::check(&open::absolute(path)?, migrations)
}

impl Store {
    /// Opens the file, making it and its folders where they are missing.
    ///
    /// `migrations` are run in order, each once in the life of the file; the
    /// file's `user_version` says how many it has seen. All of them succeed or
    /// the file stays as it was.
    pub fn open(path: &Path, migrations: &[&str]) -> Result<Self, StoreError> {
        let path = open::absolute(path)?;
        open::make_folders(&path)?;
        let connection = open::writer(&path, migrations)?;
        let writer = Writer::start(&path, connection)?;
        Ok(Self { writer: Some(writer), readers: Readers::new(path, Beside::Writer) })
    }

    /// Opens a file to read it, beside a process that writes it or on a read-only disk.
    ///
    /// [`StoreError::Older`] where not all migrations have run in it: it is not migrated.
    pub fn open_read_only(path: &Path, migrations: &[&str]) -> Result<Self, StoreError> {
        let path = open::absolute(path)?;
        open::is_current(&path, migrations)?;
        Ok(Self { writer: None, readers: Readers::new(path, Beside::Nothing) })
    }

    /// Runs `work` and answers once its changes are on disk.
    ///
    /// Its changes are undone when it returns an error; the work of others that
    /// shares its transaction is not touched by that. An error of the store
    /// itself means that nothing was written.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &self.writer {
            Some(writer) => writer.write(work).await,
            None => Err(StoreError::ReadOnly { path: self.readers.path().to_owned() }.into()),
        }
    }

    /// Runs `work` on a snapshot: what was committed before the call is in it.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.readers.read(work).await
    }
}

#[cfg(test)]
mod tests;
