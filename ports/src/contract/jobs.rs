//! What every implementation of the `jobs` port promises.
