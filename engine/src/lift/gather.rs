//! From what tenants have told to the two arms: whose window is over, who upgraded in it, and what that is worth.

use serde::{Deserialize, Serialize};

use super::{Arm, Outcome};
use crate::conversion::Conversion;
use crate::map::Map;
use crate::time::{DurationMs, Millis};
use crate::wire;

/// That a tenant first saw a campaign, or would have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Who.
    pub tenant: String,
    /// When.
    pub at: Millis,
    /// Whether it is in the control group.
    pub held_out: bool,
    /// What it paid a month then, in minor units.
    pub paid: i64,
    /// Of what; empty where it paid nothing.
    pub currency: String,
}

wire! { struct Meeting { tenant, at, held_out, paid, currency } }

/// The treated and the control group as of `now`. A conversion is counted when it came within `window` after the meeting; money only in this
/// `currency`, as amounts in several cannot be added up.
pub fn gather(meetings: &[Meeting], conversions: &Map<Vec<Conversion>>, window: DurationMs, now: Millis, currency: &str) -> [Arm; 2] {
    let mut arms = [Arm::default(), Arm::default()];
    let [treated, control] = &mut arms;
    for meeting in meetings {
        let arm = if meeting.held_out { &mut *control } else { &mut *treated };
        if now.since(meeting.at) < window {
            arm.waiting += 1;
            continue;
        }
        let all = conversions.get(&meeting.tenant).map(Vec::as_slice).unwrap_or_default();
        arm.add(&outcome(meeting, all, window, currency));
    }
    arms
}

/// What became of a tenant in its window: conversions are oldest first.
fn outcome(meeting: &Meeting, conversions: &[Conversion], window: DurationMs, currency: &str) -> Outcome {
    let within = || conversions.iter().filter(|c| c.at >= meeting.at && c.at.since(meeting.at) < window);
    let can_be_added = (meeting.currency.is_empty() || meeting.currency == currency) && within().all(|c| c.currency == currency);
    let more = within().map(|c| c.after.saturating_sub(c.before)).fold(0_i64, i64::saturating_add);
    Outcome { converted: within().next().is_some(), money: can_be_added.then_some((meeting.paid, more)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    const MET: Millis = Millis(1_750_000_000_000);

    fn meeting(tenant: &str, held_out: bool) -> Meeting {
        Meeting { tenant: tenant.to_owned(), at: MET, held_out, paid: 500, currency: "usd".to_owned() }
    }

    fn conversion(after: DurationMs, currency: &str) -> Conversion {
        Conversion { at: MET.plus(after), before: 500, after: 2_000, currency: currency.to_owned(), ..Conversion::default() }
    }

    fn arms(conversions: Vec<Conversion>, now: DurationMs) -> [Arm; 2] {
        let all: Map<Vec<Conversion>> = [("a".to_owned(), conversions)].into_iter().collect();
        gather(&[meeting("a", false), meeting("b", true)], &all, 7 * DAY, MET.plus(now), "usd")
    }

    #[test]
    fn a_tenant_counts_once_its_window_is_over_and_not_before() {
        for (now, tenants, waiting) in [(0, 0, 1), (7 * DAY - 1, 0, 1), (7 * DAY, 1, 0)] {
            let [treated, control] = arms(vec![conversion(DAY, "usd")], now);
            assert_eq!((treated.tenants, treated.waiting, control.tenants, control.waiting), (tenants, waiting, tenants, waiting), "{now}");
        }
    }

    #[test]
    fn a_conversion_counts_within_the_window_and_money_in_one_currency() {
        for (when, currency, converted, money) in [
            (-1, "usd", 0, 0),
            (0, "usd", 1, 1_500),
            (7 * DAY - 1, "usd", 1, 1_500),
            (7 * DAY, "usd", 0, 0),
            (DAY, "eur", 1, 0),
            (DAY, "", 1, 0),
        ] {
            let [treated, _] = arms(vec![conversion(when, currency)], 30 * DAY);
            assert_eq!((treated.converted, treated.revenue.more()), (converted, money), "{when} {currency}");
        }
    }

    #[test]
    fn who_upgrades_twice_in_its_window_is_one_who_upgraded_and_pays_the_sum() {
        let [treated, _] = arms(vec![conversion(DAY, "usd"), conversion(2 * DAY, "usd")], 30 * DAY);
        assert_eq!((treated.converted, treated.revenue.more()), (1, 3_000));
    }
}
