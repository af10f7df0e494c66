//! What is said of conditions, against all there is: every combination of values, some of them in each region.

use proptest::prelude::*;

use super::super::review;
use crate::expr::{Lookup, Value};
use crate::facts::{Fact, Input, UsageField};
use crate::time::Millis;

const SIZES: [i64; 7] = [-4, -2, -1, 0, 1, 2, 4];
const SHARES: [f64; 7] = [-9.0, -0.5, -0.25, 0.0, 0.25, 0.5, 9.0];
const INDUSTRIES: [&str; 6] = ["", "A", "a", "aa", "b", "c"];
const SCORES: [i64; 3] = [0, 30, 55];

/// What each fact is: the number of a value, and the first one behind the last for what is unknown.
#[derive(Default)]
struct Case {
    size: usize,
    share: usize,
    industry: usize,
    vip: usize,
    score: usize,
    value: usize,
    role: usize,
}

impl Case {
    /// Every case.
    fn all() -> impl Iterator<Item = Self> {
        (0..8 * 8 * 7 * 3 * 3 * 3 * 2).map(|mut n: usize| {
            let mut next = |of| (n % of, n /= of).0;
            let [size, share, industry, vip, score, value, role] = [8, 8, 7, 3, 3, 3, 2].map(&mut next);
            Self { size, share, industry, vip, score, value, role }
        })
    }
}

impl Lookup for Case {
    fn input(&self, input: Input) -> Value<'_> {
        assert!(matches!(input, Input::Usage { field: UsageField::Value, .. }));
        [Value::Int(0), Value::Int(1), Value::Int(2)][self.value]
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        match fact {
            Fact::Input(input) => self.input(input),
            Fact::TenantTrait(0) => SIZES.get(self.size).map_or(Value::Unknown, |n| Value::Int(*n)),
            Fact::TenantTrait(1) => SHARES.get(self.share).map_or(Value::Unknown, |d| Value::Double(*d)),
            Fact::TenantTrait(2) => INDUSTRIES.get(self.industry).map_or(Value::Unknown, |text| Value::Str(text)),
            Fact::TenantTrait(3) => [false, true].get(self.vip).map_or(Value::Unknown, |b| Value::Bool(*b)),
            Fact::Score => Value::Int(SCORES[self.score]),
            Fact::UserRole => Value::Str(["admin", "member"][self.role]),
            other => panic!("{other:?}"),
        }
    }
}

fn condition() -> impl Strategy<Value = String> {
    let order = || prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let leaf = prop_oneof![
        (order(), -2..3).prop_map(|(order, n)| format!("tenant.size {order} {n}")),
        (order(), -2..3).prop_map(|(order, n)| format!("{n} {order} tenant.size")),
        prop::collection::vec(-2..3, 0..3).prop_map(|list| format!("tenant.size in {list:?}")),
        (order(), prop::sample::select(vec!["-0.5", "0.0", "0.5"])).prop_map(|(order, d)| format!("tenant.share {order} {d}")),
        (order(), prop::sample::select(vec!["", "a", "b"])).prop_map(|(order, text)| format!("tenant.industry {order} '{text}'")),
        (order(), prop::sample::select(vec![-1, 0, 55, 56])).prop_map(|(order, n)| format!("score {order} {n}")),
        (order(), -1..2).prop_map(|(order, n)| format!("usage.calls.value {order} {n}")),
        prop::sample::select(vec!["admin", "member"]).prop_map(|role| format!("user.role == '{role}'")),
        Just("tenant.vip".to_owned()),
        prop::bool::ANY.prop_map(|b| b.to_string()),
    ];
    leaf.prop_recursive(3, 5, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(({a}) == ({b}))")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_condition_never_or_always_holds_if_and_only_if_that_is_said(condition in condition()) {
        let document = format!(
            r#"{{"meters": {{"calls": {{"kind": "counter"}}}}, "signals": [{{"id": "s", "when": "usage.calls.ratio > 1.0", "weight": 55}}],
                "traits": {{"tenant": {{"size": {{"type": "int"}}, "share": {{"type": "double"}}, "industry": {{"type": "string"}}, "vip": {{"type": "bool"}}}}}},
                "campaigns": [{{"id": "c", "placement": "p", "audience": "{condition}", "nudge": {{"title": "t"}}}}]}}"#
        );
        let (config, warnings) = review(&document, Millis(0));
        let audience = &config.expect("good").campaigns[0].campaign.gates.audience;
        // With more there are more cases than the review tries, and nothing is said.
        let mut facts: Vec<String> = audience.facts().map(|fact| format!("{fact:?}")).collect();
        facts.sort();
        facts.dedup();
        prop_assume!(facts.len() <= 4);
        let (mut holds, mut fails) = (0, 0);
        for case in Case::all() {
            let count = if audience.eval(&case).is_true() { &mut holds } else { &mut fails };
            *count += 1;
        }
        let expected = match (holds, fails, audience.facts().next()) {
            (0, _, _) => vec!["never_holds"],
            (_, 0, Some(_)) => vec!["always_holds"],
            _ => vec![],
        };
        prop_assert_eq!(warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), expected);
    }
}
