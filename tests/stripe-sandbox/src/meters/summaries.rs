//! `GET /v1/billing/meters/{id}/event_summaries`: usage in windows of time, newest first. Windows without an event are
//! left out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::NOUN;
use crate::{
    call::Call,
    clock::DAY,
    error::ApiError,
    pages::Query,
    params::Params,
    present::text,
    resource::{lookup, lookup_param},
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// The time asked for, and the width of its windows.
struct Range {
    start: i64,
    end: i64,
    window: i64,
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.required_text("customer")?;
    let range = Range::read(&mut params)?;
    params.finish()?;
    let meter = lookup(&call.store.meters, NOUN, &call.id())?;
    lookup_param(&call.store.customers, "customer", &customer, "customer")?;
    let of_customer = |event: &&Value| event["meter"] == meter["id"] && event["customer"] == customer;
    let events: Vec<&Value> = call.store.meter_events.values().filter(of_customer).collect();
    let formula = text(&meter["default_aggregation"], "formula");
    let windows = range.windows(&events);
    let rows: Vec<Value> =
        windows.iter().rev().map(|(start, events)| summary(&meter, &customer, &range, *start, aggregate(formula, events))).collect();
    query.page(&call.url, rows.iter(), |_| true)
}

impl Range {
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        let start = params.integer("start_time")?.ok_or_else(|| ApiError::missing_param("start_time"))?;
        let end = params.integer("end_time")?.ok_or_else(|| ApiError::missing_param("end_time"))?;
        let window = params.choice("value_grouping_window", &["day", "hour"])?;
        let (step, unit) = match window.as_deref() {
            Some("day") => (DAY, "UTC day"),
            Some(_) => (HOUR, "hour"),
            None => (MINUTE, "minute"),
        };
        for (name, time) in [("start_time", start), ("end_time", end)] {
            if time.rem_euclid(step) != 0 {
                return Err(params.bad(name, format!("{name} must be aligned with {unit} boundaries.")));
            }
        }
        if end <= start {
            return Err(params.bad("end_time", "end_time must be after start_time."));
        }
        Ok(Self { start, end, window: if window.is_some() { step } else { end - start } })
    }

    /// Events by the start of their window, oldest first; within a window as they were reported.
    fn windows<'a>(&self, events: &[&'a Value]) -> BTreeMap<i64, Vec<&'a Value>> {
        let mut windows: BTreeMap<i64, Vec<&Value>> = BTreeMap::new();
        for event in events {
            let at = time_of(event);
            if (self.start..self.end).contains(&at) {
                windows.entry(at - (at - self.start).rem_euclid(self.window)).or_default().push(event);
            }
        }
        windows
    }
}

fn time_of(event: &Value) -> i64 {
    event["timestamp"].as_i64().unwrap_or_default()
}

/// `last` is the latest by its own time; of two at the same time, the one reported later.
fn aggregate(formula: &str, events: &[&Value]) -> f64 {
    let value = |event: &&Value| event["value"].as_f64().unwrap_or_default();
    match formula {
        "count" => events.iter().map(|_| 1.0).sum(),
        "last" => events.iter().max_by_key(|event| time_of(event)).map_or(0.0, value),
        _ => events.iter().map(value).sum(),
    }
}

/// The id is made of what the summary is about, so that a page can go on after it.
fn summary(meter: &Value, customer: &str, range: &Range, start: i64, value: f64) -> Value {
    let bare = |id: &str| id.split('_').next_back().unwrap_or_default().to_owned();
    json!({
        "id": format!("mtrusg_test_{}{}{start:x}{:x}", bare(text(meter, "id")), bare(customer), range.window),
        "object": "billing.meter_event_summary",
        "aggregated_value": number(value),
        "end_time": start + range.window,
        "livemode": false,
        "meter": meter["id"],
        "start_time": start,
    })
}

/// Whole values as integers, as Stripe writes them.
fn number(value: f64) -> Value {
    let text = value.to_string();
    text.parse::<i64>().map_or_else(|_| json!(value), |whole| json!(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_aggregate_what_lies_in_the_window() {
        let event = |timestamp: i64, value: f64| json!({"timestamp": timestamp, "value": value});
        let events = [event(60, 1.0), event(119, 2.5), event(3_600, 4.0), event(90, 8.0), event(7_200, 16.0)];
        let events: Vec<&Value> = events.iter().collect();
        let hours = Range { start: 0, end: 7_200, window: HOUR }.windows(&events);
        assert_eq!(hours.keys().copied().collect::<Vec<_>>(), [0, 3_600]);
        for (formula, expected) in [("sum", json!(11.5)), ("count", json!(3)), ("last", json!(2.5))] {
            assert_eq!(number(aggregate(formula, &hours[&0])), expected, "{formula}");
        }
    }
}
