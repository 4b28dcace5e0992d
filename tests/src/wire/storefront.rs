//! How the storefront fails: each kind of fault in all the shapes that it has on the wire.

use sandbox::newstore::{Calls, Fault, Tenant};

use super::fault::WireFault;
use crate::simulation::{self, Rng};

/// What trouble with the storefront looks like on the wire.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// What every query gets.
    Queries(Fault),
    /// What everybody gets who asks for a token.
    Tokens(Fault),
    /// Nothing listens.
    Refusing,
    /// The tokens given out so far are not accepted any more.
    TokensRevoked,
}

/// Trouble that lasts.
pub(super) struct Lasting {
    trouble: WireFault<Shape>,
    before: Calls,
}

impl WireFault<Shape> {
    /// Draws any kind, in one of its shapes.
    pub(super) fn drawn(chance: &Rng) -> Self {
        let kinds = [
            simulation::SimulatedFault::StorefrontDown,
            simulation::SimulatedFault::StorefrontThrottles,
            simulation::SimulatedFault::StorefrontUnreadable,
            simulation::SimulatedFault::StorefrontSlow,
        ];
        let kind = *chance.pick(&kinds);
        Self { kind, shape: chance.pick(&shapes(kind)).clone() }
    }

    /// Begins.
    pub(super) async fn begin(self, tenant: &Tenant) -> Lasting {
        let before = tenant.calls();
        match &self.shape {
            Shape::Queries(fault) => tenant.fault(fault.clone()),
            Shape::Tokens(fault) => {
                tenant.token_fault(fault.clone());
                tenant.revoke_tokens();
            }
            Shape::Refusing => tenant.refuse_connections().await,
            Shape::TokensRevoked => tenant.revoke_tokens(),
        }
        Lasting { trouble: self, before }
    }
}

impl Lasting {
    /// Ends; says of what kind it was, and how many calls it befell.
    pub(super) async fn end(self, tenant: &Tenant) -> (simulation::SimulatedFault, u64) {
        tenant.fault(Fault::None);
        tenant.token_fault(Fault::None);
        let now = tenant.calls();
        let struck = match &self.trouble.shape {
            Shape::Queries(_) => now.graphql - self.before.graphql,
            Shape::Tokens(_) => now.token - self.before.token,
            Shape::TokensRevoked => (now.graphql - self.before.graphql).min(1),
            Shape::Refusing => {
                tenant.accept_connections().await;
                1
            }
        };
        (self.trouble.kind, struck)
    }
}

/// All that a kind of fault looks like.
fn shapes(kind: simulation::SimulatedFault) -> Vec<Shape> {
    match kind {
        simulation::SimulatedFault::StorefrontThrottles => {
            vec![Shape::Queries(Fault::throttled(2)), Shape::Queries(Fault::blocked())]
        }
        simulation::SimulatedFault::StorefrontUnreadable => vec![
            Shape::Queries(Fault::Truncate),
            Shape::Queries(Fault::GraphqlErrors("in the tenant's words".to_owned())),
            Shape::Tokens(Fault::Truncate),
        ],
        simulation::SimulatedFault::StorefrontSlow => {
            vec![Shape::Queries(Fault::Hang), Shape::Tokens(Fault::Hang)]
        }
        _ => vec![
            Shape::Queries(Fault::Down),
            Shape::Queries(Fault::json(500, r#"{"message":"in the tenant's words"}"#)),
            Shape::Tokens(Fault::json(503, "{}")),
            Shape::Tokens(Fault::Down),
            Shape::Queries(Fault::NextTokenRejected),
            Shape::TokensRevoked,
            Shape::Refusing,
        ],
    }
}
