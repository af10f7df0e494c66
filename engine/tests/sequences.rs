//! Email sequences, case by case: what is sent to whom and when, and why not.
#![expect(clippy::needless_pass_by_value, reason = "documents are written where they are used")]

use serde_json::{Value, json};
use upcue_engine::campaign::{Cap, Scope, Window};
use upcue_engine::config::CampaignRule;
use upcue_engine::facts::Role;
use upcue_engine::hash::key;
use upcue_engine::ledger::Moment;
use upcue_engine::sequence::{LetterState, OWNER, Outcome, Reason, Seen, Stage};
use upcue_engine::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use upcue_engine::usage::NoteKind;

#[path = "post/mod.rs"]
mod post;
use post::{Mood, Post, moment};

const BERLIN: &str = "Europe/Berlin";

/// A tenant with two traits that say how it stands, and these sequences.
fn document(sequences: Value) -> Value {
    let letter = json!({"subject": "s", "html": "<p>t</p>"});
    json!({
        "traits": {"tenant": {"low": {"type": "bool"}, "lower": {"type": "bool"}, "done": {"type": "bool"}, "odd": {"type": "bool"}},
                   "user": {"keen": {"type": "bool"}}},
        "signals": [{"id": "low", "when": "tenant.low"}, {"id": "lower", "when": "tenant.lower"}],
        "email": {"from": {"address": "hello@nimbus.example"}, "postal_address": "1 Cloud Street"},
        "templates": {"one": letter, "two": letter, "three": letter, "other": letter},
        "frequency": {"zone": BERLIN},
        "sequences": sequences,
    })
}

/// One sequence on the first signal, with these parts besides.
fn sequence(parts: Value) -> Value {
    let mut sequence = json!({"id": "low", "enter": "signal.low.active", "exit": "converted || !signal.low.active",
                              "steps": [{"after": "0s", "template": "one"}]});
    for (name, part) in parts.as_object().expect("an object") {
        sequence[name] = part.clone();
    }
    sequence
}

/// A tenant whose one admin is ada, on a Wednesday in Berlin.
fn post(sequences: Value) -> Post {
    post_at(&document(sequences), "2025-06-18T18:00")
}

fn post_at(document: &Value, local: &str) -> Post {
    let mut post = Post::new(document, moment(local, BERLIN));
    post.know("ada", Role::Admin, None);
    post
}

/// Of each: day and time in Berlin, and the templates.
fn times(post: &Post) -> Vec<(String, String)> {
    post.arrived(BERLIN).into_iter().map(|(at, _, templates)| (at, templates.join("+"))).collect()
}

fn is(times: &[(String, String)], expected: &[(&str, &str)]) {
    let times: Vec<(&str, &str)> = times.iter().map(|(at, what)| (at.as_str(), what.as_str())).collect();
    assert_eq!(times, expected);
}

