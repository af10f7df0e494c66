//! What is told of names: what was probably meant, who may not read what, and who reads itself.

use super::super::compile;
use super::problems;

/// One of everything that an expression can name.
fn document(signal: &str, segment: &str, audience: &str, title: &str) -> String {
    format!(
        r#"{{
  "meters": {{"api_calls": {{"kind": "counter"}}}},
  "features": {{"sso": {{}}}},
  "traits": {{"tenant": {{"industry": {{"type": "string"}}}}, "user": {{"team": {{"type": "string"}}}}}},
  "signals": [{{"id": "quota", "when": "usage.api_calls.ratio > 0.8", "weight": 1}}, {{"id": "second", "when": "{signal}", "weight": 1}}],
  "segments": {{"ready": {{"enter": "score > 60"}}, "hot": {{"enter": "{segment}"}}}},
  "campaigns": [{{"id": "c", "placement": "p", "audience": "{audience}", "nudge": {{"title": "{title}"}}}}]
}}"#
    )
}

#[test]
fn every_unknown_name_is_told_with_what_was_meant() {
    for (condition, detail) in [
        ("usage.api_call.ratio > 0.8", "unknown meter `api_call`; did you mean `api_calls`?"),
        ("usage.api_calls.ration > 0.8", "unknown field of a meter `ration`; did you mean `ratio`?"),
        ("events.login.count_14d > 1", "unknown field of an event `count_14d`; did you mean `count_1d`?"),
        ("events.Login.count_7d > 1", "`Login` cannot be the name of an event: lower-case letters, digits and `_`"),
        ("feature.ss0", "unknown feature `ss0`; did you mean `sso`?"),
        ("signal.quotas.active", "unknown signal `quotas`; did you mean `quota`?"),
        ("signal.quota.activ", "unknown field of a signal `activ`; did you mean `active`?"),
        ("segment.redy", "unknown segment `redy`; did you mean `ready`?"),
        ("tenant.industri == 'health'", "unknown field or trait of `tenant` `industri`; did you mean `industry`?"),
        ("user.taem == 'it'", "unknown field or trait of `user` `taem`; did you mean `team`?"),
        ("plan.rnak > 1", "unknown field of `plan` `rnak`; did you mean `rank`?"),
        ("best_plan.nam == 'Pro'", "unknown field of `best_plan` `nam`; did you mean `name`?"),
        ("subscription.state == 'active'", "unknown field of `subscription` `state`; did you mean `status`?"),
        ("requests.counts > 1", "unknown field of `requests` `counts`; did you mean `count`?"),
        ("usages.api_calls.ratio > 0.8", "unknown fact `usages`; did you mean `usage`?"),
        ("scores > 60", "unknown fact `scores`; did you mean `score`?"),
        ("usage.api_calls > 1", "`usage.api_calls` is no fact; write `usage.<meter>.<field>` as in `usage.api_calls.ratio`"),
        ("signal.quota", "`signal.quota` is no fact; write `signal.<id>.<field>` as in `signal.quota.active`"),
        ("score.value > 60", "`score.value` is no fact; write `score`"),
    ] {
        let told = problems(&document("true", "true", condition, "t"));
        let read: Vec<_> = told.iter().map(|p| (p.code, p.pointer.as_str(), p.offset, p.detail.as_str())).collect();
        assert_eq!(read, [("unknown_fact", "/campaigns/0/audience", Some(0), detail)], "{condition}");
    }
    let told = problems(&document("true", "true", "true", "Now {{usage.api_call.percent}}"));
    assert_eq!((told[0].offset, told[0].detail.as_str()), (Some(6), "unknown meter `api_call`; did you mean `api_calls`?"));
}

