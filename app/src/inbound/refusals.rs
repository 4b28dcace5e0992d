//! Rejected requests (4xx): each is counted by its cause, and a limited number per minute is
//! logged. A log line has the reason, and nothing from the body.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use ports::{Clock, Instant};

/// The window in which log lines are counted.
const WINDOW: Duration = Duration::from_mins(1);
/// The most log lines of one cause in a window.
const LINES: u32 = 20;

/// The rejected requests of the current window, by cause.
pub struct Refusals {
    clock: Arc<dyn Clock>,
    window: Mutex<Window>,
}

#[derive(Default)]
struct Window {
    began: Option<Instant>,
    lines: BTreeMap<&'static str, u32>,
}

/// Whether to write a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Written,
    /// Written, with a note that it is the last one of this cause in the window.
    Last,
    None,
}

/// A rejected request.
pub(super) struct Refused<'a> {
    pub(super) method: &'a Method,
    /// The parts of the path that belong to a route.
    pub(super) path: &'a str,
    pub(super) status: StatusCode,
    /// The reason, in fixed words.
    pub(super) reason: &'a str,
}

impl Refusals {
    /// Without requests so far.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, window: Mutex::default() }
    }

    /// Counts a request, and logs it unless there were too many of its cause.
    pub(super) fn note(&self, refused: &Refused<'_>) {
        let Refused { method, path, status, reason } = refused;
        let (method, status) = (method_label(method), status.as_u16());
        self.count(method, cause(status), |cause| {
            tracing::warn!(
                http.request.method = method,
                url.path = path,
                http.response.status_code = status,
                cause,
                error = reason,
                "Rejected a request: {reason}"
            );
        });
    }

    /// Counts a request whose head is invalid or too large.
    pub(super) fn note_head(&self, error: &hyper::Error) {
        self.count("other", "head", |cause| {
            tracing::warn!(cause, %error, "Rejected a request: its head cannot be read");
        });
    }

    fn count(&self, method: &'static str, cause: &'static str, write: impl FnOnce(&str)) {
        let counted = [("method", method), ("cause", cause)];
        metrics::counter!("memobridge_refused_requests_total", &counted).increment(1);
        let line = self.line(cause, self.clock.instant());
        if line != Line::None {
            write(cause);
        }
        if line == Line::Last {
            tracing::warn!(
                cause,
                "Further rejections for this cause are only counted for a minute"
            );
        }
    }

    fn line(&self, cause: &'static str, now: Instant) -> Line {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| now.since(began) >= WINDOW) {
            *window = Window { began: Some(now), lines: BTreeMap::new() };
        }
        let lines = window.lines.entry(cause).or_default();
        *lines = lines.saturating_add(1);
        match *lines {
            ..LINES => Line::Written,
            LINES => Line::Last,
            _ => Line::None,
        }
    }
}

/// The cause, as the metric's label.
fn cause(status: u16) -> &'static str {
    match status {
        400 => "malformed",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "unknown-path",
        405 => "method",
        413 => "too-large",
        414 => "long-path",
        415 => "encoding",
        429 => "too-many",
        _ => "other",
    }
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::POST => "POST",
        Method::GET => "GET",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_cause_hides_no_other_and_its_log_lines_are_limited() {
        let refusals = Refusals::new(Arc::new(crate::clock::SystemClock));
        let now = Instant::new(domain::Timestamp::from_millis(1_000), Duration::ZERO);
        let lines: Vec<_> = (0..LINES + 5).map(|_| refusals.line("unauthorized", now)).collect();
        assert_eq!(lines.iter().filter(|line| **line == Line::Written).count(), 19);
        assert_eq!(lines[19..21], [Line::Last, Line::None]);
        assert_eq!(refusals.line("malformed", now), Line::Written);
        assert_eq!(refusals.line("unauthorized", now.after(WINDOW)), Line::Written);
    }

    #[test]
    fn every_refusal_has_one_of_a_few_causes() {
        let causes = (400..500).map(cause);
        let causes: std::collections::BTreeSet<_> = causes.collect();
        assert_eq!(causes.len(), 10, "{causes:?}");
    }
}
