//! Trouble with one of the systems.

use crate::simulation::Fault;

/// Something is wrong with a system for a while.
#[derive(Debug, Clone)]
pub(super) struct Trouble<Shape> {
    /// Its kind.
    pub(super) kind: Fault,
    /// What it looks like on the wire.
    pub(super) shape: Shape,
}
