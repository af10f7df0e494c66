//! The gates that keep people from being prompted too often, or at the wrong time.

use super::GateKind;
use super::gates::{Found, Key, Stage, reading};
use super::print::{duration, moment};
use crate::campaign::{Campaign, Cap, Scope, Window};
use crate::decision::Reason;
use crate::expr::Lookup;
use crate::ledger::Ledger;
use crate::time::Millis;

impl<F: Lookup> Stage<'_, F> {
    /// Those of `campaign`, in their order.
    pub(super) fn frequency(&self, campaign: &Campaign) -> Vec<Found> {
        let mut found = vec![self.converted(campaign), self.dismissed(campaign), self.snoozed(campaign)];
        found.extend(campaign.gates.quiet.map(|_| self.quiet_hours(campaign)));
        found.extend(campaign.gates.caps.iter().map(|cap| self.cap(campaign, cap, true)));
        found.extend(self.scene.frequency.iter().map(|cap| self.cap(campaign, cap, false)));
        found.extend((!campaign.gates.groups.is_empty()).then(|| self.exclusive(campaign)));
        found
    }

    fn converted(&self, campaign: &Campaign) -> Found {
        let (at, silence) = (self.scene.converted, campaign.gates.cooldown_after_convert);
        let over = at.map(|at| at.plus(silence));
        let stop = over.filter(|over| self.scene.now < *over);
        let mut found = Found::new(GateKind::Converted, stop.map(|_| Reason::Converted), stop.map_or(Key::Nothing, Key::Time));
        found.inputs = at.map(|at| reading("upgraded", moment(at))).into_iter().collect();
        found.threshold = (silence > 0).then(|| format!("not upgraded within {}", duration(silence)));
        found
    }

    fn dismissed(&self, campaign: &Campaign) -> Found {
        let at = self.scene.user.dismissed(campaign.gates.key);
        let back = at.zip(campaign.gates.cooldown_after_dismiss).map(|(at, ms)| at.plus(ms));
        let stop = at.filter(|_| back.is_none_or(|back| self.scene.now < back)).map(|_| Reason::Dismissed);
        let mut found = Found::new(GateKind::Dismissed, stop, back.map_or(Key::Nothing, Key::Time));
        found.inputs = at.map(|at| reading("dismissed", moment(at))).into_iter().collect();
        found.threshold = Some(match campaign.gates.cooldown_after_dismiss {
            Some(ms) => format!("not dismissed within {}", duration(ms)),
            None => "never dismissed".to_owned(),
        });
        found
    }

    fn snoozed(&self, campaign: &Campaign) -> Found {
        let until = self.scene.user.snoozed_until(campaign.gates.key);
        let stop = until.filter(|until| self.scene.now < *until);
        let mut found = Found::new(GateKind::Snoozed, stop.map(|_| Reason::Snoozed), stop.map_or(Key::Nothing, Key::Time));
        found.inputs = until.map(|until| reading("snoozed_until", moment(until))).into_iter().collect();
        found.threshold = Some("not snoozed".to_owned());
        found
    }

    fn quiet_hours(&self, campaign: &Campaign) -> Found {
        let until = self.scene.almanac.quiet_until(campaign.gates.quiet, self.scene.now).filter(|_| !self.is_on_display(campaign));
        let mut found = Found::new(GateKind::QuietHours, until.map(|_| Reason::QuietHours), until.map_or(Key::Nothing, Key::Time));
        found.inputs = vec![reading("now", moment(self.scene.now))];
        found.threshold = Some("not within quiet hours".to_owned());
        found
    }

    /// A cap of the campaign's own, or of all campaigns together.
    fn cap(&self, campaign: &Campaign, cap: &Cap, is_own: bool) -> Found {
        let scene = &self.scene;
        let (ledger, whom): (&Ledger, _) = match cap.scope {
            Scope::User => (scene.user, "to this user"),
            Scope::Tenant => (scene.tenant, "to the tenant's users together"),
        };
        let key = is_own.then_some(campaign.gates.key);
        let count = ledger.met(key, scene.almanac.begins(cap.window, scene.now));
        let stop = count >= usize::from(cap.max) && !self.is_on_display(campaign);
        let room = self.room_again(cap, &ledger.moments(key)).map_or(Key::Nothing, Key::Time);
        let mut found = Found::new(GateKind::Cap, stop.then_some(Reason::Capped), room);
        let (what, name) = match is_own {
            true if campaign.gates.held_out => ("it would have been shown", "would_have_been_shown"),
            true => ("shown", "shown"),
            false => ("all campaigns together shown", "all_shown"),
        };
        found.inputs = vec![reading(name, count.to_string())];
        found.threshold = Some(format!("{what} less than {} {} {whom}", times(cap.max), within(cap.window)));
        found
    }

    /// When a cap leaves room again, given all `moments` that count, newest first.
    fn room_again(&self, cap: &Cap, moments: &[Millis]) -> Option<Millis> {
        // All but `max - 1` must have left the window.
        let decisive = usize::from(cap.max).checked_sub(1).and_then(|i| moments.get(i))?;
        match cap.window {
            Window::Rolling(length) => Some(decisive.plus(length)),
            Window::Calendar(unit) => self.scene.almanac.after(unit, *decisive),
        }
    }

    fn exclusive(&self, campaign: &Campaign) -> Found {
        let threshold = "no other of its group is on display in the page";
        let stop = self.scene.display.excludes(&campaign.gates) && !self.is_on_display(campaign);
        let mut found = Found::new(GateKind::Exclusive, stop.then_some(Reason::Excluded), Key::Words(threshold.to_owned()));
        found.threshold = Some(threshold.to_owned());
        found
    }

    /// What is on display already is not taken away by what it has spent itself.
    fn is_on_display(&self, campaign: &Campaign) -> bool {
        self.scene.display.has(campaign.gates.key)
    }
}

fn times(n: u16) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

fn within(window: Window) -> String {
    match window {
        Window::Rolling(length) => format!("in {}", duration(length)),
        Window::Calendar(unit) => format!("in a calendar {}", unit.name()),
    }
}
