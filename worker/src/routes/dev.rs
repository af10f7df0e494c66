//! `POST /dev/…`: a clock that can be moved and switches that panic. In builds with `dev-tools` only, for the operator only.

use serde::Deserialize;
use serde_json::json;
use worker::{Env, Request, Response};

use super::segment;
use crate::auth;
use crate::fault;
use crate::host;
use crate::http::{self, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{TenantCall, TenantEnvelope, tenant_object};

#[derive(Deserialize)]
struct Clock {
    offset: i64,
}

#[derive(Deserialize)]
struct Fault {
    /// Where; nowhere any more when it is absent.
    at: Option<String>,
    /// What happens there, once.
    kind: Option<fault::Kind>,
}

pub(super) async fn post(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    auth::operator(req, env)?;
    match segment(path, 2)?.as_str() {
        "clock" => {
            let Clock { offset } = http::json(&read(req, 1_024).await?)?;
            host::set_offset(offset);
            http::answer(200, &json!({"now": host::now()}))
        }
        "fault" => {
            let Fault { at, kind } = http::json(&read(req, 1_024).await?)?;
            fault::arm(at.zip(kind));
            http::answer(200, &json!({}))
        }
        "panic" => boom(),
        "panic-later" => {
            read(req, 1_024).await?;
            auth::head(env, "nobody").await.map_or_else(|_| boom(), |_| boom())
        }
        "panic-in-object" => {
            let envelope = TenantEnvelope { app: "dev".to_owned(), tenant: "dev".to_owned(), revision: 0, call: TenantCall::Panic };
            tenant_object(env, "dev", "dev")?.call::<()>(&envelope).await?;
            boom()
        }
        _ => Err(ApiError::new(Code::NotFound, "known: clock, fault, panic, panic-later, panic-in-object")),
    }
}

/// Panics, as a bug would.
#[expect(clippy::panic, reason = "panicking is what this is for")]
pub(crate) fn boom() -> ! {
    panic!("asked to")
}
