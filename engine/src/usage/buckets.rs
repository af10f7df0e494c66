//! A bounded history: counts by hour or by day, newest first.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::wire;

/// Counts in consecutive buckets. The owner says what a bucket is (an hour, a day) and how many are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// The number of the newest bucket.
    head: i64,
    /// `counts[i]` belongs to bucket `head - i`.
    counts: Vec<u64>,
}

wire! { struct Buckets { head, counts } }

impl Buckets {
    /// Adds `n` to `bucket`, keeping at most `keep` buckets. What is older than the kept ones is dropped.
    pub fn add(&mut self, bucket: i64, n: u64, keep: usize) {
        if let Some(count) = self.slot(bucket, keep) {
            *count = count.saturating_add(n);
        }
    }

    /// Sets `bucket` to `n`, keeping at most `keep` buckets. Buckets skipped since the newest one take its value: what was
    /// set stood until now.
    pub fn set(&mut self, bucket: i64, n: u64, keep: usize) {
        let stood = self.counts.first().copied().unwrap_or(0);
        let skipped = usize::try_from(bucket.saturating_sub(self.head)).unwrap_or(0).min(keep);
        if let Some(count) = self.slot(bucket, keep) {
            *count = n;
        }
        for between in self.counts.iter_mut().take(skipped).skip(1) {
            *between = stood;
        }
    }

    /// What `bucket` holds; 0 for one that is not kept or not yet begun.
    pub fn get(&self, bucket: i64) -> u64 {
        let age = self.head.checked_sub(bucket).and_then(|age| usize::try_from(age).ok());
        age.and_then(|age| self.counts.get(age)).copied().unwrap_or(0)
    }

    /// The newest bucket; `None` when nothing was ever counted.
    pub fn newest(&self) -> Option<i64> {
        (!self.counts.is_empty()).then_some(self.head)
    }

    /// The oldest bucket that is kept: the first one counted, until there are as many as are kept.
    pub fn oldest(&self) -> Option<i64> {
        let back = i64::try_from(self.counts.len()).ok()?.checked_sub(1)?;
        self.newest().map(|head| head.saturating_sub(back))
    }

    /// The sum of the `n` buckets that end with `bucket`.
    pub fn sum(&self, bucket: i64, n: u32) -> u64 {
        let mut age = bucket.wrapping_sub(self.head);
        let mut sum = 0_u64;
        for count in &self.counts {
            if age >= i64::from(n) {
                break; // all others are older
            }
            if age >= 0 {
                sum = sum.saturating_add(*count);
            }
            age = age.wrapping_add(1);
        }
        sum
    }

    fn slot(&mut self, bucket: i64, keep: usize) -> Option<&mut u64> {
        if self.counts.is_empty() {
            self.head = bucket;
            self.counts.push(0);
        }
        if bucket > self.head {
            let steps = usize::try_from(bucket - self.head).unwrap_or(usize::MAX).min(keep);
            // Not `splice`, whose machinery is larger than all else here; there are few buckets.
            for _ in 0..steps {
                self.counts.insert(0, 0);
            }
            self.counts.truncate(keep);
            self.head = bucket;
        }
        let age = usize::try_from(self.head - bucket).unwrap_or(usize::MAX);
        if age >= keep {
            return None;
        }
        if age >= self.counts.len() {
            self.counts.resize(age + 1, 0);
        }
        self.counts.get_mut(age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_cover_just_the_buckets_asked_for() {
        let mut days = Buckets::default();
        for (day, n) in [(100, 5), (101, 7), (100, 1), (107, 2), (95, 3)] {
            days.add(day, n, 28);
        }
        for (until, n, expected) in [(107, 1, 2), (107, 7, 9), (107, 8, 15), (107, 28, 18), (101, 2, 13), (200, 28, 0), (99, 7, 3)] {
            assert_eq!(days.sum(until, n), expected, "{n} days until {until}");
        }
    }

    #[test]
    fn history_is_bounded() {
        let mut hours = Buckets::default();
        for hour in 0..10_000 {
            hours.add(hour, 1, 48);
        }
        assert_eq!(hours.counts.len(), 48);
        hours.add(0, 1_000, 48);
        assert_eq!(hours.sum(9_999, 100), 48, "too old to be kept, and not counted elsewhere");
        hours.add(1_000_000, 1, 48);
        assert_eq!(hours.sum(1_000_000, 48), 1, "a long silence leaves nothing behind");
    }

    #[test]
    fn a_set_replaces_what_the_bucket_held() {
        let mut days = Buckets::default();
        days.set(10, 4, 8);
        days.set(10, 2, 8);
        assert_eq!(days.sum(10, 1), 2);
    }

    #[test]
    fn what_was_set_stands_until_it_is_set_again() {
        let mut days = Buckets::default();
        for (day, n) in [(10, 4), (13, 7), (14, 9)] {
            days.set(day, n, 8);
        }
        let read: Vec<u64> = (9..16).map(|day| days.get(day)).collect();
        assert_eq!(read, [0, 4, 4, 4, 7, 9, 0]);
        assert_eq!((days.oldest(), days.newest()), (Some(10), Some(14)));
        days.set(100, 1, 8);
        assert_eq!((days.get(93), days.get(99), days.get(100), days.counts.len()), (9, 9, 1, 8), "also through a long silence");
        assert_eq!(Buckets::default().oldest(), None);
    }
}
