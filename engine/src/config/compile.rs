//! From the document to what runs.

use super::json::{Json, Value};
use super::names::{ConfigNames, Speaker, unknown};
use super::reader::{Object, Reader, find};
use super::texts::template;
use super::{CampaignRule, Config, PaymentBehavior, Problem, Proration, UpgradeRules};
use crate::campaign::{Campaign, Cap, Cta, Nudge, NudgeKind, Schedule, Scope};
use crate::expr::{self, Program, Type};
use crate::ids::{is_dotted_name, is_id, is_name};
use crate::ledger::MAX_KEPT;
use crate::map::ordered;
use crate::plan::{Allowance, Feature, Limit, Meter, MeterKind, MeterSource, Period, Plan, PlanPrice};
use crate::rollout::Rollout;
use crate::time::{DAY, DurationMs, Millis, parse_duration};
use crate::traits::Traits;

/// The most meters, features, plans, prices of a plan, campaigns, and caps of a campaign.
const MAX_METERS: usize = 100;
const MAX_FEATURES: usize = 200;
const MAX_PLANS: usize = 100;
const MAX_PRICES: usize = 1_000;
const MAX_CAMPAIGNS: usize = 1_000;
const MAX_CAPS: usize = 50;
/// The most tenants named in a rollout.
const MAX_TENANTS: usize = 1_000;
/// The longest window of a cap.
const MAX_WINDOW: DurationMs = 366 * DAY;
/// What a nudge may have, shared or of one role.
const NUDGE: [&str; 4] = ["kind", "title", "body", "cta"];
/// Parts of the design that this version does not run.
const LATER: [&str; 5] = ["signals", "segments", "sequences", "templates", "attribution"];
const LATER_OF_CAMPAIGN: [&str; 2] = ["holdout", "variants"];
/// The last moment that a date of JavaScript's can be.
const MAX_TIME: i64 = 100_000_000 * DAY;