#[test]
fn a_mail_goes_when_its_step_says_by_the_recipients_clocks() {
    let steps =
        |parts: Value| json!([sequence(json!({"quiet_hours": {"from": "20:00", "to": "08:00"}, "weekends": "skip", "steps": parts}))]);
    for (what, entered, parts, expected) in [
        ("at once", "2025-06-18T18:00", json!([{"after": "0s", "template": "one"}]), vec![("18 18:00", "one")]),
        ("in the night: when it is over", "2025-06-18T20:00", json!([{"after": "0s", "template": "one"}]), vec![("19 08:00", "one")]),
        ("on Friday night: on Monday", "2025-06-20T20:00", json!([{"after": "0s", "template": "one"}]), vec![("23 08:00", "one")]),
        ("on Saturday: on Monday", "2025-06-21T12:00", json!([{"after": "0s", "template": "one"}]), vec![("23 08:00", "one")]),
        (
            "each counts from when the one before was sent",
            "2025-06-18T22:00",
            json!([{"after": "0s", "template": "one"}, {"after": "26h", "template": "two"}]),
            vec![("19 08:00", "one"), ("20 10:00", "two")],
        ),
        (
            "the next morning, of the night before too",
            "2025-06-18T18:00",
            json!([{"after": "next_morning", "template": "one"}, {"after": "next_morning", "at": "10:30", "template": "two"}]),
            vec![("19 09:00", "one"), ("19 10:30", "two")],
        ),
        (
            "not before a time of day",
            "2025-06-17T18:00",
            json!([{"after": "1d", "at": "09:00", "template": "one"}, {"after": "12h", "at": "09:00", "template": "two"}]),
            vec![("18 18:00", "one"), ("19 09:00", "two")],
        ),
    ] {
        let mut post = post_at(&document(steps(parts)), entered);
        post.set("low", true, None);
        post.run(post.now.plus(14 * DAY));
        assert_eq!(times(&post).iter().map(|(at, t)| (at.as_str(), t.as_str())).collect::<Vec<_>>(), expected, "{what}");
        assert_eq!(post.reasons(), ["finished"], "{what}");
    }
}

#[test]
fn clocks_that_are_changed_change_nothing_for_people() {
    let parts = json!({"quiet_hours": {"from": "20:00", "to": "08:00"},
                       "steps": [{"after": "0s", "template": "one"}, {"after": "next_morning", "template": "two"}, {"after": "next_morning", "template": "three"}]});
    for (entered, expected) in [
        // Clocks go forward on the 30th, back on the 26th: nights of 11 and 13 hours.
        ("2025-03-29T21:00", ["30 08:00", "30 09:00", "31 09:00"]),
        ("2025-10-25T21:00", ["26 08:00", "26 09:00", "27 09:00"]),
    ] {
        let mut post = post_at(&document(json!([sequence(parts.clone())])), entered);
        post.set("low", true, None);
        post.run(post.now.plus(7 * DAY));
        is(&times(&post), &[(expected[0], "one"), (expected[1], "two"), (expected[2], "three")]);
    }
    // 02:30 does not exist on the 30th of March: when it is skipped, at 3.
    let parts = json!({"steps": [{"after": "next_morning", "at": "02:30", "template": "one"}]});
    let mut post = post_at(&document(json!([sequence(parts)])), "2025-03-29T21:00");
    post.set("low", true, None);
    post.run(post.now.plus(7 * DAY));
    is(&times(&post), &[("30 03:00", "one")]);
}

#[test]
fn everybody_has_their_own_night() {
    let mut post = post(json!([sequence(json!({"quiet_hours": {"from": "20:00", "to": "08:00"}}))]));
    post.know("bob", Role::Admin, Some("America/New_York")); // noon
    post.know("eve", Role::Admin, Some("Asia/Tokyo")); // one in the morning
    post.know("kim", Role::Admin, Some("Nowhere/At_All")); // UTC: four in the afternoon
    post.set("low", true, None);
    post.run(post.now.plus(DAY));
    let arrived = post.arrived(BERLIN);
    let arrived: Vec<(&str, &str)> = arrived.iter().map(|(at, who, _)| (at.as_str(), *who)).collect();
    assert_eq!(arrived, [("18 18:00", "ada"), ("18 18:00", "bob"), ("18 18:00", "kim"), ("19 01:00", "eve")]);
}

