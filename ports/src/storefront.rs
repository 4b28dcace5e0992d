//! The storefront: where orders live and where they are cancelled.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use domain::{OrderId, OrderSnapshot};

use crate::Retry;

/// Tells what the storefront says now.
///
/// # Contract
///
/// - `order` returns all units and all payment instruments, whatever the page size.
/// - An order that is not visible is `None`, never an error: events run ahead of the API.
/// - Late data is visible as late: a payment account that is not there yet is
///   `payments: None`, never an empty list.
/// - Amounts arrive exactly, whether they were sent as numbers or as texts.
/// - Every call ends within the adapter's own timeout.
#[async_trait]
pub trait Storefront: Send + Sync {
    /// The order with this id, as it is told now.
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError>;
}

/// Why the storefront did not tell.
#[derive(Debug, thiserror::Error)]
pub enum StorefrontError {
    /// No answer, or one that says to come back.
    #[error("storefront is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It asked us to slow down.
    #[error("storefront is throttling us, retry after {0:?}")]
    Throttled(Duration),
    /// It refuses our credentials.
    #[error("storefront refuses our credentials: {0}")]
    Unauthorized(String),
    /// An answer that cannot be understood, errors inside a success included.
    #[error("storefront's answer cannot be read: {0}")]
    Unreadable(String),
}

impl StorefrontError {
    /// What the worker should do with the job. Nothing here is ever given up.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Throttled(wait) => Retry::After(*wait),
            Self::Unavailable(_) | Self::Unauthorized(_) | Self::Unreadable(_) => Retry::Later,
        }
    }
}
