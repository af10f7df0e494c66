//! From the document to what runs.

use super::names::{ConfigNames, unknown};
use super::raw::{RawCampaign, RawConfig, RawCta, RawLimit, RawMeterKind, RawNudge, RawPeriod, RawPlan, RawPlanSource, RawScope};
use super::texts::template;
use super::{CampaignRule, Config, Problem};
use crate::campaign::{Campaign, Cap, Cta, Nudge, NudgeKind, Schedule, Scope};
use crate::expr::{self, Program, Type};
use crate::ids::{is_dotted_name, is_id, is_name};
use crate::ledger::MAX_KEPT;
use crate::map::ordered;
use crate::plan::{Allowance, Feature, Limit, Meter, MeterKind, Period, Plan};
use crate::time::{DAY, DurationMs, Millis, parse_duration};

/// The most meters, features, plans, and campaigns of one document.
const MAX_METERS: usize = 100;
const MAX_FEATURES: usize = 200;
const MAX_PLANS: usize = 100;
const MAX_CAMPAIGNS: usize = 1_000;
/// The longest window of a cap.
const MAX_WINDOW: DurationMs = 366 * DAY;

/// Compiles `raw`, or tells everything that is wrong with it.
pub fn compile(raw: &RawConfig) -> Result<Config, Vec<Problem>> {
    let mut problems = Vec::new();
    refuse_later(raw, &mut problems);
    let meters = meters(raw, &mut problems);
    let features = features(raw, &mut problems);
    let inline_plans = plans(raw, &meters, &features, &mut problems);
    let mut names = ConfigNames { meters: &meters, features: &features, events: Vec::new() };
    let campaigns = campaigns(&raw.campaigns, &mut names, &mut problems);
    let events = names.events;
    if let (Some(id), Some(plans)) = (&raw.plans.default, &inline_plans)
        && !plans.iter().any(|p| p.id == *id)
    {
        let detail = unknown("plan", id, plans.iter().map(|p| p.id.as_str()));
        problems.push(Problem::new("/plans/default", "unknown_plan", detail));
    }
    if problems.is_empty() {
        Ok(Config { meters, features, events, campaigns, inline_plans, default_plan: raw.plans.default.clone() })
    } else {
        Err(problems)
    }
}

/// Sections of the design that this version does not run are refused by name rather than ignored in silence.
fn refuse_later(raw: &RawConfig, problems: &mut Vec<Problem>) {
    for (name, section) in [
        ("signals", &raw.signals),
        ("segments", &raw.segments),
        ("sequences", &raw.sequences),
        ("templates", &raw.templates),
        ("attribution", &raw.attribution),
        ("upgrade", &raw.upgrade),
    ] {
        if section.is_some() {
            problems.push(unsupported(format!("/{name}"), name));
        }
    }
}

fn unsupported(pointer: String, name: &str) -> Problem {
    Problem::new(pointer, "unsupported", format!("this version of Upcue does not run `{name}` yet; remove it, so that nobody relies on it"))
}

fn bounded(count: usize, most: usize, pointer: &str, problems: &mut Vec<Problem>) {
    if count > most {
        problems.push(Problem::new(pointer, "too_many", format!("{count} entries; at most {most}")));
    }
}

fn meters(raw: &RawConfig, problems: &mut Vec<Problem>) -> Vec<Meter> {
    bounded(raw.meters.len(), MAX_METERS, "/meters", problems);
    let meter = |(key, meter): (&String, &super::raw::RawMeter)| {
        name(key, &format!("/meters/{key}"), problems);
        if meter.kind == RawMeterKind::Gauge && meter.period.is_some() {
            problems.push(Problem::new(
                format!("/meters/{key}/period"),
                "conflict",
                "a gauge has no period; remove it or make this a counter",
            ));
        }
        let kind = match (meter.kind, meter.period) {
            (RawMeterKind::Gauge, _) => MeterKind::Gauge,
            (RawMeterKind::Counter, None | Some(RawPeriod::Billing)) => MeterKind::Counter(Period::Billing),
            (RawMeterKind::Counter, Some(RawPeriod::Month)) => MeterKind::Counter(Period::Month),
            (RawMeterKind::Counter, Some(RawPeriod::Day)) => MeterKind::Counter(Period::Day),
        };
        let label = meter.label.clone().unwrap_or_else(|| key.clone());
        Meter { key: key.clone(), label, unit: meter.unit.clone(), kind }
    };
    raw.meters.iter().map(meter).collect()
}

