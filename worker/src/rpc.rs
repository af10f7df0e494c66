//! The calls between Worker and objects: one enum per object, answered in [`wire`].

mod app;
mod privacy;
mod tenant;

pub(crate) use app::*;
pub(crate) use privacy::*;
pub(crate) use tenant::*;

use upcue_engine::wire;
use upcue_engine::wire::Wire;
use worker::{Env, Headers, Request, Response, Stub, web_sys};

use crate::problem::{ApiError, ApiResult, Code};

/// The binding of the namespace with one object per app, as in wrangler.toml.
const APP: &str = "APP";
/// The binding of the namespace with one object per tenant, as in wrangler.toml.
const TENANT: &str = "TENANT";
/// Objects are reached by binding; the host name of the request means nothing.
const URL: &str = "https://object/";
/// The header that carries the call of a WebSocket request, which has no body.
const CALL_HEADER: &str = "upcue-call";

/// An object that can be called.
#[derive(Debug)]
pub(crate) struct Object {
    stub: Stub,
}

/// The object of the app `id`.
pub(crate) fn app_object(env: &Env, id: &str) -> ApiResult<Object> {
    Ok(Object { stub: env.durable_object(APP)?.get_by_name(id)? })
}

/// The object of a tenant. App ids hold no `/`, so no two pairs share a name.
pub(crate) fn tenant_object(env: &Env, app: &str, tenant: &str) -> ApiResult<Object> {
    Ok(Object { stub: env.durable_object(TENANT)?.get_by_name(&format!("{app}/{tenant}"))? })
}

impl Object {
    /// Calls and waits for the answer.
    pub(crate) async fn call<R: Wire>(&self, call: &impl Wire) -> ApiResult<R> {
        let bytes = self.exchange(wire::encode(call)).await?;
        wire::decode::<ApiResult<R>>(&bytes).ok_or_else(ApiError::unreadable)?
    }

    /// The same as bytes: what is done is made once, and not for every pair of a call and its answer.
    async fn exchange(&self, call: Vec<u8>) -> ApiResult<Vec<u8>> {
        let init = web_sys::RequestInit::new();
        init.set_method("POST");
        init.set_body(&js_sys::Uint8Array::from(call.as_slice()).into());
        let mut response = self.stub.fetch_with_request(request(URL, &init)?).await?;
        Ok(response.bytes().await?)
    }

    /// Hands a WebSocket request over.
    pub(crate) async fn connect(&self, call: &impl Wire) -> ApiResult<Response> {
        use base64ct::{Base64UrlUnpadded, Encoding};
        let headers = Headers::new();
        headers.set("upgrade", "websocket")?;
        headers.set(CALL_HEADER, &Base64UrlUnpadded::encode_string(&wire::encode(call)))?;
        let init = web_sys::RequestInit::new();
        init.set_headers(&headers.0);
        let mut response = self.stub.fetch_with_request(request(URL, &init)?).await?;
        if response.status_code() == 101 {
            return Ok(response);
        }
        let bytes = response.bytes().await?;
        match wire::decode::<ApiResult<()>>(&bytes).ok_or_else(ApiError::unreadable)? {
            Err(error) => Err(error),
            Ok(()) => Err(ApiError::new(Code::Internal, "the live connection was not opened; try again")),
        }
    }
}

/// A request. Made of the platform's own parts: the crate's builder brings nine kilobytes of options along.
pub(crate) fn request(url: &str, init: &web_sys::RequestInit) -> ApiResult<Request> {
    let request = web_sys::Request::new_with_str_and_init(url, init).map_err(worker::Error::from)?;
    Ok(request.into())
}

/// Reads the call of a request that came to an object.
pub(crate) async fn receive<C: Wire>(req: &mut Request) -> ApiResult<C> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let bytes = match req.headers().get(CALL_HEADER)? {
        Some(header) => {
            Base64UrlUnpadded::decode_vec(&header).map_err(|_| ApiError::new(Code::Internal, "an internal call could not be read"))?
        }
        None => req.bytes().await?,
    };
    wire::decode(&bytes).ok_or_else(ApiError::unreadable)
}

/// An answer's bytes: those of `ApiResult<T>`.
#[expect(clippy::unnecessary_wraps, reason = "the last word of methods that fail")]
pub(crate) fn reply<T: Wire>(value: &T) -> ApiResult<Vec<u8>> {
    Ok(wire::extend(wire::encode(&false), value))
}

/// Sends an object's answer.
pub(crate) fn respond(result: ApiResult<Vec<u8>>) -> worker::Result<Response> {
    let bytes = match result {
        Ok(bytes) => bytes,
        Err(error) => wire::encode(&Err::<(), ApiError>(error)),
    };
    Response::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use upcue_engine::wire::made::made;

    /// Whether a value made up of type `T` has the bytes that postcard gives it, and comes back from them.
    fn agrees<T: Wire + Serialize + DeserializeOwned>(choices: &[u8]) -> bool {
        let value: T = made(choices).expect("the maker knows all types");
        let bytes = wire::encode(&value);
        postcard::to_allocvec(&value).is_ok_and(|theirs| theirs == bytes)
            && wire::decode::<T>(&bytes).is_some_and(|again| wire::encode(&again) == bytes)
    }

    proptest! {
        #[test]
        fn calls_and_answers_arrive_as_they_were_sent(choices in prop::collection::vec(any::<u8>(), 0..1_000)) {
            prop_assert!(agrees::<AppCall>(&choices));
            prop_assert!(agrees::<TenantEnvelope>(&choices));
            prop_assert!(agrees::<ApiResult<AppHead>>(&choices));
            prop_assert!(agrees::<(NewApp, NewKey)>(&choices));
            prop_assert!(agrees::<(StoredConfig, CatalogueReport)>(&choices));
            prop_assert!(agrees::<(Published, SegmentPage)>(&choices));
            prop_assert!(agrees::<Vec<(StoredEvent, TenantRow)>>(&choices));
            prop_assert!(agrees::<(SnapshotReply, TenantReport)>(&choices));
            prop_assert!(agrees::<(DecisionReport, LetterReply)>(&choices));
            prop_assert!(agrees::<(upcue_engine::history::Replayed, Backtest)>(&choices));
            prop_assert!(agrees::<(LettersReport, ConsentReport)>(&choices));
            prop_assert!(agrees::<Vec<(LetterFact, Suppression)>>(&choices));
            prop_assert!(agrees::<(MailLeave, Posted)>(&choices));
            prop_assert!(agrees::<Option<Look>>(&choices));
            prop_assert!(agrees::<(Farewell, Vec<Erasure>)>(&choices));
            prop_assert!(agrees::<(ExportWish, ExportPage)>(&choices));
            prop_assert!(agrees::<(u64, Retention)>(&choices));
            prop_assert!(agrees::<Vec<(upcue_engine::hook::Endpoint, HookDelivery)>>(&choices));
        }
    }
}
