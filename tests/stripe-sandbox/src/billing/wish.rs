//! What a caller asks of a subscription's billing, read from parameters.

use crate::{error::ApiError, params::Params, version::ApiVersion};

/// What becomes of prorations: <https://docs.stripe.com/billing/subscriptions/prorations#control-proration-behavior>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prorations {
    None,
    /// They wait for the next invoice.
    Wait,
    /// They are invoiced at once.
    Invoice,
}

impl Prorations {
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        let behavior = params.choice("proration_behavior", &["always_invoice", "create_prorations", "none"])?;
        Ok(match behavior.as_deref() {
            Some("none") => Self::None,
            Some("always_invoice") => Self::Invoice,
            _ => Self::Wait,
        })
    }
}

/// What the caller asks of a subscription's billing.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(super) items: Option<Vec<Params>>,
    pub(super) prorations: Prorations,
    pub(super) proration_date: Option<i64>,
    pub(super) anchor_now: bool,
    pub(super) trial_end: Option<i64>,
}

impl Wish {
    /// From the parameters of an update, or from the `subscription_details` of a preview: the names are the same.
    pub(crate) fn read(params: &mut Params, version: &ApiVersion, now: i64) -> Result<Self, ApiError> {
        let prorations = Prorations::read(params)?;
        let proration_date = params.integer("proration_date")?;
        let anchor_now = anchor(params, version)?;
        if anchor_now && proration_date.is_some() {
            let message = "You cannot pass in `proration_date` when `billing_cycle_anchor` is set to `now`.";
            return Err(params.bad("proration_date", message));
        }
        Ok(Self { items: params.hashes("items")?, prorations, proration_date, anchor_now, trial_end: trial_end(params, now)? })
    }

    pub(crate) fn changes_items(&self) -> bool {
        self.items.is_some()
    }

    pub(crate) fn prorates(&self) -> bool {
        self.prorations != Prorations::None
    }

    pub(crate) fn proration_date(&self) -> Option<i64> {
        self.proration_date
    }
}

/// `now` or `unchanged`: a hash since 2026-09-30, a word before.
/// <https://docs.stripe.com/changelog/endive/2026-09-30/polymorphic-billing-cycle-anchor>
fn anchor(params: &mut Params, version: &ApiVersion) -> Result<bool, ApiError> {
    const WORDS: [&str; 2] = ["now", "unchanged"];
    if !version.anchor_is_a_hash() {
        return Ok(params.choice("billing_cycle_anchor", &WORDS)?.as_deref() == Some("now"));
    }
    let Some(mut anchor) = params.hash("billing_cycle_anchor")? else {
        return Ok(false);
    };
    let kind = anchor.choice("type", &WORDS)?.ok_or_else(|| ApiError::missing_param(&anchor.name_of("type")))?;
    anchor.finish()?;
    Ok(kind == "now")
}

fn trial_end(params: &mut Params, now: i64) -> Result<Option<i64>, ApiError> {
    let refused = "Invalid timestamp: must be an integer Unix timestamp in the future.";
    match params.text("trial_end")?.as_deref() {
        None => Ok(None),
        Some("now") => Ok(Some(now)),
        Some(end) => match end.parse() {
            Ok(end) if end > now => Ok(Some(end)),
            _ => Err(params.bad("trial_end", refused)),
        },
    }
}
