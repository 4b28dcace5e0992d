//! The doctor's checks of one tenant: a token, and an order that cannot exist.

use async_trait::async_trait;
use domain::OrderId;
use ports::{
    DiagnosticFinding, Diagnostics, Requirements, Storefront, StorefrontError, error_chain,
};
use tokio::time;

use crate::NewStore;

/// A UUID that no order has.
const NO_ORDER: &str = "00000000-0000-4000-8000-000000000000";

const TOKEN: &str = "token";
const ORDERS: &str = "read orders";

#[async_trait]
impl Diagnostics for NewStore {
    async fn examine(&self, _: &Requirements) -> Vec<DiagnosticFinding> {
        let token = match time::timeout(self.timeout, self.api.tokens.get()).await {
            Ok(token) => token.map(drop),
            Err(late) => Err(StorefrontError::Unavailable(Box::new(late))),
        };
        let token = match token {
            Ok(()) => DiagnosticFinding::ok(TOKEN, "granted"),
            // Without a token nothing else can be checked.
            Err(error) => return vec![no_token(&error)],
        };
        let order: OrderId = NO_ORDER.parse().expect("it is a UUID");
        let orders = match self.order(&order).await {
            Ok(_) => DiagnosticFinding::ok(ORDERS, format!("answered for tenant {}", self.tenant)),
            Err(error) => no_orders(&error),
        };
        vec![token, orders]
    }
}

fn no_token(error: &StorefrontError) -> DiagnosticFinding {
    let remedy = match error {
        StorefrontError::Unauthorized(_) => {
            "check client_id, client_secret and the realm in token_url"
        }
        StorefrontError::Throttled(_) => return busy(TOKEN, error),
        StorefrontError::Unavailable(_) => {
            "check token_url, the network, and whether NewStore is down"
        }
        StorefrontError::Unreadable(_) => "check that token_url is the realm's token endpoint",
    };
    DiagnosticFinding::error(TOKEN, error_chain(error), remedy)
}

fn no_orders(error: &StorefrontError) -> DiagnosticFinding {
    let remedy = match error {
        StorefrontError::Unauthorized(_) => {
            "give the API client the right to read orders, and check that graphql_url and \
             token_url are of the same tenant"
        }
        StorefrontError::Throttled(_) => return busy(ORDERS, error),
        StorefrontError::Unavailable(_) => {
            "check graphql_url, the network, and whether NewStore is down"
        }
        StorefrontError::Unreadable(_) => {
            "check that graphql_url is the tenant's GraphQL endpoint and tenant its name"
        }
    };
    DiagnosticFinding::error(ORDERS, error_chain(error), remedy)
}

fn busy(what: &str, error: &StorefrontError) -> DiagnosticFinding {
    let seen = format!("could not be checked: {}", error_chain(error));
    DiagnosticFinding::warning(what, seen, "run doctor again later")
}

#[cfg(test)]
mod tests;
