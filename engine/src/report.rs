//! Reports on conversions: what they are grouped by, and what comes of each group.

use serde::{Deserialize, Serialize};

use crate::attribution::{Credited, Seen, WHOLE};
use crate::conversion::Conversion;
use crate::map::Map;
use crate::time::{DAY, DurationMs, HOUR, MINUTE, Millis};
use crate::wire;

/// What stands for a touch that has none of what is asked for.
pub const NONE: &str = "none";
/// Weekdays, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Delays from signal to touch: shorter than this, under which name.
pub const DELAYS: [(DurationMs, &str); 5] =
    [(MINUTE, "under_1m"), (HOUR, "under_1h"), (DAY, "under_1d"), (7 * DAY, "under_7d"), (DurationMs::MAX, "over_7d")];
/// The name of the delay where no signal was.
pub const NO_SIGNAL: &str = "no_signal";

/// What conversions are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// The signal behind the prompt.
    Signal,
    /// In the app or by mail.
    Channel,
    /// How long after the signal the prompt came.
    Timing,
    /// The hour of the day, where the user lives.
    Hour,
    /// The day of the week, likewise.
    Weekday,
    /// The campaign, or the sequence.
    Campaign,
    /// Its variant.
    Variant,
    /// Where in the app.
    Placement,
    /// The plan that was upgraded to.
    Plan,
    /// The day of the conversion, in UTC.
    Day,
}

wire! { enum By { Signal, Channel, Timing, Hour, Weekday, Campaign, Variant, Placement, Plan, Day } }

impl By {
    /// Everything there is, with its word.
    pub const ALL: [(&'static str, Self); 10] = [
        ("signal", Self::Signal),
        ("channel", Self::Channel),
        ("timing", Self::Timing),
        ("hour", Self::Hour),
        ("weekday", Self::Weekday),
        ("campaign", Self::Campaign),
        ("variant", Self::Variant),
        ("placement", Self::Placement),
        ("plan", Self::Plan),
        ("day", Self::Day),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, by)| *by == self).map_or("", |(word, _)| word)
    }

    /// The group that a conversion by a touch belongs to.
    pub fn group(self, touch: &Seen, conversion: &Conversion) -> String {
        let or_none = |text: &str| if text.is_empty() { NONE.to_owned() } else { text.to_owned() };
        match self {
            Self::Signal => touch.signal.as_ref().map_or_else(|| NONE.to_owned(), |(id, _)| id.clone()),
            Self::Channel => touch.channel.word().to_owned(),
            Self::Timing => delay(touch.signal.as_ref().map(|(_, at)| touch.seen.since(*at))).to_owned(),
            Self::Hour => format!("{:02}", touch.hour % 24),
            Self::Weekday => WEEKDAYS.get(usize::from(touch.hour / 24)).copied().unwrap_or(NONE).to_owned(),
            Self::Campaign => touch.of.clone(),
            Self::Variant => touch.variant.clone().unwrap_or_else(|| NONE.to_owned()),
            Self::Placement => or_none(&touch.placement),
            Self::Plan => or_none(conversion.to.as_deref().unwrap_or_default()),
            Self::Day => day(conversion.at),
        }
    }
}

fn delay(after: Option<DurationMs>) -> &'static str {
    after.map_or(NO_SIGNAL, |after| DELAYS.iter().find(|(below, _)| after < *below).map_or(NO_SIGNAL, |(_, name)| name))
}

/// The date in UTC, as in `2026-11-30` (ISO 8601; the algorithm is Howard Hinnant's `civil_from_days`).
pub fn day(at: Millis) -> String {
    let days = at.0.div_euclid(DAY) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// What came of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Conversions, in basis points of one.
    pub conversions: u64,
    /// What is paid a month more, in minor units of the report's currency.
    pub revenue: i64,
    /// Whose.
    pub tenants: Map<()>,
}

wire! { struct Sum { conversions, revenue, tenants } }

impl Sum {
    fn add(&mut self, tenant: &str, share: u32, money: i64) {
        self.conversions += u64::from(share);
        self.revenue = self.revenue.saturating_add(money);
        self.tenants.insert(tenant, ());
    }
}

/// Conversions, grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouped {
    /// All of them.
    pub total: Sum,
    /// Those that a prompt came before.
    pub prompted: Sum,
    /// Those that none came before.
    pub organic: Sum,
    /// By what they are grouped by; a group has a value for each.
    pub groups: Vec<(Vec<String>, Sum)>,
    /// Conversions in other currencies, or of whose money nothing is known: it is in no sum.
    pub other_currencies: u64,
    /// From the reason to upgrade to the conversion, where one was known, in milliseconds.
    pub took: Vec<i64>,
}

