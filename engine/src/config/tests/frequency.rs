//! Caps, quiet hours, variants and holdouts, as they are read.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::{Clock, Config, QuietHours, compile};
use super::problems;
use crate::campaign::{Campaign, Unit, Window};
use crate::facts::Role;
use crate::hash::key;
use crate::template::{Part, Template};
use crate::time::{DAY, HOUR};

fn config(document: &Json) -> Config {
    compile(&document.to_string()).unwrap_or_else(|problems| panic!("{document}: {problems:#?}"))
}

/// A campaign with these parts.
fn campaign(parts: &Json) -> Json {
    let mut campaign = json!({"id": "c", "placement": "p", "nudge": {"title": "campaign"}});
    for (key, value) in parts.as_object().expect("an object") {
        campaign[key] = value.clone();
    }
    campaign
}

#[test]
fn frequency_is_read_and_campaigns_go_by_it_unless_they_say_otherwise() {
    let night = json!({"from": "20:00", "to": "08:00"});
    let campaigns =
        [json!({}), json!({"quiet_hours": false}), json!({"quiet_hours": {"from": "12:00", "to": "13:30"}}), json!({"quiet_hours": night})];
    let campaigns: Vec<Json> = (0..)
        .zip(campaigns)
        .map(|(i, parts)| {
            campaign(&{
                let mut parts = parts;
                parts["id"] = json!(format!("c{i}"));
                parts
            })
        })
        .collect();
    let frequency =
        json!({"cap": [{"max": 3, "window": "week"}, {"max": 9, "window": "7d", "scope": "tenant"}], "quiet_hours": night, "zone": "user"});
    let read = config(&json!({"frequency": frequency, "campaigns": campaigns, "holdout": 0.05}));
    assert_eq!(read.frequency.zone, Clock::User);
    let windows: Vec<Window> = read.frequency.caps.iter().map(|cap| cap.window).collect();
    assert_eq!(windows, [Window::Calendar(Unit::Week), Window::Rolling(7 * DAY)]);
    assert_eq!(read.frequency.quiet, [QuietHours { from: 1_200, to: 480 }, QuietHours { from: 720, to: 810 }], "each once");
    let quiet: Vec<_> = read.campaigns.iter().map(|rule| rule.campaign.gates.quiet).collect();
    assert_eq!(quiet, [Some(0), None, Some(1), Some(0)]);
    assert!(read.holdout == 500 && read.campaigns.iter().all(|rule| rule.holdout_of_all == 500));
}

#[test]
fn what_a_campaign_does_not_say_is_usual() {
    let rule = config(&json!({"campaigns": [campaign(&json!({}))]})).campaigns.remove(0);
    let Campaign { gates, snooze, .. } = &rule.campaign;
    assert_eq!(
        (gates.cooldown_after_convert, *snooze, gates.quiet, gates.groups.as_slice(), rule.salt.as_str()),
        (DAY, None, None, [].as_slice(), "c")
    );
    let parts = json!({"cooldown_after_convert": "0s", "snooze": "4h", "exclusive": "g", "salt": "s"});
    let rule = config(&json!({"campaigns": [campaign(&parts)]})).campaigns.remove(0);
    let Campaign { gates, snooze, .. } = &rule.campaign;
    assert_eq!(
        (gates.cooldown_after_convert, *snooze, gates.groups.as_slice(), rule.salt.as_str()),
        (0, Some(4 * HOUR), [key("g")].as_slice(), "s")
    );
}

#[test]
fn sixteen_different_quiet_hours_are_enough() {
    let all =
        |n: u32| (0..n).map(|i| campaign(&json!({"id": format!("c{i}"), "quiet_hours": {"from": format!("{:02}:00", i), "to": "23:30"}})));
    config(&json!({"campaigns": all(16).collect::<Vec<_>>()}));
    let told = problems(&json!({"campaigns": all(17).collect::<Vec<_>>()}).to_string());
    assert_eq!(told.iter().map(|p| (p.pointer.as_str(), p.code)).collect::<Vec<_>>(), [("/campaigns/16/quiet_hours", "too_many")]);
}

