//! Quotes: made from Stripe's own preview, signed with a key that only this tenant's object has.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use upcue_engine::config::{Proration, UpgradeRules};
use upcue_engine::plan::{Feature, Meter, MeterSource, Plan};
use upcue_engine::subscription::Subscription;
use upcue_engine::time::Millis;
use upcue_engine::upgrade::quote::{HOLDS, Quote, Refusal, Wish, changeable};
use upcue_engine::upgrade::state::Source;
use upcue_engine::wire;

use super::Core;
use super::store::{Step, Stored};
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{Fact, LineKind, QuoteLine, QuoteReport, QuoteWish, Sold, Sums};
use crate::stripe::client::Stripe;
use crate::stripe::upgrading::{Order, Preview};

/// The row with the key.
const KEY: &str = "quote_key";

/// A quote without its figures.
struct Draft {
    quote: Quote,
    rules: UpgradeRules,
    new_period: bool,
    from: Option<Sold>,
    to: Sold,
    used: Vec<u64>,
    notes: Vec<&'static str>,
    per_seat: bool,
    meters: Vec<Meter>,
    features: Vec<Feature>,
}

/// The figures of a quote.
struct Figures {
    amount_due: i64,
    currency: String,
    sums: Sums,
    lines: Vec<QuoteLine>,
    next: Option<(Millis, i64)>,
}

impl Core {
    /// Makes a quote: reads the subscription as it is now, then has Stripe preview the change.
    pub(super) async fn quote(&self, wish: &QuoteWish, api_key: &str) -> ApiResult<QuoteReport> {
        self.with_loaded(|stored| stored.may_upgrade())?;
        let stripe = Stripe::new(&self.env, api_key)?.insistent();
        if let Some(id) = self.with_loaded(|stored| Ok(stored.tenant.mirror.current().map(|s| s.id.clone())))? {
            self.read_subscription(&stripe, &id, Source::Recovery).await?;
        }
        let mut draft = self.with_loaded(|stored| stored.draft(wish, host::now()))?;
        let figures = figures(&stripe, &draft).await?;
        draft.quote.amount_due = figures.amount_due;
        draft.quote.currency = figures.currency;
        let token = self.with_loaded(|stored| {
            let token = stored.sign(&draft.quote)?;
            stored.record(Step { facts: vec![quoted(&draft.quote, host::now())], ..Step::default() })?;
            Ok(token)
        })?;
        let Draft { quote, from, to, used, notes, meters, features, .. } = draft;
        let notes = notes.into_iter().map(str::to_owned).collect();
        let per_seat = draft.per_seat;
        let Figures { sums, lines, next, .. } = figures;
        Ok(QuoteReport { token, quote, sums, lines, next, from, to, used, notes, per_seat, meters, features })
    }
}

async fn figures(stripe: &Stripe, draft: &Draft) -> ApiResult<Figures> {
    let Some(change) = &draft.quote.change else { return checkout(draft) };
    let order = Order { change, price: &draft.quote.price, quantity: draft.quote.quantity, rules: &draft.rules };
    if draft.rules.proration == Proration::CreateProrations && !draft.new_period {
        let preview = stripe.preview(&order, Proration::CreateProrations.word()).await?;
        let next = preview.period().map(|(at, _)| (at, preview.amount_due));
        // The lines wait for the next invoice, so there is nothing to add up today.
        return Ok(Figures { next, amount_due: 0, sums: Sums::default(), ..of(preview) });
    }
    let now = stripe.preview(&order, Proration::AlwaysInvoice.word());
    if draft.new_period {
        let preview = now.await?;
        let ends = preview.lines.iter().filter(|l| l.kind == LineKind::Period).filter_map(|l| l.until).min();
        let next = preview.period().zip(ends).map(|((_, amount), at)| (at, amount));
        return Ok(Figures { next, ..of(preview) });
    }
    // What is due now, and what the next period will cost: two questions, asked at the same time.
    let (now, later) = futures_util::future::join(now, stripe.preview(&order, Proration::CreateProrations.word())).await;
    Ok(Figures { next: later?.period(), ..of(now?) })
}

