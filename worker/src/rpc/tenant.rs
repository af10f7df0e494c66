//! Calls to a tenant's object, and their answers.

mod mail;

pub(crate) use mail::*;

use serde::{Deserialize, Serialize};
use upcue_engine::explain::Explanation;
use upcue_engine::facts::Role;
use upcue_engine::history::Window;
use upcue_engine::plan::{Feature, Meter};
use upcue_engine::sequence::Seen;
use upcue_engine::signal::SignalState;
use upcue_engine::subscription::Subscription;
use upcue_engine::tally::Tally;
use upcue_engine::tenant::{Batch, Comparison, Rulebook};
use upcue_engine::time::Millis;
use upcue_engine::upgrade::quote::Quote;
use upcue_engine::upgrade::requests::Subject;
use upcue_engine::upgrade::state::Upgrade;
use upcue_engine::wire;

use crate::problem::ApiError;
use crate::rpc::{ExportWish, Retention};

/// A call to a tenant's object, with what it must know to answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantEnvelope {
    /// Whose tenant it is.
    pub(crate) app: String,
    /// Its name.
    pub(crate) tenant: String,
    /// The revision of the rules that must at least be in force.
    pub(crate) revision: u32,
    /// What to do.
    pub(crate) call: TenantCall,
}

wire! { struct TenantEnvelope { app, tenant, revision, call } }

/// What the tenant's object does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum TenantCall {
    /// Counts events → `Receipt`.
    Events {
        /// What happened.
        batch: Batch,
        /// The name of the time zone of the user who sent it, if they say.
        tz: Option<String>,
        /// What is said of people who may be written to, by their ids.
        people: Vec<(String, Seen)>,
        /// Letters from which users came, each with the user's id.
        visits: Vec<(String, String)>,
    },
    /// What a browser needs, as bytes → [`SnapshotReply`].
    Snapshot(WhoLooks),
    /// The same to be read → [`Page`](upcue_engine::page::Page).
    Page(WhoLooks),
    /// Opens a live connection; by WebSocket request only.
    Live(WhoLooks),
    /// Facts for the back end → [`TenantReport`].
    Report,
    /// Decisions for a user, with their traces → [`DecisionReport`].
    Decisions {
        /// For whom.
        who: WhoLooks,
        /// Where; `None`: everywhere.
        placement: Option<String>,
        /// Whether only what is left of the rules in this user's page is told.
        as_page: bool,
    },
    /// Reads a subscription from Stripe again and folds it in → the ids of its prices.
    SyncSubscription {
        /// `sub_…`
        subscription: String,
        /// Whose it must be.
        customer: String,
        /// How to reach Stripe.
        api_key: String,
    },
    /// A subscription as the periodic comparison found it at Stripe → the ids of those that the mirror had otherwise.
    Compare {
        /// As Stripe has it.
        subscription: Box<Subscription>,
        /// How to reach Stripe.
        api_key: String,
    },
    /// Reads a customer's subscriptions again that are alive in the mirror → the ids of those that were others.
    Recheck {
        /// Whose.
        customer: String,
        /// How to reach Stripe.
        api_key: String,
    },
    /// The plan comparison for a user → [`ComparisonReport`].
    Plans {
        /// For whom.
        who: WhoLooks,
        /// The meter or feature they came for.
        wanted: Option<String>,
        /// The letter they came from.
        letter: Option<String>,
    },
    /// A quote → [`QuoteReport`].
    Quote {
        /// What is asked for.
        wish: QuoteWish,
        /// How to reach Stripe.
        api_key: String,
    },
    /// Confirms a quote → [`UpgradeReport`].
    Upgrade {
        /// Who confirms.
        user: String,
        /// The quote's token.
        token: String,
        /// The hash of the caller's idempotency key; `None`: the quote itself is the key.
        key: Option<u64>,
        /// Where the browser goes after a hosted page.
        return_url: Option<String>,
        /// How to reach Stripe.
        api_key: String,
    },
    /// How far an upgrade has come → [`UpgradeReport`].
    UpgradeState {
        /// Which.
        id: String,
        /// How to reach Stripe.
        api_key: String,
    },
    /// Asks the admins for an upgrade → [`AskReport`].
    Ask {
        /// Who asks.
        user: String,
        /// For what.
        subject: Subject,
    },
    /// What teammates ask for → `Vec<(Total, String)>`, with labels.
    Requests,
    /// Entries of the timeline before a number, newest first → `Vec<(u64, Entry)>`.
    Timeline {
        /// Lists what comes before it.
        before: u64,
        /// At most so many.
        limit: u32,
    },
    /// Plays the history again → `Replayed`.
    Replay,
    /// Runs other rules over the history → `TenantBacktest`.
    Backtest {
        /// These.
        candidate: Box<Rulebook>,
        /// What of it is reported.
        window: Window,
    },
    /// A letter to a user, as it would be now → [`LetterReply`].
    Letter {
        /// To whom.
        who: WhoLooks,
        /// By these rules.
        rules: Box<Rulebook>,
        /// Which template of theirs.
        template: String,
        /// What is said of the recipient and the sender.
        envelope: LetterEnvelope,
    },
    /// Rules have changed: fetch them if anybody is looking, or if they detect something by themselves → `()`.
    RulesChanged {
        /// Whether they have signals or segments.
        detect: bool,
    },
    /// About its mails.
    Mail(MailCall),
    /// What must be known before the tenant, or this user of it, is erased → [`Farewell`](crate::rpc::Farewell).
    Farewell(Option<String>),
    /// Erases the tenant, or this user of it → `()`. Whoever was erased already is erased again at no cost.
    Erase(Option<String>),
    /// A part of everything that is kept here → [`ExportPage`](crate::rpc::ExportPage).
    Export(ExportWish),
    /// How long it may remember from now on → `()`.
    Retain(Retention),
    /// All rows of the object, as texts → `Vec<String>`.
    #[cfg(feature = "dev-tools")]
    Rows,
    /// Panics.
    #[cfg(feature = "dev-tools")]
    Panic,
}