fn title(campaign: &Campaign) -> String {
    let Template { parts } = &campaign.nudge.title;
    let [Part::Text(text)] = parts.as_slice() else { panic!("{parts:?}") };
    text.clone()
}

#[test]
fn what_is_said_for_a_role_goes_before_what_is_said_for_all_and_the_variants_before_the_campaigns() {
    let title_of = |words: &str| json!({"title": words});
    for (parts, member) in [
        (json!({"variants": [{"id": "a", "weight": 1}]}), "campaign"),
        (json!({"variants": [{"id": "a", "weight": 1, "nudge": title_of("variant")}]}), "variant"),
        (json!({"roles": {"member": title_of("role")}, "variants": [{"id": "a", "weight": 1, "nudge": title_of("variant")}]}), "role"),
        (
            json!({"roles": {"member": title_of("role")}, "variants": [{"id": "a", "weight": 1, "roles": {"member": title_of("both")}}]}),
            "both",
        ),
    ] {
        let rule = config(&json!({"campaigns": [campaign(&parts)]})).campaigns.remove(0);
        let seen = rule.for_user("acme", Role::Member);
        assert_eq!((title(&seen).as_str(), seen.variant.as_deref()), (member, Some("a")), "{parts}");
    }
}

/// The first two names whose keys are the same, by trying.
fn twins() -> (String, String) {
    let mut seen: BTreeMap<u32, String> = BTreeMap::new();
    for i in 0_u32.. {
        let name = format!("n{i:x}");
        if let Some(other) = seen.insert(key(&name), name.clone()) {
            return (other, name);
        }
    }
    unreachable!("there are only so many keys")
}

#[test]
fn names_that_a_page_could_not_tell_apart_are_refused() {
    let (a, b) = twins();
    for (field, pointer) in [("id", "/campaigns/1/id"), ("placement", "/campaigns/1/placement"), ("exclusive", "/campaigns/1/exclusive")] {
        let with = |id: &str, name: &str| {
            let mut one = campaign(&json!({"id": id}));
            one[field] = json!(name);
            one
        };
        let told = problems(&json!({"campaigns": [with("one", &a), with("two", &b)]}).to_string());
        assert_eq!(told.iter().map(|p| (p.pointer.as_str(), p.code)).collect::<Vec<_>>(), [(pointer, "conflict")]);
        assert!(told[0].detail.contains(&a) && told[0].detail.contains(&b));
    }
}

/// Tenants as they are called.
fn tenants(n: u32) -> Vec<String> {
    (0..n).map(|i| format!("tenant-{i}")).collect()
}

fn rule(parts: &Json) -> crate::config::CampaignRule {
    config(&json!({"campaigns": [campaign(parts)]})).campaigns.remove(0)
}

#[test]
fn arms_have_the_shares_that_their_weights_say() {
    let weights = [1, 1, 3, 0, 5];
    let variants: Vec<Json> =
        weights.iter().zip("abcde".chars()).map(|(weight, id)| json!({"id": id.to_string(), "weight": weight})).collect();
    let (n, total) = (20_000, weights.iter().sum::<u32>());
    for salt in ["s1", "s2", "s3", "api_quota", "x"] {
        let rule = rule(&json!({"variants": variants, "salt": salt}));
        let mut counts = BTreeMap::new();
        for tenant in tenants(n) {
            *counts.entry(rule.variant(&tenant).expect("an arm").id.clone()).or_insert(0_u32) += 1;
        }
        let chi_square: f64 = weights
            .iter()
            .zip("abcde".chars())
            .filter(|(weight, _)| **weight > 0)
            .map(|(weight, id)| {
                let expected = f64::from(n) * f64::from(*weight) / f64::from(total);
                let off = f64::from(counts.get(&id.to_string()).copied().unwrap_or(0)) - expected;
                off * off / expected
            })
            .sum();
        // Three degrees of freedom: above 16.27 once in a thousand.
        assert!(chi_square < 16.27, "{salt}: {chi_square} {counts:?}");
        assert_eq!(counts.get("d"), None, "a weight of 0 is nobody");
    }
}

