//! adapters-netsuite
