//! Where a process spends its processor time, by `perf`, in a few parts.

use std::{collections::BTreeMap, fmt, io, path::Path, process::Output, time::Duration};

use tokio::process::Command;

/// The thread that writes to the files of journal and queue.
const WRITER: &str = "embedded-writer";
/// A part, and words of symbols that belong to it; the first that fits counts.
const PARTS: [(&str, &[&str]); 9] = [
    ("SOAP", &["adapters_netsuite", "quick_xml"]),
    ("GraphQL, webhook, JSON", &["adapters_newstore", "serde_json", "graphql"]),
    ("log and spans", &["tracing", "sharded_slab"]),
    ("metrics", &["metrics", "quanta"]),
    ("the rules", &["domain", "rust_decimal"]),
    ("HTTP", &["hyper", "reqwest", "http::", "httparse", "tower", "axum", "bytes::", "url::"]),
    ("tokio", &["tokio", "mio::"]),
    ("signatures and digests", &["sha2", "sha256", "hmac", "chacha", "base64"]),
    ("allocator", &["malloc", "_int_free", "cfree", "realloc", "calloc", "unlink_chunk"]),
];

/// Per cent of the time in each part.
#[derive(Debug, Clone)]
pub struct CpuProfile(BTreeMap<String, f64>);

impl CpuProfile {
    /// Samples a process for so long; the data stay in the folder. An error where there is no
    /// `perf`, or it may not look.
    pub async fn of(process: u32, spell: Duration, folder: &Path) -> io::Result<Self> {
        let (data, process) = (folder.join("perf.data"), process.to_string());
        let mut record = Command::new("perf");
        record.args(["record", "-e", "cpu-clock", "-F", "997", "-p", &process, "-o"]);
        record.arg(&data).args(["--", "sleep", &spell.as_secs().to_string()]);
        done(&record.output().await?)?;
        let mut report = Command::new("perf");
        report.args(["report", "--stdio", "--no-children", "-s", "comm,symbol", "-t", "|", "-i"]);
        let report = done(&report.arg(&data).output().await?)?;
        Ok(Self::read(&report))
    }

    #[expect(clippy::float_arithmetic, reason = "a sum of shares")]
    fn read(report: &str) -> Self {
        let mut shares = BTreeMap::new();
        for line in report.lines() {
            let mut columns = line.splitn(3, '|').map(str::trim);
            let share = columns.next().and_then(|it| it.strip_suffix('%')?.parse::<f64>().ok());
            if let (Some(share), Some(thread), Some(symbol)) =
                (share, columns.next(), columns.next())
            {
                *shares.entry(part(thread, symbol)).or_default() += share;
            }
        }
        Self(shares)
    }
}

fn done(output: &Output) -> io::Result<String> {
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn part(thread: &str, symbol: &str) -> String {
    let part = match (thread == WRITER, symbol.starts_with("[k]")) {
        (true, true) => "the book: kernel",
        (true, false) => "the book: SQLite",
        (false, true) => "kernel: network, threads",
        (false, false) => {
            let fits = |words: &[&str]| words.iter().any(|word| symbol.contains(word));
            PARTS.iter().find(|(_, words)| fits(words)).map_or("everything else", |it| it.0)
        }
    };
    part.to_owned()
}

impl fmt::Display for CpuProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shares: Vec<_> = self.0.iter().collect();
        shares.sort_by(|one, other| other.1.total_cmp(one.1));
        for (part, share) in shares {
            writeln!(f, "  {share:>5.1} % {part}")?;
        }
        Ok(())
    }
}
