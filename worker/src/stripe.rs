//! Stripe: who speaks (signature), what is said (events), asking back (client, reading), and changing (upgrading).

pub(crate) mod client;
pub(crate) mod event;
mod preview;
mod reading;
pub(crate) mod signature;
mod subscription;
pub(crate) mod upgrading;

pub(crate) use subscription::read as read_subscription;
