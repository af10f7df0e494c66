//! What keeps a mail from going, and what ends it.

use super::*;

type Happens = fn(&mut Post);

#[test]
fn whoever_it_no_longer_concerns_gets_nothing() {
    let parts = json!({"digest": "1h", "steps": [{"after": "0s", "template": "one"}, {"after": "2d", "template": "two"}]});
    let cases: [(&str, Happens, &[&str]); 6] = [
        ("the exit holds", |post| post.set("low", false, None), &["exit"]),
        ("the tenant upgrades", Post::upgrade, &["converted"]),
        (
            "unsubscribed from it",
            |post| {
                let moved = post.tenant.mailing.unsubscribe("ada", Some("low"), post.now);
                post.told.extend(moved.told);
            },
            &["unsubscribed"],
        ),
        (
            "unsubscribed from all",
            |post| {
                let moved = post.tenant.mailing.unsubscribe("ada", None, post.now);
                post.told.extend(moved.told);
            },
            &["unsubscribed"],
        ),
        (
            "the address bounced",
            |post| {
                let moved = post.tenant.mailing.suppress("ada", post.now);
                post.told.extend(moved.told);
            },
            &["suppressed"],
        ),
        (
            "the address is gone",
            |post| {
                post.tenant.mailing.know("ada", &Seen { email: Some(String::new()), ..Seen::default() }, post.now);
            },
            &["no_address"],
        ),
    ];
    for (what, happens, reasons) in cases {
        for already in [0_usize, 1] {
            let mut post = post(json!([sequence(parts.clone())]));
            post.set("low", true, None);
            post.run(post.now.plus(if already == 0 { 0 } else { DAY }));
            happens(&mut post);
            post.run(post.now.plus(10 * DAY));
            assert_eq!(post.mails.len(), already, "{what}");
            assert_eq!(post.reasons(), reasons, "{what}");
            let ended = post.tenant.mailing.enrolments.iter().all(|enrolment| matches!(enrolment.stage, Stage::Ended { .. }));
            assert!(ended && post.tenant.mailing.due().is_none(), "{what}");
        }
    }
}

#[test]
fn the_exit_is_looked_at_right_before_the_provider_is_asked() {
    let parts = json!({"exit": "tenant.done"});
    let mut post = post(json!([sequence(parts)]));
    post.identify(None, "done", false);
    post.set("low", true, None);
    let drawn = post.draw();
    assert_eq!(drawn.len(), 1);
    post.identify(None, "done", true); // nothing was evaluated since
    assert_eq!(post.sending(&drawn[0].id), None);
    assert_eq!(post.tenant.mailing.letters[0].state, LetterState::Cancelled { at: post.now, reason: Reason::Exit });
    assert!(post.tenant.mailing.due().is_none());
}

#[test]
fn an_exit_that_cannot_be_computed_holds_back_and_does_not_end() {
    let mut post = post(json!([sequence(json!({"exit": "tenant.done"}))]));
    post.set("low", true, None);
    post.run(post.now.plus(5 * HOUR));
    let Stage::Waiting(waiting) = post.tenant.mailing.enrolments[0].stage else { panic!("it waits") };
    assert_eq!((post.mails.len(), waiting.held), (0, Some(Reason::ExitUnknown)));
    post.identify(None, "done", false);
    post.run(post.now.plus(2 * HOUR));
    assert_eq!(post.mails.len(), 1);
}

#[test]
fn a_step_whose_condition_does_not_hold_is_left_out_and_the_next_counts_from_then() {
    let parts = json!({"exit": "false", "steps": [
        {"after": "1h", "template": "one", "when": "tenant.done"}, {"after": "1h", "template": "two", "when": "user.keen"},
        {"after": "1h", "template": "three", "when": "user.role == 'admin' && !converted"}]});
    let mut post = post(json!([sequence(parts)]));
    post.identify(None, "done", false);
    post.set("low", true, None);
    post.run(post.now.plus(DAY));
    is(&times(&post), &[("18 21:00", "three")]);
    assert_eq!(post.reasons(), ["when_false", "when_unknown", "finished"]);
}

