//! `/v1/email/suppressions`: addresses that no mail goes to. Nobody can read them off the list, which holds hashes; whoever has
//! an address can ask for it.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use serde_json::{Value, json};
use worker::{Env, Request, Response};

use super::tenants::back_end;
use crate::auth::link::{LinkKey, address_hash};
use crate::host;
use crate::http::{self, Query, read};
use crate::people;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, AppHead, Suppression, SuppressionListing, app_object};

/// Entries on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);
/// The largest body, in bytes.
const MAX_BODY: usize = 4_096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    email: String,
}

pub(super) async fn list(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let after = query.get("cursor").map(read_hash).transpose()?;
    // One address: the page that would begin with it.
    let wanted = query.get("email").map(|email| hash(&caller.app.link_key, email)).transpose()?;
    let after = wanted.map(before).or(after);
    let listing = SuppressionListing { after, limit: if wanted.is_some() { 1 } else { limit + 1 } };
    let mut found: Vec<Suppression> = app_object(env, &caller.app.id)?.call(&AppCall::Suppressions(listing)).await?;
    found.retain(|suppression| wanted.is_none_or(|wanted| wanted == suppression.hash));
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| Base64UrlUnpadded::encode_string(&last.hash));
    http::answer(200, &json!({"suppressions": found.iter().map(told).collect::<Vec<_>>(), "next_cursor": next}))
}

pub(super) async fn add(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let Address { email } = http::json(&read(req, MAX_BODY).await?)?;
    let suppression = Suppression { hash: hash(&caller.app.link_key, &email)?, reason: "manual".to_owned(), at: host::now() };
    app_object(env, &caller.app.id)?.call::<()>(&AppCall::Suppress(suppression.clone())).await?;
    http::answer(200, &told(&suppression))
}

pub(super) async fn remove(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let Address { email } = http::json(&read(req, MAX_BODY).await?)?;
    let was: bool = app_object(env, &caller.app.id)?.call(&AppCall::Unsuppress(address(&email)?)).await?;
    http::answer(200, &json!({ "was_suppressed": was }))
}

fn told(Suppression { hash, reason, at }: &Suppression) -> Value {
    json!({"hash": Base64UrlUnpadded::encode_string(hash), "reason": reason, "at": at})
}

fn address(email: &str) -> ApiResult<String> {
    people::address(email).map_err(|why| ApiError::new(Code::InvalidRequest, format!("`email` {why}; it must be {}", people::AN_ADDRESS)))
}

fn hash(key: &LinkKey, email: &str) -> ApiResult<[u8; 32]> {
    address_hash(key, &address(email)?)
}

/// Why no mail goes to an address, if none does.
pub(super) async fn reason(env: &Env, app: &AppHead, address: &str) -> ApiResult<Option<String>> {
    let hash = address_hash(&app.link_key, address)?;
    let listing = SuppressionListing { after: Some(before(hash)), limit: 1 };
    let found: Vec<Suppression> = app_object(env, &app.id)?.call(&AppCall::Suppressions(listing)).await?;
    Ok(found.into_iter().find(|suppression| suppression.hash == hash).map(|suppression| suppression.reason))
}

/// The hash just before this one.
fn before(mut hash: [u8; 32]) -> [u8; 32] {
    for byte in hash.iter_mut().rev() {
        let (less, borrows) = byte.overflowing_sub(1);
        *byte = less;
        if !borrows {
            break;
        }
    }
    hash
}

fn read_hash(text: &str) -> ApiResult<[u8; 32]> {
    let bytes = Base64UrlUnpadded::decode_vec(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before"))
}

#[cfg(test)]
mod tests {
    use super::before;

    #[test]
    fn what_comes_just_before_borrows_as_far_as_it_must() {
        let (mut of, mut expected) = ([9; 32], [9; 32]);
        (of[30], of[31]) = (1, 0);
        (expected[30], expected[31]) = (0, 255);
        assert_eq!(before(of), expected);
        assert!(before([5; 32]) < [5; 32]);
    }
}
