//! One change, many pages: what several of them are told alike is made once.
//!
//! A page's own are what its user has met and which of its batches have been counted. What is left of the rules is the same for all
//! users of a role; where rules read their age or their traits, for those of whom these are the same; and the calendar goes by the zone.
//! What was read is noted while the rules are settled, so nothing has to be known of them in advance.

use super::facts::Asked;
use super::view::Kept;
use super::{Rulebook, Tenant, User, Viewer};
use crate::almanac::Almanac;
use crate::facts::Role;
use crate::map::Map;
use crate::page::words::together;
use crate::page::{State, rules_hash, tag};
use crate::snapshot::{Live, live_frame, whole_frame};
use crate::time::Millis;
use crate::traits::TraitValue;
use crate::wire;
use crate::zone::Zone;

/// What the pages of one tenant are told at one moment.
#[derive(Debug)]
pub struct Editions {
    now: Millis,
    /// By zone: what its calendar says.
    calendars: Vec<(Zone, Almanac)>,
    made: Vec<Edition>,
}

/// What all who look alike are told.
#[derive(Debug)]
struct Edition {
    role: Role,
    asked: Asked,
    first_seen: Option<Millis>,
    traits: Map<TraitValue>,
    kept: Kept,
    /// What changes from moment to moment, but for what is a page's own.
    live: Live,
    state: State,
    words_of_rules: String,
    words_of_state: String,
    /// The bytes of the rules up to the almanac, which is the last of them.
    rules: Vec<u8>,
    prints: Vec<Print>,
}

/// The rules with the calendar of a zone.
#[derive(Debug)]
struct Print {
    almanac: Almanac,
    rules: Vec<u8>,
    hash: u64,
}

impl Editions {
    /// Of this moment. While they are used, nothing of the tenant or its rules may change, but for users that are loaded.
    pub fn new(now: Millis) -> Self {
        Self { now, calendars: Vec::new(), made: Vec::new() }
    }

    /// As of when.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// What [`Page::frame`](crate::page::Page::frame) gives for the page of `viewer`, byte for byte. The user must be loaded.
    pub fn frame(&mut self, tenant: &Tenant, rules: &Rulebook, viewer: &Viewer<'_>, known: Option<u64>) -> (Vec<u8>, u64) {
        let almanac = calendar(&mut self.calendars, rules, viewer.zone, self.now);
        let nobody = User::default();
        let user = tenant.users.get(viewer.user).unwrap_or(&nobody);
        let edition =
            of(&mut self.made, |edition| edition.is_for(viewer.role, user), || Edition::new(tenant, rules, viewer, user, self.now));
        edition.frame(tenant, viewer, almanac, known)
    }
}

impl Edition {
    fn new(tenant: &Tenant, rules: &Rulebook, viewer: &Viewer<'_>, user: &User, now: Millis) -> Self {
        let (mut page, kept, asked) = tenant.common_page(rules, viewer, now);
        page.snapshot.rules.almanac = Almanac::default();
        let mut bytes = wire::encode(&page.snapshot.rules);
        bytes.truncate(bytes.len().saturating_sub(wire::encode(&Almanac::default()).len()));
        Self {
            role: viewer.role,
            asked,
            first_seen: user.first_seen,
            traits: user.traits.clone(),
            kept,
            words_of_rules: page.words_of_rules(),
            words_of_state: page.words_of_state(),
            state: page.state,
            live: page.snapshot.live,
            rules: bytes,
            prints: Vec::new(),
        }
    }

    /// Whether a user of this role is told the same: everything that was read of the first one is the same of this one.
    fn is_for(&self, role: Role, user: &User) -> bool {
        self.role == role && (!self.asked.age || self.first_seen == user.first_seen) && (!self.asked.traits || self.traits == user.traits)
    }

    fn frame(&mut self, tenant: &Tenant, viewer: &Viewer<'_>, almanac: &Almanac, known: Option<u64>) -> (Vec<u8>, u64) {
        tenant.make_own(&mut self.live, viewer, &self.kept);
        let print = of(
            &mut self.prints,
            |print| print.almanac == *almanac,
            || {
                let rules = wire::extend(self.rules.clone(), almanac);
                Print { almanac: almanac.clone(), hash: rules_hash(&self.words_of_rules, &rules), rules }
            },
        );
        let frame = if known == Some(print.hash) {
            live_frame(&self.live, &self.words_of_state)
        } else {
            let tag = tag(print.hash, &self.live, &self.state);
            whole_frame(&print.rules, &self.live, &together(tag, &self.words_of_rules, &self.words_of_state))
        };
        (frame, print.hash)
    }
}

/// What the calendar of `zone` says.
fn calendar<'a>(calendars: &'a mut Vec<(Zone, Almanac)>, rules: &Rulebook, zone: &Zone, now: Millis) -> &'a Almanac {
    &of(calendars, |(known, _)| known == zone, || (zone.clone(), Almanac::of(&rules.config, zone, now))).1
}

/// The one of `list` that is wanted, made if there is none.
fn of<T>(list: &mut Vec<T>, is_wanted: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> &mut T {
    let place = list.iter().position(is_wanted).unwrap_or_else(|| {
        list.push(make());
        list.len() - 1
    });
    #[expect(clippy::indexing_slicing, reason = "the place of one that was found or pushed above")]
    &mut list[place]
}
