//! The variants of a campaign: what is shown in its place, by arm.

use super::Variant;
use super::campaigns::{nudge, parts};
use super::json::{Json, Value};
use super::names::ConfigNames;
use super::parts::{Taken, dotted_name};
use super::reader::{Object, Reader};

/// The most variants of a campaign.
const MAX_VARIANTS: usize = 20;
/// The largest weight.
const MAX_WEIGHT: i64 = 10_000;

/// The variants; what they do not say is as it is without them: `shared`, and of the roles `admin` and `member`.
///
/// What is said for a role goes before what is said for all, so that a variant's call to buy does not reach those who may only ask.
pub(super) fn variants(
    part: Option<&Json>,
    shared: &Object<'_>,
    [admin, member]: [&Object<'_>; 2],
    names: &mut ConfigNames<'_>,
    reader: &mut Reader,
) -> Vec<Variant> {
    let mut variants: Vec<Variant> = Vec::new();
    let mut ids = Taken::default();
    let mut is_weightless = true;
    for one in reader.list(part, MAX_VARIANTS) {
        let raw = reader.object(Some(one), &["id", "weight"], &["nudge", "roles"]);
        let own = parts(raw.get("nudge"), reader);
        let roles = reader.object(raw.get("roles"), &[], &["member", "admin"]);
        let [own_admin, own_member] = ["admin", "member"].map(|role| parts(roles.get(role), reader));
        let weight = reader.whole(raw.get("weight"), 0..=MAX_WEIGHT);
        is_weightless &= weight == Some(0);
        variants.push(Variant {
            id: dotted_name(raw.get("id"), reader),
            weight: weight.and_then(|weight| u16::try_from(weight).ok()).unwrap_or_default(),
            admin: nudge(&[own_admin, *admin, own, *shared], names, reader),
            member: nudge(&[own_member, *member, own, *shared], names, reader),
        });
        ids.take(raw.get("id"), "variant", reader);
    }
    if let Some(part) = part.filter(|part| is_weightless && matches!(part.value, Value::List(_))) {
        let detail = "no variant has a weight above 0; give one of them a `weight`, or remove `variants`";
        reader.tell(part, "no_weight", detail);
    }
    variants
}
