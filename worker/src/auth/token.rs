//! User tokens: JWTs (RFC 7519) that the app's back end signs with HS256. `kid` selects the key, so that keys rotate.

use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{AlgorithmExt, UntrustedToken};
use serde::{Deserialize, Serialize};
use upcue_engine::facts::Role;
use upcue_engine::ids::is_id;
use upcue_engine::time::{DAY, Millis, SECOND};

use crate::people;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::AppHead;

/// What a valid token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserToken {
    /// Of which tenant.
    pub(crate) tenant: String,
    /// Which user.
    pub(crate) user: String,
    /// In which role.
    pub(crate) role: Role,
    /// In which time zone, if it says.
    pub(crate) tz: Option<String>,
    /// Where mail reaches them, if it says and mail could go there.
    pub(crate) email: Option<String>,
    /// What they are called, if it says.
    pub(crate) name: Option<String>,
    /// Until when.
    pub(crate) expires: Millis,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    #[serde(default)]
    aud: Audience,
    #[serde(default)]
    sub: String,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    tz: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// One audience or several (RFC 7519, 4.1.3).
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Audience {
    fn includes_upcue(&self) -> bool {
        match self {
            Self::One(audience) => audience == "upcue",
            Self::Several(audiences) => audiences.iter().any(|a| a == "upcue"),
        }
    }
}

/// The longest name of a time zone.
const MAX_ZONE: usize = 64;
/// Clocks of app and Worker may differ by this much when a token's life is measured.
const SKEW: i64 = 60 * SECOND;

/// The app that a token claims to come from. Nothing of it is to be believed before [`verify`].
pub(crate) fn issuer(text: &str) -> ApiResult<String> {
    let token = parse(text)?;
    let claims = token.deserialize_claims_unchecked::<Claims>().map_err(|_| unreadable())?;
    Ok(claims.custom.iss)
}

/// Checks a token of `app` at `now`.
pub(crate) fn verify(text: &str, app: &AppHead, now: Millis) -> ApiResult<UserToken> {
    let token = parse(text)?;
    if token.algorithm() != "HS256" {
        return Err(ApiError::new(Code::TokenAlgorithm, "sign user tokens with HS256; no other algorithm is accepted"));
    }
    let kid = token.header().key_id.clone();
    let keys = app.signing_keys.iter().filter(|key| kid.as_deref().is_none_or(|kid| kid == key.kid));
    let claims = keys
        .filter_map(|key| Hs256.validator::<Claims>(&Hs256Key::new(key.secret.as_bytes())).validate(&token).ok())
        .map(|token| token.into_parts().1)
        .next()
        .ok_or_else(|| ApiError::new(Code::TokenSignature, "no signing key of this app fits; check the secret and the header's `kid`"))?;
    let expires = claims.expiration.map(|at| Millis(at.timestamp_millis()));
    check_life(expires, claims.not_before.map(|at| Millis(at.timestamp_millis())), now)?;
    let claims = claims.custom;
    if claims.iss != app.id {
        return Err(ApiError::new(Code::TokenSignature, "the token's `iss` is another app"));
    }
    if !claims.aud.includes_upcue() {
        return Err(ApiError::new(Code::TokenAudience, "the token's `aud` must be \"upcue\""));
    }
    for (claim, value) in [("sub", &claims.sub), ("tenant", &claims.tenant)] {
        if !is_id(value) {
            return Err(ApiError::new(Code::InvalidToken, format!("the token's `{claim}` must be 1 to 128 characters without spaces")));
        }
    }
    let role = match claims.role.as_deref() {
        None => Role::Member,
        Some(word) => {
            Role::parse(word).ok_or_else(|| ApiError::new(Code::InvalidToken, "the token's `role` must be \"admin\" or \"member\""))?
        }
    };
    // No reason to shut anybody out: a zone that does not exist is UTC.
    let tz = claims.tz.filter(|tz| tz.len() <= MAX_ZONE);
    let email = claims.email.and_then(|email| people::address(&email).ok());
    let name = claims.name.and_then(|name| people::name(&name));
    Ok(UserToken { tenant: claims.tenant, user: claims.sub, role, tz, email, name, expires: expires.unwrap_or(now) })
}

fn parse(text: &str) -> ApiResult<UntrustedToken<'_>> {
    // The algorithm is looked at before the rest: a token that is unsigned on purpose deserves its own answer.
    UntrustedToken::new(text).map_err(|_| if claims_no_algorithm(text) { no_algorithm() } else { unreadable() })
}

/// Whether the header says `"alg": "none"` in any spelling.
fn claims_no_algorithm(text: &str) -> bool {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let header = text.split('.').next().and_then(|part| Base64UrlUnpadded::decode_vec(part).ok());
    let header = header.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    header.is_some_and(|h| h.get("alg").and_then(|a| a.as_str()).is_some_and(|a| a.eq_ignore_ascii_case("none")))
}

fn no_algorithm() -> ApiError {
    ApiError::new(Code::TokenAlgorithm, "unsigned tokens are not accepted; sign user tokens with HS256")
}

fn unreadable() -> ApiError {
    ApiError::new(
        Code::InvalidToken,
        "this is neither a secret key nor a readable user token (JWT with `iss`, `aud`, `sub`, `tenant`, `exp`)",
    )
}

