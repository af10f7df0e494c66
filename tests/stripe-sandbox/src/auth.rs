//! API keys: any `sk_test_…`, as Bearer or as the user name of Basic credentials.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::error::ApiError;

const PREFIX: &str = "sk_test_";

pub(crate) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    match presented_key(headers) {
        None => Err(ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using \
             Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication \
             for details, or we can help at https://support.stripe.com/.",
        )),
        Some(key) if key.len() > PREFIX.len() && key.starts_with(PREFIX) => Ok(()),
        Some(key) => Err(ApiError::unauthorized(format!("Invalid API Key provided: {}", masked(&key)))),
    }
}

fn presented_key(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => credentials.trim().to_owned(),
        "basic" => {
            let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
            decoded.split(':').next()?.to_owned()
        }
        _ => return None,
    };
    Some(key).filter(|key| !key.is_empty())
}

/// Enough to recognise a key in an error or a log, too little to use it.
fn masked(key: &str) -> String {
    let visible = |from: usize| key.get(from..).unwrap_or_default();
    match key.len() {
        0..=12 => "*".repeat(key.len()),
        length => format!("{}****{}", key.get(..8).unwrap_or_default(), visible(length - 4)),
    }
}

/// The credentials of a request as the request log shows them: the scheme, and the key masked.
pub(crate) fn masked_credentials(headers: &HeaderMap) -> Option<String> {
    let scheme = headers.get(AUTHORIZATION)?.to_str().ok()?.split(' ').next()?;
    presented_key(headers).map(|key| format!("{scheme} {}", masked(&key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_keys_pass_and_others_are_named_without_being_shown() {
        let cases = [
            (Some("Bearer sk_test_abc".to_owned()), true),
            (Some("bearer sk_test_abc".to_owned()), true),
            (Some(format!("Basic {}", STANDARD.encode("sk_test_abc:"))), true),
            (Some(format!("Basic {}", STANDARD.encode("sk_live_abc:"))), false),
            (Some("Bearer sk_test_".to_owned()), false),
            (Some("Bearer sk_live_0123456789abcdef".to_owned()), false),
            (Some("Digest sk_test_abc".to_owned()), false),
            (Some("sk_test_abc".to_owned()), false),
            (None, false),
        ];
        for (value, accepted) in cases {
            let mut headers = HeaderMap::new();
            if let Some(value) = &value {
                headers.insert(AUTHORIZATION, value.parse().unwrap());
            }
            let result = check(&headers);
            assert_eq!(result.is_ok(), accepted, "{value:?}");
            assert!(result.is_ok() || !result.unwrap_err().message.contains("0123456789"));
        }
    }
}