wire! { enum TenantCall {
    Events { batch, tz, people, visits }, Snapshot(value), Page(value), Live(value), Report, Decisions { who, placement, as_page },
    SyncSubscription { subscription, customer, api_key }, Compare { subscription, api_key }, Recheck { customer, api_key }, Plans { who, wanted, letter },
    Quote { wish, api_key }, Upgrade { user, token, key, return_url, api_key }, UpgradeState { id, api_key }, Ask { user, subject },
    Requests, Timeline { before, limit }, Replay, Backtest { candidate, window }, Letter { who, rules, template, envelope }, RulesChanged { detect }, Mail(call), Farewell(user), Erase(user), Export(wish), Retain(retention),
    #[cfg(feature = "dev-tools")] Rows, #[cfg(feature = "dev-tools")] Panic,
} }

impl TenantCall {
    /// Whether it only asks how things stand, or tells of something that an earlier answer has caused.
    pub(crate) fn merely_asks(&self) -> bool {
        match self {
            Self::Mail(call) => !matches!(call, MailCall::Consent { change: Some(_), .. }),
            other => matches!(
                other,
                Self::Report
                    | Self::Decisions { .. }
                    | Self::Requests
                    | Self::Timeline { .. }
                    | Self::Replay
                    | Self::Backtest { .. }
                    | Self::Letter { .. }
            ),
        }
    }
}

/// What a quote is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct QuoteWish {
    /// The plan's id.
    pub(crate) plan: String,
    /// The price's id; `None`: the one with the present interval.
    pub(crate) price: Option<String>,
    /// How many; `None`: as many as now.
    pub(crate) quantity: Option<u64>,
}

wire! { struct QuoteWish { plan, price, quantity } }

