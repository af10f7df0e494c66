//! Apps by id, remembered for a second per isolate: one call to the app's object serves all requests of that second, and a
//! revoked key stops working within it.

use std::cell::RefCell;

use upcue_engine::ids::is_app_id;
use upcue_engine::map::Map;
use upcue_engine::time::{Millis, SECOND};
use worker::Env;

use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, AppHead, app_object};

/// The most apps remembered; beyond it all are forgotten.
const MAX_APPS: usize = 1_000;

thread_local! {
    static APPS: RefCell<Map<(Millis, AppHead)>> = const { RefCell::new(Map::new()) };
}

/// What the app `id` is set up to.
pub(crate) async fn head(env: &Env, id: &str) -> ApiResult<AppHead> {
    if !is_app_id(id) {
        return Err(ApiError::new(Code::UnknownApp, "no app of this name"));
    }
    let now = host::now();
    let known = APPS.with_borrow(|apps| apps.get(id).filter(|(at, _)| now.since(*at) < SECOND && *at <= now).map(|(_, head)| head.clone()));
    if let Some(head) = known {
        return Ok(head);
    }
    let head: AppHead = app_object(env, id)?.call(&AppCall::Head).await?;
    APPS.with_borrow_mut(|apps| {
        if apps.len() >= MAX_APPS {
            apps.clear();
        }
        apps.insert(id, (now, head.clone()));
    });
    Ok(head)
}

/// Forgets what is remembered of `id`, after this isolate changed it.
pub(crate) fn forget(id: &str) {
    APPS.with_borrow_mut(|apps| apps.remove(id));
}
