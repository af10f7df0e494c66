//! `GET /v1/tenants/{tenant}/export`: everything that is kept of a tenant, or of one user of it, page by page.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use upcue_engine::ids::is_id;
use upcue_engine::wire;
use worker::{Env, Request, Response};

use super::call_tenant;
use super::tenants::{back_end, tenant};
use crate::host;
use crate::http::{self, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, ExportPage, ExportPlace, ExportWish, TenantCall, app_object};

/// Records on a page: usually, and at most. It ends sooner where it has a megabyte.
const PAGE: (u32, u32) = (200, 1_000);

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let query = Query::of(req);
    let user = query.get("user").map(str::to_owned);
    if user.as_ref().is_some_and(|user| !is_id(user)) {
        return Err(ApiError::new(Code::InvalidRequest, "`user`: 1 to 128 characters, no spaces or control characters"));
    }
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let (of_app, from) = query.get("cursor").map_or(Some((false, ExportPlace::default())), read).ok_or_else(bad_cursor)?;
    let wish = ExportWish { user: user.clone(), from, limit };
    let page: ExportPage = if of_app {
        app_object(env, &caller.app.id)?.call(&AppCall::Export { tenant: tenant.clone(), wish }).await?
    } else {
        call_tenant(env, &caller, &tenant, TenantCall::Export(wish)).await?
    };
    // After the tenant's own object comes what the app knows of it.
    let next = page.next.map(|place| (of_app, place)).or_else(|| (!of_app).then(|| (true, ExportPlace::default())));
    let records: Vec<Value> = page.records.iter().map(|record| http::json(record.as_bytes())).collect::<ApiResult<_>>()?;
    let document = json!({
        "tenant": tenant, "user": user, "exported_at": host::now(), "records": records,
        "next_cursor": next.map(|next| Base64UrlUnpadded::encode_string(&wire::encode(&next))),
    });
    http::answer(200, &document)
}

fn read(cursor: &str) -> Option<(bool, ExportPlace)> {
    wire::decode(&Base64UrlUnpadded::decode_vec(cursor).ok()?)
}

fn bad_cursor() -> ApiError {
    ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_others_are_refused() {
        let place = (true, ExportPlace { section: 3, after: vec!["quota".to_owned(), "7".to_owned()] });
        assert_eq!(read(&Base64UrlUnpadded::encode_string(&wire::encode(&place))), Some(place));
        for cursor in ["", "x", "!!!!", "AAAA_w"] {
            assert_eq!(read(cursor), None, "{cursor}");
        }
    }
}