/// Compiles `document`, or tells everything that is wrong with it.
pub fn compile(document: &str) -> Result<Config, Vec<Problem>> {
    let root = Json::parse(document).map_err(|problem| vec![problem])?;
    let mut reader = Reader::default();
    let config = config(&root, &mut reader);
    let problems = reader.problems(document, &root);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn config(root: &Json, reader: &mut Reader) -> Config {
    // `$schema` lets editors find the schema; it is not read.
    let known = [["$schema", "meters", "features", "plans", "campaigns", "upgrade"].as_slice(), &LATER].concat();
    let document = reader.object(Some(root), &[], &known);
    refuse_later(&document, &LATER, reader);
    let (meters, sources): (Vec<Meter>, Vec<MeterSource>) = meters(&document, reader).into_iter().unzip();
    let features = features(&document, &meters, reader);
    let (inline_plans, default_plan) = plans(&document, &meters, &features, reader);
    let traits = Traits::default();
    let mut names = ConfigNames {
        meters: &meters,
        features: &features,
        traits: &traits,
        signals: Vec::new(),
        segments: Vec::new(),
        events: Vec::new(),
        speaker: Speaker::Campaign,
    };
    let campaigns = campaigns(&document, &mut names, reader);
    let events = names.events;
    let upgrade = upgrade(document.get("upgrade"), reader);
    Config { meters, sources, features, events, campaigns, inline_plans, default_plan, upgrade, ..Config::default() }
}

/// What this version does not run is refused by name rather than ignored in silence.
fn refuse_later(object: &Object<'_>, later: &[&str], reader: &mut Reader) {
    for name in later {
        if let Some(section) = object.get(name) {
            let detail = format!("this version of Upcue does not run `{name}` yet; remove it, so that nobody relies on it");
            reader.tell(section, "unsupported", detail);
        }
    }
}

/// How upgrades are made.
fn upgrade(part: Option<&Json>, reader: &mut Reader) -> UpgradeRules {
    let section = reader.object(part, &[], &["proration", "payment_behavior", "rollout"]);
    let prorations = Proration::ALL.map(|p| (p.word(), p));
    let payments = PaymentBehavior::ALL.map(|p| (p.word(), p));
    UpgradeRules {
        proration: reader.choice(section.get("proration"), "proration", &prorations).unwrap_or_default(),
        payment: reader.choice(section.get("payment_behavior"), "payment behaviour", &payments).unwrap_or_default(),
        rollout: rollout(section.get("rollout"), reader),
    }
}

/// For everybody, where there is none; without a percentage, for the named tenants alone.
fn rollout(part: Option<&Json>, reader: &mut Reader) -> Rollout {
    if part.is_none() {
        return Rollout::default();
    }
    let section = reader.object(part, &[], &["percent", "tenants"]);
    let percent = reader.whole(section.get("percent"), 0..=100).and_then(|percent| u16::try_from(percent).ok());
    let tenants = reader.list(section.get("tenants"), MAX_TENANTS).iter();
    Rollout { basis_points: percent.unwrap_or(0) * 100, tenants: tenants.map(|tenant| reader.text_or(Some(tenant), "")).collect() }
}

fn meters(document: &Object<'_>, reader: &mut Reader) -> Vec<(Meter, MeterSource)> {
    let entries = reader.entries(document.get("meters"), MAX_METERS);
    entries.iter().map(|(key, part)| meter(key, part, reader)).collect()
}

fn meter(key: &str, part: &Json, reader: &mut Reader) -> (Meter, MeterSource) {
    name(key, part, reader);
    let meter = reader.object(Some(part), &["kind"], &["period", "label", "unit", "source", "stripe_meter"]);
    let period = meter.get("period");
    let periods = [("billing", Period::Billing), ("month", Period::Month), ("day", Period::Day)];
    let counter = MeterKind::Counter(reader.choice(period, "period", &periods).unwrap_or(Period::Billing));
    let kind = reader.choice(meter.get("kind"), "kind of meter", &[("counter", counter), ("gauge", MeterKind::Gauge)]);
    if let (Some(MeterKind::Gauge), Some(period)) = (kind, period) {
        reader.tell(period, "conflict", "a gauge has no period; remove it or make this a counter");
    }
    let source = source(&meter, kind, reader);
    let meter = Meter {
        key: key.to_owned(),
        label: reader.text_or(meter.get("label"), key),
        unit: reader.text_or(meter.get("unit"), ""),
        kind: kind.unwrap_or(counter),
    };
    (meter, source)
}

/// Where a meter is read from.
fn source(meter: &Object<'_>, kind: Option<MeterKind>, reader: &mut Reader) -> MeterSource {
    let word = meter.get("source");
    let name = meter.get("stripe_meter");
    let sources = [("events", 0), ("stripe_meter", 1), ("subscription_quantity", 2)];
    let chosen = reader.choice(word, "source of a meter", &sources).unwrap_or(0);
    if let Some(name) = name.filter(|_| chosen != 1) {
        reader.tell(name, "conflict", "only a meter with the source \"stripe_meter\" has this");
    }
    if let (Some(MeterKind::Counter(_)), Some(word), 2) = (kind, word, chosen) {
        reader.tell(word, "conflict", "the quantity of a subscription does not add up; make this a gauge");
    }
    match (chosen, kind, word) {
        (1, Some(MeterKind::Gauge), Some(word)) => {
            reader.tell(word, "conflict", "Stripe's billing meters add up; make this a counter");
            MeterSource::Events
        }
        (1, ..) => {
            if name.is_none() {
                reader.miss(meter, "stripe_meter");
            }
            MeterSource::StripeMeter(reader.text_or(name, ""))
        }
        (2, ..) => MeterSource::SubscriptionQuantity,
        _ => MeterSource::Events,
    }
}

fn features(document: &Object<'_>, meters: &[Meter], reader: &mut Reader) -> Vec<Feature> {
    let entries = reader.entries(document.get("features"), MAX_FEATURES);
    let feature = |(key, part): &(String, Json)| {
        name(key, part, reader);
        if meters.iter().any(|meter| meter.key == *key) {
            reader.tell(part, "conflict", format!("`{key}` is a meter too; entitlement(\"{key}\") could mean either"));
        }
        let feature = reader.object(Some(part), &[], &["label"]);
        Feature { key: key.clone(), label: reader.text_or(feature.get("label"), key) }
    };
    entries.iter().map(feature).collect()
}

fn name(text: &str, part: &Json, reader: &mut Reader) {
    if !is_name(text) {
        let detail = format!("`{text}` is no name: 1 to 64 lower-case letters, digits and `_`, not beginning with a digit");
        reader.tell(part, "bad_name", detail);
    }
}

fn dotted_name(part: Option<&Json>, reader: &mut Reader) -> String {
    let text = reader.text(part);
    if let (Some(part), Some(text)) = (part, text.filter(|text| !is_dotted_name(text))) {
        let detail = format!("`{text}` is no name: 1 to 64 letters, digits, `_`, `-` and `.`, beginning with a letter or digit");
        reader.tell(part, "bad_name", detail);
    }
    text.unwrap_or_default().to_owned()
}

/// Refuses an id that another `what` before has taken.
fn unused<'a>(part: Option<&Json>, what: &str, id: &str, mut earlier: impl Iterator<Item = &'a String>, reader: &mut Reader) {
    if let Some(part) = part.filter(|_| !id.is_empty() && earlier.any(|earlier| earlier == id)) {
        reader.tell(part, "duplicate", format!("another {what} is called `{id}`"));
    }
}

