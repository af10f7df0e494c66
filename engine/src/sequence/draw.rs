//! What is to be sent now.

use super::{Mailing, Moved, Zones};
use crate::tenant::{Rulebook, Tenant};
use crate::time::Millis;

impl Tenant {
    /// Makes letters of what is ripe and may go, and tells all that are to be sent now, also those of before. All of
    /// [`Mailing::recipients`] must be loaded.
    pub fn draw(&mut self, _rules: &Rulebook, _zones: &Zones<'_>, _now: Millis) -> Moved {
        Moved::default()
    }

    /// The provider is about to be asked to send this letter: looks once more whether it may go. If so, it is among the answer's letters,
    /// and is to be written down as being sent before the provider is asked. All of [`Mailing::recipients`] must be loaded.
    pub fn sending(&mut self, _rules: &Rulebook, _zones: &Zones<'_>, _letter: &str, _is_idempotent: bool, _now: Millis) -> Moved {
        Moved::default()
    }
}

impl Mailing {
    /// When [`Tenant::draw`] is to be called; `None`: not before something else happens.
    pub fn due(&self) -> Option<Millis> {
        None
    }

    /// What was being sent when the object ended is unsure. To be called once, when it starts; answers whether anything changed.
    pub fn recover(&mut self, _now: Millis) -> bool {
        false
    }
}
