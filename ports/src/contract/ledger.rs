//! What every implementation of the `ledger` port promises.
