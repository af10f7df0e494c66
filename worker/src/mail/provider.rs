//! What every mail provider does, and the one that does nothing.

use super::envelope::Envelope;
use super::{Delivery, Handing, Mail};

/// Takes mails to pass them on.
pub(super) trait Provider {
    /// Hands a mail over whose head has been checked. A provider that knows no keys tells `handing` right before it may have all of it,
    /// and leaves it if that says no.
    async fn deliver(&self, mail: &Mail<'_>, envelope: &Envelope, handing: &Handing<'_>) -> Delivery;
}

/// Nothing leaves; the outbox shows what would have.
pub(super) struct Log;

impl Provider for Log {
    async fn deliver(&self, _: &Mail<'_>, _: &Envelope, _: &Handing<'_>) -> Delivery {
        Delivery::Sent { id: None }
    }
}
