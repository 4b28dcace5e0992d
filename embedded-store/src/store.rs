//! The store: a file with its one writer and its readers.

use std::path::Path;

use rusqlite::Connection;

use crate::{StoreError, open, readers::Readers, writer::Writer};

/// An open file.
///  Dropping it finishes pending writes and closes the file. Dropping the future of a call does not
/// cancel the write.
#[derive(Debug)]
pub struct Store {
    writer: Writer,
    readers: Readers,
}

impl Store {
    /// Opens the file, making it and its folders where they are missing.
    ///
    /// `migrations` are run in order, each once in the life of the file; the
    /// file's `user_version` says how many it has seen. All of them succeed or
    /// the file stays as it was.
    pub fn open(path: &Path, migrations: &[&str]) -> Result<Self, StoreError> {
        let path = open::absolute_with_dirs(path)?;
        let connection = open::writer(&path, migrations)?;
        Ok(Self { writer: Writer::start(&path, connection)?, readers: Readers::new(path) })
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
        self.writer.write(work).await
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
