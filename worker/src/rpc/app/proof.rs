//! What reports ask an app's object, and what it answers.

use serde::{Deserialize, Serialize};
use upcue_engine::attribution::{Attribution, Model};
use upcue_engine::report::By;
use upcue_engine::time::{DurationMs, Millis};
use upcue_engine::touch::Channel;
use upcue_engine::wire;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ProofCall {
    /// Compares those who are prompted with those who are held out → the report as JSON, as calls carry no fractions.
    Lift(LiftWish),
    /// → [`FunnelReport`].
    Funnel(Span),
    /// The tenants behind a number of it → `Vec<FunnelTenant>`.
    FunnelTenants(FunnelTenantsWish),
    /// → [`ConversionsReport`].
    Conversions(ConversionsWish),
    /// The conversions behind a number of it, newest first → `(Vec<Credited>, String)`, with the currency of reports.
    Credited(CreditedWish),
    /// → [`TrendReport`].
    Trend(Span),
    /// What happened lately → `Vec<Activity>`.
    Activity(ActivityWish),
}

wire! { enum ProofCall {
    Lift(wish), Funnel(span), FunnelTenants(wish), Conversions(wish), Credited(wish), Trend(span), Activity(wish),
} }

/// Which comparison is wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LiftWish {
    /// Of this campaign; `None`: of all together.
    pub(crate) campaign: Option<String>,
    /// Conversions count so long after a tenant first saw it, or would have, in milliseconds; `None`: as configured.
    pub(crate) window: Option<DurationMs>,
}

wire! { struct LiftWish { campaign, window } }

/// What a report is about.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Span {
    /// From then on.
    pub(crate) since: Millis,
    /// Exclusive.
    pub(crate) until: Millis,
    /// Only this campaign or sequence.
    pub(crate) campaign: Option<String>,
    /// Only this channel.
    pub(crate) channel: Option<Channel>,
}

wire! { struct Span { since, until, campaign, channel } }

/// What conversions are to be credited by, where not as configured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Accounting {
    /// Touches count for so long, in milliseconds.
    pub(crate) window: Option<DurationMs>,
    /// How the credit is shared out.
    pub(crate) model: Option<Model>,
    /// The plan that must be upgraded to.
    pub(crate) goal: Option<String>,
}

wire! { struct Accounting { window, model, goal } }

/// Asks for conversions by group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ConversionsWish {
    /// When they were.
    pub(crate) span: Span,
    /// What they are grouped by.
    pub(crate) by: Vec<By>,
    /// What they are credited by.
    pub(crate) accounting: Accounting,
}

wire! { struct ConversionsWish { span, by, accounting } }

/// Asks for the conversions of a group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CreditedWish {
    /// When they were.
    pub(crate) span: Span,
    /// What they are credited by.
    pub(crate) accounting: Accounting,
    /// Those credited to a touch of this group; of none: all.
    pub(crate) group: Vec<(By, String)>,
    /// Those credited to nothing.
    pub(crate) organic: bool,
    /// What comes after this moment and tenant.
    pub(crate) after: Option<(Millis, String)>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct CreditedWish { span, accounting, group, organic, after, limit } }

/// A sum of conversions.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Total {
    /// In basis points of one.
    pub(crate) conversions: u64,
    /// What is paid a month more, in minor units.
    pub(crate) revenue: i64,
    /// Of how many tenants.
    pub(crate) tenants: u64,
}

wire! { struct Total { conversions, revenue, tenants } }

/// One group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct GroupRow {
    /// A value for each thing that is grouped by.
    pub(crate) key: Vec<String>,
    /// What came of it.
    pub(crate) sum: Total,
    /// Touches in it, and of how many tenants, where that is known.
    pub(crate) touched: Option<(u64, u64)>,
}

wire! { struct GroupRow { key, sum, touched } }

/// Conversions by group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ConversionsReport {
    /// What they are credited by.
    pub(crate) attribution: Attribution,
    /// Of the money; three letters in lower case.
    pub(crate) currency: String,
    /// All of them.
    pub(crate) total: Total,
    /// Those after a prompt.
    pub(crate) prompted: Total,
    /// The others.
    pub(crate) organic: Total,
    /// How many are in other currencies; their money is in no sum.
    pub(crate) other_currencies: u64,
    /// From the reason to upgrade to the conversion, where one was known, in milliseconds.
    pub(crate) took: Vec<i64>,
    /// By their keys.
    pub(crate) rows: Vec<GroupRow>,
}

wire! { struct ConversionsReport { attribution, currency, total, prompted, organic, other_currencies, took, rows } }

/// One step of the funnel.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Step {
    /// How many tenants came so far.
    pub(crate) tenants: u64,
    /// How often.
    pub(crate) events: u64,
}

wire! { struct Step { tenants, events } }

