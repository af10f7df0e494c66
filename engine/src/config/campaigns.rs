//! The section `campaigns`: what is shown, to whom, where, and how often.

use super::CampaignRule;
use super::json::{Json, Value};
use super::names::ConfigNames;
use super::parts::{MAX_DURATION, Taken, dotted_name, duration, rank, refuse_later, rollout};
use super::reader::{Object, Reader};
use super::texts::template;
use crate::campaign::{Campaign, Cap, Cta, Gates, Nudge, NudgeKind, Schedule, Scope, Window};
use crate::expr::{self, Program, Type};
use crate::hash::key;
use crate::ledger::MAX_KEPT;
use crate::map::ordered;
use crate::time::{DAY, Millis};

/// The most campaigns, and caps of a campaign.
const MAX_CAMPAIGNS: usize = 1_000;
const MAX_CAPS: usize = 50;
/// What a campaign may have besides what it must have.
const OPTIONAL: [&str; 9] =
    ["priority", "audience", "roles", "cap", "cooldown_after_dismiss", "schedule", "rollout", "holdout", "variants"];
/// What a nudge may have, shared or of one role.
const NUDGE: [&str; 4] = ["kind", "title", "body", "cta"];
/// Parts of the design that this version does not run.
const LATER: [&str; 1] = ["variants"];
/// The last moment that a date of JavaScript's can be.
const MAX_TIME: i64 = 100_000_000 * DAY;

/// The campaigns, highest priority first, then in the order of the document.
pub(super) fn campaigns(document: &Object<'_>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Vec<CampaignRule> {
    let mut rules: Vec<CampaignRule> = Vec::new();
    let mut ids = Taken::default();
    for part in reader.list(document.get("campaigns"), MAX_CAMPAIGNS) {
        if reader.is_full() {
            break;
        }
        let raw = reader.object(Some(part), &["id", "placement", "nudge"], &OPTIONAL);
        rules.push(campaign(&raw, names, reader));
        ids.take(raw.get("id"), "campaign", reader);
    }
    ordered(rules, |rule| -i64::from(rule.campaign.priority))
}

fn campaign(raw: &Object<'_>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> CampaignRule {
    refuse_later(raw, &LATER, reader);
    let shared = reader.object(raw.get("nudge"), &[], &NUDGE);
    let roles = reader.object(raw.get("roles"), &[], &["member", "admin"]);
    let member = nudge(&shared, roles.get("member"), names, reader);
    let id = dotted_name(raw.get("id"), reader);
    let gates = Gates {
        key: key(&id),
        schedule: schedule(raw.get("schedule"), reader),
        audience: audience(raw.get("audience"), names, reader),
        caps: reader.list(raw.get("cap"), MAX_CAPS).iter().map(|part| cap(part, reader)).collect(),
        cooldown_after_dismiss: duration(raw.get("cooldown_after_dismiss"), reader),
        cooldown_after_convert: DAY,
        quiet: None,
        groups: Vec::new(),
        held_out: false,
    };
    let campaign = Campaign {
        id,
        placement: dotted_name(raw.get("placement"), reader),
        priority: rank(raw.get("priority"), reader),
        nudge: nudge(&shared, roles.get("admin"), names, reader),
        variant: None,
        snooze: None,
        gates,
    };
    let rollout = rollout(raw.get("rollout"), reader);
    let holdout = reader.share(raw.get("holdout")).unwrap_or_default();
    let audience_source = match raw.get("audience").map(|part| &part.value) {
        Some(Value::Text(source)) => source.clone(),
        _ => "true".to_owned(),
    };
    CampaignRule { campaign, member, rollout, holdout, audience_source }
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

/// What a role sees: its own parts, and where it has none, the shared ones.
fn nudge(shared: &Object<'_>, own: Option<&Json>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Nudge {
    let own = reader.object(own, &[], &NUDGE);
    let part = |name| own.get(name).or_else(|| shared.get(name));
    match part("title").map(|part| (part, &part.value)) {
        None => reader.miss(shared, "title"),
        Some((part, Value::Text(title))) if title.chars().all(|c| c.is_whitespace() || c.is_control()) => {
            reader.tell(part, "missing", "a nudge needs a title");
        }
        Some(_) => {}
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

fn cap(part: &Json, reader: &mut Reader) -> Cap {
    let cap = reader.object(Some(part), &["max", "window"], &["scope"]);
    let most = i64::try_from(MAX_KEPT).unwrap_or(i64::MAX);
    let max = reader.whole(cap.get("max"), 1..=most);
    let window = duration(cap.get("window"), reader).unwrap_or_default();
    if let Some(part) = cap.get("window").filter(|_| window > MAX_DURATION) {
        reader.tell(part, "bad_cap", "at most 366d");
    }
    let scope = reader.choice(cap.get("scope"), "scope", &[("user", Scope::User), ("tenant", Scope::Tenant)]);
    Cap {
        max: max.and_then(|max| u16::try_from(max).ok()).unwrap_or_default(),
        window: Window::Rolling(window),
        scope: scope.unwrap_or(Scope::User),
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
