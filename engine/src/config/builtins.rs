//! Signals ready to use: `{"id": "api_quota", "builtin": "limit_approaching", "meter": "api_calls"}`.
//!
//! Each stands for expressions that could as well be written, and is compiled like them. `$` is the name of the meter or event
//! given with it. Weight, half-life, label and `rearm_below` can be given too, and then count instead of those here.
//!
//! | name | takes | when | armed again when | weight | half-life |
//! |---|---|---|---|---|---|
//! | `limit_approaching` | `meter` | `usage.$.ratio >= 0.8` | `usage.$.ratio < 0.7` | 30 | 7d |
//! | `limit_reached` | `meter` | `usage.$.ratio >= 1.0` | `usage.$.ratio < 0.95` | 40 | 7d |
//! | `will_hit_limit` | `meter` | `usage.$.exhausts_in < duration('72h')` | it does not hold | 25 | 3d |
//! | `feature_blocked` | `event` (else `premium_feature_blocked`), `feature` | `events.$.count_7d >= 3` | `events.$.count_7d < 1` | 25 | 7d |
//! | `team_growing` | `meter` | `usage.$.growth_7d >= 0.3` | `usage.$.growth_7d < 0.15` | 20 | 14d |
//! | `velocity_up` | `meter` | `usage.$.growth_7d >= 0.5` | `usage.$.growth_7d < 0.25` | 20 | 7d |
//! | `pricing_visited` | `event` (else `pricing_page_viewed`) | `events.$.count_7d >= 2` | `events.$.count_7d < 1` | 20 | 3d |
//! | `trial_ending` | `meter` | `subscription.trial_ends_in < duration('72h') && usage.$.ratio >= 0.5` | it does not hold | 15 | 3d |
//!
//! `feature_blocked` with a `feature` holds only for tenants whose plan lacks it (`&& !feature.<feature>`), and is armed again
//! once it has it. Events are counted by their name alone: apps that want one signal per feature give each its own event. One
//! look at the prices is curiosity; the second within a week is intent, so `pricing_visited` waits for it. A team that grows by
//! three in ten within a week, or usage by half, is beyond what a good week brings by itself. `will_hit_limit` looks three days
//! ahead: there the forecast is right in 98 of 100 calm periods; further ahead it warns too often.

use crate::plan::{Feature, Meter};
use crate::time::{DAY, DurationMs};

/// A signal ready to use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Builtin {
    pub(super) name: &'static str,
    pub(super) about: About,
    when: &'static str,
    rearm_below: Option<&'static str>,
    pub(super) weight: u8,
    pub(super) half_life: DurationMs,
    /// What people read behind the meter or feature that it is about.
    label: &'static str,
}

/// What a built-in signal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A meter, which must be given.
    Meter,
    /// A tracked event; this one unless another is given.
    Event(&'static str),
    /// The same, and possibly a feature.
    Feature(&'static str),
}

/// The built-in signals; see the table above.
pub(super) const BUILTINS: [Builtin; 8] = [
    Builtin {
        name: "limit_approaching",
        about: About::Meter,
        when: "usage.$.ratio >= 0.8",
        rearm_below: Some("usage.$.ratio < 0.7"),
        weight: 30,
        half_life: 7 * DAY,
        label: "limit approaching",
    },
    Builtin {
        name: "limit_reached",
        about: About::Meter,
        when: "usage.$.ratio >= 1.0",
        rearm_below: Some("usage.$.ratio < 0.95"),
        weight: 40,
        half_life: 7 * DAY,
        label: "limit reached",
    },
    Builtin {
        name: "will_hit_limit",
        about: About::Meter,
        when: "usage.$.exhausts_in < duration('72h')",
        rearm_below: None,
        weight: 25,
        half_life: 3 * DAY,
        label: "will hit the limit",
    },
    Builtin {
        name: "feature_blocked",
        about: About::Feature("premium_feature_blocked"),
        when: "events.$.count_7d >= 3",
        rearm_below: Some("events.$.count_7d < 1"),
        weight: 25,
        half_life: 7 * DAY,
        label: "blocked",
    },
    Builtin {
        name: "team_growing",
        about: About::Meter,
        when: "usage.$.growth_7d >= 0.3",
        rearm_below: Some("usage.$.growth_7d < 0.15"),
        weight: 20,
        half_life: 14 * DAY,
        label: "growing",
    },
    Builtin {
        name: "velocity_up",
        about: About::Meter,
        when: "usage.$.growth_7d >= 0.5",
        rearm_below: Some("usage.$.growth_7d < 0.25"),
        weight: 20,
        half_life: 7 * DAY,
        label: "usage speeds up",
    },
    Builtin {
        name: "pricing_visited",
        about: About::Event("pricing_page_viewed"),
        when: "events.$.count_7d >= 2",
        rearm_below: Some("events.$.count_7d < 1"),
        weight: 20,
        half_life: 3 * DAY,
        label: "prices viewed",
    },
    Builtin {
        name: "trial_ending",
        about: About::Meter,
        when: "subscription.trial_ends_in < duration('72h') && usage.$.ratio >= 0.5",
        rearm_below: None,
        weight: 15,
        half_life: 3 * DAY,
        label: "trial ends in use",
    },
];

/// What a built-in signal was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) meter: Option<&'a Meter>,
    pub(super) event: Option<&'a str>,
    pub(super) feature: Option<&'a Feature>,
}

impl Builtin {
    /// The source of the condition under which it is active.
    pub(super) fn when(&self, given: Given<'_>) -> String {
        let when = self.fill(self.when, given);
        given.feature.map_or(when.clone(), |feature| format!("{when} && !feature.{}", feature.key))
    }

    /// The source of the condition under which it is armed again, if it has one of its own.
    pub(super) fn rearm_below(&self, given: Given<'_>) -> Option<String> {
        let source = self.rearm_below.map(|source| self.fill(source, given))?;
        Some(given.feature.map_or(source.clone(), |feature| format!("{source} || feature.{}", feature.key)))
    }

    /// What people read: "API calls: limit approaching", or of an event alone "Pricing page viewed".
    pub(super) fn label(&self, given: Given<'_>) -> String {
        let about = given.meter.map(|meter| &meter.label).or(given.feature.map(|feature| &feature.label));
        about.map_or_else(|| spoken(self.event(given)), |about| format!("{about}: {}", self.label))
    }

    fn fill(&self, source: &str, given: Given<'_>) -> String {
        source.replace('$', given.meter.map_or(self.event(given), |meter| &meter.key))
    }

    fn event<'a>(&self, given: Given<'a>) -> &'a str {
        match self.about {
            About::Meter => "",
            About::Event(event) | About::Feature(event) => given.event.unwrap_or(event),
        }
    }
}

/// A name as people write it: `pricing_page_viewed` is "Pricing page viewed".
fn spoken(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.trim().chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_says_what_the_table_holds() {
        let documented: Vec<&str> = include_str!("builtins.rs").lines().filter(|line| line.starts_with("//! | `")).collect();
        let rows = BUILTINS.map(|b| {
            let takes = match b.about {
                About::Meter => "`meter`".to_owned(),
                About::Event(event) => format!("`event` (else `{event}`)"),
                About::Feature(event) => format!("`event` (else `{event}`), `feature`"),
            };
            let rearm = b.rearm_below.map_or("it does not hold".to_owned(), |source| format!("`{source}`"));
            format!("//! | `{}` | {takes} | `{}` | {rearm} | {} | {}d |", b.name, b.when, b.weight, b.half_life / DAY)
        });
        assert_eq!(documented, rows);
    }
}
