use super::*;

fn unit(id: &str) -> UnitSnapshot {
    UnitSnapshot { id: id.to_owned(), ..Default::default() }
}

fn card() -> InstrumentSnapshot {
    InstrumentSnapshot { method: Some("cash".to_owned()), ..Default::default() }
}

fn page<T>(nodes: Vec<T>, more: Option<bool>, end: Option<&str>) -> Page<T> {
    let nodes = nodes.into_iter().map(Some).collect();
    Page { nodes, more, end: end.map(str::to_owned) }
}

fn units(ids: &[&str], more: Option<bool>, end: Option<&str>) -> Page<UnitSnapshot> {
    page(ids.iter().map(|it| unit(it)).collect(), more, end)
}

fn place(after: Option<&str>, offset: Option<i64>) -> Position {
    Position { after: after.map(str::to_owned), offset }
}

#[track_caller]
fn check_stuck<T: Node>(list: &mut Collector<T>, page: Page<T>) {
    let error = list.add(page).unwrap_err().to_string();
    assert!(error.ends_with("paging does not advance"), "{error}");
}

#[test]
fn a_list_continues_by_cursor_or_by_count() {
    let mut list = Collector::new("items", 2);
    assert_eq!(*list.position(), place(None, None));
    list.add(units(&["a", "b"], Some(true), Some("x"))).unwrap();
    assert_eq!(*list.position(), place(Some("x"), None));
    list.add(units(&["c"], Some(true), None)).unwrap();
    assert_eq!(*list.position(), place(None, Some(3)));
    list.add(units(&["d", "c"], Some(true), Some("y"))).unwrap();
    assert_eq!(*list.position(), place(Some("y"), None));
    assert!(!list.is_whole());
    list.add(units(&[], Some(false), None)).unwrap();
    assert!(list.is_whole());
    let ids: Vec<_> = list.into_entries().into_iter().map(|it| it.id).collect();
    assert_eq!(ids, ["a", "b", "c", "d"], "a repeated entry is listed once");
}

#[test]
fn a_page_without_new_entries_is_an_error_while_there_is_more() {
    let mut by_id = Collector::new("items", 2);
    by_id.add(units(&["a", "b"], Some(true), None)).unwrap();
    check_stuck(&mut by_id, units(&["a", "b"], Some(true), None));

    let mut empty = Collector::new("items", 2);
    check_stuck(&mut empty, units(&[], Some(true), Some("x")));

    let mut by_cursor = Collector::new("instruments", 1);
    by_cursor.add(page(vec![card()], Some(true), Some("x"))).unwrap();
    check_stuck(&mut by_cursor, page(vec![card()], Some(true), Some("x")));

    let mut by_likeness = Collector::new("instruments", 1);
    by_likeness.add(page(vec![card()], Some(true), None)).unwrap();
    check_stuck(&mut by_likeness, page(vec![card()], Some(true), None));
}

#[test]
fn equal_entries_without_an_id_are_kept_where_a_cursor_separates_them() {
    let mut list = Collector::new("instruments", 1);
    list.add(page(vec![card()], Some(true), Some("x"))).unwrap();
    list.add(page(vec![card()], Some(false), Some("y"))).unwrap();
    assert_eq!(list.into_entries(), [card(), card()]);
}

#[test]
fn without_page_information_only_a_full_page_is_followed() {
    let mut short = Collector::new("items", 2);
    short.add(units(&["a"], None, None)).unwrap();
    assert!(short.is_whole());

    let mut full = Collector::new("items", 2);
    full.add(units(&["a", "b"], None, None)).unwrap();
    assert_eq!((full.is_whole(), full.position()), (false, &place(None, Some(2))));
    full.add(units(&["a", "b"], None, None)).unwrap();
    assert!(full.is_whole(), "an API that ignores the offset has no more");
    assert_eq!(full.into_entries().len(), 2);
}

#[test]
fn an_ignored_cursor_repeats_no_entry() {
    let mut list = Collector::new("instruments", 1);
    list.add(page(vec![card()], None, Some("x"))).unwrap();
    assert_eq!(*list.position(), place(Some("x"), None));
    list.add(page(vec![card()], None, Some("x"))).unwrap();
    assert!(list.is_whole());
    assert_eq!(list.into_entries(), [card()]);
}

#[test]
fn a_hole_is_an_error() {
    let mut list = Collector::new("items", 2);
    let nodes = vec![Some(unit("a")), None];
    let error = list.add(Page { nodes, more: Some(false), end: None }).unwrap_err();
    assert_eq!(error.to_string(), "storefront's answer cannot be read: items: has a hole");
}
