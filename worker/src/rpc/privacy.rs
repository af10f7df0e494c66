//! Erasing and exporting what is kept of a tenant, or of one user of it.

use serde::{Deserialize, Serialize};
use upcue_engine::time::Millis;
use upcue_engine::wire;

/// What must be known of somebody before they are erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Farewell {
    /// The name of the life that ends: facts that are still on their way from it are of nobody any more. Empty: there is none.
    pub(crate) life: String,
    /// Addresses that want no mail, or take none: their hashes are kept, so that nobody writes to them again.
    pub(crate) refusing: Vec<String>,
}

wire! { struct Farewell { life, refusing } }

/// Whom to erase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaving {
    /// The tenant.
    pub(crate) tenant: String,
    /// One user of it; `None`: the tenant with everybody.
    pub(crate) user: Option<String>,
}

wire! { struct Leaving { tenant, user } }

/// An erasure, as the app remembers it: of whom, nobody can read any more once it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Erasure {
    /// `era_…`
    pub(crate) id: String,
    /// Whether it is of one user.
    pub(crate) of_user: bool,
    /// The keyed hash of the names of tenant and user, to find it again by who knows them.
    pub(crate) subject: [u8; 32],
    /// When it was asked for.
    pub(crate) asked_at: Millis,
    /// When nothing was left; `None`: it is not done yet, and tried again by itself.
    pub(crate) done_at: Option<Millis>,
}

wire! { struct Erasure { id, of_user, subject, asked_at, done_at } }

/// Which erasures are wanted: newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ErasureListing {
    /// Lists what was asked for before this moment and this one.
    pub(crate) after: Option<(Millis, String)>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct ErasureListing { after, limit } }

/// A part of an export.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ExportWish {
    /// Of this user alone.
    pub(crate) user: Option<String>,
    /// Where to go on.
    pub(crate) from: ExportPlace,
    /// At most so many records.
    pub(crate) limit: u32,
}

wire! { struct ExportWish { user, from, limit } }

/// A place in an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExportPlace {
    /// Which of the object's sections.
    pub(crate) section: u32,
    /// After the record with this key, part by part; empty: at its beginning.
    pub(crate) after: Vec<String>,
}

wire! { struct ExportPlace { section, after } }

/// What an object has of somebody: records as JSON texts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ExportPage {
    /// JSON objects.
    pub(crate) records: Vec<String>,
    /// Where to go on; `None`: that was all the object has.
    pub(crate) next: Option<ExportPlace>,
}

wire! { struct ExportPage { records, next } }
