//! Secret keys, signing keys, the operator key. Secret keys are stored as hashes only and shown once.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use upcue_engine::ids::is_app_id;
use worker::{Env, Request};

use super::bearer;
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::SigningKey;

const PREFIX: &str = "upc_sk_";

/// A secret key as presented: `upc_sk_<app>_<random>`. The app stands in it so that the key finds its object.
#[derive(Debug)]
pub(crate) struct SecretKey<'k> {
    app: &'k str,
    whole: &'k str,
}

impl<'k> SecretKey<'k> {
    /// Reads a key; `None` when the credential is of another kind.
    pub(crate) fn parse(text: &'k str) -> Option<Self> {
        let (app, _) = text.strip_prefix(PREFIX)?.split_once('_')?;
        is_app_id(app).then_some(Self { app, whole: text })
    }

    /// The app it claims to be for.
    pub(crate) fn app(&self) -> &str {
        self.app
    }

    /// Checks it against the stored hashes, in constant time.
    pub(crate) fn check(&self, hashes: &[[u8; 32]]) -> ApiResult<()> {
        let presented = sha256(self.whole.as_bytes());
        let matches = hashes.iter().filter(|stored| bool::from(stored.ct_eq(&presented))).count();
        if matches > 0 { Ok(()) } else { Err(ApiError::new(Code::UnknownKey, "this secret key is not, or no longer, valid")) }
    }
}

/// Makes a secret key for `app`.
pub(crate) fn new_secret_key(app: &str) -> ApiResult<String> {
    // Without `-` and `_`, so that a double click selects the whole key.
    let random = Base64UrlUnpadded::encode_string(&host::random::<33>()?).replace(['-', '_'], "x");
    Ok(format!("{PREFIX}{app}_{random}"))
}

/// Makes a key for signing user tokens.
pub(crate) fn new_signing_key() -> ApiResult<SigningKey> {
    let kid = Base64UrlUnpadded::encode_string(&host::random::<9>()?);
    let secret = Base64UrlUnpadded::encode_string(&host::random::<32>()?);
    Ok(SigningKey { kid, secret })
}

/// SHA-256; enough for keys, which are random and long.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lets only the operator of this deployment through.
pub(crate) fn operator(req: &Request, env: &Env) -> ApiResult<()> {
    let expected = env.secret("OPERATOR_KEY").map(|s| s.to_string()).unwrap_or_default();
    let presented = bearer(req)?
        .ok_or_else(|| ApiError::new(Code::MissingCredential, "send `Authorization: Bearer` with the operator key of this deployment"))?;
    let equal = bool::from(sha256(expected.as_bytes()).ct_eq(&sha256(presented.as_bytes())));
    if equal && !expected.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(Code::UnknownKey, "this is not the operator key of this deployment (secret OPERATOR_KEY)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_their_app_and_nothing_else_passes_for_one() {
        assert_eq!(SecretKey::parse("upc_sk_demo-1_abc").map(|k| k.app().to_owned()).as_deref(), Some("demo-1"));
        for text in ["", "upc_sk_", "upc_sk_demo", "upc_sk_De_mo", "upc_sk_../x_y", "eyJhbGciOi.e30.x"] {
            assert!(SecretKey::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_passes_by_its_hash_only() {
        let key = "upc_sk_demo_abc";
        let other = sha256(b"upc_sk_demo_abd");
        let parsed = SecretKey::parse(key).expect("a key");
        assert!(parsed.check(&[other, sha256(key.as_bytes())]).is_ok());
        assert_eq!(parsed.check(&[other]).expect_err("another key").code(), "unknown_key");
        assert!(parsed.check(&[]).is_err());
    }
}
