//! The section `features`: what a plan has or has not.

use super::json::Json;
use super::parts::name;
use super::reader::{Object, Reader};
use crate::plan::{Feature, Meter};

/// The most features.
pub(super) const MAX_FEATURES: usize = 200;

/// The features, in the order of the document.
pub(super) fn features(document: &Object<'_>, meters: &[Meter], reader: &mut Reader) -> Vec<Feature> {
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
