//! The database's address, parsed from its URL.

use std::{fmt, str::FromStr};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The parameters that a URL may have, and `options[NAME]`. The driver would ignore any other
/// parameter, possibly one that was meant to secure the connection.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// A database's address and credentials, redacted in `Debug`.
///
/// `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full&sslrootcert=FILE`, with the meanings
/// of libpq. Missing parts come from the variables `PGHOST` to `PGSSLMODE` and from `~/.pgpass`.
#[derive(Clone)]
pub struct DatabaseUrl(pub(super) Box<PgConnectOptions>);

/// Why a text is no valid [`DatabaseUrl`]; the message contains no part that could be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Not a PostgreSQL URL.
    #[error("must begin with postgres:// or postgresql://")]
    Scheme,
    /// It cannot be parsed.
    #[error("is not a URL: write special characters of user and password as %XX")]
    Unreadable,
    /// The parameter is unknown and would have no effect.
    #[error("has the unknown parameter {0}")]
    Unknown(String),
    /// The parameter is known, but its value is not.
    #[error("has a value that sslmode, port, hostaddr or statement-cache-capacity cannot have")]
    Value,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(raw: &str) -> Result<Self, DatabaseUrlError> {
        let raw = raw.trim();
        if !["postgres://", "postgresql://"].iter().any(|it| raw.starts_with(it)) {
            return Err(DatabaseUrlError::Scheme);
        }
        let (address, parameters) = raw.split_once('?').unwrap_or((raw, ""));
        if raw.contains('#') || address.parse::<PgConnectOptions>().is_err() {
            return Err(DatabaseUrlError::Unreadable);
        }
        let names: Vec<_> = parameters.split('&').filter_map(|it| it.split('=').next()).collect();
        for name in names.iter().filter(|name| !name.is_empty()) {
            known(name)?;
        }
        // Checked before the URL is parsed, because the driver logs what it ignores.
        let options: PgConnectOptions = raw.parse().map_err(|_| DatabaseUrlError::Value)?;
        let roots = ["sslrootcert", "ssl-root-cert", "ssl-ca"];
        let verifies = names.iter().any(|name| roots.contains(name));
        Ok(Self(Box::new(match options.get_ssl_mode() {
            // As in libpq; the driver alone would accept any certificate.
            PgSslMode::Require if verifies => options.ssl_mode(PgSslMode::VerifyCa),
            _ => options,
        })))
    }
}

fn known(name: &str) -> Result<(), DatabaseUrlError> {
    if PARAMETERS.contains(&name) || name.starts_with("options[") {
        return Ok(());
    }
    // A name of another form may be the rest of a password that contains a `?`.
    let plain = name.chars().all(|it| it.is_ascii_lowercase() || matches!(it, '_' | '-'));
    Err(if plain {
        DatabaseUrlError::Unknown(name.to_owned())
    } else {
        DatabaseUrlError::Unreadable
    })
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl([REDACTED])")
    }
}

#[cfg(test)]
mod tests;
