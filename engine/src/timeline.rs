//! The audit timeline of a tenant: who did what, and what was before and after.

use serde::{Deserialize, Serialize};

use crate::plan::Limit;
use crate::time::Millis;
use crate::wire;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: Actor,
    /// What.
    pub what: What,
}

wire! { struct Entry { at, actor, what } }

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// A user of the tenant.
    User(String),
    /// It was found changed at Stripe.
    Stripe,
    /// Upcue by itself: recovery, the periodic comparison.
    Upcue,
}

wire! { enum Actor { User(value), Stripe, Upcue } }

/// What somebody holds: a plan and what it gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The plan's id; `None` without one.
    pub plan: Option<String>,
    /// The price's id.
    pub price: Option<String>,
    /// How many.
    pub quantity: u64,
    /// Stripe's word for the subscription.
    pub status: Option<String>,
    /// By name of the meter.
    pub limits: Vec<(String, Limit)>,
    /// The names of the features that are on.
    pub features: Vec<String>,
}

wire! { struct Held { plan, price, quantity, status, limits, features } }

/// What happened. Upgrades are told in three entries at most: requested, perhaps awaiting the customer, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// An admin confirmed an upgrade.
    UpgradeRequested {
        /// `upg_…`
        upgrade: String,
        /// The plan's id.
        plan: String,
        /// The price's id.
        price: String,
        /// How many.
        quantity: u64,
        /// What was promised to be due, in minor units.
        amount_due: i64,
        /// Three letters in lower case.
        currency: String,
    },
    /// The customer was sent to Stripe's page.
    UpgradeAwaits {
        /// `upg_…`
        upgrade: String,
        /// `authentication`, `payment_method` or `checkout`.
        action: String,
    },
    /// The change is true.
    Upgraded {
        /// `upg_…`
        upgrade: String,
        /// What they had.
        before: Held,
        /// What they have.
        after: Held,
        /// `answer`, `webhook`, `recovery` or `sweep`.
        source: String,
        /// `in_…`
        invoice: Option<String>,
        /// What was promised to be due, in minor units.
        quoted: i64,
        /// What the invoice asked for.
        invoiced: Option<i64>,
        /// From confirmation to knowledge, in milliseconds.
        duration_ms: u32,
        /// How much of it the gateway took.
        gateway_ms: u32,
    },
    /// It came to nothing.
    UpgradeFailed {
        /// `upg_…`
        upgrade: String,
        /// A stable code.
        code: String,
        /// The bank's code.
        decline_code: Option<String>,
        /// In words.
        detail: String,
    },
    /// The subscription changed, and no upgrade of ours did it.
    SubscriptionChanged {
        /// What they had.
        before: Held,
        /// What they have.
        after: Held,
    },
    /// The invoice asks for something else than the quote promised.
    ProrationDrift {
        /// `upg_…`
        upgrade: String,
        /// Promised, in minor units.
        quoted: i64,
        /// Asked for.
        invoiced: i64,
    },
    /// Our copy of a subscription was not what Stripe has; it was mended.
    MirrorDrift {
        /// `sub_…`
        subscription: String,
    },
    /// A teammate asked the admins for an upgrade.
    UpgradeAsked {
        /// For what, in words.
        label: String,
    },
    /// A signal was detected.
    SignalDetected {
        /// Its name.
        signal: String,
        /// The expansion score after it.
        score: u8,
    },
    /// A signal was re-armed.
    SignalRearmed {
        /// Its name.
        signal: String,
        /// The expansion score after it.
        score: u8,
    },
    /// The tenant entered a segment.
    SegmentEntered {
        /// Its name.
        segment: String,
        /// The expansion score then.
        score: u8,
    },
    /// The tenant left a segment.
    SegmentLeft {
        /// Its name.
        segment: String,
        /// The expansion score then.
        score: u8,
    },
    /// Something happened with somebody's way through a sequence, or with a letter of it.
    Mailed {
        /// The sequence.
        sequence: String,
        /// The user's id, or [`OWNER`](crate::sequence::OWNER).
        recipient: String,
        /// The letter's id, if it is about one.
        letter: Option<String>,
        /// What.
        what: crate::sequence::What,
    },
    /// A link of a letter was followed for the first time.
    LetterClicked {
        /// The letter's id.
        letter: String,
        /// Where it leads.
        target: String,
    },
    /// The provider reported something of a letter after it took it.
    LetterReported {
        /// The letter's id.
        letter: String,
        /// `bounced`, `complained` …
        report: String,
        /// In the provider's words.
        detail: String,
    },
    /// A recipient wants other mails than before.
    Consent {
        /// The user's id, or [`OWNER`](crate::sequence::OWNER).
        recipient: String,
        /// The sequence; `None`: all.
        sequence: Option<String>,
        /// Whether they want them.
        wanted: bool,
    },
}

wire! { enum What {
    UpgradeRequested { upgrade, plan, price, quantity, amount_due, currency },
    UpgradeAwaits { upgrade, action },
    Upgraded { upgrade, before, after, source, invoice, quoted, invoiced, duration_ms, gateway_ms },
    UpgradeFailed { upgrade, code, decline_code, detail },
    SubscriptionChanged { before, after },
    ProrationDrift { upgrade, quoted, invoiced },
    MirrorDrift { subscription },
    UpgradeAsked { label },
    SignalDetected { signal, score },
    SignalRearmed { signal, score },
    SegmentEntered { segment, score },
    SegmentLeft { segment, score },
    Mailed { sequence, recipient, letter, what },
    LetterClicked { letter, target },
    LetterReported { letter, report, detail },
    Consent { recipient, sequence, wanted },
} }
