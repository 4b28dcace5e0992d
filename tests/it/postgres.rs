//! The journal in PostgreSQL beyond its promises: how it starts, what it survives, and the
//! service on it.

mod database;
mod service;
