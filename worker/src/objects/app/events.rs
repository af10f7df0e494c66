//! Stripe's events: stored before they are acknowledged, each acted upon once, retried until it is done.
//!
//! What an event says is never believed, only what it is *about*: the tenant's object reads the subscription from Stripe
//! again. An event about a customer who is nobody's waits, and is shown, until somebody says whose the customer is.

use upcue_engine::time::{DAY, HOUR, Millis, SECOND};
use worker::SqlStorageValue;

use super::super::rows::{text, whole};
use super::AppObject;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{EventState, StoredEvent, TenantCall, TenantEnvelope, tenant_object};
use crate::stripe::client::Stripe;
use crate::stripe::event::{StripeEvent, Subject};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS stripe_event (id TEXT PRIMARY KEY, type TEXT NOT NULL, state TEXT NOT NULL, \
    customer TEXT, received_at INTEGER NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER, detail TEXT, body TEXT) WITHOUT ROWID";
/// What waits is few among what is kept.
pub(super) const WAITING: &str = "CREATE INDEX IF NOT EXISTS stripe_event_waiting ON stripe_event (next_at) WHERE state = 'pending'";
pub(super) const UNMATCHED: &str =
    "CREATE INDEX IF NOT EXISTS stripe_event_unmatched ON stripe_event (received_at) WHERE state = 'unmatched'";
pub(super) const CUSTOMERS: &str = "CREATE TABLE IF NOT EXISTS customer (customer TEXT PRIMARY KEY, tenant TEXT NOT NULL, \
    swept_at INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID";
/// How long ids are kept, so that a late duplicate is known: Stripe tries for three days, and people resend by hand.
const KEEP: i64 = 30 * DAY;
/// Events listed, and acted upon at a time.
const AT_A_TIME: i64 = 100;

/// An event that waits.
struct Waiting {
    id: String,
    body: String,
    attempts: u32,
}

impl AppObject {
    /// Stores an event and acts upon it. It is acknowledged once it is stored, whatever becomes of the acting.
    pub(super) async fn receive_event(&self, body: &str) -> ApiResult<EventState> {
        let event = StripeEvent::parse(body)?;
        self.head()?;
        let rows = self.rows()?;
        let known = rows.query("SELECT state FROM stripe_event WHERE id = ?", vec![event.id.as_str().into()])?;
        if let Some(state) = known.first().and_then(|row| row.first()).and_then(text) {
            return Ok(state_of(&state));
        }
        let customer = match &event.subject {
            Subject::Subscription { customer, .. } => customer.clone(),
            Subject::Customer { id, .. } => Some(id.clone()),
            _ => None,
        };
        let sql =
            "INSERT INTO stripe_event (id, type, state, customer, received_at, attempts, next_at, body) VALUES (?, ?, ?, ?, ?, 0, ?, ?)";
        let now = Self::now();
        let due = now.plus(30 * SECOND); // should this object die while acting
        let values = vec![
            event.id.as_str().into(),
            event.kind.as_str().into(),
            word(EventState::Pending).into(),
            customer.into(),
            SqlStorageValue::Integer(now.0),
            SqlStorageValue::Integer(due.0),
            body.into(),
        ];
        rows.run(sql, values)?;
        self.schedule()?;
        self.act_and_record(&Waiting { id: event.id.clone(), body: body.to_owned(), attempts: 0 }).await
    }

    pub(super) fn stripe_events(&self, state: Option<EventState>) -> ApiResult<Vec<StoredEvent>> {
        self.head()?;
        let sql = "SELECT id, type, state, customer, received_at, attempts, detail FROM stripe_event WHERE ?1 IS NULL OR state = ?1 \
            ORDER BY received_at DESC, id LIMIT ?2";
        let wanted = state.map_or(SqlStorageValue::Null, |s| word(s).into());
        let rows = self.rows()?.query(sql, vec![wanted, SqlStorageValue::Integer(AT_A_TIME)])?;
        Ok(rows.iter().filter_map(|row| stored(row)).collect())
    }

    /// Says whose a customer is, reads its subscriptions, and acts upon the events that waited for this.
    pub(super) async fn link_customer(&self, customer: &str, tenant: &str) -> ApiResult<()> {
        let stripe = Stripe::new(&self.env, &self.head()?.stripe.api_key)?;
        if !stripe.has_customer(customer).await? {
            return Err(ApiError::new(
                Code::InvalidRequest,
                format!("Stripe has no customer `{customer}`; check the id, and test or live mode"),
            ));
        }
        let subscriptions = stripe.subscriptions_of(customer).await?;
        self.came_back(tenant)?;
        self.came_back(customer)?;
        self.put_customer(customer, tenant)?;
        for subscription in subscriptions {
            self.sync_subscription(tenant, &subscription, customer).await?;
        }
        self.act_on_unmatched(customer).await
    }

