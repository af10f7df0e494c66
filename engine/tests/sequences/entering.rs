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

#[test]
fn one_mailbox_gets_one_mail_however_many_people_it_belongs_to() {
    let owner = |post: &mut Post, address: &str| {
        let seen = Seen { email: Some(address.to_owned()), is_owner: Some(true), ..Seen::default() };
        post.tenant.mailing.know(OWNER, &seen, post.now);
    };
    let admins = sequence(json!({}));
    let to_owner = sequence(json!({"id": "own", "to": "owner", "digest": "1h", "steps": [{"after": "0s", "template": "two"}]}));
    for (what, sequences, expected) in [
        ("a user, and an owner without one", json!([admins]), vec![("ada", "one")]),
        ("two sequences, one for each of them", json!([admins, to_owner]), vec![("ada", "one+two")]),
        ("the owner alone", json!([to_owner]), vec![("ada", "two")]),
    ] {
        let mut post = post(sequences);
        owner(&mut post, "ADA@acme.example");
        post.set("low", true, None);
        post.run(post.now.plus(DAY));
        let arrived = post.mails.iter().map(|mail| (mail.letter.recipient.as_str(), mail.templates().join("+")));
        let arrived: Vec<_> = arrived.collect();
        assert_eq!(arrived.iter().map(|(who, what)| (*who, what.as_str())).collect::<Vec<_>>(), expected, "{what}");
    }
    // Two admins at one desk, and one elsewhere.
    let mut post = post(json!([admins]));
    for (user, address) in [("bob", "Ada@Acme.example"), ("eve", "eve@acme.example")] {
        post.know(user, Role::Admin, None);
        post.tenant.mailing.know(user, &Seen { email: Some(address.to_owned()), ..Seen::default() }, post.now);
    }
    post.set("low", true, None);
    post.pump();
    assert_eq!(post.mails.len(), 2, "{:?}", post.mails);
}

#[test]
fn who_was_in_it_does_not_come_again_under_another_name_at_the_same_address() {
    let parts = json!({"to": "user", "exit": "false", "steps": [{"after": "0s", "template": "one"}, {"after": "5d", "template": "two"}]});
    let mut post = post(json!([sequence(parts)]));
    post.know("bob", Role::Member, None);
    post.tenant.mailing.know("bob", &Seen { email: Some("ada@acme.example".to_owned()), ..Seen::default() }, post.now);
    for (by, days) in [("ada", 1), ("bob", 8), ("bob", 40), ("bob", 8), ("ada", 8)] {
        post.set("low", true, Some(by));
        post.run(post.now.plus(days * DAY));
        post.set("low", false, None);
    }
    // Bob while ada is on the way, and too soon after: nothing. A month later he comes, and then she does not.
    let arrived: Vec<&str> = post.mails.iter().map(|mail| mail.letter.recipient.as_str()).collect();
    assert_eq!(arrived, ["ada", "ada", "bob", "bob"]);
    assert_eq!(post.reasons(), ["finished", "reentry", "finished", "reentry"]);
}

#[test]
fn what_somebody_says_of_an_address_holds_for_all_who_have_it() {
    type Says = fn(&mut Post, &str);
    let cases: [(&str, Says, Says); 3] = [
        (
            "no more of this",
            |post, who| _ = post.tenant.mailing.unsubscribe(who, Some("low"), post.now),
            |post, who| _ = post.tenant.mailing.resubscribe(who, Some("low")),
        ),
        (
            "no more at all",
            |post, who| _ = post.tenant.mailing.unsubscribe(who, None, post.now),
            |post, who| _ = post.tenant.mailing.resubscribe(who, None),
        ),
        (
            "the address takes none",
            |post, who| _ = post.tenant.mailing.suppress(who, post.now),
            |post, who| _ = post.tenant.mailing.unsuppress(who),
        ),
    ];
    for (what, stop, resume) in cases {
        let parts = json!({"to": "user", "reentry": "always", "digest": "1h"});
        let mut post = post(json!([sequence(parts)]));
        post.know("bob", Role::Admin, None);
        post.tenant.mailing.know("bob", &Seen { email: Some("ADA@acme.example".to_owned()), ..Seen::default() }, post.now);
        post.set("low", true, Some("bob")); // on the way
        stop(&mut post, "ada");
        post.run(post.now.plus(DAY));
        assert_eq!(post.mails, [], "{what}");
        for by in ["bob", "ada"] {
            post.set("low", false, None);
            post.set("low", true, Some(by)); // anew
            post.run(post.now.plus(DAY));
        }
        // Whoever comes to the address later.
        post.know("new", Role::Member, None);
        post.tenant.mailing.know("new", &Seen { email: Some("ada@acme.example".to_owned()), ..Seen::default() }, post.now);
        post.set("low", false, None);
        post.set("low", true, Some("new"));
        post.run(post.now.plus(DAY));
        assert_eq!(post.mails, [], "{what}");
        resume(&mut post, "bob");
        post.set("low", false, None);
        post.set("low", true, Some("ada"));
        post.run(post.now.plus(DAY));
        assert_eq!(post.mails.len(), 1, "{what}");
    }
}

#[test]
fn an_address_that_is_only_written_otherwise_is_no_other() {
    let mut post = post(json!([sequence(json!({}))]));
    post.tenant.mailing.suppress("ada", post.now);
    for (address, is_suppressed) in [("Ada@ACME.example", true), ("ada@acme.example", true), ("ada@other.example", false)] {
        post.tenant.mailing.know("ada", &Seen { email: Some(address.to_owned()), ..Seen::default() }, post.now);
        assert_eq!(post.tenant.mailing.contact("ada").expect("known").consent.suppressed.is_some(), is_suppressed, "{address}");
    }
}
