//! `check`: reports every fault of a configuration, and uses no network.

use std::{io::Write, mem, path::Path, sync::Arc};

use ports::Clock;

use crate::{
    clock::SystemClock,
    config::{Config, ConfigError, ConfigFault},
    wiring,
};

use super::{CommandError, output::stdout};

/// Prints each fault of a configuration on a line, or that there is none.
pub(super) fn check(file: &Path) -> Result<(), CommandError> {
    let (config, mut faults) = match Config::load(file) {
        Ok(mut config) => {
            let useless = mem::take(&mut config.useless);
            (Some(config), useless)
        }
        Err(ConfigError::Faults(faults)) => (None, faults),
        Err(error) => return Err(CommandError::Configuration(error)),
    };
    if let Ok((queue, journal)) = Config::stores(file) {
        let unusable = wiring::unusable_files(&queue, &journal).into_iter();
        let fault =
            |error| ConfigFault { file: file.to_owned(), line: 0, message: format!("{error:#}") };
        faults.extend(unusable.map(fault));
    }
    let mut out = stdout();
    for warning in config.iter().flat_map(|config| &config.warnings) {
        writeln!(out, "warning: {warning}")?;
    }
    for fault in &faults {
        writeln!(out, "{fault}")?;
    }
    let Some(config) = config.filter(|_| faults.is_empty()) else {
        return Err(faulty(faults.len(), file));
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tenants: Vec<_> =
        config.customers.iter().map(|customer| customer.tenant.to_string()).collect();
    wiring::fits(config.customers, &clock)?;
    writeln!(out, "{} is ok: customers {}", file.display(), tenants.join(", "))?;
    Ok(())
}

fn faulty(faults: usize, file: &Path) -> CommandError {
    CommandError::No(anyhow::anyhow!("{} in {}", count(faults), file.display()))
}

fn count(faults: usize) -> String {
    match faults {
        1 => "1 fault".to_owned(),
        more => format!("{more} faults"),
    }
}
