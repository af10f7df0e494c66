//! Stripe: who speaks (signature), what is said (events), and asking back (client).

pub(crate) mod client;
pub(crate) mod event;
pub(crate) mod signature;