/// What came of one prompt, or of all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FunnelRow {
    /// The campaign or sequence; empty for all.
    pub(crate) prompt: String,
    /// Whether it is a sequence.
    pub(crate) is_mail: bool,
    /// It was to be shown or sent, or would have been.
    pub(crate) eligible: Step,
    /// It was seen, or sent.
    pub(crate) exposed: Step,
    /// It was followed.
    pub(crate) clicked: Step,
    /// It was put away.
    pub(crate) dismissed: Step,
    /// It was put off.
    pub(crate) snoozed: Step,
    /// It would have been seen, were the tenant not in the control group.
    pub(crate) held_out: Step,
    /// An upgrade was quoted within the window.
    pub(crate) quoted: Step,
    /// An upgrade is credited to it.
    pub(crate) upgraded: Total,
}

wire! { struct FunnelRow { prompt, is_mail, eligible, exposed, clicked, dismissed, snoozed, held_out, quoted, upgraded } }

/// The funnel.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FunnelReport {
    /// Of the money.
    pub(crate) currency: String,
    /// How long a prompt counts, in milliseconds.
    pub(crate) window: DurationMs,
    /// For all prompts together.
    pub(crate) all: FunnelRow,
    /// For each.
    pub(crate) prompts: Vec<FunnelRow>,
}

wire! { struct FunnelReport { currency, window, all, prompts } }

/// Asks for the tenants that have come to a step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FunnelTenantsWish {
    /// When, and of what.
    pub(crate) span: Span,
    /// Its word.
    pub(crate) step: String,
    /// What comes after this tenant.
    pub(crate) after: Option<String>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct FunnelTenantsWish { span, step, after, limit } }

/// A tenant that has come to a step.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FunnelTenant {
    /// Its name.
    pub(crate) tenant: String,
    /// When it first did.
    pub(crate) first: Millis,
    /// When it last did.
    pub(crate) last: Millis,
    /// How often.
    pub(crate) events: u64,
}

wire! { struct FunnelTenant { tenant, first, last, events } }

/// What happened, day by day and signal by signal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TrendReport {
    /// The days on which anything happened.
    pub(crate) days: Vec<TrendDay>,
    /// The signals that were detected.
    pub(crate) signals: Vec<SignalTrend>,
    /// The currency of all money.
    pub(crate) currency: String,
}

wire! { struct TrendReport { days, signals, currency } }

/// How often a signal was detected.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SignalTrend {
    /// The signal's id.
    pub(crate) signal: String,
    /// How often.
    pub(crate) detections: u64,
    /// At how many tenants.
    pub(crate) tenants: u64,
}

wire! { struct SignalTrend { signal, detections, tenants } }

/// What happened on a day.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TrendDay {
    /// As in `2026-11-30`, in UTC.
    pub(crate) day: String,
    /// Signals that were detected.
    pub(crate) signals: u64,
    /// Nudges that were seen.
    pub(crate) exposures: u64,
    /// Nudges and mails that were followed.
    pub(crate) clicks: u64,
    /// Mails that were sent.
    pub(crate) mails: u64,
    /// Conversions.
    pub(crate) conversions: u64,
    /// Those of them that a prompt came before.
    pub(crate) prompted: u64,
    /// What is paid a month more, in minor units.
    pub(crate) revenue: i64,
    /// The part of it that a prompt came before.
    pub(crate) prompted_revenue: i64,
}

wire! { struct TrendDay { day, signals, exposures, clicks, mails, conversions, prompted, revenue, prompted_revenue } }

/// Asks what happened lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ActivityWish {
    /// Only this tenant's.
    pub(crate) tenant: Option<String>,
    /// Only of this kind.
    pub(crate) kind: Option<String>,
    /// What comes after this entry.
    pub(crate) after: Option<LogPlace>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct ActivityWish { tenant, kind, after, limit } }

/// Where an entry stands in the log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LogPlace {
    /// When it happened.
    pub(crate) at: Millis,
    /// Where.
    pub(crate) tenant: String,
    /// The tenant's number for it.
    pub(crate) seq: u64,
    /// What.
    pub(crate) kind: String,
}

wire! { struct LogPlace { at, tenant, seq, kind } }

/// Something that happened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Activity {
    /// When.
    pub(crate) at: Millis,
    /// Where.
    pub(crate) tenant: String,
    /// The tenant's number for it.
    pub(crate) seq: u64,
    /// What.
    pub(crate) kind: String,
    /// The campaign, sequence, signal, segment or plan that it is about.
    pub(crate) name: String,
    /// Who did it; of an upgrade that failed, why.
    pub(crate) who: Option<String>,
    /// In minor units.
    pub(crate) amount: Option<i64>,
}

wire! { struct Activity { at, tenant, seq, kind, name, who, amount } }
