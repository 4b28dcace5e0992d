//! What a process has cost the machine, as the kernel counts it.

use std::{fs, time::Duration};

/// The kernel counts a process's time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Time on all processors, its own and the kernel's for it.
    pub cpu: Duration,
    /// Resident memory in kilobytes.
    pub resident: u64,
}

impl Usage {
    /// Of the process with this id.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let read = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(path).expect("the process is there")
        };
        let stat = read("stat");
        // The program's name may hold anything, in parentheses.
        let (_, fields) = stat.rsplit_once(')').expect("its name is in parentheses");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u32 = ticks.map(|it| it.parse::<u32>().expect("a count")).sum();
        let status = read("status");
        let resident = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let resident = resident.expect("it has memory").trim().trim_end_matches(" kB");
        Self { cpu: TICK * ticks, resident: resident.parse().expect("a count") }
    }

    /// Resident memory in MB.
    #[must_use]
    #[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "for people")]
    pub fn megabytes(self) -> f64 {
        self.resident as f64 / 1024.0
    }

    /// Time on all processors since then, of the process with this id.
    #[must_use]
    pub fn cpu_since(self, process: u32) -> Duration {
        Self::of(process).cpu.saturating_sub(self.cpu)
    }
}
