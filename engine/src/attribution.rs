//! Attribution: which prompts a conversion is credited to.
//!
//! The models are the usual ones of multi-touch attribution (as Google Analytics and Adobe Analytics name them): all of the credit to
//! the last touch or the first, the same to each, or to each half as much for every so long that it lies further back. A touch
//! counts if it came within the window before the conversion; a conversion without one is *organic*. Shares are whole basis
//! points and add up to all of it, so that no report counts more or less conversions than there were.
//!
//! Nothing of this is stored: reports compute it from the log of touches and conversions, so that another window, model or goal
//! is another look at the same history.

use serde::{Deserialize, Serialize};

use crate::conversion::Conversion;
use crate::score::decayed;
use crate::time::{DAY, DurationMs, Millis};
use crate::touch::Channel;
use crate::wire;

/// All of the credit, in basis points.
pub const WHOLE: u32 = 10_000;
/// The longest window.
pub const LONGEST: DurationMs = 90 * DAY;
/// A touch counts half as much for every so long before the conversion, where time decays.
pub const HALF_LIFE: DurationMs = 7 * DAY;

/// What conversions are credited by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// Touches count for so long.
    pub window: DurationMs,
    /// How the credit is shared out.
    pub model: Model,
    /// Only conversions to this plan count; `None`: every one.
    pub goal: Option<String>,
}

wire! { struct Attribution { window, model, goal } }

impl Default for Attribution {
    fn default() -> Self {
        Self { window: 7 * DAY, model: Model::LastTouch, goal: None }
    }
}

/// How the credit is shared out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Model {
    /// All of it to the last touch.
    #[default]
    LastTouch,
    /// All of it to the first.
    FirstTouch,
    /// The same to each.
    Linear,
    /// Half as much for every [`HALF_LIFE`] before the conversion.
    TimeDecay,
}

wire! { enum Model { LastTouch, FirstTouch, Linear, TimeDecay } }

impl Model {
    /// Every model, with its word in the configuration.
    pub const ALL: [(&'static str, Self); 4] =
        [("last_touch", Self::LastTouch), ("first_touch", Self::FirstTouch), ("linear", Self::Linear), ("time_decay", Self::TimeDecay)];

    /// The word in the configuration.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, model)| *model == self).map_or("", |(word, _)| word)
    }

    /// The share of each touch in basis points, which add up to [`WHOLE`]: `touches` are oldest first, none after `at`.
    fn shares(self, touches: &[Millis], at: Millis) -> Vec<u32> {
        let last = touches.len().saturating_sub(1);
        let weights: Vec<u32> = touches.iter().enumerate().map(|(i, touch)| self.weight(i, last, at.since(*touch))).collect();
        share_out(&weights)
    }

    fn weight(self, place: usize, last: usize, ago: DurationMs) -> u32 {
        match self {
            Self::LastTouch => u32::from(place == last),
            Self::FirstTouch => u32::from(place == 0),
            Self::Linear => 1,
            // At least something: who was prompted long ago, and by nothing since, gets all of it.
            Self::TimeDecay => decayed(1 << 20, ago, HALF_LIFE).max(1),
        }
    }
}

/// Shares in proportion to the weights, in whole basis points. Each ends where the sum of the weights so far would, rounded down, so that
/// nothing is lost.
fn share_out(weights: &[u32]) -> Vec<u32> {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let (mut so_far, mut given) = (0_u64, 0_u32);
    let share = |weight: &u32| {
        so_far += u64::from(*weight);
        let until = u32::try_from((so_far * u64::from(WHOLE)).checked_div(total).unwrap_or(0)).unwrap_or(WHOLE);
        let share = until - given;
        given = until;
        share
    };
    weights.iter().map(share).collect()
}

/// A touch as it is credited: something that was seen, or a mail that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How.
    pub channel: Channel,
    /// The campaign, or the sequence.
    pub of: String,
    /// Its variant.
    pub variant: Option<String>,
    /// Where in the app; empty for mails.
    pub placement: String,
    /// The signal behind it and when that was detected.
    pub signal: Option<(String, Millis)>,
    /// When it was first seen, sent or followed.
    pub seen: Millis,
    /// When it was first followed.
    pub clicked: Option<Millis>,
    /// The hour of the week by the clocks there when it was seen.
    pub hour: u8,
}

wire! { struct Seen { channel, of, variant, placement, signal, seen, clicked, hour } }

impl Seen {
    /// When it last did something before `at`: a click brings a prompt to mind again.
    fn last(&self, at: Millis) -> Millis {
        self.clicked.filter(|clicked| *clicked <= at).map_or(self.seen, |clicked| clicked.max(self.seen))
    }
}

/// A conversion and what it is credited to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credited {
    /// Whose.
    pub tenant: String,
    /// The conversion.
    pub conversion: Conversion,
    /// The touches that count, oldest first, each with its share in basis points; none: it is organic.
    pub touches: Vec<(Seen, u32)>,
}

wire! { struct Credited { tenant, conversion, touches } }

