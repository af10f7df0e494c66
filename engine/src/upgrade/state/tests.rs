use super::super::quote::Change;
use super::*;
use crate::subscription::{Item, Status, Terms};

const NOW: Millis = Millis(1_000_000);

fn upgrade(id: &str, key: u64, quote: &str) -> Upgrade {
    let change = Change { subscription: "sub_1".to_owned(), ..Change::default() };
    let quote = Quote {
        id: quote.to_owned(),
        change: Some(change),
        price: "price_pro".to_owned(),
        quantity: 3,
        amount_due: 1_450,
        expires_at: NOW.plus(10 * MINUTE),
        ..Quote::default()
    };
    Upgrade::new(id.to_owned(), key, "ada".to_owned(), quote, None, NOW)
}

fn reading(price: &str, quantity: u64) -> Subscription {
    let item = Item { price: price.to_owned(), quantity, ..Item::default() };
    let invoice = Invoice { id: "in_1".to_owned(), amount_due: 1_451, ..Invoice::default() };
    Subscription { id: "sub_1".to_owned(), items: vec![item], latest_invoice: Some(invoice), ..Subscription::default() }
}

fn awaiting(session: &str) -> Awaiting {
    Awaiting { action: Action::Checkout, url: String::new(), session: Some(session.to_owned()), since: NOW }
}

fn failed(code: &str) -> Failed {
    Failed::new(code, "", NOW)
}

#[test]
fn two_clicks_two_tabs_and_a_retry_make_one() {
    let mut upgrades = Upgrades::default();
    assert_eq!(upgrades.begin(upgrade("a", 1, "q1")), Begin::New { superseded: vec![] });
    for (what, again, expected) in [
        ("the retry of the same click", upgrade("b", 1, "q1"), Begin::Known("a".to_owned())),
        ("a second click with a key of its own", upgrade("b", 2, "q1"), Begin::Busy),
        ("another tab with a quote of its own", upgrade("b", 3, "q2"), Begin::Busy),
        ("a key used before for something else", upgrade("b", 1, "q2"), Begin::KeyReused),
    ] {
        assert_eq!(upgrades.begin(again), expected, "{what}");
    }
    assert!(upgrades.settle(&reading("price_pro", 3), Source::Answer, NOW).is_some());
    assert_eq!(upgrades.begin(upgrade("b", 2, "q1")), Begin::Known("a".to_owned()), "the second click learns of the first");
    assert_eq!(upgrades.all().len(), 1);
}

#[test]
fn a_declined_quote_can_be_tried_with_another_card() {
    let mut upgrades = Upgrades::default();
    upgrades.begin(upgrade("a", 1, "q1"));
    assert!(upgrades.fail("a", failed("payment_failed")));
    assert_eq!(upgrades.begin(upgrade("b", 1, "q1")), Begin::Known("a".to_owned()), "the same request: the same answer");
    assert_eq!(upgrades.begin(upgrade("b", 2, "q1")), Begin::New { superseded: vec![] });
}

#[test]
fn the_webhook_and_the_answer_tell_of_it_once() {
    let mut upgrades = Upgrades::default();
    upgrades.begin(upgrade("a", 1, "q1"));
    assert_eq!(upgrades.settle(&reading("price_free", 3), Source::Webhook, NOW), None, "a reading from before the change");
    assert_eq!(upgrades.settle(&reading("price_pro", 3), Source::Webhook, NOW).as_deref(), Some("a"));
    assert_eq!(upgrades.settle(&reading("price_pro", 3), Source::Answer, NOW), None);
    assert!(!upgrades.fail("a", failed("stripe_unavailable")), "a lost answer does not undo it");
    assert_eq!(upgrades.get("a").and_then(Upgrade::drift), Some(1), "one cent more than promised");
}

#[test]
fn what_is_not_whole_is_not_upgraded() {
    let mut upgrades = Upgrades::default();
    upgrades.begin(upgrade("a", 1, "q1"));
    let pro = || reading("price_pro", 3);
    for (what, read) in [
        ("pending", Subscription { terms: Terms { pending: true, ..Terms::default() }, ..pro() }),
        ("another quantity", reading("price_pro", 1)),
        ("another subscription", Subscription { id: "sub_2".to_owned(), ..pro() }),
        ("unpaid", Subscription { status: Status::Incomplete, ..pro() }),
    ] {
        assert_eq!(upgrades.settle(&read, Source::Webhook, NOW), None, "{what}");
    }
}

#[test]
fn choosing_anew_ends_the_page_that_was_left() {
    let mut upgrades = Upgrades::default();
    upgrades.begin(upgrade("a", 1, "q1"));
    assert!(upgrades.await_customer("a", awaiting("cs_1")));
    assert_eq!(upgrades.begin(upgrade("b", 2, "q1")), Begin::Known("a".to_owned()), "the same choice: the same page");
    assert_eq!(upgrades.begin(upgrade("b", 3, "q2")), Begin::New { superseded: vec!["a".to_owned()] });
    assert!(matches!(&upgrades.get("a").expect("kept").state, State::Failed(f) if f.code == "superseded"));
}

#[test]
fn interruptions_are_taken_up_again_and_absence_ends() {
    let mut upgrades = Upgrades::default();
    assert_eq!(upgrades.interrupted(NOW), None);
    assert_eq!(upgrades.due(), None);
    upgrades.begin(upgrade("a", 1, "q1"));
    let after = |seconds: i64| NOW.plus(seconds * SECOND);
    assert_eq!(upgrades.due(), Some(after(10)));
    for (seconds, expected, next) in [
        (9, None, 10), // it may still be on its way
        (10, Some(Recovery::Resend), 30),
        (29, None, 30),
        (600, Some(Recovery::Resend), 640),
        (721, Some(Recovery::Read), 801),
        (86_401, Some(Recovery::GiveUp), 86_561),
    ] {
        assert_eq!(upgrades.interrupted(after(seconds)).map(|(_, r)| r), expected, "after {seconds} seconds");
        assert_eq!(upgrades.due(), Some(after(next)), "after {seconds} seconds");
    }
    upgrades.await_customer("a", awaiting("cs_1"));
    assert_eq!(upgrades.interrupted(after(90_000)), None);
    assert_eq!(upgrades.expire(NOW.plus(DAY)), Vec::<String>::new());
    assert_eq!(upgrades.expire(NOW.plus(DAY + 1)), ["a"]);
    assert_eq!(upgrades.due(), None);
}

#[test]
fn only_the_newest_are_remembered() {
    let mut upgrades = Upgrades::default();
    for i in 0..50 {
        let id = format!("u{i}");
        upgrades.begin(upgrade(&id, i, &id));
        upgrades.fail(&id, failed("payment_failed"));
    }
    assert_eq!((upgrades.all().len(), upgrades.all()[0].id.as_str()), (REMEMBERED, "u30"));
}
