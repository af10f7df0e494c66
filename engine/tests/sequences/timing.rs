//! When a mail goes, by whose clocks, and what goes with it.

use super::*;

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
