//! Rollout: internal tenants first, then a percentage of all, always the same ones.

use serde::{Deserialize, Serialize};

use crate::hash::bucket;
use crate::wire;

/// Which tenants something is on for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Of all tenants, in basis points: 10,000 is everybody.
    pub basis_points: u16,
    /// These in any case.
    pub tenants: Vec<String>,
}

wire! { struct Rollout { basis_points, tenants } }

impl Default for Rollout {
    fn default() -> Self {
        Self { basis_points: 10_000, tenants: Vec::new() }
    }
}

impl Rollout {
    /// Whether `what` is on for `tenant`. Raising the percentage only adds tenants, and each thing rolled out takes its own
    /// tenants first.
    pub fn includes(&self, what: &str, tenant: &str) -> bool {
        Self::bucket(what, tenant) < self.basis_points || self.names(tenant)
    }

    /// The basis point of `tenant`, at which `what` reaches it.
    pub fn bucket(what: &str, tenant: &str) -> u16 {
        bucket(&["rollout", what, tenant])
    }

    /// Whether `tenant` is in whatever the percentage.
    pub fn names(&self, tenant: &str) -> bool {
        self.tenants.iter().any(|t| t == tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(basis_points: u16, what: &str) -> Vec<u32> {
        let rollout = Rollout { basis_points, tenants: vec!["t7".to_owned()] };
        (0..10_000).filter(|i| rollout.includes(what, &format!("t{i}"))).collect()
    }

    #[test]
    fn a_percentage_is_that_share_and_grows_without_dropping_anybody() {
        let (none, tenth, half, all) = (on(0, "upgrade"), on(1_000, "upgrade"), on(5_000, "upgrade"), on(10_000, "upgrade"));
        assert_eq!((none, all.len()), (vec![7], 10_000), "named tenants are in from the start");
        assert!((900..=1_100).contains(&tenth.len()) && (4_800..=5_200).contains(&half.len()));
        assert!(tenth.iter().all(|t| half.contains(t)));
        assert_ne!(tenth, on(1_000, "another campaign"), "not always the same tenants first");
    }
}
