//! What comes round by itself: the catalogue is read again, and every subscription at Stripe is compared with its mirror, so
//! that a webhook that never came, or a feature that was attached without an event, does not go unnoticed.

use serde::{Deserialize, Serialize};
use upcue_engine::subscription::Subscription;
use upcue_engine::time::{HOUR, Millis};
use upcue_engine::wire;
use worker::SqlStorageValue;

use super::super::rows::text;
use super::AppObject;
use crate::problem::ApiResult;
use crate::rpc::{Sweep, TenantCall, TenantEnvelope, tenant_object};
use crate::stripe::client::Stripe;

/// The row with the moment and place of the next round.
const ROUND: &str = "round";
/// How long a round rests, in milliseconds.
const REST: i64 = HOUR;
/// Tenants asked at a time.
const AT_A_TIME: usize = 10;

/// The next round.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Round {
    /// When it goes on.
    at: Millis,
    /// When it began.
    began: Millis,
    /// The subscription it has come to; empty at the beginning.
    after: String,
}

wire! { struct Round { at, began, after } }

impl Round {
    fn new(at: Millis) -> Self {
        Self { at, began: at, after: String::new() }
    }
}

impl AppObject {
    /// Goes on with the round, if its time has come: one page of subscriptions, or the catalogue at the beginning.
    pub(super) async fn go_round(&self) -> ApiResult<()> {
        let Some(round) = self.rows()?.get::<Round>(ROUND)?.filter(|r| r.at <= Self::now()) else { return Ok(()) };
        // What fails is tried again with the next round, not at once: Stripe may be down.
        self.rows()?.put(ROUND, &Round::new(Self::now().plus(REST)))?;
        if round.after.is_empty() {
            self.sync_catalogue().await?;
        }
        let mut sweep = Sweep::default();
        match self.sweep_page(&round, &mut sweep).await? {
            Some(after) => self.rows()?.put(ROUND, &Round { at: Self::now(), after, ..round }),
            None => self.sweep_unlisted(round.began, &mut sweep).await,
        }
    }

    /// When the round goes on. It begins an hour after the app has first been told how to reach Stripe.
    pub(super) fn next_round(&self) -> ApiResult<Option<Millis>> {
        if self.head()?.stripe.api_key.is_empty() {
            return Ok(None);
        }
        if let Some(round) = self.rows()?.get::<Round>(ROUND)? {
            return Ok(Some(round.at));
        }
        let first = Round::new(Self::now().plus(REST));
        self.rows()?.put(ROUND, &first)?;
        Ok(Some(first.at))
    }

    /// Compares everything now.
    pub(super) async fn sweep_all(&self) -> ApiResult<Sweep> {
        self.sync_catalogue().await?;
        let mut sweep = Sweep::default();
        let mut round = Round::new(Self::now());
        while let Some(after) = self.sweep_page(&round, &mut sweep).await? {
            round.after = after;
        }
        self.sweep_unlisted(round.began, &mut sweep).await?;
        Ok(sweep)
    }

    /// Compares one page of subscriptions; the id of its last, if there are more.
    async fn sweep_page(&self, round: &Round, sweep: &mut Sweep) -> ApiResult<Option<String>> {
        let stripe = Stripe::new(&self.env, &self.head()?.stripe.api_key)?.insistent();
        let (found, more) = stripe.subscriptions_after(&round.after).await?;
        let last = found.last().map(|(s, _)| s.id.clone());
        for some in found.chunks(AT_A_TIME) {
            let compared =
                futures_util::future::join_all(some.iter().map(|(subscription, named)| self.compare(subscription, named.as_deref()))).await;
            for ((subscription, _), compared) in some.iter().zip(compared) {
                self.mark_swept(&subscription.customer, round.began)?;
                match compared {
                    Ok(Some((tenant, drifted))) => sweep.drifted.extend(drifted.into_iter().map(|id| (tenant.clone(), id))),
                    Ok(None) => sweep.unmatched += 1,
                    Err(error) => sweep.failed.push((subscription.id.clone(), error.detail())),
                }
                sweep.checked += 1;
            }
        }
        Ok(last.filter(|_| more))
    }

    fn mark_swept(&self, customer: &str, began: Millis) -> ApiResult<()> {
        let sql = "UPDATE customer SET swept_at = ? WHERE customer = ?";
        self.rows()?.run(sql, vec![SqlStorageValue::Integer(began.0), customer.into()])
    }

    /// Stripe does not list what has ended. So a tenant that has a subscription here and was not come by reads its own again.
    async fn sweep_unlisted(&self, began: Millis, sweep: &mut Sweep) -> ApiResult<()> {
        let sql = "SELECT customer.customer, customer.tenant FROM customer JOIN tenant ON tenant.tenant = customer.tenant \
            WHERE customer.swept_at < ? AND tenant.status IN ('active', 'trialing', 'past_due')";
        let found = self.rows()?.query(sql, vec![SqlStorageValue::Integer(began.0)])?;
        for row in &found {
            let (Some(customer), Some(tenant)) = (row.first().and_then(text), row.get(1).and_then(text)) else { continue };
            let head = self.head()?;
            let call = TenantCall::Recheck { customer: customer.clone(), api_key: head.stripe.api_key };
            let envelope = TenantEnvelope { app: head.id.clone(), tenant: tenant.clone(), revision: head.revision, call };
            let checked = tenant_object(&self.env, &head.id, &tenant)?.call::<Vec<String>>(&envelope).await;
            self.erase_if_gone(&tenant)?;
            match checked {
                Ok(drifted) => sweep.drifted.extend(drifted.into_iter().map(|subscription| (tenant.clone(), subscription))),
                Err(error) => sweep.failed.push((customer, error.detail())),
            }
            sweep.checked += 1;
        }
        Ok(())
    }

    /// Has a tenant compare one subscription; the tenant, and the ids of those that its mirror had otherwise. `None`: it is
    /// nobody's. `named`: whose it says to be, for customers that no webhook has told of.
    async fn compare(&self, subscription: &Subscription, named: Option<&str>) -> ApiResult<Option<(String, Vec<String>)>> {
        let head = self.head()?;
        let tenant = match (self.tenant_of(&subscription.customer)?, named.filter(|t| upcue_engine::ids::is_id(t))) {
            (Some(tenant), _) => tenant,
            (None, Some(named)) if self.is_gone(named)? => return Ok(None),
            (None, Some(named)) => {
                self.link(&subscription.customer, named).await?;
                named.to_owned()
            }
            (None, None) => return Ok(None),
        };
        let call = TenantCall::Compare { subscription: Box::new(subscription.clone()), api_key: head.stripe.api_key };
        let envelope = TenantEnvelope { app: head.id.clone(), tenant: tenant.clone(), revision: head.revision, call };
        let drifted: Vec<String> = tenant_object(&self.env, &head.id, &tenant)?.call(&envelope).await?;
        self.erase_if_gone(&tenant)?;
        Ok(Some((tenant, drifted)))
    }
}
