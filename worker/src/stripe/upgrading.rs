//! What changes a subscription at Stripe: the preview of a change, the change, and the pages where the customer makes it.
//!
//! Preview and change are made from one form, so that what is charged is what was shown.

use upcue_engine::config::UpgradeRules;
use upcue_engine::upgrade::quote::{Change, Quote};

use super::client::{Form, Reply, Stripe, escape};
use super::event::{TENANT_KEY, id_at, text_at};
pub(crate) use super::preview::Preview;
use crate::problem::{ApiError, ApiResult, Code};

/// A change as Stripe is told of it.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    /// Of what.
    pub(crate) change: &'a Change,
    /// To which price.
    pub(crate) price: &'a str,
    /// How many.
    pub(crate) quantity: u64,
    /// How it is charged.
    pub(crate) rules: &'a UpgradeRules,
}

/// A Checkout session that is not open any more.
#[derive(Debug)]
pub(crate) enum Session {
    /// Nobody can pay it.
    Over,
    /// It was paid, and has made this subscription.
    Paid(String),
}

/// A page of Stripe's.
#[derive(Debug)]
pub(crate) struct Page {
    /// The session's id.
    pub(crate) id: String,
    /// Where the browser goes.
    pub(crate) url: String,
}

impl Order<'_> {
    /// The fields that preview and change have in common, each name as `of` writes it.
    fn fields(&self, proration: &str, of: impl Fn(&str) -> String) -> Form {
        let change = self.change;
        let mut form = vec![
            (of("items[0][id]"), change.item.clone()),
            (of("items[0][price]"), self.price.to_owned()),
            (of("items[0][quantity]"), self.quantity.to_string()), // left out it would become 1
            (of("proration_behavior"), proration.to_owned()),
        ];
        form.push(match change.proration_date {
            Some(date) => (of("proration_date"), date.to_string()),
            None => (of("billing_cycle_anchor[type]"), "now".to_owned()),
        });
        if change.resumes {
            form.push((of("cancel_at_period_end"), "false".to_owned()));
        }
        form
    }
}

impl Stripe {
    /// What a change would cost. Changes nothing. `proration`: how it would be charged.
    pub(crate) async fn preview(&self, order: &Order<'_>, proration: &str) -> ApiResult<Preview> {
        let path = "/v1/invoices/create_preview";
        let mut form = vec![("subscription".to_owned(), order.change.subscription.clone())];
        // `a[b]` becomes `subscription_details[a][b]`.
        form.extend(order.fields(proration, |name| {
            let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
            format!("subscription_details[{first}]{rest}")
        }));
        let invoice = self.post(path, &form, None).await?.success(path)?;
        Preview::read(&invoice).ok_or_else(|| ApiError::new(Code::StripeUnavailable, "Stripe's preview of an invoice has no total"))
    }

    /// Makes the change, once for each `key`.
    pub(crate) async fn change(&self, order: &Order<'_>, key: &str) -> ApiResult<Reply> {
        let mut form = order.fields(order.rules.proration.word(), str::to_owned);
        form.push(("payment_behavior".to_owned(), order.rules.payment.word().to_owned()));
        form.push(("expand[0]".to_owned(), "latest_invoice".to_owned()));
        self.post(&format!("/v1/subscriptions/{}", escape(&order.change.subscription)), &form, Some(key)).await
    }

    /// The page of the billing portal where the customer confirms the change, with another card or under the bank's eyes.
    pub(crate) async fn portal(&self, order: &Order<'_>, return_url: &str, key: &str) -> ApiResult<Page> {
        let flow = |name: &str| format!("flow_data{name}");
        let confirm = |name: &str| format!("flow_data[subscription_update_confirm]{name}");
        let form = vec![
            ("customer".to_owned(), order.change.customer.clone()),
            ("return_url".to_owned(), return_url.to_owned()),
            (flow("[type]"), "subscription_update_confirm".to_owned()),
            (confirm("[subscription]"), order.change.subscription.clone()),
            (confirm("[items][0][id]"), order.change.item.clone()),
            (confirm("[items][0][price]"), order.price.to_owned()),
            (confirm("[items][0][quantity]"), order.quantity.to_string()),
            (flow("[after_completion][type]"), "redirect".to_owned()),
            (flow("[after_completion][redirect][return_url]"), return_url.to_owned()),
        ];
        self.page("/v1/billing_portal/sessions", &form, key).await
    }

    /// The page of the billing portal where the customer puts another card in.
    pub(crate) async fn card_page(&self, customer: &str, return_url: &str) -> ApiResult<Page> {
        let form = vec![
            ("customer".to_owned(), customer.to_owned()),
            ("return_url".to_owned(), return_url.to_owned()),
            ("flow_data[type]".to_owned(), "payment_method_update".to_owned()),
        ];
        let path = "/v1/billing_portal/sessions";
        page(&self.post(path, &form, None).await?.success(path)?)
    }

    /// The Checkout page that makes the first subscription. Its metadata says whose it is.
    pub(crate) async fn checkout(&self, quote: &Quote, customer: Option<&str>, return_url: &str, key: &str) -> ApiResult<Page> {
        let mut form = vec![
            ("mode".to_owned(), "subscription".to_owned()),
            ("client_reference_id".to_owned(), quote.tenant.clone()),
            ("line_items[0][price]".to_owned(), quote.price.clone()),
            ("line_items[0][quantity]".to_owned(), quote.quantity.to_string()),
            ("success_url".to_owned(), return_url.to_owned()),
            ("cancel_url".to_owned(), return_url.to_owned()),
            (format!("subscription_data[metadata][{TENANT_KEY}]"), quote.tenant.clone()),
        ];
        if let Some(customer) = customer {
            form.push(("customer".to_owned(), customer.to_owned()));
        }
        self.page("/v1/checkout/sessions", &form, key).await
    }

    /// Ends a Checkout session, so that it cannot be paid any more.
    pub(crate) async fn end_checkout(&self, session: &str) -> ApiResult<Session> {
        let path = format!("/v1/checkout/sessions/{}", escape(session));
        let reply = self.post(&format!("{path}/expire"), &Form::new(), None).await?;
        if reply.status == 200 {
            return Ok(Session::Over);
        }
        // Refused: it was ended before, or completed meanwhile.
        Ok(self.paid_by(session).await?.map_or(Session::Over, Session::Paid))
    }

    /// The subscription that a completed Checkout session has made.
    pub(crate) async fn paid_by(&self, session: &str) -> ApiResult<Option<String>> {
        let found = self.get(&format!("/v1/checkout/sessions/{}", escape(session))).await?;
        Ok(found.filter(|s| text_at(s, "/status").as_deref() == Some("complete")).and_then(|s| id_at(&s, "/subscription")))
    }

    async fn page(&self, path: &str, form: &Form, key: &str) -> ApiResult<Page> {
        page(&self.post(path, form, Some(key)).await?.success(path)?)
    }
}

fn page(session: &serde_json::Value) -> ApiResult<Page> {
    let found = text_at(session, "/id").zip(text_at(session, "/url"));
    found.map(|(id, url)| Page { id, url }).ok_or_else(|| ApiError::new(Code::StripeUnavailable, "Stripe's session has no address"))
}
