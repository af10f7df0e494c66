//! The section `plans`: where they come from, and those that are written into the document.

use super::features::MAX_FEATURES;
use super::json::{Json, Value};
use super::meters::MAX_METERS;
use super::names::unknown;
use super::parts::{Taken, rank};
use super::reader::{Object, Reader, find};
use crate::ids::is_id;
use crate::map::ordered;
use crate::plan::{Allowance, Feature, Limit, Meter, Plan, PlanPrice};

/// The most plans, and prices of a plan.
const MAX_PLANS: usize = 100;
const MAX_PRICES: usize = 1_000;

/// The plans, if they are written here, and the id of the plan of tenants without a subscription.
pub(super) fn plans(
    document: &Object<'_>,
    meters: &[Meter],
    features: &[Feature],
    reader: &mut Reader,
) -> (Option<Vec<Plan>>, Option<String>) {
    let section = reader.object(document.get("plans"), &[], &["source", "list", "default"]);
    let default = section.get("default");
    let default_id = reader.text(default).map(str::to_owned);
    let source = section.get("source");
    let is_inline = reader.choice(source, "source of plans", &[("stripe", false), ("inline", true)]);
    let list = reader.list(section.get("list"), MAX_PLANS);
    if is_inline != Some(true) {
        if let (Some(part), false) = (section.get("list"), list.is_empty() || source.is_some() && is_inline.is_none()) {
            reader.tell(part, "conflict", "plans come from Stripe; remove the list or set \"source\" to \"inline\"");
        }
        return (None, default_id);
    }
    let mut plans: Vec<Plan> = Vec::new();
    let mut ids = Taken::default();
    for part in list {
        if reader.is_full() {
            break;
        }
        let raw = reader.object(Some(part), &["id", "rank"], &["name", "limits", "soft_limits", "features", "prices"]);
        plans.push(plan(&raw, meters, features, reader));
        ids.take(raw.get("id"), "plan", reader);
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
