//! Request bodies, never more of them than allowed.

use serde::de::DeserializeOwned;
use worker::Request;

use crate::problem::{ApiError, ApiResult, Code};

/// Reads the body, refusing more than `limit` bytes before they are all in memory.
pub(crate) async fn read(req: &mut Request, limit: usize) -> ApiResult<Vec<u8>> {
    let too_large = || ApiError::new(Code::PayloadTooLarge, format!("the body may have {limit} bytes; send less at a time"));
    let announced = req.headers().get("content-length")?.and_then(|text| text.parse::<usize>().ok());
    match announced {
        Some(length) if length > limit => Err(too_large()),
        Some(_) => {
            let bytes = req.bytes().await?;
            if bytes.len() > limit { Err(too_large()) } else { Ok(bytes) }
        }
        None => read_chunks(req, limit).await?.ok_or_else(too_large),
    }
}

/// Reads a body of unannounced length; `None` as soon as it passes `limit`.
async fn read_chunks(req: &mut Request, limit: usize) -> ApiResult<Option<Vec<u8>>> {
    use worker::wasm_bindgen_futures::JsFuture;
    let Some(body) = req.inner().body() else { return Ok(Some(Vec::new())) };
    let reader: worker::web_sys::ReadableStreamDefaultReader =
        wasm_bindgen::JsCast::dyn_into(body.get_reader()).map_err(|_| ApiError::new(Code::InvalidRequest, "the body cannot be read"))?;
    let mut bytes = Vec::new();
    loop {
        let chunk = JsFuture::from(reader.read()).await.map_err(worker::Error::from)?;
        let done = js_sys::Reflect::get(&chunk, &"done".into()).map_err(worker::Error::from)?;
        if done.is_truthy() {
            return Ok(Some(bytes));
        }
        let value = js_sys::Reflect::get(&chunk, &"value".into()).map_err(worker::Error::from)?;
        bytes.extend(js_sys::Uint8Array::new(&value).to_vec());
        if bytes.len() > limit {
            let _cancelled = reader.cancel();
            return Ok(None);
        }
    }
}

/// Reads JSON from bytes, whatever content type they claimed.
pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        let place = serde_json::json!({"line": error.line(), "column": error.column()});
        let code = if error.is_data() { Code::InvalidRequest } else { Code::MalformedJson };
        ApiError::new(code, error.to_string()).with(&place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn bad_json_is_told_with_its_place() {
        for (text, code) in [
            ("{\"a\":", "malformed_json"),
            ("", "malformed_json"),
            ("{\"a\":1,}", "malformed_json"),
            ("[]", "invalid_request"),
            ("{\"a\":\"b\"}", "invalid_request"),
        ] {
            let error = json::<BTreeMap<String, u32>>(text.as_bytes()).expect_err(text);
            assert_eq!(error.code(), code, "{text}");
            assert!(error.document()["line"].is_u64());
        }
    }
}
