//! Who a browser is let in as.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use serde::Serialize;

use crate::error::Problem;
use crate::tokens::{Role, Tokens, Who};

const LONGEST_USER: usize = 64;

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

#[derive(Debug)]
pub(crate) struct Sessions {
    endpoint: String,
    tokens: Tokens,
    tenant: &'static str,
}

impl Sessions {
    pub(crate) fn new(endpoint: String, tokens: Tokens, tenant: &'static str) -> Self {
        Self { endpoint, tokens, tenant }
    }

    pub(crate) fn open(&self, user: &str, role: Role) -> Result<Session, Problem> {
        if user.is_empty() || user.len() > LONGEST_USER || !user.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_user", "a user is 1 to 64 letters, digits, `-` and `_`"));
        }
        let user = User { id: user.to_owned(), name: full_name(user), role };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let who = Who { tenant: self.tenant, user: &user.id, name: &user.name, role, tz: None };
        let token = self.tokens.sign(who, now);
        let token = token.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "signing_failed", format!("{error:#}")))?;
        Ok(Session { endpoint: self.endpoint.clone(), token, user, tenant: Tenant { id: self.tenant, name: "Acme Harbour Pilots" } })
    }
}

/// Whom a browser comes in as that does not say.
pub(crate) fn default_user(role: Role) -> &'static str {
    match role {
        Role::Admin => "ada",
        Role::Member => "milo",
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
    use super::*;

    #[test]
    fn names_that_could_be_anything_are_refused() {
        let tokens = Tokens::new("demo".to_owned(), "key_1".to_owned(), "s3cret").expect("a good secret");
        let sessions = Sessions::new("http://worker".to_owned(), tokens, "acme");
        for user in ["", "a b", "../x", &"x".repeat(65)] {
            assert!(sessions.open(user, Role::Admin).is_err(), "{user}");
        }
        assert!(sessions.open("milo", Role::Member).is_ok());
    }
}
