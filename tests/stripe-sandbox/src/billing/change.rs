//! What an update of a subscription would do: its new items, periods and status, and the lines that it bills.
//!
//! Nothing is changed here, so a preview is this and no more.

use serde_json::{Value, json};

use super::{
    debits::Debit,
    discounting,
    line::{Kind, Line, quantity},
    periods::{cadence, full_periods, gross, in_trial, is_flexible, period_of},
    proration::share,
    wish::{Prorations, Wish},
};
use crate::{
    clock::Period,
    error::ApiError,
    present::text,
    store::Store,
    subscriptions::{items, items_list, items_of},
};

/// What would come of it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) after: Value,
    pub(crate) prorations: Vec<Line>,
    /// Whole periods and trials that begin now.
    pub(crate) cycle: Vec<Line>,
    /// Whether an invoice is due at once, and not with the next period.
    pub(crate) bills_now: bool,
    /// The period that has run out, where that is why something is billed.
    pub(crate) renews: Option<Period>,
    /// The time that prorations count from.
    pub(crate) at: i64,
}

pub(crate) fn plan(store: &Store, before: &Value, wish: Wish, now: i64) -> Result<Plan, ApiError> {
    let change = Change::of(store, before, wish, now)?;
    let prorations = change.prorated()?;
    let cycle = change.cycle();
    // A new cycle is billed when it begins, prorations when the caller wants them to be:
    // https://docs.stripe.com/billing/subscriptions/change-price#immediate-payment
    let bills_now = !cycle.is_empty() || (change.prorations == Prorations::Invoice && !prorations.is_empty());
    Ok(Plan { prorations, cycle, bills_now, renews: None, at: change.at, after: change.after })
}

/// One change, worked out.
struct Change<'a> {
    store: &'a Store,
    before: &'a Value,
    after: Value,
    prorations: Prorations,
    at: i64,
    now: i64,
    was_in_trial: bool,
    /// The cycle starts anew, now.
    restarts: bool,
    /// A trial begins or is given another end.
    starts_trial: bool,
}

impl<'a> Change<'a> {
    fn of(store: &'a Store, before: &'a Value, wish: Wish, now: i64) -> Result<Self, ApiError> {
        let was_in_trial = in_trial(before, now);
        let mut after = before.clone();
        let mut items = match wish.items {
            Some(inputs) => items::apply(&terms(store, before, now), items_of(before), inputs)?,
            None => items_of(before).to_vec(),
        };
        let ends_trial = was_in_trial && wish.trial_end.is_some_and(|end| end <= now);
        let starts_trial = wish.trial_end.is_some_and(|end| end > now);
        let in_trial_after = starts_trial || (was_in_trial && !ends_trial);
        let restarts = !in_trial_after && (ends_trial || wish.anchor_now || resets_by_itself(store, before, &items));
        if let Some(end) = wish.trial_end.filter(|_| starts_trial || ends_trial) {
            set_trial(&mut after, end, now);
        }
        reschedule(store, &mut after, before, &mut items, (restarts || starts_trial, now))?;
        after["items"] = items_list(&items, text(before, "id"));
        let at = wish.proration_date.unwrap_or(now);
        check_date(wish.proration_date, before, &after)?;
        Ok(Self { store, before, after, prorations: wish.prorations, at, now, was_in_trial, restarts, starts_trial })
    }

    /// For each item that changes, what is given back and what is charged for the rest of its period.
    fn prorated(&self) -> Result<Vec<Line>, ApiError> {
        let mut lines = Vec::new();
        if self.prorations == Prorations::None || self.was_in_trial || self.before["status"] == "paused" {
            return Ok(lines);
        }
        let after = items_of(&self.after);
        for old in items_of(self.before) {
            let new = after.iter().find(|new| new["id"] == old["id"]);
            if self.restarts || self.starts_trial || new.is_none_or(|new| differs(old, new)) {
                lines.extend(self.credit(old)?);
                lines.extend(new.map(|new| self.charge(new)).transpose()?.flatten());
            }
        }
        let is_new = |new: &&Value| items_of(self.before).iter().all(|old| old["id"] != new["id"]);
        for new in after.iter().filter(is_new) {
            lines.extend(self.charge(new)?);
        }
        Ok(lines)
    }

    fn credit(&self, item: &Value) -> Result<Option<Line>, ApiError> {
        let end = period_of(item).end;
        let period = Period { start: self.at.min(end), end };
        if !is_flexible(self.before) {
            let amount = -share(self.net(self.before, item), end - self.at, self.whole(item)?);
            let mut line = Line::about(self.store, item, Kind::Credit, amount, period);
            line.credited = self.store.debits.get(&line.item).and_then(Debit::credited);
            return Ok(Some(line));
        }
        // What was never billed is not given back.
        let Some(debit) = self.store.debits.get(text(item, "id")) else {
            return Ok(None);
        };
        let amount = -share(debit.net, debit.end - self.at, debit.end - debit.start);
        let mut line = Line::about(self.store, item, Kind::Credit, amount, period);
        line.credited = debit.credited();
        Ok(Some(line))
    }