    /// Acts upon events whose time has come.
    pub(super) async fn retry_events(&self) -> ApiResult<()> {
        let now = Self::now();
        let rows = self.rows()?;
        let forget = "DELETE FROM stripe_event WHERE received_at < ? AND state IN ('done', 'ignored')";
        rows.run(forget, vec![SqlStorageValue::Integer(now.plus(-KEEP).0)])?;
        let sql = "SELECT id, body, attempts FROM stripe_event WHERE state = 'pending' AND next_at <= ? ORDER BY received_at LIMIT ?";
        let due = rows.query(sql, vec![SqlStorageValue::Integer(now.0), SqlStorageValue::Integer(AT_A_TIME)])?;
        for event in due.iter().filter_map(|row| waiting(row)) {
            self.act_and_record(&event).await?;
        }
        Ok(())
    }

    /// When the next event's time comes.
    pub(super) fn next_event(&self) -> ApiResult<Option<Millis>> {
        let found = self.rows()?.query("SELECT min(next_at) FROM stripe_event WHERE state = 'pending'", vec![])?;
        let at = found.first().and_then(|row| row.first()).and_then(whole);
        Ok(at.and_then(|at| i64::try_from(at).ok()).map(Millis))
    }

    async fn act_on_unmatched(&self, customer: &str) -> ApiResult<()> {
        let sql = "SELECT id, body, attempts FROM stripe_event WHERE state = 'unmatched' AND customer = ? ORDER BY received_at";
        let found = self.rows()?.query(sql, vec![customer.into()])?;
        for event in found.iter().filter_map(|row| waiting(row)) {
            self.act_and_record(&event).await?;
        }
        Ok(())
    }

    /// Acts upon an event and writes down what became of it. A failure is no error: the event is tried again.
    async fn act_and_record(&self, event: &Waiting) -> ApiResult<EventState> {
        let outcome = match StripeEvent::parse(&event.body) {
            Ok(parsed) => Box::pin(self.act(&parsed)).await,
            Err(error) => Err(error),
        };
        let rows = self.rows()?;
        let id = event.id.as_str();
        match outcome {
            Ok((state, customer)) => {
                // What is done needs no body any more; its id stays, so that a duplicate is known.
                let sql = "UPDATE stripe_event SET state = ?1, next_at = NULL, detail = NULL, \
                    customer = CASE WHEN ?1 <> 'ignored' THEN coalesce(?2, customer) END, \
                    body = CASE WHEN ?1 = 'unmatched' THEN body END WHERE id = ?3";
                rows.run(sql, vec![word(state).into(), customer.into(), id.into()])?;
                Ok(state)
            }
            Err(error) => {
                let attempts = event.attempts + 1;
                let wait = (SECOND << attempts.min(12)).min(HOUR);
                let sql = "UPDATE stripe_event SET attempts = ?, next_at = ?, detail = ? WHERE id = ?";
                let detail = error.document().get("detail").and_then(|d| d.as_str()).unwrap_or_default().to_owned();
                let next = Self::now().plus(wait).0;
                rows.run(
                    sql,
                    vec![SqlStorageValue::Integer(i64::from(attempts)), SqlStorageValue::Integer(next), detail.into(), id.into()],
                )?;
                self.schedule()?;
                Ok(EventState::Pending)
            }
        }
    }

    /// Does what an event calls for; the new state, and the customer if it turned out to be about one.
    async fn act(&self, event: &StripeEvent) -> ApiResult<(EventState, Option<String>)> {
        match &event.subject {
            Subject::Other => Ok((EventState::Ignored, None)),
            Subject::Catalogue => {
                self.sync_catalogue().await?;
                Ok((EventState::Done, None))
            }
            Subject::Customer { id, tenant } => {
                let Some(tenant) = tenant.as_ref().filter(|t| upcue_engine::ids::is_id(t)) else { return Ok((EventState::Ignored, None)) };
                if self.is_gone(tenant)? {
                    return Ok((EventState::Ignored, None));
                }
                self.link(id, tenant).await?;
                Ok((EventState::Done, None))
            }
            Subject::Related(path) => {
                let stripe = Stripe::new(&self.env, &self.head()?.stripe.api_key)?;
                match stripe.related(path).await? {
                    Subject::Subscription { id, customer, tenant } => {
                        self.act_on_subscription(&id, customer.as_deref(), tenant.as_deref()).await
                    }
                    _ => Ok((EventState::Ignored, None)),
                }
            }
            Subject::Subscription { id, customer, tenant } => self.act_on_subscription(id, customer.as_deref(), tenant.as_deref()).await,
        }
    }

