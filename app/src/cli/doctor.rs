//! `doctor`: checks that both systems of every customer are set up as memobridge needs them.

use std::{io::Write, path::Path, sync::Arc};

use ports::{Clock, DiagnosticFinding, Severity};

use super::{CommandError, load, output::stdout};
use crate::{clock::SystemClock, operator::required_records::required_records, wiring};

/// The number of errors and warnings.
#[derive(Debug, Default)]
struct FindingCounts {
    errors: usize,
    warnings: usize,
}

/// Prints a line for every check; fails if there is an error.
pub(super) async fn doctor(file: &Path) -> Result<(), CommandError> {
    let config = load(file)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut rounds = Vec::new();
    for customer in config.customers {
        let (tenant, requirements) =
            (customer.tenant.clone(), required_records(&customer.policy, &customer.maps));
        let systems = wiring::examined(customer, &clock).map_err(CommandError::Usage)?;
        rounds.push((tenant, requirements, systems));
    }
    let mut tally = FindingCounts::default();
    for (tenant, requirements, systems) in rounds {
        for (name, system) in systems {
            let findings = system.examine(&requirements).await;
            let mut out = stdout();
            for finding in &findings {
                tally.count(finding);
                writeln!(out, "{}", line(&format!("{tenant} {name}"), finding))?;
            }
        }
    }
    let text = tally.text();
    if tally.errors != 0 {
        return Err(CommandError::No(anyhow::anyhow!(text)));
    }
    writeln!(stdout(), "{text}")?;
    Ok(())
}

fn line(who: &str, finding: &DiagnosticFinding) -> String {
    let DiagnosticFinding { what, observed, severity } = finding;
    let (word, remedy) = match severity {
        Severity::Ok => ("ok", None),
        Severity::Unknown => ("unknown", None),
        Severity::Warning(remedy) => ("warning", Some(remedy)),
        Severity::Error(remedy) => ("error", Some(remedy)),
    };
    let remedy = remedy.map(|it| format!("; fix: {it}")).unwrap_or_default();
    format!("{word:<8} {who}: {what}: {observed}{remedy}")
}

impl FindingCounts {
    fn count(&mut self, finding: &DiagnosticFinding) {
        match finding.severity {
            Severity::Error(_) => self.errors += 1,
            Severity::Warning(_) => self.warnings += 1,
            Severity::Ok | Severity::Unknown => {}
        }
    }

    fn text(&self) -> String {
        let warnings = match self.warnings {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            more => format!(", {more} warnings"),
        };
        match self.errors {
            0 => format!("0 errors{warnings}"),
            1 => format!("1 error{warnings}"),
            more => format!("{more} errors{warnings}"),
        }
    }
}
