//! Entitlements: may this tenant use this?

use crate::facts::MeterStanding;
use crate::plan::Limit;

/// The answer for one meter or feature. When nothing is known the answer is yes: Upcue never blocks by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// Whether one more may be used.
    pub granted: bool,
    /// The limit; `None` when there is none or it is a feature.
    pub limit: Option<u64>,
    /// How much is used; 0 for a feature.
    pub used: u64,
    /// How much is left; `None` when there is no limit.
    pub remaining: Option<u64>,
    /// Why.
    pub reason: EntitlementReason,
}

/// Why something is granted or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntitlementReason {
    /// Neither a meter nor a feature of this name is known.
    Unknown,
    /// The plan has the feature.
    Included,
    /// The plan does not have the feature.
    NotIncluded,
    /// The plan sets no limit.
    Unlimited,
    /// There is some left.
    WithinLimit,
    /// There is some left, or no end to it, but the soft limit is passed.
    AboveSoftLimit,
    /// Nothing is left.
    LimitReached,
}

impl EntitlementReason {
    /// Every reason, in the order of their numbers on the wire.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Included, Self::NotIncluded, Self::Unlimited, Self::WithinLimit, Self::AboveSoftLimit, Self::LimitReached];

    /// The stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Included => "included",
            Self::NotIncluded => "not_included",
            Self::Unlimited => "unlimited",
            Self::WithinLimit => "within_limit",
            Self::AboveSoftLimit => "above_soft_limit",
            Self::LimitReached => "limit_reached",
        }
    }
}

impl Entitlement {
    /// The answer when nothing is known.
    pub const UNKNOWN: Self = Self { granted: true, limit: None, used: 0, remaining: None, reason: EntitlementReason::Unknown };

    /// The answer for a feature.
    pub fn feature(has_it: bool) -> Self {
        let reason = if has_it { EntitlementReason::Included } else { EntitlementReason::NotIncluded };
        Self { granted: has_it, reason, ..Self::UNKNOWN }
    }

    /// The answer for a meter.
    pub fn meter(meter: &MeterStanding) -> Self {
        let used = meter.value;
        let remaining = meter.remaining();
        let limit = match meter.limit {
            Limit::Unlimited => None,
            Limit::Upto(limit) => Some(limit),
        };
        let reason = match remaining {
            Some(0) => EntitlementReason::LimitReached,
            _ if meter.soft.is_some_and(|soft| used >= soft) => EntitlementReason::AboveSoftLimit,
            None => EntitlementReason::Unlimited,
            Some(_) => EntitlementReason::WithinLimit,
        };
        Self { granted: reason != EntitlementReason::LimitReached, limit, used, remaining, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_grants_until_nothing_is_left() {
        use EntitlementReason as R;
        for (used, limit, soft, granted, reason) in [
            (0, Limit::Upto(10), None, true, R::WithinLimit),
            (8, Limit::Upto(10), Some(8), true, R::AboveSoftLimit),
            (10, Limit::Upto(10), Some(8), false, R::LimitReached),
            (11, Limit::Upto(10), None, false, R::LimitReached),
            (0, Limit::Upto(0), None, false, R::LimitReached),
            (1 << 40, Limit::Unlimited, None, true, R::Unlimited),
            (11, Limit::Unlimited, Some(10), true, R::AboveSoftLimit),
        ] {
            let meter = MeterStanding { value: used, limit, soft, ..MeterStanding::default() };
            let entitlement = Entitlement::meter(&meter);
            assert_eq!((entitlement.granted, entitlement.reason), (granted, reason), "{used} of {limit:?}");
        }
    }
}
