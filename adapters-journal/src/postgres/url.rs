//! Where the database is, as its URL says it.

use std::{fmt, str::FromStr};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// What a URL may say after its `?`, and `options[NAME]`. The driver would ignore
/// anything else, and with it perhaps what was meant to keep the connection safe.
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

/// A database's address and how to log in there, redacted in `Debug`.
///
/// `postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full&sslrootcert=FILE`, with
/// the meanings that libpq gives to it. What it leaves out, the variables `PGHOST` to
/// `PGSSLMODE` and `~/.pgpass` may say.
#[derive(Clone)]
pub struct DatabaseUrl(pub(super) Box<PgConnectOptions>);

/// Why a text is no [`DatabaseUrl`]; never with a word of it that could be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another kind of URL, or none.
    #[error("must begin with postgres:// or postgresql://")]
    Scheme,
    /// It cannot be taken apart.
    #[error("is not a URL: write special characters of user and password as %XX")]
    Unreadable,
    /// It would have no effect.
    #[error("has the unknown parameter {0}")]
    Unknown(String),
    /// A parameter is known, and its value is not.
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
        // Before the whole is read: the driver logs what it ignores.
        let options: PgConnectOptions = raw.parse().map_err(|_| DatabaseUrlError::Value)?;
        let roots = ["sslrootcert", "ssl-root-cert", "ssl-ca"];
        let verifies = names.iter().any(|name| roots.contains(name));
        Ok(Self(Box::new(match options.get_ssl_mode() {
            // As libpq has it; the driver alone would take any certificate.
            PgSslMode::Require if verifies => options.ssl_mode(PgSslMode::VerifyCa),
            _ => options,
        })))
    }
}

fn known(name: &str) -> Result<(), DatabaseUrlError> {
    if PARAMETERS.contains(&name) || name.starts_with("options[") {
        return Ok(());
    }
    // What looks otherwise may be the rest of a password with a `?` in it.
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
