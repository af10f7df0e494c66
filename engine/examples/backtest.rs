//! The reference of `cargo xtask bench backtest`: the engine's back-test, natively, on one thread, over the events that
//! `tests/bench/backtest.mjs` sends. It says when the history is made and when it is through; who reads it has the clock.
//!
//! `backtest <document in force> <candidate> <tenants> <events> <events in a batch>`; documents are files.

use std::env;
use std::error::Error;
use std::fs;

use upcue_engine::config::compile;
use upcue_engine::history::{Base, Chunk, Entry, Input, TenantBacktest, Window, backtest, counted};
use upcue_engine::tenant::{Batch, Rulebook, Tenant};
use upcue_engine::time::{HOUR, Millis, SECOND};
use upcue_engine::usage::{Event, EventKind, Reading};

const START: Millis = Millis(1_750_242_600_000);

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [in_force, candidate, tenants, events, batch] = words.as_slice() else { return Err("five words, please".into()) };
    let (in_force, candidate) = (rules(in_force)?, rules(candidate)?);
    let chunks = record(&in_force, events.parse()?, batch.parse()?);
    println!("recorded {} bytes", chunks.iter().map(Vec::len).sum::<usize>());
    let mut totals = TenantBacktest::default();
    let window = Window { from: Millis(0), until: START.plus(HOUR) };
    for n in 0..tenants.parse::<u32>()? {
        let found = backtest(&format!("t{n}"), Base::default(), chunks.clone(), &candidate, None, window);
        totals.add(&found.map_err(|why| format!("{why:?}"))?);
    }
    println!("done {} events", totals.events);
    Ok(())
}

fn rules(path: &str) -> Result<Rulebook, Box<dyn Error>> {
    let config = compile(&fs::read_to_string(path)?).map_err(|problems| format!("{problems:?}"))?;
    let plans = config.inline_plans.clone().unwrap_or_default();
    Ok(Rulebook { revision: 1, config, plans, ..Rulebook::default() })
}

/// The history of one tenant, as its object records it.
fn record(rules: &Rulebook, events: u64, at_once: u64) -> Vec<Vec<u8>> {
    let mut tenant = Tenant { name: "t".to_owned(), ..Tenant::default() };
    let mut chunks = Vec::new();
    let mut chunk = Chunk::default();
    let mut now = START;
    for first in (0..events).step_by(usize::try_from(at_once).unwrap_or(1)) {
        let batch = Batch { events: (first..events.min(first + at_once)).map(|i| event(i, now)).collect(), ..Batch::default() };
        let (applied, verdicts) = tenant.take_batch(rules, &batch, now);
        let inputs = vec![Input::Batch(counted(&batch, &applied, now))];
        let entry = Entry { at: now, inputs, transitions: tenant.detect(rules, now), verdicts };
        if chunk.is_full(now) {
            chunks.push(std::mem::take(&mut chunk).bytes().clone());
        }
        chunk.push(&entry);
        now = now.plus(SECOND);
    }
    chunks.push(chunk.bytes().clone());
    chunks
}

/// One in fifty tells of a user; the others are usage of as many moments, so that they stay events of their own.
fn event(i: u64, now: Millis) -> Event {
    let at = Some(now.plus(-1 - i64::try_from(i * 37 % 3_600_000).unwrap_or(0)));
    let (user, kind) = if i.is_multiple_of(50) {
        (Some(format!("u{}", i / 50 % 20)), EventKind::Track { name: "login".to_owned(), feature: None })
    } else {
        (None, EventKind::Usage { meter: "api_calls".to_owned(), reading: Reading::Add(1 + i % 3) })
    };
    Event { index: 0, id: None, user, at, kind }
}
