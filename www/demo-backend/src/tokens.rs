//! Who is at the browser, in a token that the Worker believes.

use anyhow::Context;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};

use crate::hs256;

/// Seconds until a page must ask for another one.
pub(crate) const LIFETIME: u64 = 60 * 60;

/// What a user may do for the tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// May buy.
    #[default]
    Admin,
    /// May ask.
    Member,
}

/// Whom a token is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) user: &'a str,
    pub(crate) name: &'a str,
    pub(crate) role: Role,
    /// The name of their time zone, if it is known.
    pub(crate) tz: Option<&'a str>,
}

/// What the token says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    tenant: String,
    role: Role,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tz: Option<String>,
    iat: u64,
    exp: u64,
}

/// What tokens are made with.
pub(crate) struct Tokens {
    app: String,
    header: Header,
    key: EncodingKey,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key stays out of every log.
        f.debug_struct("Tokens").field("app", &self.app).finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn new(app: String, kid: String, secret: &str) -> anyhow::Result<Self> {
        anyhow::ensure!(!secret.is_empty(), "--signing-secret is empty");
        // Only a second one in the same process would find one installed, and it is the same one.
        let _ = hs256::PROVIDER.install_default();
        let header = Header { kid: Some(kid), ..Header::new(Algorithm::HS256) };
        Ok(Self { app, header, key: EncodingKey::from_secret(secret.as_bytes()) })
    }

    /// Signs for one who is there at `now`, in seconds since 1970.
    pub(crate) fn sign(&self, who: Who<'_>, now: u64) -> anyhow::Result<String> {
        let claims = Claims {
            iss: self.app.clone(),
            aud: "upcue".to_owned(),
            sub: who.user.to_owned(),
            tenant: who.tenant.to_owned(),
            role: who.role,
            name: who.name.to_owned(),
            tz: who.tz.map(str::to_owned),
            iat: now,
            exp: now + LIFETIME,
        };
        encode(&self.header, &claims, &self.key).context("the token cannot be signed")
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};

    use super::*;

    #[test]
    fn tokens_say_who_is_there_and_how_long() {
        let tokens = Tokens::new("demo".to_owned(), "key_1".to_owned(), "s3cret").expect("a good secret");
        let milo = Who { tenant: "acme", user: "milo", name: "Milo Brandt", role: Role::Member, tz: Some("Europe/Berlin") };
        let token = tokens.sign(milo, 1_000).expect("a token");
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&["upcue"]);
        rules.validate_exp = false;
        let read = decode::<Claims>(&token, &DecodingKey::from_secret(b"s3cret"), &rules).expect("our own token");
        assert_eq!(read.header.kid.as_deref(), Some("key_1"));
        let Claims { iss, sub, tenant, role, name, tz, iat, exp, .. } = read.claims;
        assert_eq!((iss.as_str(), sub.as_str(), tenant.as_str()), ("demo", "milo", "acme"));
        assert_eq!((role, name.as_str(), tz.as_deref()), (Role::Member, "Milo Brandt", Some("Europe/Berlin")));
        assert_eq!((iat, exp), (1_000, 1_000 + LIFETIME));
        let forged = decode::<Claims>(&token, &DecodingKey::from_secret(b"other"), &rules);
        assert!(forged.is_err(), "another secret must not open it");
    }
}
