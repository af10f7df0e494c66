//! Made-up histories of use, the same for the same seed: what a forecast is measured on.

use crate::plan::{MeterKind, Period};

/// Days of one trace: three periods of thirty.
pub(super) const DAYS: usize = 90;
/// Days of one billing period.
pub(super) const PERIOD: usize = 30;
const HOURS: usize = DAYS * 24;

/// How somebody uses a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Manner {
    /// The same every day, give or take a quarter.
    Steady,
    /// Three per cent more every day.
    Growing,
    /// Hardly anything at weekends, nothing at night.
    Office,
    /// Office use that grows by two per cent a day.
    GrowingOffice,
    /// On one day of six an hour takes what one to three other days take.
    Bursty,
    /// Once or twice in the three months a single hour takes a fifth to two fifths of the limit.
    Import,
    /// From some day on three times as much.
    Launch,
    /// Begins in the middle of a period and settles in a week.
    New,
    /// Four per cent less every day.
    Dying,
    /// A few uses on a few days.
    Sparse,
    /// A quota of each day, used in office hours.
    Daily,
    /// A gauge: people join now and then, and some leave.
    Seats,
}

impl Manner {
    pub(super) const ALL: [Self; 12] = [
        Self::Steady,
        Self::Growing,
        Self::Office,
        Self::GrowingOffice,
        Self::Bursty,
        Self::Import,
        Self::Launch,
        Self::New,
        Self::Dying,
        Self::Sparse,
        Self::Daily,
        Self::Seats,
    ];

    pub(super) fn kind(self) -> MeterKind {
        match self {
            Self::Seats => MeterKind::Gauge,
            Self::Daily => MeterKind::Counter(Period::Day),
            _ => MeterKind::Counter(Period::Billing),
        }
    }
}

/// What happened, and where it ends.
#[derive(Debug)]
pub(super) struct Trace {
    /// By hour: what was counted in it, or how far the gauge moved.
    pub(super) hours: Vec<i64>,
    /// What the gauge read before.
    pub(super) start: u64,
    /// The plan's limit.
    pub(super) limit: u64,
    /// On which day of the week it begins, and at which hour.
    pub(super) offset: i64,
}

impl Trace {
    pub(super) fn of(manner: Manner, seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9).wrapping_add(manner as u64));
        let offset = i64::try_from(dice.below(7 * 24)).unwrap();
        if manner == Manner::Seats {
            return Self::seats(&mut dice, offset);
        }
        let mut hours = counted(manner, offset, &mut dice);
        let mut totals: Vec<i64> = match manner {
            Manner::Daily => hours.chunks(24).map(|day| day.iter().sum()).collect(),
            _ => hours.chunks(PERIOD * 24).map(|period| period.iter().sum()).collect(),
        };
        totals.retain(|total| *total > 0);
        totals.sort_unstable();
        // So that between a third and a half of the periods reach it.
        let middle = totals[totals.len() / 2] as f64;
        let limit = (middle * dice.between(0.75, 1.6)).max(4.0) as i64;
        if manner == Manner::Import {
            for _ in 0..=dice.below(2) {
                hours[dice.below(HOURS as u64) as usize] += (limit as f64 * dice.between(0.2, 0.4)) as i64;
            }
        }
        Self { hours, start: 0, limit: limit as u64, offset }
    }

    fn seats(dice: &mut Dice, offset: i64) -> Self {
        let start = 5 + dice.below(20);
        let (joins, leaves) = (dice.between(0.0, 0.6), dice.between(0.0, 0.1));
        let mut now = start;
        let hours = (0..HOURS).map(|hour| {
            let work = in_office(hour as i64 + offset);
            let joined = i64::from(work && dice.unit() < joins * 24.0 / 50.0 * 7.0 / 24.0);
            let left = i64::from(work && now > 1 && dice.unit() < leaves * 7.0 / 50.0);
            now = now.saturating_add_signed(joined - left);
            joined - left
        });
        let hours = hours.collect();
        Self { hours, start, limit: start + 5 + dice.below(30), offset }
    }
}

fn counted(manner: Manner, offset: i64, dice: &mut Dice) -> Vec<i64> {
    let scale = [0.5, 8.0, 200.0, 9_000.0][dice.below(4) as usize];
    let scale = if manner == Manner::Sparse { 0.1 } else { scale };
    let launch = dice.below(HOURS as u64) as usize;
    let first = dice.below(PERIOD as u64 * 24) as usize;
    let (mut day_is, mut bursts_at, mut burst) = (1.0, 25, 0.0);
    let hours = (0..HOURS).map(|hour| {
        if hour % 24 == 0 {
            day_is = dice.between(0.75, 1.25);
            bursts_at = if dice.below(6) == 0 { dice.below(24) } else { 25 };
            burst = dice.between(24.0, 72.0);
        }
        let day = (hour / 24) as f64;
        let clock = hour as i64 + offset;
        let office = if in_office(clock) { 3.3 } else { 0.05 };
        let evening = if (8..22).contains(&clock.rem_euclid(24)) { 1.5 } else { 0.3 };
        let shape = match manner {
            Manner::Growing => evening * grown(0.03, day),
            Manner::Office => office,
            Manner::Daily => office * if in_week(clock) { 1.0 } else { 0.4 },
            Manner::GrowingOffice => office * grown(0.02, day),
            Manner::Bursty if hour as u64 % 24 == bursts_at => evening + burst,
            Manner::Launch if hour >= launch => 3.0 * evening,
            Manner::New if hour < first => 0.0,
            Manner::New => evening * (0.3 + 0.1 * ((hour - first) as f64 / 24.0)).min(1.0),
            Manner::Dying => evening * grown(-0.04, day),
            _ => evening,
        };
        let noise = dice.between(0.5, 1.5);
        dice.round(scale * shape * day_is * noise)
    });
    hours.collect()
}

/// Monday to Friday.
fn in_week(hour: i64) -> bool {
    (hour / 24).rem_euclid(7) < 5
}

/// Monday to Friday from eight to six.
fn in_office(hour: i64) -> bool {
    in_week(hour) && (8..18).contains(&hour.rem_euclid(24))
}

fn grown(rate: f64, days: f64) -> f64 {
    (0..days as usize).fold(1.0, |so_far, _| so_far * (1.0 + rate))
}

/// Numbers by chance, the same for the same seed: splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014).
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// One of the two whole numbers around `x`, so that their mean is `x`.
    fn round(&mut self, x: f64) -> i64 {
        (x + self.unit()) as i64
    }
}