fn of(preview: Preview) -> Figures {
    let Preview { currency, subtotal, discount, tax, total, amount_due, lines } = preview;
    Figures { amount_due, currency, sums: Sums { subtotal, discount, tax, total }, lines, next: None }
}

/// Without a subscription nothing is prorated; tax and coupons are the Checkout page's.
fn checkout(draft: &Draft) -> ApiResult<Figures> {
    let price = draft.to.plan.prices.first();
    let amount = price.and_then(|p| p.unit_amount).ok_or_else(|| refused(&Refusal::PriceUnavailable))?;
    let total = amount.saturating_mul(i64::try_from(draft.to.quantity).unwrap_or(i64::MAX));
    let line = QuoteLine {
        kind: LineKind::Period,
        description: draft.to.plan.name.clone(),
        amount: total,
        discount: 0,
        quantity: draft.to.quantity,
        from: None,
        until: None,
    };
    let currency = price.map(|p| p.currency.clone()).unwrap_or_default();
    Ok(Figures { amount_due: total, currency, sums: Sums { subtotal: total, total, ..Sums::default() }, lines: vec![line], next: None })
}

/// A refusal as clients see it.
pub(super) fn refused(refusal: &Refusal) -> ApiError {
    let code = match refusal {
        Refusal::AlreadyOnPlan => Code::AlreadyOnPlan,
        Refusal::NotAnUpgrade => Code::NotAnUpgrade,
        Refusal::UnknownPlan => Code::UnknownPlan,
        Refusal::InProgress => Code::UpgradeInProgress,
        Refusal::UnknownHolding
        | Refusal::PriceUnavailable
        | Refusal::SeveralPlans
        | Refusal::Scheduled
        | Refusal::PastDue
        | Refusal::Paused
        | Refusal::Incomplete => Code::NotChangeable,
    };
    ApiError::new(code, refusal.detail()).finer(refusal.code())
}

impl Stored {
    /// Refuses where the upgrade flow is not rolled out.
    pub(super) fn may_upgrade(&self) -> ApiResult<()> {
        if self.tenant.may_upgrade(&self.rules) {
            return Ok(());
        }
        Err(ApiError::new(Code::NotRolledOut, "upgrading by yourself is not open to you yet; please contact us"))
    }

    fn draft(&self, wish: &QuoteWish, now: Millis) -> ApiResult<Draft> {
        let rules = &self.rules;
        let wanted = Wish { plan: &wish.plan, price: wish.price.as_deref(), quantity: wish.quantity };
        let target = self.tenant.target(rules, &wanted).map_err(|refusal| self.with_remedy(&refusal))?;
        let subscription = self.tenant.mirror.current();
        let change = self.tenant.change(&target, now);
        let mut notes = Vec::new();
        for (holds, note) in [
            (subscription.is_some_and(|s| s.trial_end.is_some_and(|end| end > now)), "trial_continues"),
            (change.as_ref().is_some_and(|c| c.resumes), "cancellation_withdrawn"),
            (target.new_period, "interval_changes"),
            (subscription.is_some_and(|s| s.terms.invoiced), "invoice_sent"),
            (change.is_none(), "tax_at_checkout"),
        ] {
            notes.extend(holds.then_some(note));
        }
        let quote = Quote {
            id: format!("qt_{}", host::name()?),
            tenant: self.tenant.name.clone(),
            plan: target.plan.id.clone(),
            price: target.price.id.clone(),
            quantity: target.quantity,
            quantity_named: wish.quantity.is_some(),
            estimated: self.tenant.estimate(rules, &target, now).map(|e| e.amount_due()),
            catalogue: rules.catalogue,
            expires_at: now.plus(HOLDS),
            change,
            ..Quote::default()
        };
        let meters = rules.config.meters.clone();
        Ok(Draft {
            from: target.from.map(|(plan, item)| sold(plan, &item.price, item.quantity)).or_else(|| {
                let plan = rules.default_plan().filter(|_| target.from.is_none())?;
                Some(Sold { plan: Plan { prices: Vec::new(), ..plan.clone() }, quantity: 1 })
            }),
            to: sold(target.plan, &target.price.id, target.quantity),
            used: self.tenant.needs(rules, None, now).meters.iter().map(|m| m.used).collect(),
            rules: rules.config.upgrade.clone(),
            new_period: target.new_period,
            per_seat: rules.config.sources.contains(&MeterSource::SubscriptionQuantity),
            features: rules.config.features.clone(),
            meters,
            notes,
            quote,
        })
    }

