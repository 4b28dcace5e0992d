//! Every adapter against every promise of its port.

mod jobs;
mod journal;
mod ledger;
mod storefront;
