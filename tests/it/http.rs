//! The webhook's answers: what happened, what is answered, and what is on record afterwards.

mod deferred;
mod rejected;
mod settled;
mod storage;
mod unavailable;
mod upkeep;
