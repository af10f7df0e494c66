//! Who is asking: an operator, an app's back end, or one user in a browser.

mod directory;
mod keys;
pub(crate) mod link;
mod origin;
mod token;

pub(crate) use directory::{forget, head};
pub(crate) use keys::{SecretKey, new_secret_key, new_signing_key, operator, sha256};
pub(crate) use origin::is_allowed;
pub(crate) use token::{UserToken, verify};

use upcue_engine::facts::Role;
use upcue_engine::hash::hash64;
use worker::{Env, Request};

use crate::problem::{ApiError, ApiResult, Code};
use crate::rates::{self, Of};
use crate::rpc::AppHead;

/// A credential that was checked.
#[derive(Debug)]
pub(crate) enum Credential {
    /// A user's token.
    User(UserToken),
    /// An app's secret key.
    Secret,
}

/// Somebody who may act for an app, with what the app is set up to.
#[derive(Debug)]
pub(crate) struct Caller {
    /// The app.
    pub(crate) app: AppHead,
    /// In which role.
    pub(crate) credential: Credential,
}

impl Caller {
    /// The tenant this call is about: the token's; with a secret key the one that is `named`.
    pub(crate) fn tenant(&self, named: Option<&str>) -> ApiResult<String> {
        match (&self.credential, named) {
            (Credential::User(token), Some(named)) if named != token.tenant => {
                Err(ApiError::new(Code::ForbiddenTenant, "the token is for another tenant than the one named; leave `tenant` out"))
            }
            (Credential::User(token), _) => Ok(token.tenant.clone()),
            (Credential::Secret, Some(named)) if upcue_engine::ids::is_id(named) => Ok(named.to_owned()),
            (Credential::Secret, Some(_)) => {
                Err(ApiError::new(Code::InvalidRequest, "`tenant`: 1 to 128 characters, no spaces or control characters"))
            }
            (Credential::Secret, None) => Err(ApiError::new(Code::InvalidRequest, "with a secret key, name the `tenant`")),
        }
    }

    /// The user's token; a secret key will not do.
    pub(crate) fn user(&self) -> ApiResult<&UserToken> {
        match &self.credential {
            Credential::User(token) => Ok(token),
            Credential::Secret => Err(ApiError::new(Code::ForbiddenCredential, "this is for users: send a user token, not a secret key")),
        }
    }

    /// The token of a user of this role.
    pub(crate) fn user_in(&self, role: Role) -> ApiResult<&UserToken> {
        let user = self.user()?;
        match role {
            _ if user.role == role => Ok(user),
            Role::Admin => {
                Err(ApiError::new(Code::ForbiddenRole, "only admins can do this; members ask them with POST /v1/upgrade-requests"))
            }
            Role::Member => Err(ApiError::new(Code::MemberOnly, "you are an admin: upgrade yourself, with POST /v1/upgrade/quotes")),
        }
    }

    /// Refuses users.
    pub(crate) fn secret(&self) -> ApiResult<()> {
        match &self.credential {
            Credential::Secret => Ok(()),
            Credential::User(_) => {
                Err(ApiError::new(Code::ForbiddenCredential, "this is for the app's back end: send a secret key, not a user token"))
            }
        }
    }
}

/// The bearer credential of the `Authorization` header.
pub(crate) fn bearer(req: &Request) -> ApiResult<Option<String>> {
    let Some(header) = req.headers().get("authorization")? else { return Ok(None) };
    match header.split_once(' ') {
        Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(credential.trim().to_owned())),
        _ => Err(ApiError::new(Code::MissingCredential, "the Authorization header must be `Bearer <credential>`")),
    }
}

/// Checks a bearer credential, secret key or user token.
pub(crate) async fn caller(env: &Env, credential: Option<String>) -> ApiResult<Caller> {
    let Some(credential) = credential else {
        return Err(ApiError::new(Code::MissingCredential, "send `Authorization: Bearer` with a secret key or a user token"));
    };
    if let Some(key) = SecretKey::parse(&credential) {
        let app = head(env, key.app()).await.map_err(|e| hide_app(e, Code::UnknownKey))?;
        key.check(&app.secret_keys)?;
        rates::admit(env, Of::Key, &format!("{:016x}", hash64(credential.as_bytes())))?;
        return Ok(Caller { app, credential: Credential::Secret });
    }
    let issuer = token::issuer(&credential)?;
    let app = head(env, &issuer).await.map_err(|e| hide_app(e, Code::InvalidToken))?;
    let token = verify(&credential, &app, crate::host::now())?;
    rates::admit(env, Of::Tenant, &format!("{}/{}", app.id, token.tenant))?;
    Ok(Caller { app, credential: Credential::User(token) })
}

/// Whether an app exists is nobody's business who has no key to it.
fn hide_app(error: ApiError, code: Code) -> ApiError {
    if error.code() == "unknown_app" { ApiError::new(code, "no app goes with this credential") } else { error }
}

/// A browser may only read answers on pages of the app's own origins.
pub(crate) fn check_origin(req: &Request, app: &AppHead) -> ApiResult<()> {
    match req.headers().get("origin")? {
        Some(origin) if !is_allowed(&app.allowed_origins, &origin) => {
            let detail = "pages of this origin may not use this app; add it to the app's `allowed_origins`";
            Err(ApiError::new(Code::OriginNotAllowed, detail))
        }
        _ => Ok(()),
    }
}