/// The plans, if they are written here, and the id of the plan of tenants without a subscription.
fn plans(document: &Object<'_>, meters: &[Meter], features: &[Feature], reader: &mut Reader) -> (Option<Vec<Plan>>, Option<String>) {
    let section = reader.object(document.get("plans"), &[], &["source", "list", "default"]);
    let default = section.get("default");
    let default_id = reader.text(default).map(str::to_owned);
    let is_inline = reader.choice(section.get("source"), "source of plans", &[("stripe", false), ("inline", true)]);
    let list = reader.list(section.get("list"), MAX_PLANS);
    if is_inline != Some(true) {
        if let (Some(part), false) = (section.get("list"), list.is_empty()) {
            reader.tell(part, "conflict", "plans come from Stripe; remove the list or set \"source\" to \"inline\"");
        }
        return (None, default_id);
    }
    let mut plans: Vec<Plan> = Vec::new();
    for part in list {
        let raw = reader.object(Some(part), &["id", "rank"], &["name", "limits", "soft_limits", "features", "prices"]);
        let plan = plan(&raw, meters, features, reader);
        unused(raw.get("id"), "plan", &plan.id, plans.iter().map(|earlier| &earlier.id), reader);
        plans.push(plan);
    }
    if let (Some(part), Some(id)) = (default, &default_id)
        && !plans.iter().any(|plan| plan.id == *id)
    {
        let known: Vec<&str> = plans.iter().map(|plan| plan.id.as_str()).collect();
        reader.tell(part, "unknown_plan", unknown("plan", id, &known));
    }
    (Some(ordered(plans, |plan| i64::from(plan.rank))), default_id)
}

fn plan(raw: &Object<'_>, meters: &[Meter], features: &[Feature], reader: &mut Reader) -> Plan {
    let id = reader.text(raw.get("id"));
    if let (Some(part), Some(false)) = (raw.get("id"), id.map(is_id)) {
        reader.tell(part, "bad_name", "1 to 128 characters without spaces");
    }
    let known: Vec<&str> = features.iter().map(|feature| feature.key.as_str()).collect();
    let mut has = Vec::new();
    for part in reader.list(raw.get("features"), MAX_FEATURES) {
        let Some(key) = reader.text(Some(part)) else { continue };
        if known.contains(&key) {
            has.push(key);
        } else {
            reader.tell(part, "unknown_feature", unknown("feature", key, &known));
        }
    }
    let id = id.unwrap_or_default();
    Plan {
        id: id.to_owned(),
        name: reader.text_or(raw.get("name"), id),
        rank: rank(raw.get("rank"), reader),
        allowances: allowances(raw, meters, reader),
        features: known.iter().map(|key| has.contains(key)).collect(),
        prices: reader
            .list(raw.get("prices"), MAX_PRICES)
            .iter()
            .map(|price| PlanPrice::known_by_id(reader.text_or(Some(price), "")))
            .collect(),
        active: true,
        ..Plan::default()
    }
}

/// A rank or priority; 0 when it is absent.
fn rank(part: Option<&Json>, reader: &mut Reader) -> i32 {
    let rank = reader.whole(part, i64::from(i32::MIN)..=i64::from(i32::MAX));
    rank.and_then(|rank| i32::try_from(rank).ok()).unwrap_or_default()
}

