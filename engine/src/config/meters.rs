//! The section `meters`: what is counted, and where it is read from.

use super::json::Json;
use super::parts::name;
use super::reader::{Object, Reader};
use crate::plan::{Meter, MeterKind, MeterSource, Period};

/// The most meters.
pub(super) const MAX_METERS: usize = 100;

/// The meters, each with its source, in the order of the document.
pub(super) fn meters(document: &Object<'_>, reader: &mut Reader) -> Vec<(Meter, MeterSource)> {
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
