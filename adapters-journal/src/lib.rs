//! adapters-journal
