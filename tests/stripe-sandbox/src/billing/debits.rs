//! What each item of a subscription was last billed.
//!
//! In flexible billing mode a credit gives back a part of what was really billed, not of what the item costs now:
//! <https://docs.stripe.com/billing/subscriptions/prorations#credit-prorations>.

use serde::{Deserialize, Serialize};

use super::line::{Credited, Kind, Line};
use crate::store::Store;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Debit {
    /// Of the subscription item.
    pub(crate) item: String,
    /// Discounts taken off.
    pub(crate) net: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// The invoice and its line; none while it is a pending invoice item.
    pub(crate) billed_by: Option<(String, String)>,
}

impl Debit {
    pub(crate) fn credited(&self) -> Option<Credited> {
        let (invoice, line) = self.billed_by.clone()?;
        Some(Credited { invoice, line })
    }
}

/// What these lines bill: everything but credits. `billed_by` gives each line its place.
pub(crate) fn of_lines<'a>(lines: impl Iterator<Item = (&'a Line, Option<(String, String)>)>) -> Vec<Debit> {
    lines
        .filter(|(line, _)| line.kind != Kind::Credit)
        .map(|(line, billed_by)| Debit {
            item: line.item.clone(),
            net: line.amount - line.off.iter().map(|(_, amount)| amount).sum::<i64>(),
            start: line.period.start,
            end: line.period.end,
            billed_by,
        })
        .collect()
}

/// The newest debit of an item takes the place of the one before, which was credited with it.
pub(crate) fn keep(store: &mut Store, debits: Vec<Debit>) {
    for debit in debits {
        store.debits.insert(debit.item.clone(), debit);
    }
}
