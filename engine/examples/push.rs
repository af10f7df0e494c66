//! How long it takes to make the frames of one change: `cargo run --release -p upcue-engine --features edge --example push`.
//!
//! For 200 pages of one tenant, admins and members, with as many campaigns and signals as there may be: each by itself, and together.
#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock; the engine has none")]

use std::fmt::Write as _;
use std::time::Instant;

use upcue_engine::config::compile;
use upcue_engine::facts::Role;
use upcue_engine::tenant::{Editions, Rulebook, Tenant, Viewer};
use upcue_engine::time::Millis;
use upcue_engine::zone::UTC;

const PAGES: usize = 200;
const RULES: usize = 1_000;
const METERS: usize = 100;
const NOW: Millis = Millis(1_750_242_600_000);

fn main() {
    for (what, condition) in [("of tenants", "plan.max_rank >= 0"), ("of users' traits", "user.team != 'none'")] {
        let config = compile(&document(condition)).unwrap_or_default();
        let rules = Rulebook { version: 1, revision: 1, config, ..Rulebook::default() };
        let tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
        let users: Vec<String> = (0..PAGES).map(|i| format!("user-{i}")).collect();
        let role = |i: usize| if i.is_multiple_of(2) { Role::Admin } else { Role::Member };
        let viewers: Vec<Viewer<'_>> = (0..).zip(&users).map(|(i, user)| Viewer { user, role: role(i), client: 0, zone: &UTC }).collect();
        let known: Vec<u64> = viewers.iter().map(|viewer| tenant.page(&rules, viewer, NOW).rules_hash()).collect();
        println!("{PAGES} pages, {RULES} campaigns over {RULES} signals, rules {what}");
        for (frames, knows) in [("what is live", true), ("everything", false)] {
            let all = || viewers.iter().zip(&known).map(|(viewer, known)| (viewer, knows.then_some(*known)));
            let alone = measure(&format!("{frames}, each by itself"), &|| {
                all().map(|(viewer, known)| tenant.page(&rules, viewer, NOW).frame(known).0.len()).sum()
            });
            let together = measure(&format!("{frames}, together"), &|| {
                let mut editions = Editions::new(NOW);
                all().map(|(viewer, known)| editions.frame(&tenant, &rules, viewer, known).0.len()).sum()
            });
            assert_eq!(alone, together, "bytes");
        }
    }
}

/// The best of five; how many bytes were made.
fn measure(what: &str, run: &dyn Fn() -> usize) -> usize {
    let mut bytes = 0;
    let times = (0..5).map(|_| {
        let start = Instant::now();
        bytes = run();
        start.elapsed()
    });
    let best = times.min().unwrap_or_default().as_secs_f64() * 1_000.0;
    println!("  {what}: {best:.1} ms, {} kB", bytes / 1_024);
    bytes
}

fn document(condition: &str) -> String {
    let meters: Vec<String> = (0..METERS).map(|i| format!(r#""m{i}": {{"kind": "counter"}}"#)).collect();
    let (mut signals, mut campaigns) = (String::new(), String::new());
    for i in 0..RULES {
        let comma = if signals.is_empty() { "" } else { "," };
        let meter = i % METERS;
        let when = format!("usage.m{meter}.value >= {i} && events.e{meter}.count_7d > {i}");
        let _ = write!(signals, r#"{comma}{{"id": "s{i}", "when": "{when}", "weight": 10}}"#);
        let _ = write!(
            campaigns,
            r#"{comma}{{"id": "c{i}", "placement": "app.header", "audience": "(signal.s{i}.active || usage.m{meter}.value > 10) && {condition}",
                "nudge": {{"title": "{{{{usage.m{meter}.value}}}} used"}}, "cap": [{{"max": 3, "window": "7d"}}]}}"#
        );
    }
    let traits = r#"{"user": {"team": {"type": "string"}}}"#;
    format!(r#"{{"traits": {traits}, "meters": {{{}}}, "signals": [{signals}], "campaigns": [{campaigns}]}}"#, meters.join(","))
}
