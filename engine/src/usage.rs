//! Metering: events in, exact counts out, whatever the network does in between.

mod buckets;
mod dedupe;
mod event;
pub mod forecast;
mod meter;

pub use buckets::Buckets;
pub use dedupe::{Clients, Page, PageChanges, RecentIds, Seen};
pub use event::{Event, EventKind, MAX_EVENTS, MAX_PAST, MAX_VALUE, NoteKind, Reading, settle_time};
pub use forecast::{Pace, Quota};
pub use meter::{Bounds, MeterState};
