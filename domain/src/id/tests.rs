use super::*;

#[track_caller]
fn rejects<T: FromStr<Err = InvalidId> + fmt::Debug>(raw: &str, why: &InvalidId) {
    assert_eq!(raw.parse::<T>().as_ref().err(), Some(why), "input: {raw:?}");
}

#[test]
fn an_order_id_is_a_uuid_in_lower_case() {
    let id: OrderId = "9F4E8FFC-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap();
    assert_eq!(id.as_str(), "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6");
    rejects::<OrderId>("", &InvalidId::Empty);
    rejects::<OrderId>("TEST-1821", &InvalidId::NotUuid);
    rejects::<OrderId>("9f4e8ffcc79c5839b1b7d65a26e60ef6", &InvalidId::NotUuid);
}

#[test]
fn a_unit_id_can_be_embedded_and_is_never_shipping() {
    rejects::<UnitId>("", &InvalidId::Empty);
    rejects::<UnitId>("a,b", &InvalidId::Forbidden(','));
    rejects::<UnitId>("é", &InvalidId::Forbidden('é'));
    rejects::<UnitId>(&"x".repeat(65), &InvalidId::TooLong(65));
    rejects::<UnitId>("Shipping", &InvalidId::Reserved);
    assert!(UnitId::stored("shipping").unwrap().is_shipping());
}

#[test]
fn record_ids_rank_by_number() {
    let rank = |raw: &str| raw.parse::<RecordId>().unwrap();
    assert!(rank("9").rank() < rank("10").rank());
    assert!(rank("10").rank() < rank("abc").rank());
    assert!("-8".parse::<RecordId>().is_ok());
}