#[test]
fn nudges_and_mails_draw_on_one_budget() {
    let mut document = document(json!([sequence(
        json!({"exit": "false", "steps": [{"after": "0s", "template": "one"}, {"after": "1h", "template": "two"}]})
    )]));
    document["frequency"]["cap"] = json!([{"max": 2, "window": "1d", "scope": "user"}]);
    let mut post = post_at(&document, "2025-06-18T18:00");
    let begin = post.now;
    let nudge = Moment { at: begin, tag: 7 };
    post.tenant.users.entry("ada", Default::default).ledger.note(key("quota"), NoteKind::Render, nudge);
    post.set("low", true, None);
    post.run(begin.plus(12 * HOUR));
    assert_eq!(post.mails.len(), 1, "one nudge and one mail");
    let Stage::Waiting(waiting) = post.tenant.mailing.enrolments[0].stage else { panic!("it waits") };
    assert_eq!((waiting.held, waiting.look), (Some(Reason::SharedCap), begin.plus(DAY)));
    // A page asks the same ledger.
    let cap = Cap { max: 2, window: Window::Rolling(DAY), scope: Scope::User };
    let ledger = &post.tenant.users.get("ada").expect("ada").ledger;
    assert!(!ledger.allows(None, &cap, &upcue_engine::almanac::Almanac::default(), post.now));
    post.run(begin.plus(2 * DAY));
    assert_eq!(post.mails[1].at, begin.plus(DAY));
}

#[test]
fn a_letter_counts_when_it_leaves_and_asks_again_whether_it_may() {
    let mut document = document(json!([sequence(json!({"exit": "false"}))]));
    document["frequency"]["cap"] = json!([{"max": 1, "window": "1h", "scope": "user"}]);
    let mut post = post_at(&document, "2025-06-18T18:00");
    post.mood = Mood::Busy;
    post.set("low", true, None);
    post.pump();
    // The provider is away for longer than the window; meanwhile a nudge takes the room.
    post.run(post.now.plus(90 * MINUTE));
    let shown = post.now;
    post.tenant.users.entry("ada", Default::default).ledger.note(key("quota"), NoteKind::Render, Moment { at: shown, tag: 7 });
    post.mood = Mood::Good;
    post.run(shown.plus(DAY));
    let [mail] = post.mails.as_slice() else { panic!("{:?}", post.mails) };
    assert!(mail.at >= shown.plus(HOUR), "{:?}", mail.at);
    assert_eq!(post.tenant.users.get("ada").expect("ada").ledger.moments(None)[0], mail.at);
}

#[test]
fn merged_letters_cost_one_and_each_sequence_counts_its_own() {
    let own = json!([{"max": 1, "window": "30d"}]);
    let both = |id: &str, signal: &str, template: &str| {
        sequence(
            json!({"id": id, "enter": format!("signal.{signal}.active"), "exit": "false", "cap": own, "digest": "1h", "reentry": "always",
                        "steps": [{"after": "0s", "template": template}]}),
        )
    };
    let mut document = document(json!([both("low", "low", "one"), both("lower", "lower", "two")]));
    document["frequency"]["cap"] = json!([{"max": 1, "window": "1d"}]);
    let mut post = post_at(&document, "2025-06-18T18:00");
    post.set("low", true, None);
    post.set("lower", true, None);
    post.run(post.now.plus(2 * HOUR));
    is(&times(&post), &[("18 19:00", "one+two")]);
    assert_eq!(post.tenant.counts.ledger.met(None, Millis(0)), 1);
    for signal in ["low", "lower"] {
        post.set(signal, false, None);
        post.set(signal, true, None);
    }
    post.run(post.now.plus(20 * DAY));
    assert_eq!(post.mails.len(), 1, "each has its own month to wait for");
}

#[test]
fn what_was_held_back_for_a_month_is_not_sent_any_more() {
    let mut document = document(json!([sequence(json!({"exit": "false"}))]));
    document["frequency"]["cap"] = json!([{"max": 1, "window": "90d", "scope": "tenant"}]);
    let mut post = post_at(&document, "2025-06-18T18:00");
    post.tenant.counts.ledger.note(key("quota"), NoteKind::Render, Moment { at: post.now, tag: 7 });
    post.set("low", true, None);
    post.run(post.now.plus(200 * DAY));
    assert_eq!((post.mails.len(), post.reasons()), (0, vec!["late"]));
}
