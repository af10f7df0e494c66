//! A letter on its way to the provider, whatever comes of asking.

use super::*;

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
        // Crashed after so many of: drawn, being sent, handed over, asked, settled.
        for point in 0..5 {
            let mut post = post(json!([sequence(json!({}))]));
            post.is_idempotent = is_idempotent;
            post.set("low", true, None);
            let id = post.draw()[0].id.clone();
            if point >= 1 {
                let letter = post.sending(&id).expect("it may");
                if point == 2 {
                    assert!(post.handing(&id));
                } else if point >= 3 {
                    let outcome = post.ask(&letter);
                    if point >= 4 {
                        post.settled(&id, outcome);
                    }
                }
            }
            post.crash();
            post.run(post.now.plus(DAY));
            let most = if point == 3 && !is_idempotent { 2 } else { 1 };
            assert_eq!(post.mails.len(), most, "{point} {is_idempotent}");
            assert!(post.mails.iter().all(|mail| mail.letter.id == id));
            assert!(matches!(post.tenant.mailing.letters[0].state, LetterState::Sent(_)));
        }
    }
}

#[test]
fn however_often_it_crashes_before_the_last_of_it_is_handed_over_it_is_sent_once() {
    let mut post = post(json!([sequence(json!({}))]));
    post.is_idempotent = false;
    post.set("low", true, None);
    for _ in 0..40 {
        let id = post.draw()[0].id.clone();
        post.sending(&id).expect("it may");
        post.crash();
    }
    post.run(post.now.plus(DAY));
    let letter = &post.tenant.mailing.letters[0];
    assert_eq!((post.mails.len(), letter.state.code(), letter.unsure), (1, "sent", 0));
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
    }
    assert_eq!((post.mails.len(), post.reasons()), (2, vec!["unsure", "finished"]));
}

#[test]
fn what_ends_while_a_provider_without_keys_is_called_is_not_handed_over() {
    let mut post = post(json!([sequence(json!({"exit": "false"}))]));
    post.is_idempotent = false;
    post.set("low", true, None);
    let id = post.draw()[0].id.clone();
    let letter = post.sending(&id).expect("it may");
    post.upgrade();
    let outcome = post.ask(&letter);
    post.settled(&id, outcome);
    post.run(post.now.plus(DAY));
    assert_eq!((post.mails.len(), post.tenant.mailing.letters[0].state.reason()), (0, Some(Reason::Converted)));
}

#[test]
fn what_may_have_been_sent_does_not_wait_for_a_morning_past_the_time_that_its_key_is_known() {
    let weekdays = sequence(json!({"exit": "false", "weekends": "skip", "quiet_hours": {"from": "20:00", "to": "08:00"}}));
    let full = sequence(json!({"exit": "false", "quiet_hours": {"from": "20:00", "to": "08:00"}}));
    for (what, sequences, entered, is_idempotent, expected) in [
        ("a night is shorter", &full, "2025-06-18T19:59", true, "19 08:00"),
        ("a weekend is not", &weekdays, "2025-06-20T19:59", true, "20 20:00"),
        ("where no key is known there is time", &weekdays, "2025-06-20T19:59", false, "23 08:00"),
    ] {
        let mut post = post_at(&document(json!([sequences])), entered);
        (post.is_idempotent, post.mood) = (is_idempotent, Mood::Deaf);
        post.now = post.now.plus(50 * SECOND);
        post.set("low", true, None);
        post.pump();
        post.mood = Mood::Good;
        post.run(post.now.plus(5 * DAY));
        assert_eq!(times(&post).first().map(|(at, _)| at.as_str()), Some(expected), "{what}: {:?}", post.tenant.mailing.letters);
    }
}

#[test]
fn what_was_never_asked_for_waits_out_the_weekend_and_is_never_given_up() {
    for already in [0, 1] {
        let parts = json!({"exit": "false", "weekends": "skip"});
        let mut document = document(json!([sequence(parts)]));
        document["frequency"]["cap"] = json!([{"max": 1, "window": "20d", "scope": "user"}]);
        let mut post = post_at(&document, "2025-06-20T23:59"); // a Friday
        post.set("low", true, None);
        let id = post.draw()[0].id.clone();
        if already == 1 {
            post.sending(&id).expect("it may");
            post.settled(&id, Outcome::Later { detail: "busy".to_owned(), wait: None });
        }
        // Others go first until the weekend has begun, and then a nudge takes the room.
        post.settled(&id, Outcome::Wait { until: post.now.plus(HOUR) });
        let nudge = Moment { at: post.now.plus(DAY), tag: 7 };
        post.tenant.users.entry("ada", Default::default).ledger.note(key("quota"), NoteKind::Render, nudge);
        post.run(post.now.plus(40 * DAY));
        let [mail] = post.mails.as_slice() else { panic!("{already}: {:?}", post.tenant.mailing.letters) };
        assert!(mail.at >= nudge.at.plus(20 * DAY), "{already}");
    }
}

#[test]
fn a_key_is_used_a_last_time_before_it_is_forgotten() {
    let mut post = post(json!([sequence(json!({"exit": "false"}))]));
    post.mood = Mood::Deaf;
    post.set("low", true, None);
    let begin = post.now;
    post.run(begin.plus(22 * HOUR));
    let id = post.tenant.mailing.letters[0].id.clone();
    // The provider wants to be left alone past the time that it knows the key.
    post.now = post.tenant.mailing.due().expect("again");
    let _drawn = post.draw();
    post.sending(&id).expect("it may");
    post.settled(&id, Outcome::Later { detail: "429".to_owned(), wait: Some(6 * HOUR) });
    post.mood = Mood::Good;
    post.run(begin.plus(3 * DAY));
    let [mail] = post.mails.as_slice() else { panic!("{:?}", post.tenant.mailing.letters) };
    assert_eq!(mail.at, begin.plus(23 * HOUR - MINUTE));
}

#[test]
fn a_key_is_known_from_when_the_provider_may_have_taken_it_and_not_from_when_it_refused_to() {
    let mut post = post(json!([sequence(json!({"exit": "false"}))]));
    post.mood = Mood::Busy;
    post.set("low", true, None);
    let begin = post.now;
    post.run(begin.plus(22 * HOUR));
    post.mood = Mood::Silent;
    post.run(begin.plus(30 * HOUR));
    post.mood = Mood::Good;
    post.run(begin.plus(32 * HOUR));
    assert_eq!((post.mails.len(), post.tenant.mailing.letters[0].state.code()), (1, "sent"));
}

#[test]
fn a_letter_is_about_no_more_sequences_than_its_links_can_name() {
    let long: Vec<Value> = (0..10)
        .map(|i| sequence(json!({"id": format!("{}{i}", "s".repeat(63)), "exit": "false", "steps": [{"after": "0s", "template": "one"}]})))
        .collect();
    let short: Vec<Value> = (0..10)
        .map(|i| sequence(json!({"id": format!("quota_emails_{i}"), "exit": "false", "steps": [{"after": "0s", "template": "one"}]})))
        .collect();
    for (sequences, expected) in [(long, vec![3, 3, 3, 1]), (short, vec![10])] {
        let mut post = post(json!(sequences));
        post.set("low", true, None);
        post.pump();
        assert_eq!(post.mails.iter().map(|mail| mail.letter.parts.len()).collect::<Vec<_>>(), expected);
    }
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