impl Attribution {
    /// Whether a conversion is what is aimed at.
    pub fn counts(&self, conversion: &Conversion) -> bool {
        self.goal.is_none() || self.goal == conversion.to
    }

    /// Credits a conversion to those of the tenant's touches that came before it and within the window.
    pub fn credit(&self, tenant: &str, conversion: Conversion, touches: Vec<Seen>) -> Credited {
        let at = conversion.at;
        let counts = |touch: &Seen| touch.seen <= at && at.since(touch.last(at)) < self.window;
        let mut touches: Vec<Seen> = touches.into_iter().filter(counts).collect();
        touches.sort_by_key(|touch| touch.last(at));
        let moments: Vec<Millis> = touches.iter().map(|touch| touch.last(at)).collect();
        let shares = self.model.shares(&moments, at);
        Credited { tenant: tenant.to_owned(), conversion, touches: touches.into_iter().zip(shares).collect() }
    }
}

impl Credited {
    /// What is paid a month more, shared out as the credit is: each part with its touch; they add up to all of it.
    pub fn parts(&self) -> impl Iterator<Item = (&Seen, u32, i64)> {
        let gain = self.conversion.gain();
        let upto = move |share: u32| i64::try_from(i128::from(gain) * i128::from(share) / i128::from(WHOLE)).unwrap_or(0);
        let mut given = 0;
        self.touches.iter().map(move |(seen, share)| {
            let before = upto(given);
            given += share;
            (seen, *share, upto(given) - before)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    const AT: Millis = Millis(100 * DAY);

    fn seen(of: &str, days_ago: i64, clicked_days_ago: Option<i64>) -> Seen {
        let before = |days: i64| Millis(AT.0 - days * DAY);
        Seen { of: of.to_owned(), seen: before(days_ago), clicked: clicked_days_ago.map(before), ..Seen::default() }
    }

    fn credited(model: Model, touches: Vec<Seen>) -> Vec<(String, u32)> {
        let conversion = Conversion { at: AT, before: 0, after: 1_000, ..Conversion::default() };
        let credited = Attribution { window: 30 * DAY, model, goal: None }.credit("acme", conversion, touches);
        assert_eq!(credited.parts().map(|(.., money)| money).sum::<i64>(), if credited.touches.is_empty() { 0 } else { 1_000 });
        credited.touches.into_iter().filter(|(_, share)| *share > 0).map(|(touch, share)| (touch.of, share)).collect()
    }

    #[test]
    fn each_model_shares_the_credit_out_as_it_says() {
        let touches = || vec![seen("b", 7, None), seen("a", 14, None), seen("c", 0, None)];
        for (model, expected) in [
            (Model::LastTouch, vec![("c", 10_000)]),
            (Model::FirstTouch, vec![("a", 10_000)]),
            (Model::Linear, vec![("a", 3_333), ("b", 3_333), ("c", 3_334)]),
            (Model::TimeDecay, vec![("a", 1_428), ("b", 2_857), ("c", 5_715)]),
        ] {
            let expected: Vec<(String, u32)> = expected.into_iter().map(|(of, share)| (of.to_owned(), share)).collect();
            assert_eq!(credited(model, touches()), expected, "{model:?}");
        }
    }

    #[test]
    fn a_touch_counts_within_the_window_and_before_the_conversion_only() {
        for (touch, counts) in [
            (seen("t", 30, None), false),
            (seen("t", 29, None), true),
            (seen("t", 0, None), true),
            (seen("t", -1, None), false),
            (seen("t", 40, Some(3)), true),
            (seen("t", 3, Some(-1)), true),
        ] {
            assert_eq!(!credited(Model::LastTouch, vec![touch.clone()]).is_empty(), counts, "{touch:?}");
        }
    }

    #[test]
    fn a_click_brings_a_prompt_to_mind_again() {
        let touches = || vec![seen("mail", 5, Some(1)), seen("nudge", 3, None)];
        assert_eq!(credited(Model::LastTouch, touches()), [("mail".to_owned(), 10_000)]);
        assert_eq!(credited(Model::FirstTouch, touches()), [("nudge".to_owned(), 10_000)]);
    }

    #[test]
    fn whatever_the_weights_the_shares_are_all_of_it() {
        for n in 1..200_i64 {
            let touches: Vec<Millis> = (0..n).map(|i| Millis(AT.0 - (n - i) * 5 * HOUR)).collect();
            for (_, model) in Model::ALL {
                assert_eq!(model.shares(&touches, AT).iter().sum::<u32>(), WHOLE, "{model:?} of {n}");
            }
        }
        assert!(Model::Linear.shares(&[], AT).is_empty());
    }

    #[test]
    fn a_goal_is_one_plan() {
        let to = |plan: &str| Conversion { to: Some(plan.to_owned()), ..Conversion::default() };
        let goal = Attribution { goal: Some("team".to_owned()), ..Attribution::default() };
        assert!(goal.counts(&to("team")) && !goal.counts(&to("pro")) && Attribution::default().counts(&to("pro")));
    }
}