/// By meter; one that is absent is unlimited.
fn allowances(plan: &Object<'_>, meters: &[Meter], reader: &mut Reader) -> Vec<Allowance> {
    let known: Vec<&str> = meters.iter().map(|meter| meter.key.as_str()).collect();
    let limits = reader.entries(plan.get("limits"), MAX_METERS);
    let soft_limits = reader.entries(plan.get("soft_limits"), MAX_METERS);
    for (key, part) in limits.iter().chain(soft_limits).filter(|(key, _)| !known.contains(&key.as_str())) {
        reader.tell(part, "unknown_meter", unknown("meter", key, &known));
    }
    known.iter().map(|key| allowance(find(limits, key), find(soft_limits, key), reader)).collect()
}

fn allowance(limit: Option<&Json>, soft: Option<&Json>, reader: &mut Reader) -> Allowance {
    let limit = match limit.map(|part| (part, &part.value)) {
        None => Limit::Unlimited,
        Some((_, Value::Text(word))) if word == "unlimited" => Limit::Unlimited,
        Some((_, Value::Whole(n @ 0..))) => Limit::Upto(n.unsigned_abs()),
        Some((part, _)) => {
            reader.tell(part, "bad_limit", "this is no limit; write a whole number or \"unlimited\"");
            Limit::Unlimited
        }
    };
    let soft_limit = reader.whole(soft, 0..=i64::MAX).map(i64::unsigned_abs);
    if let (Some(part), Some(soft), Limit::Upto(limit)) = (soft, soft_limit, limit)
        && soft > limit
    {
        let detail = format!("the soft limit {soft} is above the limit {limit}, so it would never be met first");
        reader.tell(part, "bad_limit", detail);
    }
    Allowance { limit, soft: soft_limit }
}

fn campaigns(document: &Object<'_>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Vec<CampaignRule> {
    let mut rules: Vec<CampaignRule> = Vec::new();
    for part in reader.list(document.get("campaigns"), MAX_CAMPAIGNS) {
        let optional = ["priority", "audience", "roles", "cap", "cooldown_after_dismiss", "schedule", "rollout"];
        let raw = reader.object(Some(part), &["id", "placement", "nudge"], &[optional.as_slice(), &LATER_OF_CAMPAIGN].concat());
        let rule = campaign(&raw, names, reader);
        unused(raw.get("id"), "campaign", &rule.campaign.id, rules.iter().map(|earlier| &earlier.campaign.id), reader);
        rules.push(rule);
    }
    ordered(rules, |rule| -i64::from(rule.campaign.priority))
}

fn campaign(raw: &Object<'_>, names: &mut ConfigNames<'_>, reader: &mut Reader) -> CampaignRule {
    refuse_later(raw, &LATER_OF_CAMPAIGN, reader);
    let shared = reader.object(raw.get("nudge"), &[], &NUDGE);
    let roles = reader.object(raw.get("roles"), &[], &["member", "admin"]);
    let member = nudge(&shared, roles.get("member"), names, reader);
    let campaign = Campaign {
        id: dotted_name(raw.get("id"), reader),
        placement: dotted_name(raw.get("placement"), reader),
        priority: rank(raw.get("priority"), reader),
        schedule: schedule(raw.get("schedule"), reader),
        audience: audience(raw.get("audience"), names, reader),
        nudge: nudge(&shared, roles.get("admin"), names, reader),
        caps: reader.list(raw.get("cap"), MAX_CAPS).iter().map(|part| cap(part, reader)).collect(),
        cooldown_after_dismiss: duration(raw.get("cooldown_after_dismiss"), reader),
        held_out: false,
    };
    let audience_source = match raw.get("audience").map(|part| &part.value) {
        Some(Value::Text(source)) => source.clone(),
        _ => "true".to_owned(),
    };
    CampaignRule { campaign, member, rollout: rollout(raw.get("rollout"), reader), holdout: 0, audience_source }
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
    if let Some(part) = cap.get("window").filter(|_| window > MAX_WINDOW) {
        reader.tell(part, "bad_cap", "at most 366d");
    }
    let scope = reader.choice(cap.get("scope"), "scope", &[("user", Scope::User), ("tenant", Scope::Tenant)]);
    Cap { max: max.and_then(|max| u16::try_from(max).ok()).unwrap_or_default(), window, scope: scope.unwrap_or(Scope::User) }
}

fn duration(part: Option<&Json>, reader: &mut Reader) -> Option<DurationMs> {
    let text = reader.text(part)?;
    let parsed = parse_duration(text);
    if parsed.is_none() {
        reader.tell(part?, "bad_duration", format!("`{text}` is no duration; write a number and s, m, h or d, as in \"7d\""));
    }
    parsed
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
