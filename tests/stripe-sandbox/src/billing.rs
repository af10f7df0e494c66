//! The money of subscriptions: what a change costs, the invoice for it, and its payment.
//!
//! One path for the preview and for the deed: [`change::plan`] says what a change would do and which lines it would
//! bill, [`draft::Draft`] makes an invoice of lines; the preview shows that draft, the update issues it
//! ([`issue`]). So the two agree to the cent for the same `proration_date`.

pub(crate) mod change;
pub(crate) mod currency;
pub(crate) mod debits;
pub(crate) mod discounting;
pub(crate) mod draft;
pub(crate) mod issue;
pub(crate) mod limits;
pub(crate) mod line;
pub(crate) mod payment;
pub(crate) mod periods;
pub(crate) mod proration;
pub(crate) mod renewal;
pub(crate) mod wish;
