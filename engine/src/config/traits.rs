//! The section `traits`: what the app says of its users and tenants.

use super::json::Json;
use super::parts::name;
use super::reader::Reader;
use crate::traits::{Trait, TraitKind, Traits};

/// The most traits of users, and of tenants.
const MAX_TRAITS: usize = 100;

/// The traits, in the order of the document.
pub(super) fn traits(part: Option<&Json>, reader: &mut Reader) -> Traits {
    let section = reader.object(part, &[], &["user", "tenant"]);
    Traits {
        user: declared("user", section.get("user"), &Traits::USER_FIELDS, reader),
        tenant: declared("tenant", section.get("tenant"), &Traits::TENANT_FIELDS, reader),
    }
}

/// The traits of `whom`, whose `fields` are there anyway.
fn declared(whom: &str, part: Option<&Json>, fields: &[&str], reader: &mut Reader) -> Vec<Trait> {
    let entries = reader.entries(part, MAX_TRAITS);
    let kinds = TraitKind::ALL.map(|kind| (kind.word(), kind));
    let declare = |(key, part): &(String, Json)| {
        name(key, part, reader);
        if fields.contains(&key.as_str()) {
            reader.tell(part, "conflict", format!("`{whom}.{key}` is there already; take another name"));
        }
        let declared = reader.object(Some(part), &["type"], &["label"]);
        let of = reader.choice(declared.get("type"), "type of a trait", &kinds).unwrap_or_default();
        Trait { key: key.clone(), label: reader.text_or(declared.get("label"), key), of }
    };
    entries.iter().map(declare).collect()
}
