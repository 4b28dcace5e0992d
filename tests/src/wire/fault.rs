//! Trouble with one of the systems.

use crate::simulation::SimulatedFault;

/// Something is wrong with a system for a while.
#[derive(Debug, Clone)]
pub(super) struct WireFault<Shape> {
    /// Its kind.
    pub(super) kind: SimulatedFault,
    /// What it looks like on the wire.
    pub(super) shape: Shape,
}
