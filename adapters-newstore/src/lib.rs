//! adapters-newstore