    /// Why this tenant cannot upgrade by itself as things stand, whatever it would like to have.
    pub(super) fn obstacle(&self) -> Option<ApiError> {
        let current = self.tenant.mirror.current();
        let unknown = |s: &Subscription| if s.holding(&self.rules.plans).is_none() { Some(Refusal::UnknownHolding) } else { None };
        let refusal = || changeable(current?).err().or_else(|| unknown(current?));
        self.may_upgrade().err().or_else(|| refusal().map(|refusal| self.with_remedy(&refusal)))
    }

    /// A refusal, with the page where the customer mends what stands in the way.
    fn with_remedy(&self, refusal: &Refusal) -> ApiError {
        let invoice = self.tenant.mirror.current().and_then(|s| s.latest_invoice.as_ref());
        match (refusal, invoice.and_then(|i| i.url.as_ref())) {
            (Refusal::PastDue | Refusal::Incomplete | Refusal::InProgress, Some(url)) => {
                refused(refusal).with(&serde_json::json!({ "url": url }))
            }
            _ => refused(refusal),
        }
    }

    fn sign(&self, quote: &Quote) -> ApiResult<String> {
        let key: [u8; 32] = if let Some(key) = self.rows().get(KEY)? {
            key
        } else {
            let key = host::random()?;
            self.rows().put(KEY, &key)?;
            key
        };
        let bytes = wire::encode(quote);
        let mac = mac(&key, &bytes)?.finalize().into_bytes();
        Ok(format!("{}.{}", Base64UrlUnpadded::encode_string(&bytes), Base64UrlUnpadded::encode_string(&mac)))
    }

    /// The quote that a token holds, if this object has signed it.
    pub(super) fn verify(&self, token: &str) -> ApiResult<Quote> {
        let parts = token.split_once('.');
        let read = parts.and_then(|(bytes, sent)| {
            let bytes = Base64UrlUnpadded::decode_vec(bytes).ok()?;
            let sent = Base64UrlUnpadded::decode_vec(sent).ok()?;
            let key: [u8; 32] = self.rows().get(KEY).ok()??;
            mac(&key, &bytes).ok()?.verify_slice(&sent).ok()?; // constant time
            wire::decode(&bytes)
        });
        read.ok_or_else(|| ApiError::new(Code::QuoteStale, "this quote was not made here, or it was altered; ask for a fresh one"))
    }
}

/// What the app is told of a quote.
fn quoted(quote: &Quote, at: Millis) -> Fact {
    Fact::Quoted { at, quote: quote.id.clone(), plan: quote.plan.clone(), amount_due: quote.amount_due }
}

/// A plan with the price that is meant, alone.
pub(super) fn sold(plan: &Plan, price: &str, quantity: u64) -> Sold {
    let prices = plan.price(price).cloned().into_iter().collect();
    Sold { plan: Plan { prices, ..plan.clone() }, quantity }
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> ApiResult<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| ApiError::new(Code::Internal, "every length of key is a key"))?;
    mac.update(bytes);
    Ok(mac)
}
