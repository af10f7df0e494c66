//! Who gets a sequence, who again, and who does not.

use super::*;

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
