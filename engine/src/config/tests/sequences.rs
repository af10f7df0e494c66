//! Email and sequences, as they are read.

use serde_json::{Value as Json, json};

use super::super::diff::{Op, diff};
use super::super::{After, Config, Mailbox, QuietHours, Reentry, To, compile, review};
use super::documentation::is_documented;
use super::problems;
use crate::campaign::{Scope, Window};
use crate::time::{DAY, HOUR, Millis};

/// A document with one sequence, of which these parts are others.
#[expect(clippy::needless_pass_by_value, reason = "documents are written where they are used")]
fn document(parts: Json) -> Json {
    let mut document = json!({
        "traits": {"user": {"team": {"type": "string"}}, "tenant": {"size": {"type": "int"}}},
        "signals": [{"id": "low", "when": "events.login.count_1d > 5"}],
        "campaigns": [{"id": "quota", "placement": "p", "audience": "signal.low.active", "nudge": {"title": "t"}, "holdout": 0.2, "salt": "s",
                       "variants": [{"id": "a", "weight": 1}, {"id": "b", "weight": 1}]}],
        "email": {"from": {"address": "hello@nimbus.example"}, "postal_address": "1 Cloud Street"},
        "templates": {"one": {"subject": "s", "html": "<p>t</p>"}, "two": {"subject": "s", "html": "<p>t</p>"}},
        "frequency": {"quiet_hours": {"from": "21:00", "to": "07:00"}},
        "holdout": 0.05,
        "sequences": [{"id": "mails", "enter": "signal.low.active", "steps": [{"after": "0s", "template": "one"}]}],
    });
    for (name, part) in parts.as_object().expect("an object") {
        document["sequences"][0][name] = part.clone();
    }
    document
}

fn config(document: &Json) -> Config {
    compile(&document.to_string()).unwrap_or_else(|problems| panic!("{document}: {problems:#?}"))
}

#[test]
fn what_a_sequence_does_not_say_is_usual() {
    let config = config(&document(json!({})));
    let [sequence] = config.sequences.as_slice() else { panic!("one") };
    assert_eq!((sequence.to, sequence.reentry, sequence.digest), (To::Admins, Reentry::After { after: 30 * DAY, max: None }, 0));
    assert_eq!((sequence.quiet, sequence.skips_weekends), (Some(QuietHours { from: 1_260, to: 420 }), false));
    assert_eq!((sequence.exit_source.as_str(), sequence.campaign.as_deref()), ("converted", Some("quota")));
    assert_eq!((sequence.holdout, sequence.holdout_of_all, sequence.salt.as_str()), (2_000, 500, "s"));
    assert_ne!(sequence.key, config.campaigns[0].campaign.gates.key);
    assert_eq!(config.frequency.quiet.len(), 1);
}

#[test]
fn a_sequence_is_read_whole() {
    let parts = json!({
        "exit": "converted || user.team == 'it'", "to": "owner", "quiet_hours": {"from": "12:00", "to": "13:30"}, "weekends": "skip", "digest": "2h",
        "reentry": {"after": "10d", "max": 2}, "cap": [{"max": 2, "window": "7d", "scope": "tenant"}], "priority": 3,
        "steps": [{"after": "2d", "at": "09:30", "template": "one", "when": "user.role == 'admin'", "variants": {"b": "two"}},
                  {"after": "next_morning", "template": "two"}],
    });
    let config = config(&document(parts));
    let [sequence] = config.sequences.as_slice() else { panic!("one") };
    assert_eq!((sequence.to, sequence.reentry, sequence.digest), (To::Owner, Reentry::After { after: 10 * DAY, max: Some(2) }, 2 * HOUR));
    assert_eq!((sequence.quiet, sequence.skips_weekends, sequence.priority), (Some(QuietHours { from: 720, to: 810 }), true, 3));
    let caps: Vec<_> = sequence.caps.iter().map(|cap| (cap.max, cap.window, cap.scope)).collect();
    assert_eq!(caps, [(2, Window::Rolling(7 * DAY), Scope::Tenant)]);
    let [first, second] = sequence.steps.as_slice() else { panic!("two") };
    assert_eq!((first.after, first.at, first.when.is_some()), (After::Elapsed(2 * DAY), Some(570), true));
    assert_eq!([first.template(None), first.template(Some("a")), first.template(Some("b"))], ["one", "one", "two"]);
    assert_eq!((second.after, second.at, second.template.as_str()), (After::NextMorning, None, "two"));
    assert_eq!(config.frequency.quiet.len(), 1, "pages are not told of mails' quiet hours");
}

#[test]
fn those_of_higher_priority_come_first() {
    let mut document = document(json!({}));
    let one =
        |id: &str, priority: i32| json!({"id": id, "enter": "true", "priority": priority, "steps": [{"after": "0s", "template": "one"}]});
    document["sequences"] = json!([one("a", 0), one("b", 5), one("c", 0), one("d", 5)]);
    let config = config(&document);
    assert_eq!(config.sequences.iter().map(|sequence| sequence.id.as_str()).collect::<String>(), "bdac");
}

