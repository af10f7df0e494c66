//! Moving the sandbox's clock: a history is made by living through it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    routing::put,
};
use serde::{Deserialize, Serialize};

use super::ControlError;
use crate::{app::App, clock, error::ApiError, subscriptions};

/// A hundred years: dates beyond make no calendar.
const FARTHEST: i64 = 36_525 * clock::DAY;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/clock", put(set).get(show))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    /// Seconds ahead of the machine's clock; negative is behind it.
    offset: i64,
}

async fn show() -> Json<Clock> {
    Json(Clock { offset: clock::offset() })
}

/// What falls due meanwhile is carried out, as when Stripe's test clocks advance.
async fn set(State(app): State<Arc<App>>, wanted: Result<Json<Clock>, JsonRejection>) -> Result<Json<Clock>, ControlError> {
    let Json(wanted) = wanted?;
    if !(-FARTHEST..=FARTHEST).contains(&wanted.offset) {
        return Err(ApiError::invalid(format!("`offset` must be within {FARTHEST} seconds of the machine's clock.")).into());
    }
    clock::set_offset(wanted.offset);
    subscriptions::fall_due(&app)?;
    Ok(Json(wanted))
}