#[test]
fn two_signals_on_one_evening_make_one_mail() {
    let lower = |parts: Value| {
        let mut one = sequence(
            json!({"id": "lower", "enter": "signal.lower.active", "exit": "converted", "steps": [{"after": "0s", "template": "two"}]}),
        );
        for (name, part) in parts.as_object().expect("an object") {
            one[name] = part.clone();
        }
        one
    };
    let night = json!({"from": "20:00", "to": "08:00"});
    for (what, first, second, apart, expected) in [
        ("a mail without a window takes what waits along", json!({"digest": "1h"}), json!({}), 40 * MINUTE, vec![("18 18:40", "one+two")]),
        (
            "the window of the second is not waited for",
            json!({"digest": "1h"}),
            json!({"digest": "1h"}),
            40 * MINUTE,
            vec![("18 19:00", "one+two")],
        ),
        ("after the window", json!({"digest": "1h"}), json!({"digest": "1h"}), 2 * HOUR, vec![("18 19:00", "one"), ("18 21:00", "two")]),
        (
            "both in the night",
            json!({"quiet_hours": night}),
            json!({"quiet_hours": night}),
            3 * HOUR,
            vec![("18 18:00", "one"), ("19 08:00", "two")],
        ),
        (
            "of both the one of higher priority writes it",
            json!({"digest": "1h"}),
            json!({"digest": "1h", "priority": 5}),
            40 * MINUTE,
            vec![("18 19:00", "two+one")],
        ),
    ] {
        let mut post = post(json!([sequence(first), lower(second)]));
        post.set("low", true, None);
        post.run(post.now.plus(apart));
        post.set("lower", true, None);
        post.run(post.now.plus(2 * DAY));
        let found = times(&post);
        let found: Vec<(&str, &str)> = found.iter().map(|(at, what)| (at.as_str(), what.as_str())).collect();
        assert_eq!(found, expected, "{what}");
    }
    // Everything held back by one night goes in the morning, as one.
    let mut post =
        post_at(&document(json!([sequence(json!({"quiet_hours": night})), lower(json!({"quiet_hours": night}))])), "2025-06-18T21:00");
    post.set("low", true, None);
    post.run(post.now.plus(2 * HOUR));
    post.set("lower", true, None);
    post.run(post.now.plus(2 * DAY));
    is(&times(&post), &[("19 08:00", "one+two")]);
}

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
fn it_goes_to_whom_it_is_for() {
    for (to, by, expected) in [
        ("admins", None, vec!["ada", "amy"]),
        ("user", Some("bob"), vec!["bob"]),
        ("user", None, vec!["amy"]),
        ("user", Some("unknown"), vec!["amy"]),
        ("owner", Some("bob"), vec!["eve"]),
    ] {
        let mut post = post(json!([sequence(json!({"to": to}))]));
        post.know("bob", Role::Member, None);
        post.know("eve", Role::Member, None);
        post.tenant.mailing.know("eve", &Seen { is_owner: Some(true), ..Seen::default() }, post.now);
        post.now = post.now.plus(2 * HOUR);
        post.know("amy", Role::Admin, None); // the admin who was seen last
        if to == "admins" {
            post.tenant.mailing.know("eve", &Seen { is_owner: Some(false), ..Seen::default() }, post.now);
        }
        post.set("low", true, by);
        post.pump();
        let mut reached: Vec<&str> = post.mails.iter().map(|mail| mail.letter.recipient.as_str()).collect();
        reached.sort_unstable();
        assert_eq!(reached, expected, "{to} {by:?}");
    }
    // An owner whom the back end names without a user.
    let mut post = post(json!([sequence(json!({"to": "owner"}))]));
    post.tenant.mailing.know(OWNER, &Seen { email: Some("o@acme.example".to_owned()), is_owner: Some(true), ..Seen::default() }, post.now);
    post.set("low", true, None);
    post.pump();
    assert_eq!(post.mails[0].letter.recipient, OWNER);
}