fn features(raw: &RawConfig, problems: &mut Vec<Problem>) -> Vec<Feature> {
    bounded(raw.features.len(), MAX_FEATURES, "/features", problems);
    let feature = |(key, feature): (&String, &super::raw::RawFeature)| {
        name(key, &format!("/features/{key}"), problems);
        if raw.meters.contains_key(key) {
            problems.push(Problem::new(
                format!("/features/{key}"),
                "conflict",
                format!("`{key}` is a meter too; entitlement(\"{key}\") could mean either"),
            ));
        }
        Feature { key: key.clone(), label: feature.label.clone().unwrap_or_else(|| key.clone()) }
    };
    raw.features.iter().map(feature).collect()
}

fn name(text: &str, pointer: &str, problems: &mut Vec<Problem>) {
    if !is_name(text) {
        problems.push(Problem::new(
            pointer,
            "bad_name",
            format!("`{text}` is no name: 1 to 64 lower-case letters, digits and `_`, not beginning with a digit"),
        ));
    }
}

fn plans(raw: &RawConfig, meters: &[Meter], features: &[Feature], problems: &mut Vec<Problem>) -> Option<Vec<Plan>> {
    if raw.plans.source == RawPlanSource::Stripe {
        if !raw.plans.list.is_empty() {
            problems.push(Problem::new(
                "/plans/list",
                "conflict",
                "plans come from Stripe; remove the list or set \"source\" to \"inline\"",
            ));
        }
        return None;
    }
    bounded(raw.plans.list.len(), MAX_PLANS, "/plans/list", problems);
    let list = &raw.plans.list;
    let plans = list.iter().enumerate().map(|(i, raw)| {
        let pointer = format!("/plans/list/{i}");
        if !is_id(&raw.id) {
            problems.push(Problem::new(format!("{pointer}/id"), "bad_name", "1 to 128 characters without spaces"));
        }
        if list.iter().take(i).any(|earlier| earlier.id == raw.id) {
            problems.push(Problem::new(format!("{pointer}/id"), "duplicate", format!("another plan is called `{}`", raw.id)));
        }
        plan(raw, &pointer, meters, features, problems)
    });
    let plans: Vec<Plan> = plans.collect();
    Some(ordered(plans, |plan| i64::from(plan.rank)))
}

fn plan(raw: &RawPlan, pointer: &str, meters: &[Meter], features: &[Feature], problems: &mut Vec<Problem>) -> Plan {
    let meter_keys = || meters.iter().map(|m| m.key.as_str());
    for (section, keys) in [("limits", raw.limits.keys().collect::<Vec<_>>()), ("soft_limits", raw.soft_limits.keys().collect())] {
        for key in keys.into_iter().filter(|key| !meter_keys().any(|m| m == key.as_str())) {
            problems.push(Problem::new(format!("{pointer}/{section}/{key}"), "unknown_meter", unknown("meter", key, meter_keys())));
        }
    }
    for (i, feature) in raw.features.iter().enumerate() {
        if !features.iter().any(|f| f.key == *feature) {
            let detail = unknown("feature", feature, features.iter().map(|f| f.key.as_str()));
            problems.push(Problem::new(format!("{pointer}/features/{i}"), "unknown_feature", detail));
        }
    }
    Plan {
        id: raw.id.clone(),
        name: raw.name.clone().unwrap_or_else(|| raw.id.clone()),
        rank: raw.rank,
        allowances: meters.iter().map(|m| allowance(raw, &m.key, pointer, problems)).collect(),
        features: features.iter().map(|f| raw.features.contains(&f.key)).collect(),
        prices: raw.prices.clone(),
    }
}