/// Groups conversions; money counts in this `currency`, as amounts in several cannot be added up.
pub fn group(credited: &[Credited], by: &[By], currency: &str) -> Grouped {
    let mut grouped = Grouped::default();
    for one in credited {
        let Credited { tenant, conversion, touches } = one;
        let is_ours = conversion.currency == currency;
        let money = |amount: i64| if is_ours { amount } else { 0 };
        grouped.other_currencies += u64::from(!is_ours);
        grouped.took.extend(conversion.needed.map(|needed| conversion.at.since(needed)));
        let side = if touches.is_empty() { &mut grouped.organic } else { &mut grouped.prompted };
        side.add(tenant, WHOLE, money(conversion.gain()));
        grouped.total.add(tenant, WHOLE, money(conversion.gain()));
        for (touch, share, gain) in one.parts().filter(|(_, share, _)| *share > 0) {
            let key: Vec<String> = by.iter().map(|by| by.group(touch, conversion)).collect();
            let place = grouped.groups.binary_search_by(|(known, _)| known.cmp(&key)).unwrap_or_else(|place| {
                grouped.groups.insert(place, (key, Sum::default()));
                place
            });
            if let Some((_, sum)) = grouped.groups.get_mut(place) {
                sum.add(tenant, share, money(gain));
            }
        }
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::{Attribution, Model};
    use crate::touch::Channel;

    #[test]
    fn a_date_is_the_calendars() {
        for (at, expected) in [
            (0, "1970-01-01"),
            (951_782_400_000, "2000-02-29"),
            (1_796_083_199_999, "2026-11-30"),
            (1_796_083_200_000, "2026-12-01"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(day(Millis(at)), expected);
        }
    }

    #[test]
    fn a_touch_is_in_one_group_of_each_kind() {
        let at = Millis(1_796_083_200_000);
        let bare = Seen { of: "quota".to_owned(), seen: at, ..Seen::default() };
        let full = Seen {
            channel: Channel::Email,
            variant: Some("b".to_owned()),
            placement: "app.header".to_owned(),
            signal: Some(("near".to_owned(), at.plus(-MINUTE))),
            hour: 6 * 24 + 23,
            ..bare.clone()
        };
        let conversion = Conversion { at, to: Some("team".to_owned()), ..Conversion::default() };
        let groups = |touch: &Seen| By::ALL.map(|(word, by)| (word, by.group(touch, &conversion)));
        let expect = |values: [&'static str; 10]| -> Vec<(&str, String)> {
            By::ALL.iter().zip(values).map(|((word, _), value)| (*word, value.to_owned())).collect()
        };
        let named = ["near", "email", "under_1h", "23", "sun", "quota", "b", "app.header", "team", "2026-12-01"];
        assert_eq!(groups(&full).to_vec(), expect(named));
        let unnamed = ["none", "in_app", "no_signal", "00", "mon", "quota", "none", "none", "team", "2026-12-01"];
        assert_eq!(groups(&bare).to_vec(), expect(unnamed));
    }

    #[test]
    fn groups_add_up_to_what_was_prompted_and_that_with_the_organic_to_all() {
        let rules = Attribution { model: Model::Linear, ..Attribution::default() };
        let converted =
            |currency: &str| Conversion { at: Millis(DAY), after: 1_001, currency: currency.to_owned(), ..Conversion::default() };
        let touch = |of: &str| Seen { of: of.to_owned(), seen: Millis(DAY - 5), ..Seen::default() };
        let all = [
            rules.credit("a", converted("usd"), vec![touch("x"), touch("y"), touch("x")]),
            rules.credit("b", converted("usd"), vec![]),
            rules.credit("c", converted("eur"), vec![touch("x")]),
        ];
        let grouped = group(&all, &[By::Campaign], "usd");
        let told = |sum: &Sum| (sum.conversions, sum.revenue, sum.tenants.len());
        assert_eq!(told(&grouped.total), (30_000, 2_002, 3));
        assert_eq!((told(&grouped.prompted), told(&grouped.organic)), ((20_000, 1_001, 2), (10_000, 1_001, 1)));
        let groups: Vec<_> = grouped.groups.iter().map(|(key, sum)| (key.join(","), told(sum))).collect();
        assert_eq!(groups, [("x".to_owned(), (16_667, 667, 2)), ("y".to_owned(), (3_333, 334, 1))]);
        assert_eq!(grouped.other_currencies, 1);
    }
}