    /// None where a whole period is billed instead.
    fn charge(&self, item: &Value) -> Result<Option<Line>, ApiError> {
        if self.restarts || self.starts_trial {
            return Ok(None);
        }
        let end = period_of(item).end;
        let amount = share(self.net(&self.after, item), end - self.at, self.whole(item)?);
        let period = Period { start: self.at.min(end), end };
        Ok(Some(Line::about(self.store, item, Kind::Charge, amount, period)))
    }

    /// What a whole period of the item costs, its discounts taken off: prorations hold them in their amounts.
    /// Both sides count with today's discounts: <https://docs.stripe.com/billing/subscriptions/prorations#discount-changes>
    fn net(&self, subscription: &Value, item: &Value) -> i64 {
        let whole = gross(self.store, item);
        if !is_flexible(self.before) {
            // Classic billing takes an amount-off coupon whole off whichever item it prorates.
            let off = discounting::divided(self.store, &self.after, &[whole]);
            return whole - off.first().map_or(0, discounting::sum);
        }
        let items = items_of(subscription);
        let amounts: Vec<i64> = items.iter().map(|item| gross(self.store, item)).collect();
        let off = discounting::divided(self.store, &self.after, &amounts);
        let place = items.iter().position(|other| other["id"] == item["id"]);
        whole - place.and_then(|place| off.get(place)).map_or(0, discounting::sum)
    }

    /// How long a whole period of the item is. One that was cut short to meet the anchor counts with its natural length.
    fn whole(&self, item: &Value) -> Result<i64, ApiError> {
        let Period { start, end } = period_of(item);
        let anchor = self.after["billing_cycle_anchor"].as_i64().unwrap_or(start);
        match cadence(self.store, item) {
            Some(cadence) if anchor > self.now => Ok(end - cadence.boundary(end, -1)?),
            _ => Ok(end - start),
        }
    }

    fn cycle(&self) -> Vec<Line> {
        let items = items_of(&self.after);
        if self.restarts {
            return full_periods(self.store, &self.after, items);
        }
        // During a trial, what changes is on an invoice too, for nothing.
        let changed = |item: &&Value| !items_of(self.before).iter().any(|old| old["id"] == item["id"] && !differs(old, item));
        let shown = |item: &&Value| self.starts_trial || (self.was_in_trial && self.prorations == Prorations::Invoice && changed(item));
        let trial = |item| Line::about(self.store, item, Kind::Trial, 0, period_of(item));
        items.iter().filter(shown).map(trial).collect()
    }
}

fn terms<'a>(store: &'a Store, subscription: &'a Value, now: i64) -> items::Terms<'a> {
    items::Terms {
        prices: &store.prices,
        subscription: text(subscription, "id"),
        currency: subscription["currency"].as_str(),
        one_cadence: !is_flexible(subscription),
        now,
    }
}

/// Classic billing starts a new cycle when the interval changes or something begins to cost; flexible billing never
/// does so by itself: <https://docs.stripe.com/billing/subscriptions/billing-mode/compare>
fn resets_by_itself(store: &Store, before: &Value, items: &[Value]) -> bool {
    let total = |items: &[Value]| items.iter().map(|item| gross(store, item)).sum::<i64>();
    let first = |items: &[Value]| items.first().and_then(|item| cadence(store, item));
    let old = items_of(before);
    !is_flexible(before) && (first(old) != first(items) || (total(old) == 0 && total(items) > 0))
}

fn set_trial(subscription: &mut Value, end: i64, now: i64) {
    subscription["trial_end"] = json!(end);
    if end > now {
        subscription["status"] = json!("trialing");
        subscription["trial_start"] = json!(now);
        subscription["billing_cycle_anchor"] = json!(end);
    } else {
        subscription["status"] = json!("active");
    }
}

/// Gives the items their periods; `anew` where all of them begin now.
fn reschedule(store: &Store, after: &mut Value, before: &Value, items: &mut [Value], (anew, now): (bool, i64)) -> Result<(), ApiError> {
    if anew {
        if !in_trial(after, now) {
            after["billing_cycle_anchor"] = json!(now);
        }
        for item in items.iter_mut() {
            item["current_period_start"] = json!(now);
        }
    }
    let anchor = match after["trial_end"].as_i64() {
        Some(trial_end) if trial_end > now => trial_end,
        _ => after["billing_cycle_anchor"].as_i64().unwrap_or(now),
    };
    let unchanged: &[Value] = if anew { &[] } else { items_of(before) };
    items::schedule(&store.prices, anchor, unchanged, items, now)
}

/// The date has to lie within the period that is being changed.
fn check_date(date: Option<i64>, before: &Value, after: &Value) -> Result<(), ApiError> {
    let Some(date) = date else {
        return Ok(());
    };
    let start = items_of(before).iter().map(|item| period_of(item).start).min();
    let end = items_of(before).iter().chain(items_of(after)).map(|item| period_of(item).end).max();
    if start.is_some_and(|start| date < start) || end.is_some_and(|end| date > end) {
        let message = "Cannot specify proration_date outside of current subscription period.";
        return Err(ApiError::invalid_param("proration_date", message));
    }
    Ok(())
}

fn differs(old: &Value, new: &Value) -> bool {
    old["price"] != new["price"] || quantity(old) != quantity(new)
}