fn allowance(raw: &RawPlan, meter: &str, pointer: &str, problems: &mut Vec<Problem>) -> Allowance {
    let limit = match raw.limits.get(meter) {
        Some(RawLimit::Upto(limit)) => Limit::Upto(*limit),
        Some(RawLimit::Word(word)) if word != "unlimited" => {
            let detail = format!("`{word}` is no limit; write a whole number or \"unlimited\"");
            problems.push(Problem::new(format!("{pointer}/limits/{meter}"), "bad_limit", detail));
            Limit::Unlimited
        }
        _ => Limit::Unlimited,
    };
    let soft = raw.soft_limits.get(meter).copied();
    if let (Some(soft), Limit::Upto(limit)) = (soft, limit)
        && soft > limit
    {
        let detail = format!("the soft limit {soft} is above the limit {limit}, so it would never be met first");
        problems.push(Problem::new(format!("{pointer}/soft_limits/{meter}"), "bad_limit", detail));
    }
    Allowance { limit, soft }
}

fn campaigns(list: &[RawCampaign], names: &mut ConfigNames<'_>, problems: &mut Vec<Problem>) -> Vec<CampaignRule> {
    bounded(list.len(), MAX_CAMPAIGNS, "/campaigns", problems);
    let rules = list.iter().enumerate().map(|(i, raw)| {
        let pointer = format!("/campaigns/{i}");
        if list.iter().take(i).any(|earlier| earlier.id == raw.id) {
            problems.push(Problem::new(format!("{pointer}/id"), "duplicate", format!("another campaign is called `{}`", raw.id)));
        }
        campaign(raw, &pointer, names, problems)
    });
    let rules: Vec<CampaignRule> = rules.collect();
    ordered(rules, |rule| -i64::from(rule.campaign.priority))
}

fn campaign(raw: &RawCampaign, pointer: &str, names: &mut ConfigNames<'_>, problems: &mut Vec<Problem>) -> CampaignRule {
    for (field, text) in [("id", &raw.id), ("placement", &raw.placement)] {
        if !is_dotted_name(text) {
            let detail = format!("`{text}` is no name: 1 to 64 letters, digits, `_`, `-` and `.`");
            problems.push(Problem::new(format!("{pointer}/{field}"), "bad_name", detail));
        }
    }
    for (name, section) in [("holdout", &raw.holdout), ("variants", &raw.variants), ("rollout", &raw.rollout)] {
        if section.is_some() {
            problems.push(unsupported(format!("{pointer}/{name}"), name));
        }
    }
    let for_role = |role: &Option<RawNudge>, word: &str, names: &mut ConfigNames<'_>, problems: &mut Vec<Problem>| {
        nudge(&raw.nudge, role.as_ref(), pointer, word, names, problems)
    };
    let member = for_role(&raw.roles.member, "member", names, problems);
    let mut echo = Vec::new(); // the shared nudge is the same document twice: its problems are told once
    let admin = for_role(&raw.roles.admin, "admin", names, &mut echo);
    problems.extend(echo.into_iter().filter(|p| p.pointer.contains("/roles/admin")));
    let campaign = Campaign {
        id: raw.id.clone(),
        placement: raw.placement.clone(),
        priority: raw.priority,
        schedule: schedule(raw, pointer, problems),
        audience: audience(raw.audience.as_deref(), &format!("{pointer}/audience"), names, problems),
        nudge: admin,
        caps: caps(raw, pointer, problems),
        cooldown_after_dismiss: duration(raw.cooldown_after_dismiss.as_deref(), &format!("{pointer}/cooldown_after_dismiss"), problems),
    };
    CampaignRule { campaign, member }
}

fn audience(source: Option<&str>, pointer: &str, names: &mut ConfigNames<'_>, problems: &mut Vec<Problem>) -> Program {
    match expr::compile(source.unwrap_or("true"), Type::Bool, names) {
        Ok(program) => program,
        Err(found) => {
            let told = found.into_iter().map(|p| Problem { offset: Some(p.at), ..Problem::new(pointer, p.code, p.message) });
            problems.extend(told);
            Program::default()
        }
    }
}

