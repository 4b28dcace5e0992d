//! What every implementation of the `storefront` port promises.