#[test]
fn of_many_known_names_the_nearest_fourteen_are_told() {
    let meters: Vec<String> = (1..=100).map(|i| format!(r#""meter_{i}": {{"kind": "counter"}}"#)).collect();
    let document = format!(r#"{{"meters": {{{}}}, "segments": {{"s": {{"enter": "usage.mt_99x.ratio > 1.0"}}}}}}"#, meters.join(","));
    let told = problems(&document);
    let nearest =
        "meter_99, meter_1, meter_2, meter_3, meter_4, meter_5, meter_6, meter_7, meter_8, meter_9, meter_19, meter_29, meter_39, meter_49";
    assert_eq!(told[0].detail, format!("unknown meter `mt_99x`; known: {nearest} and 86 more"));
}

#[test]
fn of_a_field_that_resembles_none_the_known_ones_are_told_in_order_and_what_is_for_editors_only_where_it_is_meant() {
    let sections = "meters, features, traits, plans, signals, segments, campaigns, frequency, holdout, upgrade, email, sequences, \
                    templates, attribution";
    for (document, detail) in [
        (r#"{"xyzzy": {}}"#, format!("unknown field `xyzzy`; known: {sections}")),
        (r#"{"schema": ""}"#, format!("unknown field `schema`; known: {sections}")),
        (r#"{"$shema": ""}"#, "unknown field `$shema`; did you mean `$schema`?".to_owned()),
        (r#"{"features": {"sso": {"colour": "red"}}}"#, "unknown field `colour`; known: label".to_owned()),
    ] {
        assert_eq!(problems(document)[0].detail, detail);
    }
}

#[test]
fn signals_read_neither_the_score_nor_segments_nor_users_and_segments_no_users() {
    let of_score = |name: &str| format!("a signal cannot read `{name}`: the score and segments are made from signals");
    let of_user =
        |name: &str| format!("`{name}` is about one user; signals and segments are about the whole tenant. Use it in an audience");
    let read = |document: &str| problems(document).into_iter().map(|p| (p.pointer, p.code, p.detail)).collect::<Vec<_>>();
    let about = [("user.role == 'admin'", "user.role"), ("user.age > duration('24h')", "user.age"), ("user.team == 'it'", "user.team")];
    let requests = [("requests.count > 1", "requests.count"), ("requests.top == 'sso'", "requests.top")];
    for (condition, name) in [("score > 60", "score"), ("segment.ready", "segment.ready")] {
        let expected = ("/signals/1/when".to_owned(), "unknown_fact", of_score(name));
        assert_eq!(read(&document(condition, "true", "true", "t")), [expected]);
        compile(&document("true", condition, condition, "t")).expect("segments and campaigns read them");
    }
    for (condition, name) in about.into_iter().chain(requests) {
        let expected = |pointer: &str| (pointer.to_owned(), "unknown_fact", of_user(name));
        assert_eq!(read(&document(condition, "true", "true", "t")), [expected("/signals/1/when")]);
        assert_eq!(read(&document("true", condition, "true", "t")), [expected("/segments/hot/enter")]);
        compile(&document("true", "true", condition, "t")).expect("campaigns read them");
    }
}

/// Signals that read those named; each with what is told of it.
fn signals(reads: &[(&str, &str)]) -> Vec<(String, &'static str, String)> {
    let signal = |(id, reads): &(&str, &str)| {
        let when: Vec<String> = reads.split_whitespace().map(|read| format!("signal.{read}.active")).collect();
        format!(r#"{{"id": "{id}", "when": "{}", "weight": 1}}"#, if when.is_empty() { "true".to_owned() } else { when.join(" || ") })
    };
    let signals: Vec<String> = reads.iter().map(signal).collect();
    let told = compile(&format!(r#"{{"signals": [{}]}}"#, signals.join(","))).err().unwrap_or_default();
    told.into_iter().map(|p| (p.pointer, p.code, p.detail)).collect()
}

#[test]
fn a_circle_is_named_at_each_of_its_members_and_nowhere_else() {
    let told = |i: usize, way: &str| {
        (format!("/signals/{i}"), "cycle", format!("this reads itself: `{way}`; none of these could be computed first"))
    };
    assert_eq!(signals(&[("a", "b"), ("b", "a")]), [told(0, "a → b → a"), told(1, "b → a → b")]);
    assert_eq!(signals(&[("a", "a")]), [told(0, "a → a")]);
    let outside = signals(&[("reads_it", "b"), ("b", "c free"), ("c", "b d"), ("d", "free"), ("free", "")]);
    assert_eq!(outside, [told(1, "b → c → b"), told(2, "c → b → c")], "the others are as they should be");
    let eight = signals(&[("a", "b"), ("b", "c x"), ("c", "d"), ("d", "a"), ("x", "a")]);
    assert_eq!((&eight[0], &eight[3], eight.len()), (&told(0, "a → b → x → a"), &told(3, "d → a → b → c → d"), 5), "the shortest");
    assert_eq!(signals(&[("a", "b c"), ("b", "c"), ("c", "")]), []);
}

#[test]
fn of_a_long_circle_the_beginning_is_named() {
    let ids: Vec<String> = (0..1_000).map(|i| format!("s{i}")).collect();
    let reads: Vec<(&str, &str)> = ids.iter().zip(ids.iter().cycle().skip(1)).map(|(id, next)| (id.as_str(), next.as_str())).collect();
    let told = signals(&reads);
    assert_eq!(told.len(), 100);
    assert!(told[0].2.contains("`s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → 992 more → s0`"), "{}", told[0].2);
}

#[test]
fn segments_that_read_each_other_in_a_circle_are_refused() {
    let told = problems(r#"{"segments": {"a": {"enter": "segment.b"}, "b": {"enter": "score > 1", "exit": "segment.a"}}}"#);
    let read: Vec<_> = told.iter().map(|p| (p.pointer.as_str(), p.code, p.detail.as_str())).collect();
    let expected = |way| format!("this reads itself: `{way}`; none of these could be computed first");
    assert_eq!(read, [("/segments/a", "cycle", &*expected("a → b → a")), ("/segments/b", "cycle", &*expected("b → a → b"))]);
}
