//! The section `sequences` as it is written.

use super::super::frequency::{bounded_duration, caps, quiet_hours};
use super::super::json::{Json, Value};
use super::super::names::{ConfigNames, Speaker};
use super::super::parts::{Taken, dotted_name, duration, rank};
use super::super::reader::{Object, Reader};
use super::super::source::Source;
use super::super::{CampaignRule, QuietHours, unknown};
use super::steps::steps;
use super::{Reentry, Sequence, To};
use crate::expr::{self, Program, Type};
use crate::facts::{Fact, Input};
use crate::hash::key;
use crate::map::ordered;
use crate::time::{DAY, DurationMs};

/// The most sequences.
const MAX_SEQUENCES: usize = 100;
/// The longest that a first mail waits for others.
const MAX_DIGEST: DurationMs = 7 * DAY;
/// The most times that somebody may be enrolled in one sequence.
const MAX_TIMES: i64 = 1_000;
/// When somebody leaves a sequence that does not say.
const EXIT: &str = "converted";
/// What a sequence may have besides what it must have.
const OPTIONAL: [&str; 11] =
    ["exit", "to", "quiet_hours", "weekends", "digest", "reentry", "campaign", "holdout", "cap", "priority", "steps"];

/// What sequences go by that stands elsewhere in the document.
pub(in super::super) struct Around<'a> {
    pub(in super::super) campaigns: &'a [CampaignRule],
    /// The names of the templates.
    pub(in super::super) templates: &'a [&'a str],
    /// Everybody's quiet hours.
    pub(in super::super) quiet: Option<QuietHours>,
    pub(in super::super) holdout: u16,
}

/// The sequences, highest priority first, then in the order of the document.
pub(in super::super) fn sequences(
    document: &Object<'_>,
    around: &Around<'_>,
    names: &mut ConfigNames<'_>,
    reader: &mut Reader,
) -> Vec<Sequence> {
    let mut rules: Vec<Sequence> = Vec::new();
    let mut ids = Taken::default();
    for part in reader.list(document.get("sequences"), MAX_SEQUENCES) {
        if reader.is_full() {
            break;
        }
        let raw = reader.object(Some(part), &["id", "enter"], &OPTIONAL);
        if raw.get("steps").is_none() {
            reader.miss(&raw, "steps");
        }
        let rule = sequence(&raw, around, names, reader);
        ids.take(raw.get("id"), "sequence", reader);
        if let Some(part) = raw.get("id") {
            tell_apart(&rule, &rules, around.campaigns, part, reader);
        }
        rules.push(rule);
    }
    ordered(rules, |rule| -i64::from(rule.priority))
}

