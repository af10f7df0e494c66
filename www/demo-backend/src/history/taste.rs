//! What people do about what they see: how likely each thing is.

/// How a nudge is met. What is left of 1 is: not at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reaction {
    pub(super) follows: f64,
    pub(super) dismisses: f64,
    pub(super) snoozes: f64,
}

/// Half of a nudge is in view for a second; the others have scrolled on by then. Of those who are held out likewise: nobody would have
/// seen more than the others do.
pub(super) const SEES: f64 = 0.86;
/// A team's panel, and the settings of single sign-on, are opened in a visit.
pub(super) const OPENS_TEAM: f64 = 0.35;
pub(super) const OPENS_SETTINGS: f64 = 0.25;
/// Whoever compares plans wants to know what one costs, or asks the admin for it.
pub(super) const ASKS_PRICE: f64 = 0.7;
pub(super) const ASKS_ADMIN: f64 = 0.5;
/// Letters that are opened and followed.
pub(super) const FOLLOWS_LETTER: f64 = 0.28;

/// By campaign: those whose need is there already are followed most.
pub(super) fn reaction(campaign: &str) -> Reaction {
    let (follows, dismisses, snoozes) = match campaign {
        "api_limit" => (0.34, 0.12, 0.0),
        "api_quota" => (0.13, 0.27, 0.04),
        "teammates_ask" => (0.30, 0.15, 0.0),
        "sso_wanted" => (0.22, 0.15, 0.0),
        _ => (0.15, 0.2, 0.03),
    };
    Reaction { follows, dismisses, snoozes }
}

/// Whoever has seen the price buys, at so much of the plan used.
pub(super) fn buys(load: f64) -> f64 {
    0.15 + 0.45 * load.min(1.0)
}

/// The admin finds the way to a larger plan without being prompted, on one day.
pub(super) fn buys_unprompted(load: f64) -> f64 {
    match load {
        full if full >= 1.0 => 0.025,
        near if near >= 0.8 => 0.008,
        _ => 0.000_6,
    }
}

/// The company leaves, on one day.
pub(super) fn leaves(load: f64) -> f64 {
    if load < 0.2 { 0.001 } else { 0.0002 }
}
