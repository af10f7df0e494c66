//! By whose clocks a back-test goes.

use crate::almanac::{Almanac, Span};
use crate::config::Config;
use crate::map::Map;
use crate::tenant::Batch;
use crate::time::Millis;
use crate::usage::EventKind;
use crate::zone::Zone;

/// The clocks, as far as history tells.
#[derive(Debug)]
pub(super) struct Clocks {
    /// Those that everybody goes by; `None`: each user by their own.
    named: Option<Zone>,
    /// By user.
    users: Map<Zone>,
    /// What the calendar of a zone says, and from when to when.
    almanacs: Vec<(Zone, Span, Almanac)>,
}

impl Clocks {
    pub(super) fn of(named: Option<&Zone>) -> Self {
        Self { named: named.cloned(), users: Map::new(), almanacs: Vec::new() }
    }

    /// Takes note of whose page has sent `batch`, if it tells of nudges: those were judged by the clocks of `zone`.
    pub(super) fn learn(&mut self, batch: &Batch, zone: &Zone) {
        let is_note = |kind: &EventKind| matches!(kind, EventKind::Note { .. });
        let mut notes = batch.events.iter().filter(|event| is_note(&event.kind));
        if let (None, Some(_), Some(user)) = (&self.named, batch.role, notes.find_map(|event| event.user.as_ref())) {
            self.users.insert(user, zone.clone());
        }
    }

    /// What the calendar says for `user` at `now`, by the clocks of `last` if theirs are not known.
    pub(super) fn almanac(&mut self, config: &Config, user: &str, last: &Zone, now: Millis) -> &Almanac {
        let zone = self.named.as_ref().or_else(|| self.users.get(user)).unwrap_or(last);
        self.almanacs.retain(|(_, day, _)| day.from <= now && now < day.until);
        let place = self.almanacs.iter().position(|(known, ..)| known == zone).unwrap_or_else(|| {
            self.almanacs.push((zone.clone(), Almanac::holds(zone, now), Almanac::of(config, zone, now)));
            self.almanacs.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the place of one that was found or pushed above")]
        &self.almanacs[place].2
    }
}
