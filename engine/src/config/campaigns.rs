//! The section `campaigns`: what is shown, to whom, where, and how often.

use super::frequency::{bounded_duration, caps, quiet_hours};
use super::json::{Json, Value};
use super::names::ConfigNames;
use super::parts::{Keys, Taken, dotted_name, duration, rank, rollout};
use super::reader::{Object, Reader};
use super::texts::template;
use super::variants::variants;
use super::{CampaignRule, QuietHours};
use crate::campaign::{Campaign, Cta, Gates, Nudge, NudgeKind, Schedule};
use crate::expr::{self, Program, Type};
use crate::hash::key;
use crate::map::ordered;
use crate::time::{DAY, DurationMs, Millis};

/// The most campaigns.
const MAX_CAMPAIGNS: usize = 1_000;
/// What a campaign may have besides what it must have.
const OPTIONAL: [&str; 14] = [
    "priority",
    "audience",
    "roles",
    "variants",
    "salt",
    "cap",
    "exclusive",
    "quiet_hours",
    "snooze",
    "cooldown_after_dismiss",
    "cooldown_after_convert",
    "schedule",
    "rollout",
    "holdout",
];
/// What a nudge may have, shared or of one role.
const NUDGE: [&str; 4] = ["kind", "title", "body", "cta"];
/// The last moment that a date of JavaScript's can be.
const MAX_TIME: i64 = 100_000_000 * DAY;
/// For how long a campaign is silent after an upgrade, where it does not say.
const SILENT: DurationMs = DAY;

/// The campaigns, highest priority first, then in the order of the document. Quiet hours of their own join `quiet`, of which the
/// first, if there are any, are everybody's.
pub(super) fn campaigns(
    document: &Object<'_>,
    holdout_of_all: u16,
    quiet: &mut Vec<QuietHours>,
    names: &mut ConfigNames<'_>,
    reader: &mut Reader,
) -> Vec<CampaignRule> {
    let mut rules: Vec<CampaignRule> = Vec::new();
    let mut ids = Taken::default();
    let mut keys = [("campaign", Keys::default()), ("placement", Keys::default()), ("exclusive", Keys::default())];
    let usual = (!quiet.is_empty()).then_some(0);
    for part in reader.list(document.get("campaigns"), MAX_CAMPAIGNS) {
        if reader.is_full() {
            break;
        }
        let raw = reader.object(Some(part), &["id", "placement", "nudge"], &OPTIONAL);
        let mut rule = campaign(&raw, names, reader);
        rule.holdout_of_all = holdout_of_all;
        let own = raw.get("quiet_hours");
        rule.campaign.gates.quiet = if own.is_some() { quiet_hours(own, quiet, reader) } else { usual };
        rules.push(rule);
        ids.take(raw.get("id"), "campaign", reader);
        for (what, keys) in &mut keys {
            keys.take(raw.get(if *what == "campaign" { "id" } else { what }), reader);
        }
    }
    ordered(rules, |rule| -i64::from(rule.campaign.priority))
}

fn campaign(raw: &Object<'_>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> CampaignRule {
    let shared = reader.object(raw.get("nudge"), &[], &NUDGE);
    let roles = reader.object(raw.get("roles"), &[], &["member", "admin"]);
    let [member, admin] = ["member", "admin"].map(|role| reader.object(roles.get(role), &[], &NUDGE));
    let id = dotted_name(raw.get("id"), reader);
    let salt = dotted_name(raw.get("salt"), reader);
    let groups = raw.get("exclusive").map(|group| key(&dotted_name(Some(group), reader)));
    let gates = Gates {
        key: key(&id),
        schedule: schedule(raw.get("schedule"), reader),
        audience: audience(raw.get("audience"), names, reader),
        caps: caps(raw.get("cap"), reader),
        cooldown_after_dismiss: duration(raw.get("cooldown_after_dismiss"), reader),
        cooldown_after_convert: bounded_duration(raw.get("cooldown_after_convert"), reader).unwrap_or(SILENT),
        quiet: None,
        groups: groups.into_iter().collect(),
        held_out: false,
    };
    let nudge_of = |own, names: &mut ConfigNames<'_>, reader: &mut Reader| nudge(&[own, shared], names, reader);
    let campaign = Campaign {
        placement: dotted_name(raw.get("placement"), reader),
        priority: rank(raw.get("priority"), reader),
        nudge: nudge_of(admin, names, reader),
        variant: None,
        snooze: bounded_duration(raw.get("snooze"), reader),
        gates,
        id,
    };
    CampaignRule {
        member: nudge_of(member, names, reader),
        variants: variants(raw.get("variants"), &shared, [&admin, &member], names, reader),
        salt: if salt.is_empty() { campaign.id.clone() } else { salt },
        rollout: rollout(raw.get("rollout"), reader),
        holdout: reader.share(raw.get("holdout")).unwrap_or_default(),
        holdout_of_all: 0,
        audience_source: match raw.get("audience").map(|part| &part.value) {
            Some(Value::Text(source)) => source.clone(),
            _ => "true".to_owned(),
        },
        campaign,
    }
}

/// For everybody, where there is none.
fn audience(part: Option<&Json>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Program {
    match expr::compile(reader.text(part).unwrap_or("true"), Type::Bool, names) {
        Ok(program) => program,
        Err(problems) => {
            for (part, problem) in part.into_iter().cycle().zip(problems) {
                reader.tell_within(part, problem.at, problem.code, problem.message);
            }
            Program::default()
        }
    }
}

/// The parts of a nudge.
pub(super) fn parts<'j>(part: Option<&'j Json>, reader: &mut Reader) -> Object<'j> {
    reader.object(part, &[], &NUDGE)
}

/// A nudge in layers: what the first has, and where it has nothing, the next. The last is the one that all share.
pub(super) fn nudge(layers: &[Object<'_>], names: &mut ConfigNames<'_>, reader: &mut Reader) -> Nudge {
    let part = |name| layers.iter().find_map(|layer| layer.get(name));
    match (part("title").map(|part| (part, &part.value)), layers.last()) {
        (None, Some(shared)) => reader.miss(shared, "title"),
        (Some((part, Value::Text(title))), _) if title.chars().all(|c| c.is_whitespace() || c.is_control()) => {
            reader.tell(part, "missing", "a nudge needs a title");
        }
        _ => {}
    }
    let cta = part("cta").map(|part| {
        let cta = reader.object(Some(part), &["label", "action"], &[]);
        Cta { label: template(cta.get("label"), names, reader), action: dotted_name(cta.get("action"), reader) }
    });
    let kinds = NudgeKind::ALL.map(|kind| (kind.name(), kind));
    Nudge {
        kind: reader.choice(part("kind"), "kind of nudge", &kinds).unwrap_or(NudgeKind::Banner),
        title: template(part("title"), names, reader),
        body: template(part("body"), names, reader),
        cta,
    }
}

fn schedule(part: Option<&Json>, reader: &mut Reader) -> Schedule {
    let schedule = reader.object(part, &[], &["from", "until"]);
    let from = reader.whole(schedule.get("from"), -MAX_TIME..=MAX_TIME);
    let until = reader.whole(schedule.get("until"), -MAX_TIME..=MAX_TIME);
    if let (Some(part), Some(from), Some(until)) = (schedule.get("until"), from, until)
        && until <= from
    {
        reader.tell(part, "conflict", "ends before it begins");
    }
    Schedule { from: from.map(Millis), until: until.map(Millis) }
}