/// The statistic of independence of two ways to part tenants, of one degree of freedom.
fn dependence(pairs: impl Iterator<Item = (bool, bool)>) -> f64 {
    let mut table = [[0.0_f64; 2]; 2];
    for (a, b) in pairs {
        table[usize::from(a)][usize::from(b)] += 1.0;
    }
    let rows = table.map(|row| row[0] + row[1]);
    let columns = [table[0][0] + table[1][0], table[0][1] + table[1][1]];
    let n = rows[0] + rows[1];
    let mut sum = 0.0;
    for (i, row) in table.iter().enumerate() {
        for (j, count) in row.iter().enumerate() {
            let expected = rows[i] * columns[j] / n;
            sum += (count - expected) * (count - expected) / expected;
        }
    }
    sum
}

#[test]
fn who_is_in_an_arm_says_nothing_of_other_campaigns_of_the_holdout_or_of_the_rollout() {
    let halves = json!([{"id": "a", "weight": 1}, {"id": "b", "weight": 1}]);
    let of = |salt: &str| rule(&json!({"variants": halves, "salt": salt, "holdout": 0.3, "rollout": {"percent": 40}}));
    let (one, two) = (of("one"), of("two"));
    let names = tenants(20_000);
    let is_a = |rule: &crate::config::CampaignRule, tenant: &String| rule.variant(tenant).expect("an arm").id == "a";
    for (what, statistic) in [
        ("variants of two campaigns", dependence(names.iter().map(|t| (is_a(&one, t), is_a(&two, t))))),
        ("holdouts of two campaigns", dependence(names.iter().map(|t| (one.is_held_out(t), two.is_held_out(t))))),
        ("variant and holdout", dependence(names.iter().map(|t| (is_a(&one, t), one.is_held_out(t))))),
        ("holdout and rollout", dependence(names.iter().map(|t| (one.rollout.includes("c", t), one.is_held_out(t))))),
        (
            "variant and the holdout of all",
            dependence(names.iter().map(|t| (is_a(&one, t), crate::config::CampaignRule::bucket_of_all(t) < 500))),
        ),
    ] {
        assert!(statistic < 10.83, "{what}: {statistic}"); // above that once in a thousand
    }
}

proptest! {
    #[test]
    fn a_larger_holdout_keeps_everybody_of_the_smaller_and_one_of_all_is_the_same_for_all(
        (small, more) in (0..5_000_u16, 0..5_000_u16), tenant in "[a-z0-9-]{1,20}", role in prop_oneof![Just(Role::Admin), Just(Role::Member)],
    ) {
        let share = |points: u16| f64::from(points) / 10_000.0;
        let [a, b] = [small, small + more].map(|points| rule(&json!({"holdout": share(points)})).for_user(&tenant, role).gates.held_out);
        prop_assert!(!a || b);
        let campaigns: Vec<Json> = (0..5).map(|i| campaign(&json!({"id": format!("c{i}"), "salt": format!("s{i}")}))).collect();
        let all = config(&json!({"holdout": share(small), "campaigns": campaigns}));
        let held: Vec<bool> = all.campaigns.iter().map(|rule| rule.is_held_out(&tenant)).collect();
        prop_assert!(held.iter().all(|one| *one == held[0]));
    }

    #[test]
    fn a_team_is_in_one_arm(tenant in "[a-z0-9-]{1,20}") {
        let rule = rule(&json!({"variants": [{"id": "a", "weight": 2}, {"id": "b", "weight": 3}], "holdout": 0.2}));
        let [admin, member] = [Role::Admin, Role::Member].map(|role| rule.for_user(&tenant, role));
        prop_assert_eq!((&admin.variant, admin.gates.held_out), (&member.variant, member.gates.held_out));
        let arm = rule.arm(&tenant);
        prop_assert_eq!((arm.variant, arm.held_out), (admin.variant, admin.gates.held_out));
    }
}