#[test]
fn who_becomes_known_while_it_still_holds_is_written_to_once() {
    let mut post = Post::new(&document(json!([sequence(json!({}))])), moment("2025-06-18T18:00", BERLIN));
    post.set("low", true, None);
    post.run(post.now.plus(HOUR));
    post.know("ada", Role::Admin, None);
    post.advance(None);
    post.run(post.now.plus(HOUR));
    post.know("bob", Role::Admin, None); // too late: it had begun, and somebody was there
    post.advance(None);
    post.run(post.now.plus(DAY));
    assert_eq!(post.arrived(BERLIN), [("18 19:00".to_owned(), "ada", vec!["one"])]);
    // After an upgrade nobody is looked for any more.
    let mut post = Post::new(&document(json!([sequence(json!({"exit": "converted"}))])), moment("2025-06-18T18:00", BERLIN));
    post.set("low", true, None);
    post.upgrade();
    post.know("ada", Role::Admin, None);
    post.advance(None);
    post.run(post.now.plus(DAY));
    assert_eq!(post.mails, []);
}

#[test]
fn who_was_in_it_comes_again_when_they_may() {
    let cases = [
        (json!("never"), vec![0]),
        (json!("always"), vec![0, 5, 20, 40, 60]),
        (json!(null), vec![0, 40]),
        (json!({"after": "10d"}), vec![0, 20, 40, 60]),
        (json!({"after": "10d", "max": 2}), vec![0, 20]),
    ];
    for (reentry, expected) in cases {
        let mut post = post(json!([sequence(json!({"reentry": reentry}))]));
        let begin = post.now;
        for day in [0, 5, 20, 40, 60] {
            post.run(begin.plus(day * DAY));
            post.set("low", true, None);
            post.pump();
            post.set("low", false, None);
        }
        let days: Vec<i64> = post.mails.iter().map(|mail| mail.at.since(begin) / DAY).collect();
        assert_eq!(days, expected, "{reentry}");
        let barred = post.reasons().iter().filter(|reason| **reason == "reentry").count();
        assert_eq!(barred + days.len(), 5, "{reentry}: whoever is not let in is told of");
    }
}

#[test]
fn nobody_is_enrolled_twice_at_a_time_and_an_edge_is_an_edge() {
    let parts =
        json!({"exit": "false", "reentry": "always", "steps": [{"after": "0s", "template": "one"}, {"after": "10d", "template": "two"}]});
    let mut post = post(json!([sequence(parts)]));
    for _ in 0..3 {
        post.set("low", true, None);
        post.run(post.now.plus(DAY));
        post.set("low", true, None); // still holds
        post.set("low", false, None);
        post.run(post.now.plus(HOUR));
    }
    assert_eq!((post.mails.len(), post.tenant.mailing.enrolments.len()), (1, 1));
}

fn campaign(parts: Value) -> Value {
    let mut campaign = json!({"id": "quota", "placement": "p", "audience": "signal.low.active", "nudge": {"title": "t"}});
    for (name, part) in parts.as_object().expect("an object") {
        campaign[name] = part.clone();
    }
    campaign
}

#[test]
fn who_is_held_out_goes_the_same_way_and_gets_nothing() {
    let mut document = document(json!([sequence(
        json!({"cap": [{"max": 1, "window": "10d"}], "reentry": "always", "steps": [{"after": "0s", "template": "one"}, {"after": "1d", "template": "two"}]})
    )]));
    document["campaigns"] = json!([campaign(json!({"holdout": 1}))]);
    document["frequency"]["cap"] = json!([{"max": 2, "window": "30d"}]);
    let mut post = post_at(&document, "2025-06-18T18:00");
    post.set("low", true, None);
    post.run(post.now.plus(3 * DAY));
    assert_eq!(post.mails, []);
    let ghosts: Vec<_> = post.tenant.mailing.letters.iter().map(|letter| (letter.state, letter.parts[0].template.as_str())).collect();
    assert_eq!(ghosts, [(LetterState::Ghost(moment("2025-06-18T18:00", BERLIN)), "one")], "its own cap keeps back the second");
    assert_eq!(post.tenant.counts.ledger.met(None, Millis(0)), 0, "and for everybody else's nothing was shown");
    post.run(post.now.plus(10 * DAY));
    assert_eq!(post.tenant.mailing.letters.len(), 2);
}

