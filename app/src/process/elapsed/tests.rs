use super::*;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Both clocks of a machine.
struct Machine {
    steps: ClockSteps,
    start: Timestamp,
    elapsed: Duration,
    ahead: Duration,
    back: Duration,
}

impl Machine {
    fn started_at(start: i64) -> Self {
        let (ahead, back) = (Duration::ZERO, Duration::ZERO);
        let start = Timestamp::from_millis(start);
        Self { steps: ClockSteps::default(), start, elapsed: Duration::ZERO, ahead, back }
    }

    fn date(&self) -> Timestamp {
        self.start.after(self.elapsed).after(self.ahead).before(self.back)
    }

    /// The certain date after this time, checked every minute.
    fn certain_after(&mut self, time: Duration) -> Timestamp {
        let until = self.elapsed + time;
        loop {
            let instant = Instant::new(self.start, self.elapsed);
            let certain = self.steps.certain(self.date(), instant);
            if self.elapsed >= until {
                return certain;
            }
            self.elapsed += MINUTE;
        }
    }
}

#[test]
fn a_clock_that_was_wrong_at_the_start_is_trusted_an_hour_after_its_correction() {
    let mut machine = Machine::started_at(0);
    machine.certain_after(HOUR);
    machine.ahead = 20_000 * DAY;
    let before = machine.certain_after(59 * MINUTE);
    assert_eq!(before, machine.start.after(machine.elapsed));
    assert_eq!(machine.certain_after(2 * MINUTE), machine.date());
    assert_eq!(machine.certain_after(DAY), machine.date());
}

#[test]
fn a_jump_that_is_corrected_within_an_hour_has_no_effect() {
    let mut machine = Machine::started_at(0);
    for _ in 0..30 {
        machine.ahead = 8 * DAY;
        let certain = machine.certain_after(HOUR / 2);
        assert_eq!(certain, machine.start.after(machine.elapsed));
        machine.ahead = Duration::ZERO;
        assert_eq!(machine.certain_after(HOUR / 2), machine.date());
    }
}

#[test]
fn only_the_lasting_part_of_a_growing_jump_is_trusted() {
    let mut machine = Machine::started_at(0);
    machine.ahead = HOUR;
    machine.certain_after(HOUR / 2);
    machine.ahead = 8 * DAY;
    let certain = machine.certain_after(HOUR / 2);
    assert_eq!(certain, machine.start.after(machine.elapsed).after(HOUR));
    assert_eq!(machine.certain_after(2 * HOUR), machine.date());
}

#[test]
fn a_clock_set_back_is_trusted_at_once() {
    let mut machine = Machine::started_at(100_000_000);
    machine.certain_after(HOUR);
    machine.back = HOUR;
    assert_eq!(machine.certain_after(Duration::ZERO), machine.date());
}

#[test]
fn a_drifting_clock_is_trusted_at_once() {
    let mut machine = Machine::started_at(0);
    for _ in 0..600 {
        machine.ahead += Duration::from_millis(900);
        assert_eq!(machine.certain_after(MINUTE), machine.date());
    }
}

#[test]
fn the_time_of_a_key_starts_at_its_first_use_or_its_restart() {
    let seen = FirstSeen::new(2, HOUR);
    let at = |minutes| Instant::new(Timestamp::from_millis(0), Duration::from_mins(minutes));
    assert_eq!(seen.known_for(&'a', at(0)), Duration::ZERO);
    assert_eq!(seen.known_for(&'a', at(5)), 5 * MINUTE);
    seen.restart(&'a', at(5));
    assert_eq!(seen.known_for(&'a', at(6)), MINUTE);
    seen.forget(&'a');
    assert_eq!(seen.known_for(&'a', at(7)), Duration::ZERO);
}

#[test]
fn without_room_a_key_is_new_until_an_old_one_is_dropped() {
    let seen = FirstSeen::new(2, HOUR);
    let at = |minutes| Instant::new(Timestamp::from_millis(0), Duration::from_mins(minutes));
    assert_eq!(seen.known_for(&'a', at(0)), Duration::ZERO);
    assert_eq!(seen.known_for(&'b', at(30)), Duration::ZERO);
    for minutes in [31, 40] {
        assert_eq!(seen.known_for(&'c', at(minutes)), Duration::ZERO);
    }
    assert_eq!(seen.known_for(&'c', at(60)), Duration::ZERO);
    assert_eq!(seen.known_for(&'c', at(70)), 10 * MINUTE);
    assert_eq!(seen.known_for(&'b', at(70)), 40 * MINUTE);
}
