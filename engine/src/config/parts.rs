//! What several sections have: names, ids, ranks, durations, rollouts.

use super::json::{Json, Value};
use super::reader::Reader;
use crate::hash::key;
use crate::ids::{is_dotted_name, is_name};
use crate::rollout::Rollout;
use crate::time::{DAY, DurationMs, parse_duration};

/// The most tenants named in a rollout.
const MAX_TENANTS: usize = 1_000;
/// The longest window of a cap, and half-life of a signal.
pub(super) const MAX_DURATION: DurationMs = 366 * DAY;
/// CEL's keywords: no name in an expression can be one.
const KEYWORDS: [&str; 4] = ["false", "in", "null", "true"];

/// A name that expressions can spell.
pub(super) fn name(text: &str, part: &Json, reader: &mut Reader) {
    if !is_name(text) {
        let detail = format!("`{text}` is no name: 1 to 64 lower-case letters, digits and `_`, not beginning with a digit");
        reader.tell(part, "bad_name", detail);
    }
    if KEYWORDS.contains(&text) {
        reader.tell(part, "bad_name", format!("`{text}` means something else in expressions; take another name"));
    }
}

/// The name of a campaign, placement or action; empty where there is none.
pub(super) fn dotted_name(part: Option<&Json>, reader: &mut Reader) -> String {
    let text = reader.text(part);
    if let (Some(part), Some(text)) = (part, text.filter(|text| !is_dotted_name(text))) {
        let detail = format!("`{text}` is no name: 1 to 64 letters, digits, `_`, `-` and `.`, beginning with a letter or digit");
        reader.tell(part, "bad_name", detail);
    }
    text.unwrap_or_default().to_owned()
}

/// The ids that are taken, in order.
#[derive(Debug, Default)]
pub(super) struct Taken<'j> {
    ids: Vec<&'j str>,
}

impl<'j> Taken<'j> {
    /// Takes the id that stands at `part`, or refuses it when another `what` before has it.
    pub(super) fn take(&mut self, part: Option<&'j Json>, what: &str, reader: &mut Reader) {
        let Some((part, Value::Text(id))) = part.map(|part| (part, &part.value)) else { return };
        match self.ids.binary_search(&id.as_str()) {
            Ok(_) if id.is_empty() => {}
            Ok(_) => reader.tell(part, "duplicate", format!("another {what} is called `{id}`")),
            Err(place) => self.ids.insert(place, id),
        }
    }
}

/// Names that pages know by their keys, and the keys that are taken.
#[derive(Debug, Default)]
pub(super) struct Keys<'j> {
    taken: Vec<(u32, &'j str)>,
}

impl<'j> Keys<'j> {
    /// Takes the key of the name that stands at `part`, or refuses it when another name has the same.
    pub(super) fn take(&mut self, part: Option<&'j Json>, reader: &mut Reader) {
        let Some((part, Value::Text(name))) = part.map(|part| (part, &part.value)) else { return };
        match self.taken.binary_search_by_key(&key(name), |(key, _)| *key) {
            Ok(place) => {
                if let Some((_, other)) = self.taken.get(place).filter(|(_, other)| other != name) {
                    let detail = format!("a page cannot tell `{name}` and `{other}` apart, as their keys are the same; rename one of them");
                    reader.tell(part, "conflict", detail);
                }
            }
            Err(place) => self.taken.insert(place, (key(name), name)),
        }
    }
}

/// A rank or priority; 0 when it is absent.
pub(super) fn rank(part: Option<&Json>, reader: &mut Reader) -> i32 {
    let rank = reader.whole(part, i64::from(i32::MIN)..=i64::from(i32::MAX));
    rank.and_then(|rank| i32::try_from(rank).ok()).unwrap_or_default()
}

/// A length of time.
pub(super) fn duration(part: Option<&Json>, reader: &mut Reader) -> Option<DurationMs> {
    let text = reader.text(part)?;
    let parsed = parse_duration(text);
    if parsed.is_none() {
        reader.tell(part?, "bad_duration", format!("`{text}` is no duration; write a number and s, m, h or d, as in \"7d\""));
    }
    parsed
}

/// For everybody, where there is none; without a percentage, for the named tenants alone.
pub(super) fn rollout(part: Option<&Json>, reader: &mut Reader) -> Rollout {
    if part.is_none() {
        return Rollout::default();
    }
    let section = reader.object(part, &[], &["percent", "tenants"]);
    let percent = reader.whole(section.get("percent"), 0..=100).and_then(|percent| u16::try_from(percent).ok());
    let tenants = reader.list(section.get("tenants"), MAX_TENANTS).iter();
    Rollout { basis_points: percent.unwrap_or(0) * 100, tenants: tenants.map(|tenant| reader.text_or(Some(tenant), "")).collect() }
}