    async fn act_on_subscription(&self, id: &str, customer: Option<&str>, named: Option<&str>) -> ApiResult<(EventState, Option<String>)> {
        let stripe = Stripe::new(&self.env, &self.head()?.stripe.api_key)?;
        let customer = match customer {
            Some(customer) => customer.to_owned(),
            None => match stripe.subscription(id).await? {
                Some(subscription) => subscription.customer,
                None => return Err(ApiError::new(Code::StripeRefused, format!("Stripe has no subscription {id}"))),
            },
        };
        let tenant = match (self.tenant_of(&customer)?, named) {
            (Some(tenant), _) => Some(tenant),
            (None, Some(named)) => Some(named.to_owned()),
            (None, None) => stripe.tenant_of(&customer).await?,
        };
        let Some(tenant) = tenant.filter(|t| upcue_engine::ids::is_id(t)) else {
            let state = if self.is_gone(&customer)? { EventState::Ignored } else { EventState::Unmatched };
            return Ok((state, Some(customer)));
        };
        if self.is_gone(&tenant)? {
            return Ok((EventState::Ignored, None));
        }
        self.link(&customer, &tenant).await?;
        self.sync_subscription(&tenant, id, &customer).await?;
        Ok((EventState::Done, Some(customer)))
    }

    /// Remembers whose a customer is, unless somebody's already, and acts upon the events that waited for this.
    pub(super) async fn link(&self, customer: &str, tenant: &str) -> ApiResult<()> {
        if self.tenant_of(customer)?.is_some() {
            return Ok(());
        }
        self.put_customer(customer, tenant)?;
        Box::pin(self.act_on_unmatched(customer)).await
    }

    /// Has the tenant's object read a subscription again; and the catalogue, if it sells what the catalogue does not know.
    async fn sync_subscription(&self, tenant: &str, subscription: &str, customer: &str) -> ApiResult<()> {
        let head = self.head()?;
        let call = TenantCall::SyncSubscription {
            subscription: subscription.to_owned(),
            customer: customer.to_owned(),
            api_key: head.stripe.api_key.clone(),
        };
        let envelope = TenantEnvelope { app: head.id.clone(), tenant: tenant.to_owned(), revision: head.revision, call };
        let prices: Vec<String> = tenant_object(&self.env, &head.id, tenant)?.call(&envelope).await?;
        self.erase_if_gone(tenant)?;
        for price in prices {
            if !self.knows_price(&price)? {
                self.sync_catalogue().await?;
            }
        }
        Ok(())
    }

    pub(super) fn tenant_of(&self, customer: &str) -> ApiResult<Option<String>> {
        let found = self.rows()?.query("SELECT tenant FROM customer WHERE customer = ?", vec![customer.into()])?;
        Ok(found.first().and_then(|row| row.first()).and_then(text))
    }

    /// The customer of a tenant, the one linked last if there are several.
    pub(super) fn customer_of(&self, tenant: &str) -> ApiResult<Option<String>> {
        let found =
            self.rows()?.query("SELECT customer FROM customer WHERE tenant = ? ORDER BY customer DESC LIMIT 1", vec![tenant.into()])?;
        Ok(found.first().and_then(|row| row.first()).and_then(text))
    }

    fn put_customer(&self, customer: &str, tenant: &str) -> ApiResult<()> {
        let sql = "INSERT INTO customer (customer, tenant) VALUES (?, ?) ON CONFLICT (customer) DO UPDATE SET tenant = excluded.tenant \
            WHERE tenant <> excluded.tenant";
        self.rows()?.run(sql, vec![customer.into(), tenant.into()])
    }
}

fn waiting(row: &[SqlStorageValue]) -> Option<Waiting> {
    Some(Waiting {
        id: row.first().and_then(text)?,
        body: row.get(1).and_then(text)?,
        attempts: row.get(2).and_then(whole).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
    })
}

fn stored(row: &[SqlStorageValue]) -> Option<StoredEvent> {
    Some(StoredEvent {
        id: row.first().and_then(text)?,
        kind: row.get(1).and_then(text)?,
        state: state_of(&row.get(2).and_then(text)?),
        customer: row.get(3).and_then(text),
        received_at: Millis(row.get(4).and_then(whole).and_then(|n| i64::try_from(n).ok())?),
        attempts: row.get(5).and_then(whole).and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        detail: row.get(6).and_then(text),
    })
}

fn word(state: EventState) -> &'static str {
    match state {
        EventState::Pending => "pending",
        EventState::Done => "done",
        EventState::Unmatched => "unmatched",
        EventState::Ignored => "ignored",
    }
}

fn state_of(word: &str) -> EventState {
    match word {
        "done" => EventState::Done,
        "unmatched" => EventState::Unmatched,
        "ignored" => EventState::Ignored,
        _ => EventState::Pending,
    }
}
