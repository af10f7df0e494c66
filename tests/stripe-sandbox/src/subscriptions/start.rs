//! When a subscription starts to bill: trials and wished billing dates.

use serde_json::Value;

use crate::{clock::DAY, error::ApiError, params::Params, present::text, prices, store::Collection};

const MAX_TRIAL_DAYS: i64 = 730;

/// When billing begins.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) trial_end: Option<i64>,
    wished_anchor: Option<i64>,
}

impl Start {
    pub(crate) fn read(params: &mut Params, now: i64) -> Result<Self, ApiError> {
        let days = params.integer_within("trial_period_days", 0, MAX_TRIAL_DAYS)?;
        let end = match params.text("trial_end")? {
            None => None,
            Some(text) if text == "now" => Some(now),
            Some(text) => Some(text.parse().map_err(|_| future_timestamp("trial_end"))?),
        };
        if days.is_some() && end.is_some() {
            return Err(ApiError::invalid("You may only specify one of these parameters: trial_end, trial_period_days."));
        }
        if end.is_some_and(|end| end < now) {
            return Err(future_timestamp("trial_end"));
        }
        let wished_anchor = params.integer("billing_cycle_anchor")?;
        if wished_anchor.is_some_and(|anchor| anchor < now) {
            return Err(future_timestamp("billing_cycle_anchor"));
        }
        let trial_end = end.or_else(|| days.map(|days| now + days * DAY)).filter(|end| *end > now);
        Ok(Self { trial_end, wished_anchor })
    }

    /// What the subscription shows as its anchor.
    pub(crate) fn billing_cycle_anchor(&self, now: i64) -> i64 {
        self.wished_anchor.unwrap_or_else(|| self.anchor(now))
    }

    /// Where the first period ends or, if that is now, begins: with the trial, if there is one.
    pub(crate) fn anchor(&self, now: i64) -> i64 {
        self.trial_end.or(self.wished_anchor).unwrap_or(now)
    }

    pub(crate) fn check_anchor(&self, prices: &Collection, items: &[Value], now: i64) -> Result<(), ApiError> {
        let from = self.trial_end.unwrap_or(now);
        for item in items {
            let cadence = prices.get(text(item, "price")).and_then(prices::cadence);
            if let (Some(anchor), Some(cadence)) = (self.wished_anchor, cadence) {
                let natural = cadence.boundary(from, 1)?;
                if anchor > natural {
                    let message = format!("billing_cycle_anchor cannot be later than next natural billing date ({natural}) for plan");
                    return Err(ApiError::invalid_param("billing_cycle_anchor", message));
                }
            }
        }
        Ok(())
    }
}

fn future_timestamp(param: &str) -> ApiError {
    ApiError::invalid_param(param, "Invalid timestamp: must be an integer Unix timestamp in the future.")
}
