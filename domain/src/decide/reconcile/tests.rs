//! Differences, written as `kind units amount`, with their details.

use super::*;
use crate::{ClaimState, CreditMemo, testing::*};

/// A story, with the data of journal and window.
struct Scene {
    story: Story,
    cancelled: Vec<&'static str>,
    known: Vec<KnownCancellation>,
    memos: Vec<RecordedMemo>,
    totals: BTreeMap<RecordId, Amount>,
}

/// Two pieces of one product at 20.00, one of another at 30.00; `a` and `b` are cancelled.
fn scene() -> Scene {
    let story = Story::new().unit("a", "20.00").product("p").unit("b", "20.00").product("p");
    let story = story.unit("c", "30.00").paid("70.00").refunded("40.00");
    of(story, &["a", "b"])
}

fn of(story: Story, cancelled: &[&'static str]) -> Scene {
    let (known, memos, totals) = (Vec::new(), Vec::new(), BTreeMap::new());
    Scene { story, cancelled: cancelled.to_vec(), known, memos, totals }
}

fn recorded(memo: ExistingMemo) -> RecordedMemo {
    let memo = ExistingMemo { number: Some(format!("CM{}", memo.id)), ..memo };
    RecordedMemo { memo, reference: None, currency: Some(id("1")) }
}

impl Scene {
    fn knows(mut self, name: &str, units: &[&str], course: Progress) -> Self {
        self.known.push(KnownCancellation {
            id: format!("can-{name}").parse().unwrap(),
            units: units.iter().map(|it| unit(it)).collect(),
            progress: course,
            reason: Some("why".to_owned()),
            claims: Vec::new(),
        });
        self
    }

    /// The memo for these units, claimed and settled by a cancellation.
    fn claims(mut self, units: &[&str], record: &str) -> Self {
        let mut story = self.story.clone();
        story.claims = self.known.iter().flat_map(|it| it.claims.clone()).collect();
        let memo = story.memo(units);
        self = self.knows(&format!("of-{record}"), units, Progress::Posted);
        let state = ClaimState::Settled(id(record));
        self.known.last_mut().unwrap().claims.push(Claim { memo, state });
        self
    }

    fn sent(&self, nth: usize) -> &CreditMemo {
        &self.known.iter().flat_map(|it| &it.claims).nth(nth).unwrap().memo
    }

    /// The claimed memo at this position is on record.
    fn shown(mut self, nth: usize, record: &str, change: fn(&mut RecordedMemo)) -> Self {
        let memo = ExistingMemo { id: id(record), ..on_record(self.sent(nth), Column::Filled) };
        let mut memo = recorded(memo);
        change(&mut memo);
        self.memos.push(memo);
        self
    }

    /// A manual memo on invoice 700.
    fn by_hand(mut self, record: &str, lines: &[(&str, i64, &str, &[&str])]) -> Self {
        self.memos.push(recorded(ExistingMemo { id: id(record), ..by_hand(lines) }));
        self
    }

    fn findings(&self, full: bool) -> Vec<ReconcileFinding> {
        let order = Order::check(&self.story.snapshot(&self.cancelled)).unwrap();
        let billing = self.story.billing(&order);
        reconcile(&ReconcileInput {
            tenant: &"dodici".parse().unwrap(),
            order: &order,
            known: &self.known,
            memos: &self.memos,
            totals: &self.totals,
            pass: if full { Pass::Full(&billing) } else { Pass::Quick },
            policy: &self.story.policy,
            maps: &self.story.maps,
        })
    }

    /// The findings of a full and of a quick pass.
    #[track_caller]
    fn finds(&self, expected: &[&str]) {
        assert_eq!(self.texts(true), expected, "by a full look");
        assert_eq!(self.texts(false), expected, "in a quick pass");
    }

    fn texts(&self, full: bool) -> Vec<String> {
        self.findings(full).iter().map(text).collect()
    }
}

fn text(finding: &ReconcileFinding) -> String {
    let units: Vec<_> = finding.units.iter().map(ToString::to_string).collect();
    let detail = match &finding.discrepancy {
        Discrepancy::Missing(MissingCause::RecordDeleted { cancellation, record, .. }) => {
            format!("{record} of {cancellation}")
        }
        Discrepancy::Missing(MissingCause::NotRecorded(id))
        | Discrepancy::Waiting(id, _)
        | Discrepancy::Parked(id, _) => id.to_string(),
        Discrepancy::Missing(MissingCause::NoEvent) => "no event".to_owned(),
        Discrepancy::Different { memo, expected, on_record } => {
            format!("{} {on_record} for {expected}", memo.record)
        }
        Discrepancy::Doubled(memo) | Discrepancy::Unexplained(memo) => memo.record.to_string(),
    };
    let name = finding.discrepancy.name();
    format!("{name} {} {}: {detail}", units.join("+"), finding.amount)
}

#[test]
fn an_order_credited_once_agrees() {
    scene().claims(&["a", "b"], "900").shown(0, "900", |_| {}).finds(&[]);
    let split = scene().claims(&["a"], "900").claims(&["b"], "901");
    split.shown(0, "900", |_| {}).shown(1, "901", |_| {}).finds(&[]);
    scene().by_hand("800", &[("item-p", 2, "40.00", &["a", "b"])]).finds(&[]);
    // Read back alone, or found again under its key.
    let mut read_back = scene().claims(&["a", "b"], "900");
    read_back.totals.insert(id("900"), amount("40.00"));
    read_back.finds(&[]);
    scene().claims(&["a", "b"], "900").shown(0, "977", |_| {}).finds(&[]);
}

#[test]
fn units_whose_event_was_lost_are_missing() {
    scene().finds(&["missing a+b 40.00: no event"]);
    scene().claims(&["a"], "900").shown(0, "900", |_| {}).finds(&["missing b 20.00: no event"]);
    let free = Story::new().unit("a", "0.00").unit("b", "20.00").paid("20.00");
    of(free, &["a"]).finds(&[]);
    let discounted = Story::new().unit("a", "20.00").discounts("4.00", "1.00").tax("1.20");
    of(discounted.unit("b", "1.00"), &["a"]).finds(&["missing a 16.20: no event"]);
}

#[test]
fn shipping_is_missing_with_the_last_units_or_alone() {
    let story = || {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").shipping("5.00", "0.40");
        story.paid("55.40").refunded("55.40")
    };
    of(story(), &["a"]).finds(&["missing a 20.00: no event"]);
    of(story(), &["a", "b"]).finds(&["missing a+b+shipping 55.40: no event"]);
    let goods = [("item-a", 1, "20.00", &["a"][..]), ("item-b", 1, "30.00", &["b"])];
    of(story(), &["a", "b"]).by_hand("800", &goods).finds(&["missing shipping 5.40: no event"]);
    let deleted =
        of(story().reporting(|it| it.units[0].status = Some("cancelled".into())), &["a", "b"]);
    let deleted = deleted.claims(&["b"], "900");
    deleted.finds(&["missing b+shipping 35.40: 900 of can-of-900", "missing a 20.00: no event"]);
}

#[test]
fn a_deleted_own_memo_is_missing_in_every_state_of_the_journal() {
    for course in [Progress::Waiting, Progress::Parked, Progress::Skipped, Progress::Posted] {
        let scene = scene().claims(&["a", "b"], "900").knows("whole", &["a", "b"], course);
        scene.finds(&["missing a+b 40.00: 900 of can-of-900"]);
    }
    let partly = scene().claims(&["a", "b"], "900");
    let partly = partly.by_hand("800", &[("item-p", 1, "20.00", &["a"])]);
    partly.finds(&["missing b 20.00: 900 of can-of-900"]);
    let replaced = scene().claims(&["a", "b"], "900");
    replaced.by_hand("800", &[("item-p", 2, "40.00", &["a", "b"])]).finds(&[]);
}

#[test]
fn the_journals_state_of_a_unit_decides_its_finding() {
    let waiting = "waiting a+b 40.00: can-x";
    let table = [
        (Progress::Waiting, Some(waiting)),
        (Progress::Parked, Some("parked a+b 40.00: can-x")),
        (Progress::Skipped, None),
        (Progress::Posted, Some("missing a+b 40.00: can-x")),
        (Progress::Abandoned, Some("missing a+b 40.00: can-x")),
    ];
    for (course, expected) in table {
        let scene = scene().knows("x", &["a", "b"], course);
        assert_eq!(scene.texts(true), Vec::from_iter(expected), "{course:?}");
        let scene = scene.knows("y", &["a", "b", "c"], Progress::Abandoned);
        assert_eq!(scene.texts(true), Vec::from_iter(expected), "{course:?} counts first");
    }
    let both = scene().knows("x", &["a"], Progress::Parked).knows("y", &["b"], Progress::Waiting);
    both.finds(&["parked a 20.00: can-x", "waiting b 20.00: can-y"]);
}

#[test]
fn units_skipped_in_a_posted_cancellation_are_not_missing() {
    let story = || {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").not_invoiced("b");
        story.authorized("50.00").captured("20.00").refunded("20.00")
    };
    let scene = of(story(), &["a", "b"]).claims(&["a"], "900").shown(0, "900", |_| {});
    let scene = scene.knows("x", &["a", "b"], Progress::Posted);
    assert_eq!(scene.texts(true), [""; 0], "no invoice carries b");
    // Only the full pass shows it.
    assert_eq!(scene.texts(false), ["missing b 30.00: can-x"]);
    assert!(scene.findings(false)[0].discrepancy.is_doubtful());
    let mut billed = scene;
    billed.story = Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00");
    billed.finds(&["missing b 30.00: can-x"]);
}

#[test]
fn units_on_two_memos_are_doubled_on_the_foreign_one() {
    let own = || scene().claims(&["a", "b"], "900").shown(0, "900", |_| {});
    let again = own().by_hand("850", &[("item-p", 2, "40.00", &["a", "b"])]);
    again.finds(&["doubled a+b 40.00: 850"]);
    let less = own().by_hand("850", &[("item-p", 2, "38.50", &["a", "b"])]);
    less.finds(&["doubled a+b 38.50: 850"]);
    let part = scene().claims(&["a"], "900").shown(0, "900", |_| {});
    let part =
        part.by_hand("850", &[("item-p", 1, "20.00", &["a"]), ("item-p", 1, "19.99", &["b"])]);
    part.finds(&["doubled a 20.00: 850"]);
    // Its own record is older than the window: it is known from its claim.
    let mut before = scene().claims(&["a", "b"], "900");
    before.totals.insert(id("900"), amount("40.00"));
    let before = before.by_hand("850", &[("item-p", 1, "20.00", &["b"])]);
    before.finds(&["doubled b 20.00: 850"]);
    let older = scene().by_hand("851", &[("item-p", 2, "40.00", &["a", "b"])]);
    let older = older.by_hand("850", &[("item-p", 2, "40.00", &["a", "b"])]);
    older.finds(&["doubled a+b 40.00: 851"]);
}

#[test]
fn pieces_without_a_name_are_counted_by_product() {
    let nameless = |record, pieces, sum| scene().by_hand(record, &[("item-p", pieces, sum, &[])]);
    assert_eq!(nameless("800", 2, "40.00").texts(true), [""; 0]);
    assert_eq!(
        nameless("800", 1, "20.00").texts(true),
        ["missing a 20.00: no event"],
        "one of two"
    );
    assert_eq!(nameless("800", 3, "60.00").texts(true), ["doubled  20.00: 800"]);
    let own = || scene().claims(&["a", "b"], "900").shown(0, "900", |_| {});
    let again = own().by_hand("800", &[("item-p", 2, "38.00", &[])]);
    assert_eq!(again.texts(true), ["doubled  38.00: 800"]);
    // The quick pass does not know the item and reports the memo as unexplained.
    assert_eq!(again.texts(false), ["unexplained  38.00: 800"]);
    assert!(again.findings(false).iter().all(|it| it.discrepancy.is_doubtful()));
    let mut returned = scene().by_hand("800", &[("item-p", 2, "40.00", &[])]);
    returned.story = returned.story.reporting(|it| it.units[2].product = Some("p".into()));
    returned.story = returned.story.reporting(|it| it.units[2].status = Some("returned".into()));
    let returned = returned.by_hand("801", &[("item-p", 1, "30.00", &[])]);
    assert_eq!(returned.texts(true), [""; 0], "c was returned");
}

#[test]
fn a_memo_over_items_that_are_not_cancelled_is_unexplained() {
    let own = || scene().claims(&["a", "b"], "900").shown(0, "900", |_| {});
    let active = own().by_hand("800", &[("item-c", 1, "30.00", &["c"])]);
    active.finds(&["unexplained c 30.00: 800"]);
    let unknown = own().by_hand("800", &[("item-q", 1, "12.00", &["q"])]);
    unknown.finds(&["unexplained q 12.00: 800"]);
    let goodwill = own().by_hand("800", &[("goodwill", 1, "5.00", &[])]);
    goodwill.finds(&["unexplained  5.00: 800"]);
    let mut returned = own().by_hand("800", &[("item-c", 1, "30.00", &["c"])]);
    returned.story = returned.story.reporting(|it| it.units[2].status = Some("returned".into()));
    returned.finds(&[]);
    // Shipping, tax and payments alone are not items.
    own().by_hand("800", &[]).finds(&[]);
}

#[test]
fn a_memo_with_another_total_than_expected_is_reported() {
    let own = |change| scene().claims(&["a", "b"], "900").shown(0, "900", change);
    own(|it| it.memo.total = amount("39.99")).finds(&["different a+b 0.01: 900 39.99 for 40.00"]);
    own(|it| it.memo.total = amount("45.00")).finds(&["different a+b 5.00: 900 45.00 for 40.00"]);
    own(|it| it.currency = Some(id("2"))).finds(&["different a+b 40.00: 900 0 for 40.00"]);
    own(|it| it.currency = None).finds(&[]);
    let mut read_back = scene().claims(&["a", "b"], "900");
    read_back.totals.insert(id("900"), amount("41.00"));
    read_back.finds(&["different a+b 1.00: 900 41.00 for 40.00"]);
    let by_hand = |sum| scene().by_hand("800", &[("item-p", 2, sum, &["a", "b"])]);
    by_hand("39.98").finds(&[]);
    by_hand("40.03").finds(&["different a+b 0.03: 800 40.03 for 40.00"]);
    // An amount below their price is money, and does not credit them.
    by_hand("39.97").finds(&["missing a+b 40.00: no event"]);
    let mut foreign = by_hand("40.00");
    foreign.memos[0].currency = Some(id("2"));
    foreign.finds(&["different a+b 40.00: 800 0 for 40.00"]);
}

#[test]
fn a_manual_memo_is_compared_with_its_shipping() {
    let story = Story::new().unit("a", "20.00").shipping("5.00", "0.40").paid("25.40");
    let scene = |total: &str| {
        let mut scene = of(story.clone(), &["a"]).by_hand("800", &[("item-a", 1, "20.00", &["a"])]);
        scene.memos[0].memo.shipping_cost = amount("5.00");
        scene.memos[0].memo.total = amount(total);
        scene
    };
    scene("25.40").finds(&[]);
    scene("25.00").finds(&["different a+shipping 0.40: 800 25.00 for 25.40"]);
}

#[test]
fn a_voided_own_memo_is_different_and_a_foreign_one_is_ignored() {
    let void = |it: &mut RecordedMemo| it.memo.standing = Standing::Voided;
    let own = scene().claims(&["a", "b"], "900").shown(0, "900", void);
    own.finds(&["different a+b 40.00: 900 0 for 40.00"]);
    let mut netted = scene();
    netted.story = netted.story.with(|policy| {
        policy.settlement = crate::Settlement::PaymentItems;
        policy.tax = crate::Tax::Item;
    });
    let netted = netted.claims(&["a", "b"], "900");
    assert_eq!(netted.sent(0).total, amount("0.00"));
    netted.shown(0, "900", void).finds(&["different a+b 40.00: 900 0 for 40.00"]);
    let mut others = scene().by_hand("800", &[("item-p", 2, "40.00", &["a", "b"])]);
    void(&mut others.memos[0]);
    others.finds(&["missing a+b 40.00: no event"]);
    // The full pass does not return voided memos, and does not revive one.
    others.story.memos.push(others.memos[0].memo.clone());
    others.finds(&["missing a+b 40.00: no event"]);
}

#[test]
fn payment_lines_do_not_count() {
    let mut scene = scene();
    scene.story = scene.story.with(|policy| {
        policy.settlement = crate::Settlement::PaymentItems;
        policy.tax = crate::Tax::Item;
    });
    let lines: [(&str, i64, &str, &[&str]); 2] =
        [("item-p", 2, "40.00", &["a", "b"]), ("91291", 0, "-40.00", &[])];
    scene.by_hand("800", &lines).finds(&[]);
}

#[test]
fn after_journal_loss_the_ledger_alone_shows_what_was_credited() {
    let known = scene().claims(&["a"], "900").claims(&["b"], "901");
    let known = known.shown(0, "900", |_| {}).shown(1, "901", |_| {});
    let lost = Scene { known: Vec::new(), ..known };
    lost.finds(&[]);
    let deleted = Scene { memos: lost.memos[..1].to_vec(), ..lost };
    deleted.finds(&["missing b 20.00: no event"]);
}

#[test]
fn memos_found_by_the_full_pass_count() {
    let mut scene = scene();
    scene.story.memos.push(by_hand(&[("item-p", 2, "40.00", &[])]));
    assert_eq!(scene.texts(true), [""; 0]);
    assert_eq!(scene.texts(false), ["missing a+b 40.00: no event"]);
    let mut scene = self::scene().claims(&["a", "b"], "800");
    scene.story.memos.push(by_hand(&[("item-p", 2, "40.00", &[])]));
    assert_eq!(scene.texts(true), [""; 0]);
    assert_eq!(scene.texts(false), ["missing a+b 40.00: 800 of can-of-800"]);
}

/// The memo is tied to an invoice that `own` removes; the decision credits `a`.
#[test]
fn a_memo_that_the_decision_ignores_is_ignored_by_the_comparison() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00").refunded("20.00");
    let story = story.but(|billing| {
        let mut other = billing.invoices[0].clone();
        other.id = id("701");
        other.lines.truncate(1);
        other.lines[0].units = vec![unit("z")];
        billing.invoices.push(other);
    });
    let product = story.order.units[0].product.clone();
    let mut memo = by_hand(&[("item-a", 1, "20.00", &[])]);
    memo.lines[0].item.external_id = product;
    memo.created_from = Some(id("701"));
    let mut story = story;
    story.memos.push(memo.clone());
    let would = story.decide(&["a"]);
    let mut scene = of(story, &["a"]);
    let before = scene.texts(true);
    scene.memos.push(recorded(memo));
    let after = scene.texts(true);
    assert_eq!(before, after, "the decision: {would:?}");
}
