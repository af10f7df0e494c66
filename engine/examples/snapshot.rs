//! What a page is sent: the bytes of the snapshot of a configuration after a history, for `tests/bench/decide.mjs`.
//!
//! `snapshot <configuration> <history> <now>` writes to its output. The configuration is a file as publishers write it; the
//! history is a file with a JSON list of `[at, name, value]`, oldest first: a meter counts `value` more at the moment `at`, or,
//! with a `null` for the value, an event of that name happens. Moments are milliseconds since 1970.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{Write as _, stdout};

use upcue_engine::config::compile;
use upcue_engine::facts::Role;
use upcue_engine::tenant::{Batch, Rulebook, Tenant, Viewer};
use upcue_engine::time::Millis;
use upcue_engine::usage::{Event, EventKind, Reading};
use upcue_engine::zone::UTC;

/// A moment, the name of a meter or an event, and what a meter counts.
type Happened = (i64, String, Option<u64>);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [config, history, now] = words.as_slice() else { return Err("three words, please".into()) };
    let config = compile(&fs::read_to_string(config)?).map_err(|problems| format!("{problems:?}"))?;
    let plans = config.inline_plans.clone().unwrap_or_default();
    let rules = Rulebook { revision: 1, config, plans, ..Rulebook::default() };
    let history: Vec<Happened> = serde_json::from_str(&fs::read_to_string(history)?)?;
    let mut tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
    for (at, name, value) in history {
        let batch = Batch { events: vec![event(at, name, value)], ..Batch::default() };
        tenant.take_batch(&rules, &batch, Millis(at));
    }
    let now = Millis(now.parse()?);
    let viewer = Viewer { user: "ada", role: Role::Admin, client: 0, zone: &UTC };
    stdout().write_all(&tenant.page(&rules, &viewer, now).whole())?;
    Ok(())
}

fn event(at: i64, name: String, value: Option<u64>) -> Event {
    let kind = match value {
        Some(value) => EventKind::Usage { meter: name, reading: Reading::Add(value) },
        None => EventKind::Track { name, feature: None },
    };
    Event { index: 0, id: None, user: None, at: Some(Millis(at)), kind }
}