fn check_life(expires: Option<Millis>, not_before: Option<Millis>, now: Millis) -> ApiResult<()> {
    let Some(expires) = expires else {
        return Err(ApiError::new(Code::TokenLifetime, "the token needs `exp`, at most 24 hours ahead"));
    };
    if expires <= now {
        return Err(ApiError::new(Code::TokenExpired, "the token has expired; get a fresh one from the app's back end"));
    }
    if expires.since(now) > DAY + SKEW {
        return Err(ApiError::new(Code::TokenLifetime, "the token's `exp` is more than 24 hours ahead"));
    }
    if not_before.is_some_and(|at| at.since(now) > SKEW) {
        return Err(ApiError::new(Code::InvalidToken, "the token is not valid yet (`nbf`)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64UrlUnpadded, Encoding};
    use hmac::{Hmac, Mac};
    use serde_json::{Value, json};

    const NOW: Millis = Millis(1_750_000_000_000);

    fn app() -> AppHead {
        let key = |kid: &str, secret: &str| crate::rpc::SigningKey { kid: kid.to_owned(), secret: secret.to_owned() };
        AppHead { id: "demo".to_owned(), signing_keys: vec![key("k1", "s3cret"), key("k2", "other")], ..AppHead::default() }
    }

    fn sign(header: &Value, claims: &Value, secret: &str) -> String {
        let part = |v: &Value| Base64UrlUnpadded::encode_string(v.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(signed.as_bytes());
        format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
    }

    fn claims(change: &[(&str, Value)]) -> Value {
        let mut claims =
            json!({"iss": "demo", "aud": "upcue", "sub": "ada", "tenant": "acme", "role": "admin", "exp": NOW.0 / 1000 + 3600});
        for (key, value) in change {
            claims[*key] = value.clone();
        }
        // A claim that is null here is absent.
        if let Value::Object(claims) = &mut claims {
            claims.retain(|_, value| !value.is_null());
        }
        claims
    }

    #[test]
    fn a_good_token_says_who_it_is() {
        let token = sign(&json!({"alg": "HS256", "kid": "k1", "typ": "JWT"}), &claims(&[]), "s3cret");
        let user = verify(&token, &app(), NOW).expect("valid");
        assert_eq!((user.tenant.as_str(), user.user.as_str(), user.role), ("acme", "ada", Role::Admin));
        for change in
            [("aud", json!(["x", "upcue"])), ("role", Value::Null), ("email", json!("ada@acme.example")), ("tz", json!("Mars/Olympus"))]
        {
            let token = sign(&json!({"alg": "HS256"}), &claims(&[change]), "other");
            assert!(verify(&token, &app(), NOW).is_ok(), "without kid any key may fit");
        }
    }

    #[test]
    fn every_way_to_be_wrong_has_its_code() {
        let hs = json!({"alg": "HS256", "kid": "k1"});
        let seconds = NOW.0 / 1000;
        for (token, code) in [
            (sign(&hs, &claims(&[]), "guess"), "token_signature"),
            (sign(&json!({"alg": "HS256", "kid": "k2"}), &claims(&[]), "s3cret"), "token_signature"),
            (sign(&json!({"alg": "HS256", "kid": "gone"}), &claims(&[]), "s3cret"), "token_signature"),
            (sign(&json!({"alg": "HS512", "kid": "k1"}), &claims(&[]), "s3cret"), "token_algorithm"),
            (sign(&json!({"alg": "RS256", "kid": "k1"}), &claims(&[]), "s3cret"), "token_algorithm"),
            (sign(&json!({"alg": "none"}), &claims(&[]), "s3cret"), "token_algorithm"),
            (sign(&hs, &claims(&[("exp", json!(seconds))]), "s3cret"), "token_expired"),
            (sign(&hs, &claims(&[("exp", json!(seconds + 90_000))]), "s3cret"), "token_lifetime"),
            (sign(&hs, &claims(&[("exp", Value::Null)]), "s3cret"), "token_lifetime"),
            (sign(&hs, &claims(&[("nbf", json!(seconds + 600))]), "s3cret"), "invalid_token"),
            (sign(&hs, &claims(&[("aud", json!("other"))]), "s3cret"), "token_audience"),
            (sign(&hs, &claims(&[("aud", Value::Array(vec![]))]), "s3cret"), "token_audience"),
            (sign(&hs, &claims(&[("iss", json!("other"))]), "s3cret"), "token_signature"),
            (sign(&hs, &claims(&[("tenant", json!(""))]), "s3cret"), "invalid_token"),
            (sign(&hs, &claims(&[("sub", json!("a b"))]), "s3cret"), "invalid_token"),
            (sign(&hs, &claims(&[("role", json!("owner"))]), "s3cret"), "invalid_token"),
            ("rubbish".to_owned(), "invalid_token"),
            ("a.b.c".to_owned(), "invalid_token"),
            (String::new(), "invalid_token"),
        ] {
            assert_eq!(verify(&token, &app(), NOW).expect_err(code).code(), code, "{token}");
        }
    }

    #[test]
    fn an_unsigned_token_is_told_apart_from_an_unreadable_one() {
        let header = Base64UrlUnpadded::encode_string(br#"{"alg":"NonE"}"#);
        let body = Base64UrlUnpadded::encode_string(claims(&[]).to_string().as_bytes());
        for token in [format!("{header}.{body}."), format!("{header}.{body}")] {
            assert_eq!(
                issuer(&token)
                    .map_or_else(|e| e.code().to_owned(), |_| verify(&token, &app(), NOW).expect_err("unsigned").code().to_owned()),
                "token_algorithm"
            );
        }
    }
}
