//! How long the largest configurations take to compile: `cargo run --release -p upcue-engine --features edge --example compile`.
//!
//! One whose rules are all right, one whose rules are all wrong (the dearest to tell), and the difference between two of them.
#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock; the engine has none")]

use std::fmt::Write as _;
use std::time::Instant;

use upcue_engine::config::compile;
use upcue_engine::config::diff::diff;

/// Of each: the most a configuration may have.
const RULES: usize = 1_000;
const METERS: usize = 100;

fn main() {
    let (right, wrong) = (document("ratio", 0), document("rato", 0));
    println!("{RULES} signals, {RULES} campaigns, {METERS} meters, {} kB", right.len() / 1_024);
    measure("compile, all right", || usize::from(compile(&right).is_ok()), 1);
    measure("compile, all wrong", || compile(&wrong).err().map_or(0, |problems| problems.len()), 100);
    let moved = document("ratio", RULES / 2);
    measure("difference, half of it moved", || diff(&right, &moved).map_or(0, |changes| changes.len()), RULES);
}

/// The best of ten, and that the answer is what it should be.
fn measure(what: &str, run: impl Fn() -> usize, expected: usize) {
    let times = (0..10).map(|_| {
        let start = Instant::now();
        assert_eq!(run(), expected, "{what}");
        start.elapsed()
    });
    println!("{what}: {:.1} ms", times.min().unwrap_or_default().as_secs_f64() * 1_000.0);
}

/// A configuration as large as can be, with the rules from the `first` on at the top.
fn document(field: &str, first: usize) -> String {
    let meters: Vec<String> = (0..METERS).map(|i| format!(r#""m{i}": {{"kind": "counter"}}"#)).collect();
    let order = || (0..RULES).map(|i| (i + first) % RULES);
    let (mut signals, mut campaigns) = (String::new(), String::new());
    for i in order() {
        let comma = if signals.is_empty() { "" } else { "," };
        let meter = i % METERS;
        let when = format!("usage.m{meter}.{field} >= 0.8 && events.e{meter}.count_7d > {i}");
        let _ = write!(signals, r#"{comma}{{"id": "s{i}", "when": "{when}", "weight": 10}}"#);
        let _ = write!(
            campaigns,
            r#"{comma}{{"id": "c{i}", "placement": "app.header", "audience": "{when} && plan.rank < plan.max_rank",
                "nudge": {{"title": "{{{{usage.m{meter}.percent}}}} used"}}, "cap": [{{"max": 3, "window": "7d"}}], "holdout": 0.1}}"#
        );
    }
    format!(r#"{{"meters": {{{}}}, "signals": [{signals}], "campaigns": [{campaigns}]}}"#, meters.join(","))
}
