//! What every implementation of the `journal` port promises.
