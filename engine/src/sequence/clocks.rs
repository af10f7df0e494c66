//! By whose clocks, and when something may leave.

use std::rc::Rc;

use crate::config::{Clock, Config};
use crate::sequence::Contact;
use crate::zone::Zone;

/// Finds the zone of a name; UTC where the host knows none. The host hands it in, as it knows the rules of zones.
pub type Zones<'z> = dyn Fn(&str) -> Rc<Zone> + 'z;

/// The name of the zone that somebody's quiet hours, mornings and weekends go by: their own, where they say, else the configured one.
pub(super) fn own<'n>(config: &'n Config, contact: Option<&'n Contact>) -> &'n str {
    let said = contact.and_then(|contact| contact.tz.as_deref());
    said.unwrap_or_else(|| configured(config, None))
}

/// The name of the zone that caps count days, weeks and months by: the same as for nudges.
pub(super) fn configured<'n>(config: &'n Config, contact: Option<&'n Contact>) -> &'n str {
    match &config.frequency.zone {
        Clock::Zone(name) => name,
        Clock::User => contact.and_then(|contact| contact.tz.as_deref()).unwrap_or("UTC"),
    }
}