#[test]
fn mail_is_read_whole() {
    let mut document = document(json!({}));
    document["email"] = json!({
        "from": {"address": "hello@bücher.example", "name": "נימבוס"}, "reply_to": "support@nimbus.example", "postal_address": "1 Cloud Street",
        "links": {"plans": "https://App.nimbus.example:8443/plans?x=1#y", "app": "http://localhost"}, "click_hosts": ["Docs.nimbus.example"],
        "track": {"clicks": false, "opens": true}, "rate": 14,
    });
    let email = config(&document).email;
    assert_eq!(email.from, Some(Mailbox { address: "hello@bücher.example".to_owned(), name: Some("נימבוס".to_owned()) }));
    assert_eq!(email.click_hosts, ["app.nimbus.example", "docs.nimbus.example", "localhost"]);
    assert_eq!((email.track_clicks, email.track_opens, email.rate, email.links.len()), (false, true, 14, 2));
    let usual = config(&json!({})).email;
    assert_eq!((usual.track_clicks, usual.track_opens, usual.rate), (true, false, 2));
}

#[test]
fn each_mistake_is_told_once_with_its_place() {
    let step = |parts: Json| {
        let mut step = json!({"after": "0s", "template": "one"});
        for (name, part) in parts.as_object().expect("an object") {
            step[name] = part.clone();
        }
        json!({"steps": [step]})
    };
    for (parts, pointer, code) in [
        (json!({"steps": []}), "/steps", "missing"),
        (json!({"steps": null}), "/steps", "missing"),
        (json!({"steps": [{"after": "0s"}]}), "/steps/0/template", "missing"),
        (step(json!({"template": "ones"})), "/steps/0/template", "unknown_template"),
        (step(json!({"after": "1 day"})), "/steps/0/after", "bad_duration"),
        (step(json!({"after": "400d"})), "/steps/0/after", "bad_duration"),
        (step(json!({"after": "next morning"})), "/steps/0/after", "bad_duration"),
        (step(json!({"at": "9:00"})), "/steps/0/at", "bad_time"),
        (step(json!({"when": "usage.calls.ratio > 1.0"})), "/steps/0/when", "unknown_fact"),
        (step(json!({"when": "user.age"})), "/steps/0/when", "type"),
        (step(json!({"variants": {"c": "two"}})), "/steps/0/variants/c", "unknown_variant"),
        (step(json!({"variants": {"b": "twos"}})), "/steps/0/variants/b", "unknown_template"),
        (json!({"enter": "user.role == 'admin'"}), "/enter", "unknown_fact"),
        (json!({"enter": "user.team == 'it'"}), "/enter", "unknown_fact"),
        (json!({"enter": "!converted"}), "/enter", "unknown_fact"),
        (json!({"enter": null}), "/enter", "missing"),
        (json!({"exit": "convertd"}), "/exit", "unknown_fact"),
        (json!({"to": "everybody"}), "/to", "bad_choice"),
        (json!({"weekends": "never"}), "/weekends", "bad_choice"),
        (json!({"digest": "8d"}), "/digest", "bad_duration"),
        (json!({"quiet_hours": {"from": "20:00", "to": "20:00"}}), "/quiet_hours", "conflict"),
        (json!({"reentry": "sometimes"}), "/reentry", "bad_choice"),
        (json!({"reentry": {"max": 2}}), "/reentry/after", "missing"),
        (json!({"reentry": {"after": "1d", "max": 0}}), "/reentry/max", "out_of_range"),
        (json!({"campaign": "quotas"}), "/campaign", "unknown_campaign"),
        (json!({"holdout": 0.1}), "/holdout", "conflict"),
        (json!({"campaign": null, "holdout": 2}), "/holdout", "out_of_range"),
        (
            json!({"campaign": null, "steps": [{"after": "0s", "template": "one", "variants": {"b": "two"}}]}),
            "/steps/0/variants",
            "conflict",
        ),
        (json!({"cap": [{"max": 0, "window": "1d"}]}), "/cap/0/max", "out_of_range"),
        (json!({"id": "a b"}), "/id", "bad_name"),
        (json!({"until": "x"}), "/until", "unknown_field"),
    ] {
        let told = problems(&document(parts.clone()).to_string());
        let places: Vec<_> = told.iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        assert_eq!(places, [(format!("/sequences/0{pointer}").as_str(), code)], "{parts}: {told:#?}");
    }
}

