//! One spell of load in figures, and what several of them come to.

use std::{fmt, str::FromStr, time::Duration};

use crate::load::Load;

/// How much was done in a spell, how fast, and at what cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate([f64; 5]);

impl Rate {
    /// Of what was answered, and the processor time of whoever did the work.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::float_arithmetic, reason = "a mean")]
    pub fn of(load: &Load, cpu: Duration) -> Self {
        let [p50, p99, p999] = [500, 990, 999].map(|it| load.within(it));
        let each = cpu.as_secs_f64() * 1e6 / load.count().max(1) as f64;
        Self([load.per_second(), p50, p99, p999, each])
    }

    /// The median of each figure: one spell on a noisy machine says little.
    #[must_use]
    pub fn median(spells: &[Self]) -> Self {
        let mut place = 0;
        Self([(); 5].map(|()| {
            let mut figures: Vec<f64> = spells.iter().map(|it| it.0[place]).collect();
            figures.sort_by(f64::total_cmp);
            place += 1;
            figures[figures.len() / 2]
        }))
    }

    /// How much was done in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.0[0]
    }

    /// Microseconds of processor time for each.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        self.0[4]
    }

    /// All figures, for another process.
    #[must_use]
    pub fn line(&self) -> String {
        self.0.map(|it| it.to_string()).join(" ")
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let figures: Vec<f64> = line.split(' ').filter_map(|it| it.parse().ok()).collect();
        figures.try_into().map(Self).map_err(|_| format!("no spell: {line}"))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([rate, p50, p99, p999, cpu]) = self;
        f.pad(&format!("{rate:.0}/s {p50:.2}/{p99:.2}/{p999:.2} ms {cpu:.0} µs"))
    }
}
