//! Numbers across the boundary: JavaScript has doubles, the engine has whole numbers.

use upcue_engine::time::Millis;

/// The largest integer up to which doubles are exact.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// A time the page handed in; nonsense becomes the beginning of time rather than an error.
#[expect(clippy::cast_possible_truncation, reason = "clamped to the exact range; the fraction of a millisecond is dropped")]
#[inline(never)] // nineteen callers: together 70 bytes on the wire
pub(crate) fn millis(ms: f64) -> Millis {
    Millis(if ms.is_nan() { 0 } else { ms.clamp(-EXACT, EXACT) as i64 })
}

/// A count the page handed in; negative or not a number is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the exact range, which is not negative")]
#[inline(never)]
pub(crate) fn whole(n: f64) -> u64 {
    if n.is_nan() { 0 } else { n.clamp(0.0, EXACT) as u64 }
}

/// A whole number for the page.
#[expect(clippy::cast_precision_loss, reason = "times and counts stay below 2^53")]
pub(crate) fn number(n: i64) -> f64 {
    n as f64
}

/// A count for the page; -1 for none.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub(crate) fn option(n: Option<u64>) -> f64 {
    n.map_or(-1.0, |n| n as f64)
}