fn nudge(
    base: &RawNudge,
    role: Option<&RawNudge>,
    pointer: &str,
    word: &str,
    names: &mut ConfigNames<'_>,
    problems: &mut Vec<Problem>,
) -> Nudge {
    let here = |field: &str, own: bool| if own { format!("{pointer}/roles/{word}/{field}") } else { format!("{pointer}/nudge/{field}") };
    let kind = role.and_then(|r| r.kind.as_ref());
    let kind_at = here("kind", kind.is_some());
    let kind = nudge_kind(kind.or(base.kind.as_ref()), &kind_at, problems);
    let mut text = |field: &str, own: Option<&String>, shared: Option<&String>| {
        let at = here(field, own.is_some());
        own.or(shared).map(|source| template(source, &at, names, problems)).unwrap_or_default()
    };
    let title = text("title", role.and_then(|r| r.title.as_ref()), base.title.as_ref());
    let body = text("body", role.and_then(|r| r.body.as_ref()), base.body.as_ref());
    let own_cta = role.and_then(|r| r.cta.as_ref());
    let label = text("cta/label", own_cta.map(|c| &c.label), base.cta.as_ref().map(|c| &c.label));
    let cta = own_cta.or(base.cta.as_ref()).map(|RawCta { action, .. }| Cta { label, action: action.clone() });
    if title.is_empty() && !problems.iter().any(|p| p.pointer.ends_with("/title")) {
        problems.push(Problem::new(here("title", false), "missing", "a nudge needs a title"));
    }
    if cta.as_ref().is_some_and(|c| !is_dotted_name(&c.action)) {
        problems.push(Problem::new(here("cta/action", own_cta.is_some()), "bad_name", "1 to 64 letters, digits, `_`, `-` and `.`"));
    }
    Nudge { kind, title, body, cta }
}

fn nudge_kind(word: Option<&String>, pointer: &str, problems: &mut Vec<Problem>) -> NudgeKind {
    let Some(word) = word else { return NudgeKind::Banner };
    NudgeKind::ALL.into_iter().find(|k| k.name() == word).unwrap_or_else(|| {
        problems.push(Problem::new(pointer, "bad_kind", unknown("kind of nudge", word, NudgeKind::ALL.iter().map(|k| k.name()))));
        NudgeKind::Banner
    })
}

fn caps(raw: &RawCampaign, pointer: &str, problems: &mut Vec<Problem>) -> Vec<Cap> {
    let cap = |(i, raw): (usize, &super::raw::RawCap)| {
        let pointer = format!("{pointer}/cap/{i}");
        if raw.max == 0 || usize::from(raw.max) > MAX_KEPT {
            problems.push(Problem::new(format!("{pointer}/max"), "bad_cap", format!("a cap allows 1 to {MAX_KEPT} exposures")));
        }
        let window_at = format!("{pointer}/window");
        let window = duration(Some(&raw.window), &window_at, problems).unwrap_or(0);
        if window > MAX_WINDOW {
            problems.push(Problem::new(window_at, "bad_cap", "at most 366d"));
        }
        let scope = match raw.scope {
            RawScope::User => Scope::User,
            RawScope::Tenant => Scope::Tenant,
        };
        Cap { max: raw.max, window, scope }
    };
    raw.cap.iter().enumerate().map(cap).collect()
}

fn duration(text: Option<&str>, pointer: &str, problems: &mut Vec<Problem>) -> Option<DurationMs> {
    let text = text?;
    let parsed = parse_duration(text);
    if parsed.is_none() {
        problems.push(Problem::new(
            pointer,
            "bad_duration",
            format!("`{text}` is no duration; write a number and s, m, h or d, as in \"7d\""),
        ));
    }
    parsed
}

fn schedule(raw: &RawCampaign, pointer: &str, problems: &mut Vec<Problem>) -> Schedule {
    let schedule = Schedule { from: raw.schedule.from.map(Millis), until: raw.schedule.until.map(Millis) };
    if let (Some(from), Some(until)) = (schedule.from, schedule.until)
        && until <= from
    {
        problems.push(Problem::new(format!("{pointer}/schedule/until"), "conflict", "ends before it begins"));
    }
    schedule
}
