//! An almanac, made from what a zone's clocks show.
//!
//! Everything is told from the local day on, so that what a page is sent of it changes once a day, at midnight there. Where clocks are
//! changed:
//!
//! - a day (week, month) begins with the first moment of it that there is, and where midnight comes twice, with the first;
//! - quiet hours that begin or end within an hour that is skipped do so when it is skipped;
//! - those that begin within an hour that comes twice begin with its first coming, those that end in one end with its second: rather
//!   too quiet than too loud.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::{Almanac, Span};
use crate::campaign::{Cap, Unit, Window};
use crate::config::{Config, QuietHours};
use crate::time::{DAY, MINUTE, Millis, civil_month, days_from_civil};
use crate::zone::Zone;

/// So many days ahead are told.
const AHEAD: i64 = 14;
/// The days of a week.
const WEEK: i64 = 7;
/// 1970-01-01 was a Thursday, three days after a Monday.
const FROM_MONDAY: i64 = 3;

impl Almanac {
    /// What the clocks of `zone` say around `now` of what `config` asks for.
    pub fn of(config: &Config, zone: &Zone, now: Millis) -> Self {
        let (units, quiet) = (units(config), &config.frequency.quiet);
        if units == [false; 3] && quiet.is_empty() {
            return Self::default();
        }
        let today = zone.local(now).div_euclid(DAY);
        let days = today.saturating_sub(1)..=today.saturating_add(AHEAD);
        let turns = |hours: &QuietHours| spans(*hours, zone, days.clone()).into_iter().flat_map(|span| [span.from, span.until]).collect();
        Self { quiet: quiet.iter().map(turns).collect(), ..Self::calendar(units, zone, now) }
    }

    /// When days, weeks and months begin around `now`, those that are wanted.
    pub(crate) fn calendar([days, weeks, months]: [bool; 3], zone: &Zone, now: Millis) -> Self {
        let today = zone.local(now).div_euclid(DAY);
        let ahead = today..=today.saturating_add(AHEAD);
        let begin = |day: i64| zone.first(day.saturating_mul(DAY));
        // The present one, and those that begin on one of the days to come.
        let begins = |wanted: bool, first: i64, is_first: &dyn Fn(i64) -> bool| -> Vec<Millis> {
            let days = core::iter::once(first).chain(ahead.clone().filter(|day| *day != first && is_first(*day)));
            days.filter(|_| wanted).map(begin).collect()
        };
        let monday = |day: i64| day - (day + FROM_MONDAY).rem_euclid(WEEK);
        Self {
            begins: alloc::vec![
                begins(days, today, &|_| true),
                begins(weeks, monday(today), &|day| monday(day) == day),
                // The next month in any case, so that people can be told when there is room again.
                [0, 31].iter().filter(|_| months).map(|ahead| begin(first_of_month(first_of_month(today) + ahead))).collect(),
            ],
            quiet: Vec::new(),
        }
    }

    /// From when to when [`Almanac::of`] says the same as at `now`: the local day.
    pub fn holds(zone: &Zone, now: Millis) -> Span {
        let today = zone.local(now).div_euclid(DAY);
        Span { from: zone.first(today.saturating_mul(DAY)), until: zone.first(today.saturating_add(1).saturating_mul(DAY)) }
    }
}

/// Whether any cap of campaigns counts in days, in weeks, in months.
fn units(config: &Config) -> [bool; 3] {
    units_of(config.campaigns.iter().flat_map(|rule| &rule.campaign.gates.caps).chain(&config.frequency.caps))
}

/// Whether any of `caps` does.
pub(crate) fn units_of<'c>(caps: impl Iterator<Item = &'c Cap>) -> [bool; 3] {
    let mut used = [false; 3];
    for Cap { window, .. } in caps {
        let [day, week, month] = &mut used;
        match window {
            Window::Rolling(_) => {}
            Window::Calendar(Unit::Day) => *day = true,
            Window::Calendar(Unit::Week) => *week = true,
            Window::Calendar(Unit::Month) => *month = true,
        }
    }
    used
}

fn first_of_month(day: i64) -> i64 {
    let (year, month) = civil_month(day);
    days_from_civil(year, month)
}

/// Until when it is quiet at `at`, if it is.
pub(crate) fn quiet_until(hours: QuietHours, zone: &Zone, at: Millis) -> Option<Millis> {
    let today = zone.local(at).div_euclid(DAY);
    let spans = spans(hours, zone, today.saturating_sub(1)..=today.saturating_add(1));
    spans.into_iter().find(|span| span.from <= at && at < span.until).map(|span| span.until)
}

/// The quiet hours that begin on these days: those of yesterday may last past midnight.
fn spans(hours: QuietHours, zone: &Zone, days: RangeInclusive<i64>) -> Vec<Span> {
    let (from, to) = (i64::from(hours.from) * MINUTE, i64::from(hours.to) * MINUTE);
    let length = (to - from).rem_euclid(DAY);
    let mut spans: Vec<Span> = Vec::new();
    for day in days {
        let local = day.saturating_mul(DAY).saturating_add(from);
        let span = Span { from: zone.first(local), until: zone.last(local.saturating_add(length)) };
        match spans.last_mut() {
            // Clocks that are changed by more than is left of the day between two of them.
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ if span.from < span.until => spans.push(span),
            _ => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests;
