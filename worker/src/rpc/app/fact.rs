//! What tenants tell their app.

use serde::{Deserialize, Serialize};
use upcue_engine::conversion::Conversion;
use upcue_engine::tenant::{Crossing, Transition};
use upcue_engine::time::Millis;
use upcue_engine::touch::Touch;
use upcue_engine::wire;

use super::LetterFact;

/// What a tenant tells its app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Fact {
    /// It is there; told once a day.
    Seen {
        /// When.
        at: Millis,
    },
    /// Its subscription is another one now.
    Subscription {
        /// When.
        at: Millis,
        /// The plan's id.
        plan: Option<String>,
        /// Stripe's word.
        status: Option<String>,
    },
    /// An upgrade has ended, one way or the other.
    Upgrade(UpgradeFact),
    /// A signal was detected or re-armed, a segment entered or left.
    Transition(Transition),
    /// The score is another one now, though nothing was detected or left: told at most once an hour.
    Score {
        /// When.
        at: Millis,
        /// 0 to 100.
        score: u8,
    },
    /// A letter stands otherwise now.
    Letter(Box<LetterFact>),
    /// Somebody met a nudge, or did something with it.
    Touch(Box<Touch>),
    /// An admin was quoted an upgrade.
    Quoted {
        /// When.
        at: Millis,
        /// `qt_…`
        quote: String,
        /// The plan's id.
        plan: String,
        /// What would be due, in minor units.
        amount_due: i64,
    },
    /// An admin confirmed a quote.
    Requested {
        /// When.
        at: Millis,
        /// `upg_…`
        upgrade: String,
        /// `qt_…`
        quote: String,
        /// The plan's id.
        plan: String,
        /// Who.
        by: String,
    },
    /// The tenant has come to pay more, by whichever way.
    Converted(Box<Conversion>),
    /// A meter came near its limit, or reached it: once in a period and for a limit.
    Limit(Crossing),
}

wire! { enum Fact {
    Seen { at }, Subscription { at, plan, status }, Upgrade(fact), Transition(transition), Score { at, score }, Letter(fact), Touch(touch),
    Quoted { at, quote, plan, amount_due }, Requested { at, upgrade, quote, plan, by }, Converted(conversion), Limit(crossing),
} }

/// How an upgrade ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UpgradeFact {
    /// When.
    pub(crate) at: Millis,
    /// `upg_…`
    pub(crate) upgrade: String,
    /// The plan's id.
    pub(crate) plan: String,
    /// Why it failed; `None`: it did not.
    pub(crate) failure: Option<String>,
    /// From confirmation to knowledge, in milliseconds.
    pub(crate) duration_ms: u32,
    /// How much of it the gateway took.
    pub(crate) gateway_ms: u32,
    /// Whether the customer had to go to Stripe's page, so that the duration is theirs.
    pub(crate) hosted: bool,
    /// Promised to be due, in minor units.
    pub(crate) quoted: i64,
    /// Reckoned by ourselves.
    pub(crate) estimated: Option<i64>,
    /// What the invoice asked for.
    pub(crate) invoiced: Option<i64>,
    /// Three letters in lower case.
    pub(crate) currency: String,
    /// Since when there had been a reason to upgrade.
    pub(crate) needed_since: Option<Millis>,
}

wire! { struct UpgradeFact {
    at, upgrade, plan, failure, duration_ms, gateway_ms, hosted, quoted, estimated, invoiced, currency, needed_since,
} }
