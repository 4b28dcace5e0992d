//! Code that the command line and the admin API share.

pub mod audit;
pub mod json;
pub mod paging;
pub mod parse;
pub mod required_records;
pub mod retry;
