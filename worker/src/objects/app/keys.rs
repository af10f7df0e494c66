//! The app's settings and keys.

use upcue_engine::time::DurationMs;

use super::AppObject;
use crate::auth::{new_secret_key, new_signing_key, sha256};
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppHead, AppSettings, KeyKind, NewApp, NewKey, Retention, SigningKey};

/// The row with the app's settings and keys.
pub(super) const HEAD: &str = "head";
/// The most keys of one kind.
const MAX_KEYS: usize = 10;

impl AppObject {
    pub(super) fn create(&self, mut settings: AppSettings) -> ApiResult<NewApp> {
        match self.head() {
            Ok(_) => return Err(ApiError::new(Code::AppExists, "an app of this name exists; PATCH /v1/apps/{app} changes it")),
            Err(error) if error.code() == "unknown_app" => {}
            Err(error) => return Err(error),
        }
        let secret_key = new_secret_key(&settings.id)?;
        let signing_key = new_signing_key()?;
        let mut head = AppHead {
            id: settings.id.clone(),
            name: settings.id.clone(),
            signing_keys: vec![signing_key.clone()],
            secret_keys: vec![sha256(secret_key.as_bytes())],
            link_key: host::random()?,
            ..AppHead::default()
        };
        let retention = std::mem::take(&mut settings.retention);
        change(&mut head, settings)?;
        self.put_head(&head)?;
        self.change_retention(retention)?;
        self.schedule()?;
        Ok(NewApp { secret_key, signing_key })
    }

    pub(super) fn update(&self, mut settings: AppSettings) -> ApiResult<Retention> {
        let mut head = self.head()?;
        let retention = std::mem::take(&mut settings.retention);
        change(&mut head, settings)?;
        self.put_head(&head)?;
        self.change_retention(retention)?;
        self.schedule()?; // with a key to Stripe, its catalogue and subscriptions are come by every hour
        self.retention()
    }

    fn change_retention(&self, changes: Vec<(String, Option<DurationMs>)>) -> ApiResult<()> {
        let (mut retention, mut usual) = (self.retention()?, Retention::USUAL);
        for (name, wanted) in changes {
            let usual = usual.named().into_iter().find(|(of, _)| *of == name).map(|(_, kept)| *kept);
            for (_, kept) in retention.named().into_iter().filter(|(of, _)| *of == name) {
                *kept = wanted.or(usual).unwrap_or(*kept);
            }
        }
        self.retain(retention)
    }

    pub(super) fn add_key(&self, kind: KeyKind) -> ApiResult<NewKey> {
        let mut head = self.head()?;
        let count = match kind {
            KeyKind::Secret => head.secret_keys.len(),
            KeyKind::Signing => head.signing_keys.len(),
        };
        if count >= MAX_KEYS {
            return Err(ApiError::new(Code::InvalidRequest, format!("an app has at most {MAX_KEYS} keys of a kind; revoke one first")));
        }
        let key = match kind {
            KeyKind::Secret => {
                let key = new_secret_key(&head.id)?;
                head.secret_keys.push(sha256(key.as_bytes()));
                NewKey::Secret(key)
            }
            KeyKind::Signing => {
                let key: SigningKey = new_signing_key()?;
                head.signing_keys.push(key.clone());
                NewKey::Signing(key)
            }
        };
        self.put_head(&head)?;
        Ok(key)
    }

    pub(super) fn revoke_key(&self, key: &str) -> ApiResult<()> {
        let mut head = self.head()?;
        let hash = sha256(key.as_bytes());
        let before = head.signing_keys.len() + head.secret_keys.len();
        head.signing_keys.retain(|k| k.kid != key);
        head.secret_keys.retain(|k| *k != hash);
        if head.signing_keys.len() + head.secret_keys.len() == before {
            return Err(ApiError::new(Code::NotFound, "no such key: name a signing key by its `kid`, a secret key by itself"));
        }
        self.put_head(&head)
    }
}

fn change(head: &mut AppHead, settings: AppSettings) -> ApiResult<()> {
    let AppSettings { id: _, name, allowed_origins, stripe_key, webhook_secrets, email, origin, retention: _ } = settings;
    head.origin = origin;
    if let Some(name) = name {
        head.name = name;
    }
    if let Some(origins) = allowed_origins {
        head.allowed_origins = origins;
    }
    if let Some(key) = stripe_key {
        head.stripe.api_key = key;
    }
    if let Some(secrets) = webhook_secrets {
        head.stripe.webhook_secrets = secrets;
    }
    if let Some(email) = email {
        head.email = email.apply(&head.email)?;
    }
    Ok(())
}
