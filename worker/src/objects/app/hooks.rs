//! Outbound webhooks: an app's endpoints, and what is asked of them. Messages wait in [`queue`], and are sent by [`sending`].

mod queue;
mod sending;

pub(super) use queue::{BY_MESSAGE, DELIVERIES, WAITING};
pub(super) use sending::Round;

use serde_json::json;
use upcue_engine::hook::{Endpoint, MAX_ENDPOINTS, MAX_SECRETS, Secret};
use upcue_engine::map::ordered;
use upcue_engine::time::Millis;

use super::super::rows::{decode, encode};
use super::AppObject;
use crate::hook::{new_name, secret};
use crate::hook_events::Event;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{self, HookCall, HookChange, HookDelivery};
use crate::{host, log};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS hook (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID";

/// Why an endpoint that its owner switched off hears nothing.
const SWITCHED_OFF: &str = "switched off by request";

impl AppObject {
    pub(super) fn about_hooks(&self, call: HookCall) -> ApiResult<Vec<u8>> {
        self.head()?;
        match call {
            HookCall::List => rpc::reply(&self.endpoints()?.into_iter().map(shown).collect::<Vec<_>>()),
            HookCall::Register { url, events } => rpc::reply(&self.register(url, events)?),
            HookCall::Change { id, change } => rpc::reply(&shown(self.change_endpoint(&id, change)?)),
            HookCall::Remove(id) => rpc::reply(&self.remove_endpoint(&id)?),
            HookCall::Rotate { id, overlap } => rpc::reply(&self.rotate(&id, overlap)?),
            HookCall::Try(id) => rpc::reply(&self.try_endpoint(&id)?),
            HookCall::Deliveries(listing) => {
                self.known_endpoint(&listing.id)?;
                rpc::reply(&self.deliveries(&listing)?)
            }
            HookCall::Replay { id, message } => rpc::reply(&self.replay_delivery(&id, &message)?),
        }
    }

    /// Puts messages about these events in line, for every endpoint that wants them; part of what makes the events known.
    pub(super) fn tell_endpoints(&self, app: &str, events: &[Event]) -> ApiResult<()> {
        if events.is_empty() {
            return Ok(());
        }
        let mut tells = false;
        for endpoint in self.endpoints()? {
            let wanted: Vec<&Event> = events.iter().filter(|event| endpoint.wants(event.kind)).collect();
            tells |= !wanted.is_empty();
            self.enqueue(&endpoint.id, wanted.into_iter().map(|event| (crate::hook::name_of(app, event), event)))?;
        }
        if tells { self.schedule() } else { Ok(()) }
    }

    /// All endpoints, the oldest first.
    fn endpoints(&self) -> ApiResult<Vec<Endpoint>> {
        let found = self.rows()?.query("SELECT value FROM hook", vec![])?;
        let endpoints = found.iter().filter_map(|row| row.first()).map(decode).collect::<ApiResult<Vec<Endpoint>>>()?;
        Ok(ordered(endpoints, |endpoint| endpoint.created_at.0))
    }

    fn endpoint(&self, id: &str) -> ApiResult<Option<Endpoint>> {
        let found = self.rows()?.query("SELECT value FROM hook WHERE id = ?", vec![id.into()])?;
        found.first().and_then(|row| row.first()).map(decode).transpose()
    }

    fn known_endpoint(&self, id: &str) -> ApiResult<Endpoint> {
        let unknown = || ApiError::new(Code::NotFound, "no endpoint of this id; GET /v1/webhooks lists them");
        self.endpoint(id)?.ok_or_else(unknown)
    }

    /// An endpoint that messages are sent to.
    fn enabled_endpoint(&self, id: &str) -> ApiResult<Endpoint> {
        let endpoint = self.known_endpoint(id)?;
        match &endpoint.disabled {
            None => Ok(endpoint),
            Some(why) => {
                let detail = format!("nothing is sent to this endpoint ({why}); enable it with PATCH {{\"state\": \"enabled\"}} first");
                Err(ApiError::new(Code::InvalidRequest, detail).finer("endpoint_disabled"))
            }
        }
    }

    fn put_endpoint(&self, endpoint: &Endpoint) -> ApiResult<()> {
        let sql = "INSERT INTO hook (id, value) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value";
        self.rows()?.run(sql, vec![endpoint.id.as_str().into(), encode(endpoint)])
    }

    fn register(&self, url: String, events: Vec<String>) -> ApiResult<(Endpoint, String)> {
        if self.endpoints()?.len() >= MAX_ENDPOINTS {
            return Err(ApiError::new(Code::InvalidRequest, format!("an app has at most {MAX_ENDPOINTS} endpoints; delete one first")));
        }
        let now = Self::now();
        let made = new_secret(now)?;
        let text = secret(&made.key);
        let id = format!("ep_{}", host::name()?);
        let endpoint = Endpoint { id, url, events, created_at: now, secrets: vec![made], ..Endpoint::default() };
        self.put_endpoint(&endpoint)?;
        Ok((shown(endpoint), text))
    }

    fn change_endpoint(&self, id: &str, HookChange { url, events, enabled }: HookChange) -> ApiResult<Endpoint> {
        let mut endpoint = self.known_endpoint(id)?;
        if let Some(url) = url {
            endpoint.url = url;
        }
        if let Some(events) = events {
            endpoint.events = events;
        }
        match (enabled, endpoint.disabled.is_some()) {
            (Some(true), _) => endpoint.enable(),
            (Some(false), false) => {
                endpoint.disabled = Some(SWITCHED_OFF.to_owned());
                self.give_up(id, SWITCHED_OFF)?;
            }
            _ => {}
        }
        endpoint.forget(Self::now());
        self.put_endpoint(&endpoint)?;
        Ok(endpoint)
    }

    fn remove_endpoint(&self, id: &str) -> ApiResult<()> {
        self.known_endpoint(id)?;
        let rows = self.rows()?;
        rows.run("DELETE FROM hook WHERE id = ?", vec![id.into()])?;
        rows.run("DELETE FROM hook_delivery WHERE endpoint = ?", vec![id.into()])
    }

    fn rotate(&self, id: &str, overlap: i64) -> ApiResult<(Endpoint, String)> {
        let mut endpoint = self.known_endpoint(id)?;
        let now = Self::now();
        let made = new_secret(now)?;
        let text = secret(&made.key);
        if !endpoint.rotate(made, overlap, now) {
            let detail =
                format!("{MAX_SECRETS} secrets sign already; wait until one runs out, or send `overlap` \"0s\" to drop the old ones");
            return Err(ApiError::new(Code::InvalidRequest, detail));
        }
        self.put_endpoint(&endpoint)?;
        Ok((shown(endpoint), text))
    }

    fn try_endpoint(&self, id: &str) -> ApiResult<String> {
        self.enabled_endpoint(id)?;
        let name = new_name()?;
        let data = json!({"endpoint": id, "message": "This endpoint hears Upcue."});
        self.enqueue(id, std::iter::once((name.clone(), &of_nobody("webhook.test", Self::now(), data))))?;
        self.schedule()?;
        Ok(name)
    }

    fn replay_delivery(&self, id: &str, message: &str) -> ApiResult<HookDelivery> {
        self.enabled_endpoint(id)?;
        let unknown = || ApiError::new(Code::NotFound, "no message of this id was for this endpoint, or it was more than 30 days ago");
        let mut found = self.delivery_of(id, message)?.ok_or_else(unknown)?;
        found.delivery.replay(Self::now());
        self.put_delivery(found.number, &found.delivery)?;
        self.schedule()?;
        Ok(found)
    }

    /// What follows from an endpoint's being given up: nothing waits for it any more, the operator's log says so, and the app's other
    /// endpoints hear of it.
    fn gave_up(&self, endpoint: &Endpoint) -> ApiResult<()> {
        let why = endpoint.disabled.as_deref().unwrap_or_default();
        log::background("webhook endpoint disabled", &format!("{}: {why}", endpoint.id));
        self.give_up(&endpoint.id, &format!("the endpoint was disabled: {why}"))?;
        let data = json!({"endpoint": endpoint.id, "url": endpoint.url, "reason": why});
        let event = of_nobody("endpoint.disabled", Self::now(), data);
        for other in self.endpoints()?.iter().filter(|other| other.id != endpoint.id && other.wants(event.kind)) {
            self.enqueue(&other.id, std::iter::once((new_name()?, &event)))?;
        }
        Ok(())
    }
}

/// An event that is about no tenant.
fn of_nobody(kind: &'static str, at: Millis, data: serde_json::Value) -> Event {
    Event { kind, tenant: String::new(), number: 0, at, data }
}

fn new_secret(now: Millis) -> ApiResult<Secret> {
    Ok(Secret { id: format!("sec_{}", host::name()?), key: host::random()?, created_at: now, expires_at: None })
}

/// An endpoint without its keys, which leave only once.
fn shown(mut endpoint: Endpoint) -> Endpoint {
    for secret in &mut endpoint.secrets {
        secret.key = [0; 32];
    }
    endpoint
}
