//! Identifiers in Stripe's shape: a prefix that tells the kind, then letters and digits.

/// As long as the identifiers Stripe gives out today.
const LENGTH: usize = 24;

pub(crate) fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", random(LENGTH))
}

/// `whsec_…`. The whole string is the HMAC key, prefix included.
pub(crate) fn new_signing_secret() -> String {
    format!("whsec_{}", random(32))
}

fn random(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}