/// A quote, with everything it shows.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QuoteReport {
    /// Signed.
    pub(crate) token: String,
    /// What is promised.
    pub(crate) quote: Quote,
    /// What the invoice adds up to.
    pub(crate) sums: Sums,
    /// The lines that are charged now.
    pub(crate) lines: Vec<QuoteLine>,
    /// When the next invoice comes and what of, in minor units.
    pub(crate) next: Option<(Millis, i64)>,
    /// The plan and price that are changed.
    pub(crate) from: Option<Sold>,
    /// The plan and price they are changed to.
    pub(crate) to: Sold,
    /// By meter, in the configuration's order: used so far.
    pub(crate) used: Vec<u64>,
    /// Words for what else happens: `trial_continues` …
    pub(crate) notes: Vec<String>,
    /// Whether the quantity counts seats: a meter reads it.
    pub(crate) per_seat: bool,
    /// The meters they number.
    pub(crate) meters: Vec<Meter>,
    /// The features they number.
    pub(crate) features: Vec<Feature>,
}

wire! { struct QuoteReport { token, quote, sums, lines, next, from, to, used, notes, per_seat, meters, features } }

/// What an invoice adds up to, in minor units.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// All lines.
    pub(crate) subtotal: i64,
    /// What coupons take off; at most 0.
    pub(crate) discount: i64,
    /// Tax.
    pub(crate) tax: i64,
    /// All of it.
    pub(crate) total: i64,
}

wire! { struct Sums { subtotal, discount, tax, total } }

/// A plan at a price.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sold {
    /// The plan, with this price alone.
    pub(crate) plan: upcue_engine::plan::Plan,
    /// How many.
    pub(crate) quantity: u64,
}

wire! { struct Sold { plan, quantity } }

/// A line of an invoice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct QuoteLine {
    /// What kind of line.
    pub(crate) kind: LineKind,
    /// In Stripe's words.
    pub(crate) description: String,
    /// In minor units; negative for credits.
    pub(crate) amount: i64,
    /// What coupons take off it.
    pub(crate) discount: i64,
    /// How many.
    pub(crate) quantity: u64,
    /// From when.
    pub(crate) from: Option<Millis>,
    /// Until when.
    pub(crate) until: Option<Millis>,
}

wire! { struct QuoteLine { kind, description, amount, discount, quantity, from, until } }

/// The kinds of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineKind {
    /// For unused time.
    Credit,
    /// For remaining time.
    Charge,
    /// For a whole period.
    Period,
}

wire! { enum LineKind { Credit, Charge, Period } }

/// The plan comparison, with what it numbers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ComparisonReport {
    /// The comparison.
    pub(crate) comparison: Comparison,
    /// The facts.
    pub(crate) overview: upcue_engine::tenant::Overview,
    /// The meters it numbers.
    pub(crate) meters: Vec<Meter>,
    /// The features it numbers.
    pub(crate) features: Vec<Feature>,
    /// The subscription that counts.
    pub(crate) subscription: Option<Subscription>,
    /// Why this tenant cannot upgrade by itself as things stand.
    pub(crate) refusal: Option<ApiError>,
    /// The labels of the requests.
    pub(crate) labels: Vec<String>,
    /// The revision of the rules.
    pub(crate) revision: u32,
    /// The letter that the user came from, and its sequence; while it is known.
    pub(crate) letter: Option<(String, String)>,
}

wire! { struct ComparisonReport { comparison, overview, meters, features, subscription, refusal, labels, revision, letter } }

/// What came of asking the admins.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AskReport {
    /// Whether the admins know of it only now.
    pub(crate) is_new: bool,
    /// For what, in words.
    pub(crate) label: String,
    /// How many teammates ask for it.
    pub(crate) count: u32,
}

wire! { struct AskReport { is_new, label, count } }

/// An upgrade, with the plans it leads between, as far as they are still known.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UpgradeReport {
    /// The upgrade.
    pub(crate) upgrade: Upgrade,
    /// The plan before.
    pub(crate) from: Option<Sold>,
    /// The plan after.
    pub(crate) to: Option<Sold>,
    /// The meters they number.
    pub(crate) meters: Vec<Meter>,
    /// The features they number.
    pub(crate) features: Vec<Feature>,
}

