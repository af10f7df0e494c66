//! What conversions are credited by: the section `attribution` of the document.

use super::json::Json;
use super::parts::duration;
use super::reader::Reader;
use crate::attribution::{Attribution, LONGEST, Model};

/// Reads the section.
pub(super) fn attribution(part: Option<&Json>, reader: &mut Reader) -> Attribution {
    let section = reader.object(part, &[], &["window", "model", "goal"]);
    let usual = Attribution::default();
    let window = section.get("window");
    let length = duration(window, reader);
    if let (Some(part), Some(length)) = (window, length)
        && !(1..=LONGEST).contains(&length)
    {
        reader.tell(part, "bad_duration", "longer than nothing, and at most 90d");
    }
    Attribution {
        window: length.unwrap_or(usual.window),
        model: reader.choice(section.get("model"), "model", &Model::ALL).unwrap_or_default(),
        goal: goal(section.get("goal"), reader),
    }
}

/// A plan's id; which plans there are is Stripe's to say.
fn goal(part: Option<&Json>, reader: &mut Reader) -> Option<String> {
    let text = reader.text(part)?;
    if let Some(part) = part.filter(|_| text.is_empty()) {
        reader.tell(part, "bad_name", "a plan's id; leave `goal` out where every upgrade counts");
    }
    Some(text.to_owned())
}
