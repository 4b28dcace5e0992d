use super::*;

#[track_caller]
fn rejects<T: FromStr<Err = IdError> + fmt::Debug>(raw: &str, why: &IdError) {
    assert_eq!(raw.parse::<T>().as_ref().err(), Some(why), "input: {raw:?}");
}

#[test]
fn an_order_id_is_a_uuid_in_lower_case() {
    let id: OrderId = "9F4E8FFC-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap();
    assert_eq!(id.as_str(), "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6");
    rejects::<OrderId>("", &IdError::Empty);
    rejects::<OrderId>("TEST-1821", &IdError::NotUuid);
    rejects::<OrderId>("9f4e8ffcc79c5839b1b7d65a26e60ef6", &IdError::NotUuid);
}

#[test]
fn a_unit_id_is_safe_to_embed_and_is_never_shipping() {
    rejects::<UnitId>("", &IdError::Empty);
    rejects::<UnitId>("a,b", &IdError::Forbidden(','));
    rejects::<UnitId>("é", &IdError::Forbidden('é'));
    rejects::<UnitId>(&"x".repeat(65), &IdError::TooLong(65));
    rejects::<UnitId>("Shipping", &IdError::Reserved);
    assert!(UnitId::stored("shipping").unwrap().is_shipping());
}

#[test]
fn record_ids_rank_by_number() {
    let rank = |raw: &str| raw.parse::<RecordId>().unwrap();
    assert!(rank("9").rank() < rank("10").rank());
    assert!(rank("10").rank() < rank("abc").rank());
    assert!("-8".parse::<RecordId>().is_ok());
}
