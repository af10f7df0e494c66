//! The steps of a sequence, as they are written.

use super::super::frequency::{bounded_duration, time_of_day};
use super::super::json::{Json, Value};
use super::super::names::ConfigNames;
use super::super::reader::{Object, Reader};
use super::super::source::Source;
use super::super::{CampaignRule, unknown};
use super::{After, MAX_STEPS, Step};

/// The most variants of a step.
const MAX_VARIANTS: usize = 20;

/// The steps, of which there must be one; `campaign` is the one whose variants they may tell apart.
pub(super) fn steps(
    part: Option<&Json>,
    campaign: Option<&CampaignRule>,
    templates: &[&str],
    names: &mut ConfigNames<'_>,
    reader: &mut Reader,
) -> Vec<Step> {
    let items = reader.list(part, MAX_STEPS);
    if let Some(part) = part.filter(|part| matches!(&part.value, Value::List(items) if items.is_empty())) {
        reader.tell(part, "missing", "a sequence needs a step");
    }
    let mut read = |part: &Json| {
        let raw = reader.object(Some(part), &["after", "template"], &["at", "when", "variants"]);
        Step {
            after: after(raw.get("after"), reader),
            at: time_of_day(raw.get("at"), reader),
            template: template(raw.get("template"), templates, reader),
            when: Source::written(raw.get("when"), reader).map(|source| source.compile(names, reader)),
            variants: variants(&raw, campaign, templates, reader),
        }
    };
    items.iter().map(&mut read).collect()
}

fn after(part: Option<&Json>, reader: &mut Reader) -> After {
    match part.map(|part| &part.value) {
        Some(Value::Text(word)) if word == "next_morning" => After::NextMorning,
        _ => After::Elapsed(bounded_duration(part, reader).unwrap_or_default()),
    }
}

fn template(part: Option<&Json>, templates: &[&str], reader: &mut Reader) -> String {
    let name = reader.text(part).unwrap_or_default();
    if let Some(part) = part.filter(|part| matches!(part.value, Value::Text(_)) && !templates.contains(&name)) {
        reader.tell(part, "unknown_template", unknown("template", name, templates));
    }
    name.to_owned()
}

/// Other templates, by the variants of the campaign.
fn variants(raw: &Object<'_>, campaign: Option<&CampaignRule>, templates: &[&str], reader: &mut Reader) -> Vec<(String, String)> {
    let Some(part) = raw.get("variants") else { return Vec::new() };
    let known: Vec<&str> = campaign.iter().flat_map(|campaign| &campaign.variants).map(|variant| variant.id.as_str()).collect();
    if known.is_empty() {
        let detail = "the sequence shares no campaign that has variants; name one under `campaign`, or remove this";
        reader.tell(part, "conflict", detail);
    }
    let entries = reader.entries(Some(part), MAX_VARIANTS);
    let mut read = |(id, part): &(String, Json)| {
        if !known.is_empty() && !known.contains(&id.as_str()) {
            reader.tell(part, "unknown_variant", unknown("variant", id, &known));
        }
        (id.clone(), template(Some(part), templates, reader))
    };
    entries.iter().map(&mut read).collect()
}
