//! Who is at the browser, in a token that the Worker believes.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::hs256;

const LIFETIME: u64 = 60 * 60;
const LONGEST_USER: usize = 64;

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

impl Role {
    pub(crate) fn default_user(self) -> &'static str {
        match self {
            Self::Admin => "ada",
            Self::Member => "milo",
        }
    }
}

/// What the page is told.
#[derive(Debug, Serialize)]
pub(crate) struct Session {
    endpoint: String,
    token: String,
    user: User,
    tenant: Tenant,
}

#[derive(Clone, Debug, Serialize)]
struct User {
    id: String,
    name: String,
    role: Role,
}

#[derive(Debug, Serialize)]
struct Tenant {
    id: &'static str,
    name: &'static str,
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
    iat: u64,
    exp: u64,
}

pub(crate) struct Sessions {
    endpoint: String,
    app: String,
    header: Header,
    key: EncodingKey,
    tenant: &'static str,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key stays out of every log.
        f.debug_struct("Sessions").field("endpoint", &self.endpoint).field("app", &self.app).finish_non_exhaustive()
    }
}

impl Sessions {
    pub(crate) fn new(endpoint: String, app: String, kid: String, secret: &str, tenant: &'static str) -> anyhow::Result<Self> {
        anyhow::ensure!(!secret.is_empty(), "--signing-secret is empty");
        // Only a second back end in the same process would find one installed, and it is the same one.
        let _ = hs256::PROVIDER.install_default();
        let header = Header { kid: Some(kid), ..Header::new(Algorithm::HS256) };
        Ok(Self { endpoint, app, header, key: EncodingKey::from_secret(secret.as_bytes()), tenant })
    }

    pub(crate) fn open(&self, user: &str, role: Role) -> Result<Session, Problem> {
        if user.is_empty() || user.len() > LONGEST_USER || !user.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_user", "a user is 1 to 64 letters, digits, `-` and `_`"));
        }
        let user = User { id: user.to_owned(), name: full_name(user), role };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let token = self.sign(&user, now)?;
        Ok(Session { endpoint: self.endpoint.clone(), token, user, tenant: Tenant { id: self.tenant, name: "Acme Harbour Pilots" } })
    }

    fn sign(&self, user: &User, now: u64) -> Result<String, Problem> {
        let claims = Claims {
            iss: self.app.clone(),
            aud: "upcue".to_owned(),
            sub: user.id.clone(),
            tenant: self.tenant.to_owned(),
            role: user.role,
            name: user.name.clone(),
            iat: now,
            exp: now + LIFETIME,
        };
        encode(&self.header, &claims, &self.key)
            .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "signing_failed", error.to_string()))
    }
}

/// The two people of the demo, and whoever else comes by.
fn full_name(user: &str) -> String {
    match user {
        "ada" => "Ada Lindqvist".to_owned(),
        "milo" => "Milo Brandt".to_owned(),
        other => format!("Visitor {}", other.trim_start_matches("visitor-")),
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};

    use super::*;

    fn sessions() -> Sessions {
        Sessions::new("http://worker".to_owned(), "demo".to_owned(), "key_1".to_owned(), "s3cret", "acme").expect("a good secret")
    }

    #[test]
    fn tokens_say_who_is_there_and_how_long() {
        let session = sessions().open("milo", Role::Member).expect("a good name");
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&["upcue"]);
        let token = decode::<Claims>(&session.token, &DecodingKey::from_secret(b"s3cret"), &rules).expect("our own token");
        assert_eq!(token.header.kid.as_deref(), Some("key_1"));
        let Claims { iss, sub, tenant, role, name, iat, exp, .. } = token.claims;
        assert_eq!((iss.as_str(), sub.as_str(), tenant.as_str()), ("demo", "milo", "acme"));
        assert_eq!((role, name.as_str(), exp - iat), (Role::Member, "Milo Brandt", LIFETIME));
        let forged = decode::<Claims>(&session.token, &DecodingKey::from_secret(b"other"), &rules);
        assert!(forged.is_err(), "another secret must not open it");
    }

    #[test]
    fn names_that_could_be_anything_are_refused() {
        for user in ["", "a b", "../x", &"x".repeat(65)] {
            assert!(sessions().open(user, Role::Admin).is_err(), "{user}");
        }
    }
}
