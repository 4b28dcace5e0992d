//! Turns: who runs, who waits, who is turned away and for how long.

use super::*;

fn start() -> Instant {
    at(Duration::ZERO)
}

fn at(elapsed: Duration) -> Instant {
    Instant::new(domain::Timestamp::from_millis(0), elapsed)
}

fn turns_for(concurrency: usize) -> Arc<Turns> {
    Turns::new(&"dodici".parse().unwrap(), concurrency)
}

#[track_caller]
fn now(asked: Asked) -> Turn {
    match asked {
        Asked::Now(turn) => turn,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn soon(asked: Asked) -> oneshot::Receiver<Turn> {
    match asked {
        Asked::Soon(waiting) => waiting,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn full(asked: &Asked) -> Duration {
    match asked {
        Asked::Full(wait) => *wait,
        other => panic!("{other:?}"),
    }
}

#[test]
fn so_many_run_as_many_wait_and_the_rest_is_turned_away() {
    let turns = turns_for(2);
    let running = [(); 2].map(|()| now(turns.ask(Freshness::Retried, start())));
    let mut waiting = [(); 2].map(|()| soon(turns.ask(Freshness::Retried, start())));
    full(&turns.ask(Freshness::Retried, start()));
    // New ones are seen all the same.
    let new = [(); 2].map(|()| soon(turns.ask(Freshness::New, start())));
    full(&turns.ask(Freshness::New, start()));
    drop(new);
    drop(running);
    let turn = waiting[0].try_recv().unwrap();
    waiting[1].try_recv().unwrap();
    drop(turn);
    now(turns.ask(Freshness::Retried, start()));
}

#[test]
fn new_jobs_go_first_and_retried_ones_do_not_starve() {
    let turns = turns_for(5);
    let mut running: Vec<_> = (0..5).map(|_| now(turns.ask(Freshness::New, start()))).collect();
    let mut waiting = Vec::new();
    for (name, freshness) in [("r1", Freshness::Retried), ("r2", Freshness::Retried)] {
        waiting.push((name, soon(turns.ask(freshness, start()))));
    }
    for name in ["n1", "n2", "n3", "n4", "n5"] {
        waiting.push((name, soon(turns.ask(Freshness::New, start()))));
    }
    let mut order = Vec::new();
    while !waiting.is_empty() {
        drop(running.pop());
        let next = waiting.iter_mut().position(|(_, it)| match it.try_recv() {
            Ok(turn) => {
                running.insert(0, turn);
                true
            }
            Err(_) => false,
        });
        order.push(waiting.remove(next.expect("a turn went to somebody")).0);
    }
    assert_eq!(order, ["n1", "n2", "n3", "r1", "n4", "n5", "r2"]);
}

#[test]
fn new_jobs_do_not_take_the_room_of_retried_ones() {
    let turns = turns_for(2);
    let _running = [(); 2].map(|()| now(turns.ask(Freshness::New, start())));
    let _new = [(); 2].map(|()| soon(turns.ask(Freshness::New, start())));
    full(&turns.ask(Freshness::New, start()));
    let _retried = [(); 2].map(|()| soon(turns.ask(Freshness::Retried, start())));
    full(&turns.ask(Freshness::Retried, start()));
}

#[test]
fn a_turn_that_nobody_waits_for_any_more_goes_to_the_next() {
    let turns = turns_for(2);
    let running = [(); 2].map(|()| now(turns.ask(Freshness::New, start())));
    let gone = soon(turns.ask(Freshness::New, start()));
    let mut next = soon(turns.ask(Freshness::New, start()));
    drop(gone);
    drop(running);
    drop(next.try_recv().unwrap());
    for _ in 0..3 {
        let both = [(); 2].map(|()| now(turns.ask(Freshness::New, start())));
        assert!(matches!(turns.ask(Freshness::New, start()), Asked::Soon(_)));
        drop(both);
    }
}

#[test]
fn who_is_turned_away_comes_back_when_there_is_room() {
    let turns = turns_for(1);
    let _running = now(turns.ask(Freshness::Retried, start()));
    let _waiting = soon(turns.ask(Freshness::Retried, start()));
    for _ in 0..100 {
        turns.took(Duration::from_secs(4));
    }
    // Attempts take 4 s: asked for every 2 s, and after five minutes at the latest.
    let waits: Vec<_> = (0..180).map(|_| full(&turns.ask(Freshness::Retried, start()))).collect();
    assert_eq!(waits[0], LEAST);
    for (at, pair) in waits.windows(2).enumerate() {
        let apart = pair[1].saturating_sub(pair[0]).as_millis();
        let expected = if pair[1] == MOST { 0..=2000 } else { 1990..=2000 };
        assert!(expected.contains(&apart), "{at}: {pair:?}");
    }
    assert_eq!(*waits.last().unwrap(), MOST);
    // Later the plan of then is over.
    assert_eq!(full(&turns.ask(Freshness::Retried, at(2 * MOST))), LEAST);
}

#[test]
fn while_the_erp_is_held_back_jobs_come_one_after_the_other() {
    let turns = turns_for(4);
    let (pause, most) = (Duration::from_secs(15), Duration::from_mins(15));
    let waits: Vec<_> = (0..20_000).map(|_| turns.later(start(), pause, most)).collect();
    assert_eq!(waits[0], pause);
    assert_eq!(waits[8], pause + Duration::from_secs(1));
    assert_eq!(*waits.last().unwrap(), most);
    assert!(waits.is_sorted());
}
