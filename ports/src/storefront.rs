//! The storefront: where orders live and where they are cancelled.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use domain::{OrderId, OrderSnapshot, Timestamp};

use crate::{Cursor, Retry, Window};

/// Reads orders from the storefront.
///
/// # Contract
///
/// - `order` returns all units and all payment instruments, whatever the page size.
/// - An order that is not visible is `None`, never an error: events run ahead of the API.
/// - Late data is visible as late: a payment account that is not there yet is
///   `payments: None`, never an empty list.
/// - Amounts arrive exactly, whether they were sent as numbers or as texts.
/// - `cancelled` tells every order of the window that has a cancelled unit, with all its
///   units, whatever the page size. An order may be told twice; its payments need not be told.
/// - Where it cannot be asked for times of change, it tells orders by their creation, from
///   so long before the window that what changes in it was created then.
/// - Every call ends within the adapter's own timeout.
#[async_trait]
pub trait Storefront: Send + Sync {
    /// The order with this id, as it is told now.
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError>;

    /// The orders of a window with cancelled units: the page at this place. An order belongs
    /// to the window of its last change.
    async fn cancelled(
        &self,
        window: Window,
        place: &Cursor,
    ) -> Result<CancelledPage, StorefrontError>;
}

/// Orders with cancelled units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledPage {
    /// The orders; a page of many may hold none.
    pub orders: Vec<OrderSnapshot>,
    /// How they were found; the same on all pages of a window.
    pub basis: Basis,
    /// The place of the next page, if there is one.
    pub next: Option<Cursor>,
}

/// What decides whether an order belongs to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Its last change.
    Changed,
    /// Its creation: the storefront cannot be asked for times of change.
    Created {
        /// The first instant of creation; long before the window's.
        since: Timestamp,
    },
}

/// Why a call of the storefront failed.
#[derive(Debug, thiserror::Error)]
pub enum StorefrontError {
    /// No answer, or one that says to come back.
    #[error("storefront is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It throttles the caller.
    #[error("storefront throttles calls, retry after {0:?}")]
    Throttled(Duration),
    /// It rejects the credentials.
    #[error("storefront rejects the credentials: {0}")]
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