wire! { struct UpgradeReport { upgrade, from, to, meters, features } }

/// A user who looks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WhoLooks {
    /// The user.
    pub(crate) user: String,
    /// In which role.
    pub(crate) role: Role,
    /// The key of the client; 0 for none.
    pub(crate) client: u64,
    /// The name of their time zone, if they say.
    pub(crate) tz: Option<String>,
    /// Where mail reaches them, if they say.
    pub(crate) email: Option<String>,
    /// What they are called, if they say.
    pub(crate) name: Option<String>,
    /// When the credential ends.
    pub(crate) expires: Millis,
}

wire! { struct WhoLooks { user, role, client, tz, email, name, expires } }

impl WhoLooks {
    /// What is known of them by their looking.
    pub(crate) fn seen(&self) -> Seen {
        Seen { email: self.email.clone(), name: self.name.clone(), tz: self.tz.clone(), role: Some(self.role), is_owner: None }
    }
}

/// What a letter to be looked at says of its recipient and its sender.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LetterEnvelope {
    /// What the recipient is called, if that is known.
    pub(crate) name: Option<String>,
    /// The recipient's address.
    pub(crate) email: String,
    /// What the app is called.
    pub(crate) app: String,
}

wire! { struct LetterEnvelope { name, email, app } }

/// A letter to be looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LetterReply {
    /// The subject.
    pub(crate) subject: String,
    /// HTML.
    pub(crate) html: String,
    /// Without markup.
    pub(crate) text: String,
    /// What it says where it is merged into another.
    pub(crate) summary: String,
    /// The values that are not known: with any of them it would not be sent.
    pub(crate) missing: Vec<String>,
    /// Whether it is of a tenant of whom nothing has come in yet.
    pub(crate) stranger: bool,
}

wire! { struct LetterReply { subject, html, text, summary, missing, stranger } }

/// A snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotReply {
    /// The frame.
    pub(crate) frame: Vec<u8>,
    /// Of everything in it but the time.
    pub(crate) hash: u64,
}

wire! { struct SnapshotReply { frame, hash } }

/// A tenant, for its app's back end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantReport {
    /// The facts.
    pub(crate) overview: upcue_engine::tenant::Overview,
    /// The meters they number.
    pub(crate) meters: Vec<Meter>,
    /// The features they number.
    pub(crate) features: Vec<Feature>,
    /// The subscription that counts.
    pub(crate) subscription: Option<Subscription>,
    /// Live connections.
    pub(crate) sockets: u32,
    /// The expansion score.
    pub(crate) score: u8,
    /// The signals ever detected: label, state, and what each adds to the score in hundredths of a point.
    pub(crate) signals: Vec<SignalReport>,
    /// The segments the tenant is in.
    pub(crate) segments: Vec<SegmentReport>,
    /// What has come of the campaigns, arm by arm.
    pub(crate) tallies: Vec<Tally>,
}

wire! { struct TenantReport { overview, meters, features, subscription, sockets, score, signals, segments, tallies } }

/// A signal of a tenant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SignalReport {
    /// Its name.
    pub(crate) id: String,
    /// What people read.
    pub(crate) label: String,
    /// Its history.
    pub(crate) state: SignalState,
    /// What it adds to the score, in hundredths of a point.
    pub(crate) hundredths: u32,
}

wire! { struct SignalReport { id, label, state, hundredths } }

/// A segment that a tenant is in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SegmentReport {
    /// Its name.
    pub(crate) id: String,
    /// What people read.
    pub(crate) label: String,
    /// Since when.
    pub(crate) since: Millis,
}

wire! { struct SegmentReport { id, label, since } }

/// Why which campaign is shown where.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DecisionReport {
    /// When.
    pub(crate) at: Millis,
    /// The version of the configuration.
    pub(crate) config_version: u32,
    /// By placement.
    pub(crate) placements: Vec<Explanation>,
}

wire! { struct DecisionReport { at, config_version, placements } }
