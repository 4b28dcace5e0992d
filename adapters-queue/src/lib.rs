//! adapters-queue
