//! The store: one file with one writer and several readers.

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
    /// `None` for a read-only store.
    writer: Option<Writer>,
    readers: Readers,
}

/// Returns the error that [`Store::open`] would return; changes and creates nothing.
pub fn check(path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    open::check(&open::absolute(path)?, migrations)
}

impl Store {
    /// Opens the file and creates it and its folders where they are missing.
    ///
    /// Runs `migrations` in order, each once per file; `user_version` counts the migrations that
    /// the file has. If one fails, the file stays unchanged.
    pub fn open(path: &Path, migrations: &[&str]) -> Result<Self, StoreError> {
        let path = open::absolute(path)?;
        open::make_folders(&path)?;
        let connection = open::writer(&path, migrations)?;
        let writer = Writer::start(&path, connection)?;
        Ok(Self { writer: Some(writer), readers: Readers::new(path, Beside::Writer) })
    }

    /// Opens a file for reading, while another process writes it or on a read-only disk.
    ///
    /// [`StoreError::Older`] if migrations are missing: this function does not migrate.
    pub fn open_read_only(path: &Path, migrations: &[&str]) -> Result<Self, StoreError> {
        let path = open::absolute(path)?;
        open::is_current(&path, migrations)?;
        Ok(Self { writer: None, readers: Readers::new(path, Beside::Nothing) })
    }

    /// Runs `work` and returns once its changes are on disk.
    ///
    /// If `work` returns an error, its changes are rolled back; other writes in the same
    /// transaction are not affected. An error of the store itself means that nothing was written.
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

    /// Runs `work` on a snapshot that contains everything committed before the call.
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
