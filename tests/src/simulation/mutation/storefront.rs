//! Bugs in front of the storefront.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{OrderId, OrderSnapshot};
use ports::{CancelledPage, Cursor, Storefront, StorefrontError, Window};

use super::Mutation;

pub(super) struct MutatedStorefront {
    pub(super) mutation: Mutation,
    pub(super) inner: Arc<dyn Storefront>,
}

#[async_trait]
impl Storefront for MutatedStorefront {
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let mut order = self.inner.order(id).await?;
        if let Some(order) = &mut order {
            match self.mutation {
                Mutation::FirstUnitsOnly => order.units.truncate(3),
                Mutation::AllCancelled => {
                    for unit in &mut order.units {
                        unit.status = Some("cancelled".to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(order)
    }

    async fn cancelled(
        &self,
        window: Window,
        place: &Cursor,
    ) -> Result<CancelledPage, StorefrontError> {
        self.inner.cancelled(window, place).await
    }
}
