//! The clocks of Worker and Stripe, moved together.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::world::World;

pub(super) const MINUTE: i64 = 60_000;
pub(super) const DAY: i64 = 1_440 * MINUTE;

#[derive(Debug)]
pub(super) struct Clocks<'w> {
    world: &'w World,
    operator_key: String,
}

impl<'w> Clocks<'w> {
    pub(super) fn new(world: &'w World, operator_key: String) -> Self {
        Self { world, operator_key }
    }

    /// It is `at` now, in milliseconds since 1970.
    pub(super) async fn set(&self, at: i64) -> anyhow::Result<()> {
        let World { client, nimbus, .. } = self.world;
        let offset = at - real();
        // The Worker first: Stripe bills what falls due as soon as its clock says so, and tells of it at once.
        let (worker, stripe) = (format!("{}/dev/clock", nimbus.worker), format!("{}/_sandbox/clock", nimbus.stripe));
        client.post_json(&worker, &self.operator_key, &json!({ "offset": offset })).await?;
        client.put_json(&stripe, &nimbus.stripe_key, &json!({"offset": offset.div_euclid(1_000)})).await?;
        Ok(())
    }
}

/// The machine's time, in milliseconds since 1970.
pub(super) fn real() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Whether the day that begins then is a Saturday or Sunday.
pub(super) fn is_weekend(midnight: i64) -> bool {
    // The first of January 1970 was a Thursday.
    matches!((midnight / DAY + 4) % 7, 0 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_are_saturdays_and_sundays() {
        let monday = 20_423 * DAY; // 2025-12-01
        let week: Vec<bool> = (0..7).map(|day| is_weekend(monday + day * DAY)).collect();
        assert_eq!(week, [false, false, false, false, false, true, true]);
    }
}
