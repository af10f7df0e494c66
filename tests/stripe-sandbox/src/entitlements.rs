//! `/v1/entitlements` and the features of products: which on/off features a customer has paid for.

mod active;
mod attachments;
mod features;

use std::sync::Arc;

use axum::Router;

pub(crate) use self::active::refresh;
use crate::app::App;

pub(crate) fn router() -> Router<Arc<App>> {
    features::router().merge(attachments::router()).merge(active::router())
}
