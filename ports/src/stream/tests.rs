use super::*;

#[test]
fn an_id_is_one_segment_of_a_path() {
    let longest = "x".repeat(SubscriptionId::MAX_LEN);
    for raw in ["memobridge", "Erp-Sink_2.1", "7", &longest] {
        assert_eq!(raw.parse::<SubscriptionId>().unwrap().as_str(), raw);
    }
    let too_long = format!("{longest}x");
    for raw in ["", ".", "..", "-x", "a/b", "a b", "a%2F", "é", "a?b", &too_long] {
        assert_eq!(raw.parse::<SubscriptionId>(), Err(SubscriptionIdError), "{raw:?}");
    }
}

#[test]
fn windows_overlap_where_an_instant_is_in_both() {
    let window = |since, until| {
        StreamWindow::new(Timestamp::from_millis(since), Timestamp::from_millis(until))
    };
    assert_eq!((window(2, 2), window(3, 2)), (None, None));
    // one, the other, whether they overlap
    let table = [
        ((0, 10), (0, 10), true),
        ((0, 10), (9, 20), true),
        ((0, 10), (3, 4), true),
        ((0, 10), (10, 20), false),
        ((0, 10), (11, 20), false),
    ];
    for (one, other, expected) in table {
        let (a, b) = (window(one.0, one.1).unwrap(), window(other.0, other.1).unwrap());
        assert_eq!((a.overlaps(b), b.overlaps(a)), (expected, expected), "{one:?} {other:?}");
    }
}