#[test]
fn a_sequence_shares_the_arms_of_its_campaign() {
    let steps = json!([{"after": "0s", "template": "one", "variants": {"b": "two"}}]);
    let mut document = document(json!([sequence(json!({"steps": steps}))]));
    document["campaigns"] =
        json!([campaign(json!({"holdout": 0.5, "salt": "s", "variants": [{"id": "a", "weight": 1}, {"id": "b", "weight": 1}]}))]);
    let rules = post::rules(&document);
    let [campaign] = rules.config.campaigns.as_slice() else { panic!("one campaign") };
    let campaign: &CampaignRule = campaign;
    let mut seen = [0; 3];
    for i in 0..40 {
        let tenant = format!("t{i}");
        let mut post = Post::with(rules.clone(), &tenant, moment("2025-06-18T18:00", BERLIN));
        post.know("ada", Role::Admin, None);
        post.set("low", true, None);
        post.pump();
        assert_eq!(post.mails.is_empty(), campaign.is_held_out(&tenant), "{tenant}");
        let variant = campaign.variant(&tenant).expect("an arm").id.as_str();
        let [letter] = post.tenant.mailing.letters.as_slice() else { panic!("one letter") };
        assert_eq!(letter.parts[0].variant.as_deref(), Some(variant));
        assert_eq!(letter.parts[0].template, if variant == "a" { "one" } else { "two" });
        seen[if post.mails.is_empty() { 2 } else { usize::from(variant == "b") }] += 1;
    }
    assert!(seen.iter().all(|n| *n > 3), "{seen:?}: all arms were there");
}

