//! What is on display in a page, and rules that change meanwhile.

mod browser;

use browser::Browser;
use serde_json::{Value, json};
use upcue_engine::config::compile;
use upcue_engine::decision::Reason;
use upcue_engine::facts::Role;
use upcue_engine::hash::key;
use upcue_engine::ledger::Moment;
use upcue_engine::page::Page;
use upcue_engine::tenant::{Rulebook, Tenant, Viewer};
use upcue_engine::time::Millis;
use upcue_engine::usage::NoteKind;
use upcue_engine::zone::UTC;

/// 2025-06-18T10:30:00Z
const START: Millis = Millis(1_750_242_600_000);

fn page(campaigns: &Value) -> Page {
    let config = compile(&json!({"plans": {"source": "inline", "list": []}, "campaigns": campaigns}).to_string());
    let config = config.unwrap_or_else(|problems| panic!("{problems:#?}"));
    let rules = Rulebook { version: 1, revision: 1, config, ..Rulebook::default() };
    Tenant::default().page(&rules, &Viewer { user: "ada", role: Role::Admin, client: 0, zone: &UTC }, START)
}

#[test]
fn what_was_on_display_when_it_was_taken_out_has_no_privileges_when_it_comes_back() {
    let both = json!([
        {"id": "a", "placement": "p", "exclusive": "one", "nudge": {"title": "A"}, "cap": [{"max": 1, "window": "7d"}]},
        {"id": "b", "placement": "q", "exclusive": "one", "nudge": {"title": "B"}},
    ]);
    let mut browser = Browser::load(page(&both), START);
    browser.session.note(key("a"), NoteKind::Render, Moment { at: START, tag: 1 });
    browser.session.display(0, true);
    assert_eq!((browser.decide("p", START).1, browser.decide("q", START).1), (Reason::Match, Reason::Excluded));
    browser.hear(page(&json!([both[1].clone()])), START);
    assert_eq!(browser.decide("q", START).1, Reason::Match, "nothing of its group is shown any more");
    browser.hear(page(&both), START);
    assert_eq!(browser.decide("p", START).1, Reason::Capped, "its budget is spent");
}
