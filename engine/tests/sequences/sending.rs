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
