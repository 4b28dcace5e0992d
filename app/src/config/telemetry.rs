//! `[telemetry]`: where traces are sent. Without it nothing is traced.

use super::section::Section;

/// `[telemetry]`
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// The collector's base address for OTLP over HTTP; `/v1/traces` is added.
    pub otlp_endpoint: String,
    /// The service name in the traces.
    pub service_name: String,
    /// The fraction of cancellations that is traced, from 0 to 1. A cancellation is traced
    /// completely or not at all, the same on every replica.
    pub sample: f64,
}

pub(super) fn read(root: &Section<'_>) -> Option<Telemetry> {
    let section = root.section("telemetry")?;
    let otlp_endpoint = section.required("otlp_endpoint", endpoint);
    let service_name = section.get("service_name", super::filled);
    let sample = section.get("sample", part);
    section.done();
    Some(Telemetry {
        otlp_endpoint: otlp_endpoint?,
        service_name: service_name.unwrap_or_else(|| "memobridge".to_owned()),
        sample: sample.unwrap_or(1.0),
    })
}

/// A collector may be used without TLS: it runs on the same machine or network, and receives no
/// secrets.
fn endpoint(raw: &str) -> Result<String, &'static str> {
    const PROBLEM: &str = "must be a URL such as \"http://127.0.0.1:4318\", without a query";
    let url: reqwest::Url = raw.trim().parse().map_err(|_| PROBLEM)?;
    let plain = url.query().is_none() && url.fragment().is_none();
    match url.scheme() {
        // The address is named in warnings.
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err("must not hold credentials")
        }
        "http" | "https" if plain => Ok(raw.trim().trim_end_matches('/').to_owned()),
        _ => Err(PROBLEM),
    }
}

fn part(raw: &str) -> Result<f64, &'static str> {
    let part = raw.trim().parse::<f64>().ok().filter(|it| (0.0..=1.0).contains(it));
    part.ok_or("must be a number from 0 to 1, such as \"0.1\"")
}
