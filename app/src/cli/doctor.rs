//! `doctor`: asks both systems of every retailer whether the work can be done.

use std::{io::Write, path::Path, sync::Arc};

use ports::{Clock, Finding, Verdict};

use super::{Failure, load};
use crate::{clock::SystemClock, wants::wants, wiring};

/// How many findings are not fine.
#[derive(Debug, Default)]
struct Tally {
    wrong: usize,
    warnings: usize,
}

/// Prints a line for every question; the answer is "no" when something is wrong.
pub(super) async fn doctor(file: &Path) -> Result<(), Failure> {
    let config = load(file)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut rounds = Vec::new();
    for customer in config.customers {
        let (tenant, wants) = (customer.tenant.clone(), wants(&customer.policy, &customer.maps));
        let systems = wiring::examined(customer, &clock).map_err(Failure::Unusable)?;
        rounds.push((tenant, wants, systems));
    }
    let mut tally = Tally::default();
    for (tenant, wants, systems) in rounds {
        for (name, system) in systems {
            let findings = system.examine(&wants).await;
            let mut out = std::io::stdout().lock();
            for finding in &findings {
                tally.count(finding);
                writeln!(out, "{}", line(&format!("{tenant} {name}"), finding))?;
            }
        }
    }
    let text = tally.text();
    if tally.wrong != 0 {
        return Err(Failure::No(anyhow::anyhow!(text)));
    }
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}

fn line(who: &str, finding: &Finding) -> String {
    let Finding { what, seen, verdict } = finding;
    let (word, remedy) = match verdict {
        Verdict::Fine => ("fine", None),
        Verdict::Untold => ("unknown", None),
        Verdict::Warning(remedy) => ("warning", Some(remedy)),
        Verdict::Wrong(remedy) => ("wrong", Some(remedy)),
    };
    let remedy = remedy.map(|it| format!("; what to do: {it}")).unwrap_or_default();
    format!("{word:<8} {who}: {what}: {seen}{remedy}")
}

impl Tally {
    fn count(&mut self, finding: &Finding) {
        match finding.verdict {
            Verdict::Wrong(_) => self.wrong += 1,
            Verdict::Warning(_) => self.warnings += 1,
            Verdict::Fine | Verdict::Untold => {}
        }
    }

    fn text(&self) -> String {
        let warnings = match self.warnings {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            more => format!(", {more} warnings"),
        };
        match self.wrong {
            0 => format!("nothing is wrong{warnings}"),
            1 => format!("1 thing is wrong{warnings}"),
            more => format!("{more} things are wrong{warnings}"),
        }
    }
}
