//! The storefront: the system that holds orders and cancels them.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use domain::{OrderId, OrderSnapshot, Timestamp};

use crate::{Cursor, Retry, Window};

/// Reads orders from the storefront.
///
/// # Contract
///
/// - `order` returns all units and all payment instruments, from all pages.
/// - An order that is not visible is `None`, never an error: events run ahead of the API.
/// - Missing data stays visible as missing: a payment account that is not there yet is `payments:
///   None`, never an empty list.
/// - Amounts arrive exactly, whether they were sent as numbers or as texts.
/// - `cancelled` returns every order of the window that has a cancelled unit, with all its units,
///   from all pages. It may return an order twice, and may leave out its payments.
/// - Where the storefront cannot be queried by time of change, `cancelled` lists orders by
///   creation, starting so long before the window that an order that changes in it was created
///   since.
/// - Every call ends within the adapter's own timeout.
#[async_trait]
pub trait Storefront: Send + Sync {
    /// The current state of the order with this id.
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError>;

    /// One page of the orders of a window that have cancelled units. An order belongs to the window
    /// of its last change.
    async fn cancelled(
        &self,
        window: Window,
        place: &Cursor,
    ) -> Result<CancelledPage, StorefrontError>;
}

/// Orders with cancelled units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledPage {
    /// The orders; a page may be empty although others follow.
    pub orders: Vec<OrderSnapshot>,
    /// How they were selected; the same on all pages of a window.
    pub basis: Basis,
    /// The cursor of the next page, if there is one.
    pub next: Option<Cursor>,
}

/// Which time assigns an order to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Its last change.
    Changed,
    /// Its creation, because the storefront cannot be queried by time of change.
    Created {
        /// The first instant of creation; long before the start of the window.
        since: Timestamp,
    },
}

/// Why a call of the storefront failed.
#[derive(Debug, thiserror::Error)]
pub enum StorefrontError {
    /// No answer, or an answer that asks to try later.
    #[error("storefront is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It throttles the caller.
    #[error("storefront throttles calls, retry after {0:?}")]
    Throttled(Duration),
    /// It rejects the credentials.
    #[error("storefront rejects the credentials: {0}")]
    Unauthorized(String),
    /// An answer that cannot be read; also an error inside a successful response.
    #[error("storefront's answer cannot be read: {0}")]
    Unreadable(String),
}

impl StorefrontError {
    /// When the worker may try the job again; never [`Retry::Never`].
    pub fn retry(&self) -> Retry {
        match self {
            Self::Throttled(wait) => Retry::After(*wait),
            Self::Unavailable(_) | Self::Unauthorized(_) | Self::Unreadable(_) => Retry::Later,
        }
    }
}
