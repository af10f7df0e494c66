//! `GET /healthz`: the Worker answers.

use serde_json::json;
use worker::Response;

use crate::http::answer;
use crate::problem::ApiResult;

pub(super) fn get() -> ApiResult<Response> {
    answer(200, &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))
}