fn sequence(raw: &Object<'_>, around: &Around<'_>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Sequence {
    let id = dotted_name(raw.get("id"), reader);
    names.speaker = Speaker::Entry;
    let enter = Source::written(raw.get("enter"), reader);
    let enter_source = enter.as_ref().map(|source| source.text.to_string()).unwrap_or_default();
    let enter = enter.map(|source| source.compile(names, reader)).unwrap_or_default();
    names.speaker = Speaker::Recipient;
    let exit = Source::written(raw.get("exit"), reader);
    let exit_source = exit.as_ref().map_or_else(|| EXIT.to_owned(), |source| source.text.to_string());
    let exit = match exit {
        Some(source) => source.compile(names, reader),
        None => expr::compile(EXIT, Type::Bool, names).unwrap_or_default(),
    };
    let campaign = campaign(raw, &enter, around.campaigns, reader);
    let (salt, holdout) = match campaign {
        Some(campaign) => (campaign.salt.clone(), campaign.holdout),
        None => (id.clone(), reader.share(raw.get("holdout")).unwrap_or_default()),
    };
    Sequence {
        key: key(&format!(" mail {id}")), // no campaign is called so
        enter,
        exit,
        enter_source,
        exit_source,
        to: reader.choice(raw.get("to"), "recipient", &To::ALL.map(|to| (to.word(), to))).unwrap_or_default(),
        quiet: quiet(raw.get("quiet_hours"), around.quiet, reader),
        skips_weekends: reader.choice(raw.get("weekends"), "way with weekends", &[("send", false), ("skip", true)]).unwrap_or(false),
        digest: digest(raw.get("digest"), reader),
        reentry: reentry(raw.get("reentry"), reader),
        salt,
        holdout,
        holdout_of_all: around.holdout,
        caps: caps(raw.get("cap"), reader),
        priority: rank(raw.get("priority"), reader),
        steps: steps(raw.get("steps"), campaign, around.templates, names, reader),
        campaign: campaign.map(|campaign| campaign.campaign.id.clone()),
        id,
    }
}

/// Ledgers know sequences and campaigns by their keys.
fn tell_apart(rule: &Sequence, others: &[Sequence], campaigns: &[CampaignRule], part: &Json, reader: &mut Reader) {
    let others = others.iter().filter(|other| other.id != rule.id).map(|other| (other.key, &other.id));
    let campaigns = campaigns.iter().map(|campaign| (campaign.campaign.gates.key, &campaign.campaign.id));
    if let Some((_, other)) = others.chain(campaigns).find(|(key, _)| *key == rule.key) {
        let detail = format!("ledgers cannot tell `{}` and `{other}` apart, as their keys are the same; rename one of them", rule.id);
        reader.tell(part, "conflict", detail);
    }
}

/// The campaign whose arms it shares: the one that it names; else the only one whose audience reads a signal that `enter` reads.
fn campaign<'c>(raw: &Object<'_>, enter: &Program, campaigns: &'c [CampaignRule], reader: &mut Reader) -> Option<&'c CampaignRule> {
    let found = match raw.get("campaign") {
        Some(part) => {
            let wanted = reader.text(Some(part))?;
            let found = campaigns.iter().find(|campaign| campaign.campaign.id == wanted);
            if found.is_none() {
                let known: Vec<&str> = campaigns.iter().map(|campaign| campaign.campaign.id.as_str()).collect();
                reader.tell(part, "unknown_campaign", unknown("campaign", wanted, &known));
            }
            found
        }
        None if raw.is_null("campaign") => None,
        None => {
            let read = signals(enter);
            let mut sharing =
                campaigns.iter().filter(|campaign| signals(&campaign.campaign.gates.audience).iter().any(|signal| read.contains(signal)));
            sharing.next().filter(|_| sharing.next().is_none())
        }
    };
    if let (Some(campaign), Some(part)) = (found, raw.get("holdout")) {
        let detail = format!(
            "the sequence shares the control group of the campaign `{}`; remove this, or write \"campaign\": null beside it",
            campaign.campaign.id
        );
        reader.tell(part, "conflict", detail);
    }
    found
}

/// The signals that a condition reads.
fn signals(program: &Program) -> Vec<u16> {
    let of_signal = |fact| match fact {
        Fact::Input(Input::Signal(i)) | Fact::SignalAge(i) | Fact::SignalCount(i) => Some(i),
        _ => None,
    };
    program.facts().filter_map(of_signal).collect()
}

fn quiet(part: Option<&Json>, usual: Option<QuietHours>, reader: &mut Reader) -> Option<QuietHours> {
    if part.is_none() {
        return usual;
    }
    let mut own = Vec::new();
    quiet_hours(part, &mut own, reader);
    own.first().copied()
}

fn digest(part: Option<&Json>, reader: &mut Reader) -> DurationMs {
    let digest = duration(part, reader).unwrap_or_default();
    if let Some(part) = part.filter(|_| digest > MAX_DIGEST) {
        reader.tell(part, "bad_duration", "a mail waits for others for at most 7d");
    }
    digest
}

fn reentry(part: Option<&Json>, reader: &mut Reader) -> Reentry {
    match part.map(|part| &part.value) {
        None => Reentry::default(),
        Some(Value::Text(_)) => {
            let words = [("never", Reentry::Never), ("always", Reentry::Always)];
            reader.choice(part, "way to enter again", &words).unwrap_or_default()
        }
        Some(_) => {
            let raw = reader.object(part, &["after"], &["max"]);
            let max = reader.whole(raw.get("max"), 1..=MAX_TIMES).and_then(|max| u16::try_from(max).ok());
            Reentry::After { after: bounded_duration(raw.get("after"), reader).unwrap_or_default(), max }
        }
    }
}
