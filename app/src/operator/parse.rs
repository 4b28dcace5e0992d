//! Parses arguments, the same on the command line and in the admin API.

use domain::{Reason, Timestamp};
use ports::CancellationState;

/// The state with this name.
pub fn state(name: &str) -> Result<CancellationState, String> {
    let names = CancellationState::ALL.map(|(_, name)| name).join(", ");
    CancellationState::named(name).ok_or(format!("must be one of {names}"))
}

/// Reasons that had another name in earlier versions.
const RENAMED: [(&str, &str); 4] = [
    ("line-closed", "already-closed"),
    ("erp-silent", "erp-timeout"),
    ("sending-unanswered", "outcome-unknown"),
    ("payments-short", "payment-shortfall"),
];

/// The name of an existing reason; also accepts its name in earlier versions. A mistyped name is an
/// error, because it would silently match nothing.
pub fn reason(name: &str) -> Result<String, String> {
    let renamed = RENAMED.iter().find(|(before, _)| *before == name);
    let name = renamed.map_or(name, |(_, now)| now);
    let all = Reason::examples();
    if all.iter().any(|it| it.name() == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = all.iter().map(Reason::name).collect();
    Err(format!("must be one of {}", names.join(", ")))
}

/// An instant with its offset, for example `2026-11-21T09:30:00Z`.
pub fn instant(text: &str) -> Result<Timestamp, &'static str> {
    let instant = text.parse::<jiff::Timestamp>();
    let instant = instant.map_err(|_| "must be a time such as 2026-11-21T09:30:00Z")?;
    Ok(Timestamp::from_millis(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_known_by_name() {
        assert_eq!(state("parked"), Ok(CancellationState::Parked));
        let problem = "must be one of working, deferred, posted, skipped, parked";
        assert_eq!(state("Parked"), Err(problem.to_owned()));
    }

    #[test]
    fn a_reason_must_exist() {
        assert_eq!(reason("unmapped"), Ok("unmapped".to_owned()));
        assert!(reason("umapped").unwrap_err().contains("unmapped"));
        for (before, now) in RENAMED {
            assert_eq!(reason(before), Ok(now.to_owned()), "{before}");
        }
    }

    #[test]
    fn an_instant_has_its_offset() {
        let millis = |text| instant(text).map(Timestamp::as_millis);
        assert_eq!(millis("1970-01-01T00:00:01.5Z"), Ok(1_500));
        assert_eq!(millis("1970-01-01T01:00:00+01:00"), Ok(0));
        for wrong in ["", "yesterday", "2026-11-21", "2026-11-21T09:30:00"] {
            assert!(millis(wrong).is_err(), "{wrong}");
        }
    }
}
