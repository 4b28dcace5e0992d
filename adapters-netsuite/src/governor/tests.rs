//! Slots.

use super::*;

#[tokio::test(start_paused = true)]
async fn no_more_than_the_slots_are_in_flight() {
    let governor = Governor::new(2, Duration::from_mins(1));
    let (one, _two) = (governor.slot().await.unwrap(), governor.slot().await.unwrap());
    let full = governor.slot().await.unwrap_err();
    assert_eq!(full.class, Class::Throttled);
    drop(one);
    assert!(governor.slot().await.is_ok());
}