#[test]
fn what_mail_cannot_have_is_refused() {
    for (parts, pointer, code) in [
        (json!({"from": null}), "/email/from", "missing"),
        (json!({"postal_address": null}), "/email/postal_address", "missing"),
        (json!({"postal_address": " "}), "/email/postal_address", "missing"),
        (json!({"postal_address": "1 Cloud Street\r\nBcc: x@y.example"}), "/email/postal_address", "bad_line"),
        (json!({"from": {"address": "hello@nimbus.example", "name": "Nim\nbus"}}), "/email/from/name", "bad_line"),
        (json!({"from": {"address": "hello@nimbus.example", "name": "N".repeat(201)}}), "/email/from/name", "too_long"),
        (json!({"from": {"name": "Nimbus"}}), "/email/from/address", "missing"),
        (json!({"from": {"address": "Nimbus <hello@nimbus.example>"}}), "/email/from/address", "bad_address"),
        (json!({"reply_to": "a@b.example\r\nBcc: c@d.example"}), "/email/reply_to", "bad_address"),
        (json!({"links": {"plans": "javascript:alert(1)"}}), "/email/links/plans", "bad_link"),
        (json!({"links": {"plans": "https://app.example@evil.example/"}}), "/email/links/plans", "bad_link"),
        (json!({"links": {"plans": "https://app.example\\@evil.example/"}}), "/email/links/plans", "bad_link"),
        (json!({"links": {"plans": "https://app.example/\n"}}), "/email/links/plans", "bad_link"),
        (json!({"links": {"plans": "https://app.example:http/"}}), "/email/links/plans", "bad_link"),
        (json!({"links": {"plans": "https:///x"}}), "/email/links/plans", "bad_link"),
        (json!({"links": {"Plans": "https://app.example/"}}), "/email/links/Plans", "bad_name"),
        (json!({"click_hosts": ["docs.example/x"]}), "/email/click_hosts/0", "bad_host"),
        (json!({"rate": 0}), "/email/rate", "out_of_range"),
        (json!({"track": {"clicks": "yes"}}), "/email/track/clicks", "wrong_type"),
    ] {
        let mut document = document(json!({}));
        for (name, part) in parts.as_object().expect("an object") {
            document["email"][name] = part.clone();
        }
        let told = problems(&document.to_string());
        let places: Vec<_> = told.iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        assert_eq!(places, [(pointer, code)], "{parts}: {told:#?}");
    }
    let mut without = document(json!({}));
    without["email"] = json!(null);
    let told = problems(&without.to_string());
    assert_eq!(told.iter().map(|p| (p.pointer.as_str(), p.code)).collect::<Vec<_>>(), [("/sequences", "missing")]);
    without["sequences"] = json!([]);
    compile(&without.to_string()).expect("nothing is sent");
}

#[test]
fn only_a_sequence_knows_of_converting() {
    let told = problems(r#"{"segments": {"s": {"enter": "converted"}}}"#);
    assert!(told[0].detail.contains("only its `exit` and its steps' `when` know it"), "{}", told[0].detail);
    let mut asking = document(json!({"enter": "requests.count >= 2 && requests.top == 'SSO'", "exit": "requests.count < 1"}));
    asking["campaigns"] = json!([]);
    config(&asking);
}

#[test]
fn what_is_hardly_meant_is_warned_of() {
    for (parts, pointer, code, words) in [
        (json!({"enter": "events.login.count_7d < 0"}), "/enter", "never_holds", "nobody is ever enrolled"),
        (json!({"enter": "events.login.count_7d >= 0"}), "/enter", "always_holds", "everybody is enrolled"),
        (json!({"exit": "converted || !converted"}), "/exit", "always_holds", "everybody leaves at once"),
        (json!({"exit": "events.login.count_7d < 0"}), "/exit", "never_rearmed", "nobody leaves before the last step"),
        (json!({"enter": "tenant.size > 5", "exit": "tenant.size > 9"}), "/exit", "overlap", "who is enrolled then leaves at once"),
        (
            json!({"steps": [{"after": "0s", "template": "one", "when": "user.role == 'owner'"}]}),
            "/steps/0/when",
            "unknown_value",
            "known: admin, member",
        ),
        (json!({"campaign": null, "holdout": 1}), "/holdout", "held_out", "all tenants"),
        (json!({"quiet_hours": {"from": "09:00", "to": "08:00"}}), "/quiet_hours", "mostly_quiet", "60 minutes"),
    ] {
        let (compiled, warnings) = review(&document(parts.clone()).to_string(), Millis(0));
        compiled.expect("it can be published");
        let found = warnings.iter().find(|warning| warning.pointer == format!("/sequences/0{pointer}") && warning.code == code);
        let found = found.unwrap_or_else(|| panic!("{parts}: {warnings:#?}"));
        assert!(found.detail.contains(words) && is_documented("Warnings", code), "{}", found.detail);
    }
    assert_eq!(review(&document(json!({})).to_string(), Millis(0)).1, [], "and of what is meant nothing");
}

#[test]
fn what_changed_of_a_sequence_is_told_where_it_changed() {
    let before = document(json!({"steps": [{"after": "0s", "template": "one"}, {"after": "2d", "template": "two"}]}));
    let after = document(json!({"digest": "1h", "steps": [{"after": "0s", "template": "one"}, {"after": "3d", "template": "two"}]}));
    let changes = diff(&before.to_string(), &after.to_string()).expect("JSON");
    let told: Vec<_> = changes.iter().map(|change| (change.op, change.pointer.as_str())).collect();
    assert_eq!(told, [(Op::Added, "/sequences/0/digest"), (Op::Changed, "/sequences/0/steps/1/after")]);
}