#[test]
fn which_campaign_it_shares_is_told_by_the_signal_or_by_name() {
    let one = campaign(json!({"holdout": 0.2, "salt": "s"}));
    let other = campaign(json!({"id": "other", "holdout": 0.3}));
    let unrelated = campaign(json!({"id": "unrelated", "audience": "signal.lower.active"}));
    for (campaigns, parts, expected) in [
        (vec![&one, &unrelated], json!({}), (Some("quota"), 2_000, "s")),
        (vec![&one, &other], json!({}), (None, 0, "low")),
        (vec![&one, &other], json!({"campaign": "other"}), (Some("other"), 3_000, "other")),
        (vec![&one], json!({"campaign": null, "holdout": 0.1}), (None, 1_000, "low")),
        (vec![&unrelated], json!({"holdout": 0.1}), (None, 1_000, "low")),
    ] {
        let mut document = document(json!([sequence(parts.clone())]));
        document["campaigns"] = json!(campaigns);
        let rules = post::rules(&document);
        let sequence = &rules.config.sequences[0];
        assert_eq!((sequence.campaign.as_deref(), sequence.holdout, sequence.salt.as_str()), expected, "{parts}");
    }
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
fn what_fails_for_a_moment_is_asked_again_less_and_less_often_and_in_the_end_no_more() {
    let mut post = post(json!([sequence(
        json!({"exit": "false", "steps": [{"after": "0s", "template": "one"}, {"after": "1d", "template": "two"}]})
    )]));
    post.mood = Mood::Busy;
    post.set("low", true, None);
    let begin = post.now;
    let mut asked = Vec::new();
    for _ in 0..8 {
        post.run(post.tenant.mailing.due().expect("it is asked again"));
        asked.push(post.now.since(begin) / SECOND);
    }
    assert_eq!(asked, [0, 30, 90, 210, 450, 930, 1_890, 3_810]);
    post.run(begin.plus(4 * DAY));
    let letter = &post.tenant.mailing.letters[0];
    assert!(matches!(letter.state, LetterState::Failed { reason: Reason::GaveUp, .. }), "{letter:?}");
    assert_eq!(letter.detail, "as the provider says");
    assert!(letter.attempts < 90, "{} times in three days", letter.attempts);
    post.mood = Mood::Good;
    post.run(begin.plus(10 * DAY));
    assert_eq!(post.mails.len(), 1, "the next step goes on");
}

#[test]
fn a_provider_that_says_when_is_left_alone_until_then() {
    let mut post = post(json!([sequence(json!({}))]));
    post.set("low", true, None);
    for (wait, expected) in [(2 * HOUR, 2 * HOUR), (SECOND, MINUTE), (30 * DAY, 6 * HOUR)] {
        let id = post.draw()[0].id.clone();
        post.sending(&id).expect("it may");
        post.settled(&id, Outcome::Later { detail: "429".to_owned(), wait: Some(wait) });
        let due = post.tenant.mailing.due().expect("again");
        assert_eq!(due.since(post.now), expected, "{wait}");
        post.now = due;
    }
}

#[test]
fn what_is_refused_for_good_is_recorded_and_a_bad_address_ends_everything() {
    let parts = json!({"steps": [{"after": "0s", "template": "one"}, {"after": "1d", "template": "two"}]});
    let mut refusing = post(json!([sequence(parts.clone())]));
    refusing.mood = Mood::Refusing;
    refusing.set("low", true, None);
    refusing.pump();
    refusing.mood = Mood::Good;
    refusing.run(refusing.now.plus(3 * DAY));
    assert_eq!((refusing.reasons(), refusing.mails.len()), (vec!["refused", "finished"], 1));
    for outcome in [Outcome::Refused { detail: "no such mailbox".to_owned(), address: true }, Outcome::Suppressed] {
        let mut homeless = post(json!([sequence(parts.clone())]));
        homeless.set("low", true, None);
        let id = homeless.draw()[0].id.clone();
        homeless.sending(&id);
        homeless.settled(&id, outcome);
        homeless.run(homeless.now.plus(3 * DAY));
        assert_eq!((homeless.mails.len(), homeless.reasons().last()), (0, Some(&"suppressed")));
        // A new address is written to again.
        homeless.tenant.mailing.know("ada", &Seen { email: Some("new@acme.example".to_owned()), ..Seen::default() }, homeless.now);
        homeless.set("low", false, None);
        homeless.run(homeless.now.plus(40 * DAY));
        homeless.set("low", true, None);
        homeless.pump();
        assert_eq!(homeless.mails.len(), 1);
    }
}

#[test]
fn a_text_that_cannot_be_written_is_not_sent_and_the_next_step_goes_on() {
    let mut post = post(json!([sequence(json!({"steps": [{"after": "0s", "template": "one"}, {"after": "1d", "template": "two"}]}))]));
    post.set("low", true, None);
    let id = post.draw()[0].id.clone();
    post.sending(&id);
    post.settled(&id, Outcome::Unwritable { detail: "`plan.name` is unknown".to_owned() });
    assert_eq!(post.tenant.mailing.letters[0].detail, "`plan.name` is unknown");
    post.run(post.now.plus(2 * DAY));
    is(&times(&post), &[("19 18:00", "two")]);
}

#[test]
fn where_others_go_first_it_waits_and_that_counts_as_no_attempt() {
    let mut post = post(json!([sequence(json!({}))]));
    post.set("low", true, None);
    let id = post.draw()[0].id.clone();
    let until = post.now.plus(3 * SECOND);
    post.settled(&id, Outcome::Wait { until });
    assert_eq!(post.tenant.mailing.due(), Some(until));
    post.run(until);
    assert_eq!((post.mails.len(), post.tenant.mailing.letters[0].attempts), (1, 1));
}

#[test]
fn a_crash_at_any_point_loses_nothing_and_doubles_nothing_where_the_provider_knows_keys() {
    for is_idempotent in [true, false] {
        // Crashed after so many of: drawn, being sent, asked, settled.
        for point in 0..4 {
            let mut post = post(json!([sequence(json!({}))]));
            post.is_idempotent = is_idempotent;
            post.set("low", true, None);
            let id = post.draw()[0].id.clone();
            if point >= 1 {
                let letter = post.sending(&id).expect("it may");
                if point >= 2 {
                    let outcome = post.ask(&letter);
                    if point >= 3 {
                        post.settled(&id, outcome);
                    }
                }
            }
            post.crash();
            post.run(post.now.plus(DAY));
            let most = if point == 2 && !is_idempotent { 2 } else { 1 };
            assert_eq!(post.mails.len(), most, "{point} {is_idempotent}");
            assert!(post.mails.iter().all(|mail| mail.letter.id == id));
            assert!(matches!(post.tenant.mailing.letters[0].state, LetterState::Sent(_)));
        }
    }
}

#[test]
fn however_often_it_crashes_a_provider_without_keys_sends_twice_at_most() {
    let mut post = post(json!([sequence(json!({"exit": "false"}))]));
    post.is_idempotent = false;
    post.set("low", true, None);
    for _ in 0..5 {
        for letter in post.draw() {
            if let Some(letter) = post.sending(&letter.id) {
                post.ask(&letter); // and nobody lives to hear of it
            }
        }
        post.crash();
        post.run(post.now);
    }
    assert_eq!(post.mails.len(), 2);
    assert_eq!(post.tenant.mailing.letters[0].state.code(), "sent");
}

#[test]
fn a_provider_without_keys_that_never_answers_is_asked_twice() {
    let mut post = post(json!([sequence(json!({}))]));
    (post.is_idempotent, post.mood) = (false, Mood::Silent);
    post.set("low", true, None);
    post.run(post.now.plus(5 * DAY));
    assert_eq!(post.mails.len(), 2);
    assert_eq!(post.reasons(), ["unsure", "finished"]);
}

#[test]
fn a_key_is_relied_upon_for_as_long_as_providers_know_it() {
    let mut post = post(json!([sequence(json!({"exit": "false"}))]));
    post.mood = Mood::Silent;
    post.set("low", true, None);
    post.run(post.now.plus(5 * DAY));
    assert_eq!((post.mails.len(), post.reasons()), (1, vec!["unsure", "finished"]));
    let letter = &post.tenant.mailing.letters[0];
    let LetterState::Failed { at, .. } = letter.state else { panic!("{letter:?}") };
    assert!(at.since(letter.drawn) < DAY + HOUR);
}

#[test]
fn what_was_being_sent_when_the_tenant_upgraded_is_not_sent_again() {
    let mut post = post(json!([sequence(json!({"exit": "false"}))]));
    post.set("low", true, None);
    let id = post.draw()[0].id.clone();
    post.sending(&id).expect("it may");
    post.upgrade();
    post.crash();
    post.run(post.now.plus(DAY));
    assert_eq!(post.mails, []);
    assert_eq!(post.tenant.mailing.letters[0].state.reason(), Some(Reason::Converted));
}

#[test]
fn an_answer_that_never_comes_is_not_waited_for() {
    let mut post = post(json!([sequence(json!({}))]));
    post.set("low", true, None);
    let id = post.draw()[0].id.clone();
    post.sending(&id).expect("it may");
    assert_eq!(post.sending(&id), None, "somebody sends it already");
    post.run(post.now.plus(9 * MINUTE));
    assert_eq!((post.draw(), post.mails.len()), (vec![], 0));
    post.run(post.now.plus(2 * MINUTE));
    assert_eq!(post.mails.len(), 1);
}

#[test]
fn of_a_merged_letter_only_the_part_that_ended_is_taken_out() {
    let parts = json!({"id": "lower", "enter": "signal.lower.active", "exit": "converted || !signal.lower.active", "steps": [{"after": "0s", "template": "two"}]});
    let mut post = post(json!([sequence(json!({})), sequence(parts)]));
    post.identify(None, "low", true);
    post.set("lower", true, None);
    let drawn = post.draw();
    assert_eq!(drawn[0].parts.len(), 2);
    post.set("low", false, None);
    let letter = post.sending(&drawn[0].id).expect("the other half");
    assert_eq!(letter.parts.iter().map(|part| part.template.as_str()).collect::<Vec<_>>(), ["two"]);
}

#[test]
fn a_sequence_that_is_gone_ends_and_one_that_is_shortened_finishes() {
    let long = json!([sequence(
        json!({"steps": [{"after": "0s", "template": "one"}, {"after": "1d", "template": "two"}, {"after": "1d", "template": "three"}]})
    )]);
    for (after, reasons, mails) in
        [(json!([]), vec!["removed"], 1), (json!([sequence(json!({}))]), vec!["removed"], 1), (long.clone(), vec!["finished"], 3)]
    {
        let mut post = post(long.clone());
        post.set("low", true, None);
        post.pump();
        post.rules = post::rules(&document(after));
        post.advance(None);
        post.run(post.now.plus(9 * DAY));
        assert_eq!((post.reasons(), post.mails.len()), (reasons, mails));
    }
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

#[test]
fn who_does_not_want_it_is_not_enrolled_and_may_change_their_mind() {
    let mut post = post(json!([sequence(json!({"reentry": "always"}))]));
    post.tenant.mailing.unsubscribe("ada", Some("low"), post.now);
    post.set("low", true, None);
    post.run(post.now.plus(DAY));
    assert_eq!((post.mails.len(), post.reasons()), (0, vec!["unsubscribed"]));
    assert!(post.tenant.mailing.resubscribe("ada", None));
    post.set("low", false, None);
    post.set("low", true, None);
    post.pump();
    assert_eq!(post.mails.len(), 1);
}

#[test]
fn a_refusal_is_never_forgotten_however_many_come_and_go() {
    let mut post = post(json!([sequence(json!({}))]));
    post.tenant.mailing.unsubscribe("ada", None, post.now);
    for i in 0..1_500 {
        post.now = post.now.plus(HOUR);
        post.tenant.mailing.know(&format!("u{i}"), &Seen { email: Some(format!("u{i}@acme.example")), ..Seen::default() }, post.now);
    }
    assert!(post.tenant.mailing.contacts.len() <= 201, "{}", post.tenant.mailing.contacts.len());
    assert!(post.tenant.mailing.contact("ada").expect("ada").consent.refused_all.is_some());
    // Whoever refuses is remembered though nobody knows them.
    post.tenant.mailing.unsubscribe("stranger", Some("low"), post.now);
    assert!(post.tenant.mailing.contact("stranger").is_some());
}

#[test]
fn everything_is_bounded() {
    let steps: Vec<Value> = (0..20).map(|_| json!({"after": "1h", "template": "one"})).collect();
    let sequences: Vec<Value> = (0..40)
        .map(|i| sequence(json!({"id": format!("s{i}"), "exit": "false", "reentry": "always", "steps": steps, "digest": "1h"})))
        .collect();
    let mut post = post(json!(sequences));
    for i in 0..30 {
        post.know(&format!("admin{i}"), Role::Admin, None);
    }
    for _ in 0..3 {
        post.set("low", true, None);
        post.run(post.now.plus(2 * HOUR));
        post.set("low", false, None);
        for user in 0..30 {
            let moved = post.tenant.mailing.unsubscribe(&format!("admin{user}"), None, post.now);
            assert!(moved.letters.is_empty());
            post.tenant.mailing.resubscribe(&format!("admin{user}"), None);
        }
    }
    let mailing = &post.tenant.mailing;
    let bytes = upcue_engine::wire::encode(mailing).len();
    assert!(mailing.enrolments.len() <= 700 && mailing.letters.len() <= 600, "{} {}", mailing.enrolments.len(), mailing.letters.len());
    assert!(bytes < 300_000, "{bytes} bytes");
    assert!(post.reasons().contains(&"full"));
}
