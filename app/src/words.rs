//! Words that people ask with, the same on the command line and in the admin API.

use domain::{Reason, Timestamp};
use ports::State;

/// The state with this name.
pub fn state(name: &str) -> Result<State, String> {
    let names = State::ALL.map(|(_, name)| name).join(", ");
    State::named(name).ok_or(format!("must be one of {names}"))
}

/// The name of a reason that there is: a mistyped one would find nothing, silently.
pub fn reason(name: &str) -> Result<String, String> {
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
        assert_eq!(state("parked"), Ok(State::Parked));
        let problem = "must be one of working, deferred, posted, skipped, parked";
        assert_eq!(state("Parked"), Err(problem.to_owned()));
    }

    #[test]
    fn a_reason_must_be_one_that_there_is() {
        assert_eq!(reason("unmapped"), Ok("unmapped".to_owned()));
        assert!(reason("umapped").unwrap_err().contains("unmapped"));
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
