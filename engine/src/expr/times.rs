//! Arithmetic with timestamps, at the edge and in what is left of it for the browser.
//!
//! The browser knows durations and nothing of timestamps. A timestamp reaches it as the duration since 1970: sums, differences
//! and comparisons are the same then, and only the ranges differ.

use core::ops::RangeInclusive;

use super::program::Op;
use super::value::{MAX_DURATION, Value};

/// CEL's timestamps, in milliseconds since 1970: the years 0001 to 9999.
pub(super) const TIMESTAMPS: RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// The differences of timestamps that CEL's implementations answer: what 64 bits of nanoseconds hold, 292 years either way.
const DIFFERENCES: RangeInclusive<i64> = -9_223_372_036_854..=9_223_372_036_854;

/// A timestamp plus or minus a duration, or minus a timestamp.
pub(super) fn shift<'a>(op: &Op, a: Value<'a>, b: Value<'a>) -> Value<'a> {
    let found = match (op, a, b) {
        (Op::TimeAdd, Value::Timestamp(x), Value::Duration(y)) | (Op::TimeAdd, Value::Duration(x), Value::Timestamp(y)) => {
            x.checked_add(y).filter(|ms| TIMESTAMPS.contains(ms)).map(Value::Timestamp)
        }
        (Op::TimeSub, Value::Timestamp(x), Value::Duration(y)) => {
            x.checked_sub(y).filter(|ms| TIMESTAMPS.contains(ms)).map(Value::Timestamp)
        }
        (Op::TimeDiff, Value::Timestamp(x), Value::Timestamp(y)) => {
            x.checked_sub(y).filter(|ms| DIFFERENCES.contains(ms)).map(Value::Duration)
        }
        _ => None,
    };
    found.unwrap_or(Value::Unknown)
}

/// The steps that do to durations since 1970 what `op` does to timestamps; `None` for other steps.
pub(super) fn in_durations(op: &Op) -> Option<Vec<Op>> {
    let (op, range) = match op {
        Op::TimeAdd => (Op::Add, TIMESTAMPS),
        Op::TimeSub => (Op::Sub, TIMESTAMPS),
        Op::TimeDiff => (Op::Sub, DIFFERENCES),
        _ => return None,
    };
    let mut ops = vec![op];
    ops.extend(within(&range));
    Some(ops)
}

/// Steps that leave a duration as it is, and make it unknown outside `range`. A sum of durations is unknown outside CEL's
/// durations, so moving it to either end of those and back is the check; it needs no value twice.
fn within(range: &RangeInclusive<i64>) -> [Op; 6] {
    let (up, down) = (MAX_DURATION - range.end(), -MAX_DURATION - range.start());
    [Op::Duration(up), Op::Add, Op::Duration(down - up), Op::Add, Op::Duration(-down), Op::Add]
}
