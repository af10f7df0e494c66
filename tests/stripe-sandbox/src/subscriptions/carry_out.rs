//! Bringing a planned change into effect: its invoice, the payment, and what becomes of the subscription.

use serde_json::{Value, json};

use super::{changes, pending::PendingUpdate};
use crate::{
    billing::{
        change::Plan,
        debits::{self, Debit},
        draft::Draft,
        issue::{Settlement, collects, issue},
        limits,
        line::{Kind, Line, of_invoice_item},
        payment::foresee,
    },
    call::Call,
    coupons,
    error::ApiError,
    ids,
    params::Params,
    present::text,
    resource::put,
    store::Store,
};

/// What a caller wants where a payment is due and fails.
/// <https://docs.stripe.com/billing/subscriptions/pending-updates>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentBehavior {
    Allow,
    Default,
    Error,
    Pending,
}

impl PaymentBehavior {
    pub(crate) fn read(params: &mut Params) -> Result<Option<Self>, ApiError> {
        Ok(params.choice("payment_behavior", &super::PAYMENT_BEHAVIORS)?.map(|behavior| match behavior.as_str() {
            "default_incomplete" => Self::Default,
            "error_if_incomplete" => Self::Error,
            "pending_if_incomplete" => Self::Pending,
            _ => Self::Allow,
        }))
    }
}

/// What is billed: the lines of the invoice, and what the items of the subscription were billed by them.
pub(crate) struct Bill {
    pub(crate) lines: Vec<Value>,
    debits: Vec<Debit>,
    /// Made for this change; those that waited for an invoice are not among them.
    new_items: Vec<Value>,
    waiting: Vec<String>,
}

impl Bill {
    /// `invoice` is the id of the invoice that it will be.
    pub(crate) fn of(store: &Store, subscription: &Value, plan: &Plan, invoice: &str) -> Self {
        let waiting = waiting_items(store, text(subscription, "id"));
        let new_items: Vec<Value> = plan.prorations.iter().map(|line| line.as_invoice_item(subscription, plan.at)).collect();
        let of_items: Vec<Value> = waiting.iter().chain(&new_items).map(of_invoice_item).collect();
        let of_cycle: Vec<Value> = plan.cycle.iter().map(|line| line.as_invoice_line(text(subscription, "id"))).collect();
        let place = |line: &Value| Some((invoice.to_owned(), text(line, "id").to_owned()));
        let fresh = plan.prorations.iter().zip(of_items[waiting.len()..].iter().map(place));
        let mut debits = billed_while_waiting(store, &of_items[..waiting.len()], invoice);
        debits.extend(debits::of_lines(fresh.chain(plan.cycle.iter().zip(of_cycle.iter().map(place)))));
        let waiting = waiting.iter().map(|item| text(item, "id").to_owned()).collect();
        Self { lines: of_items.into_iter().chain(of_cycle).collect(), debits, new_items, waiting }
    }
}

/// Invoice items that no invoice has taken up yet.
fn waiting_items(store: &Store, subscription: &str) -> Vec<Value> {
    let own = store.waiting_items.iter().filter(|(_, of)| *of == subscription);
    own.filter_map(|(id, _)| store.invoice_items.get(id)).cloned().collect()
}

/// Debits that were waiting have an invoice line now.
fn billed_while_waiting(store: &Store, lines: &[Value], invoice: &str) -> Vec<Debit> {
    let debit = |line: &Value| {
        let item = text(&line["parent"]["subscription_item_details"], "subscription_item");
        let debit = store.debits.get(item).filter(|debit| debit.billed_by.is_none() && line["amount"] == debit.net)?;
        Some(Debit { billed_by: Some((invoice.to_owned(), text(line, "id").to_owned())), ..debit.clone() })
    };
    lines.iter().filter_map(debit).collect()
}

/// Carries out a change. An error means that nothing has changed.
pub(crate) fn carry_out(
    call: &mut Call<'_>,
    before: &Value,
    plan: Plan,
    behavior: PaymentBehavior,
    proration_date: Option<i64>,
) -> Result<Value, ApiError> {
    if !plan.bills_now {
        return Ok(without_invoice(call, before, plan));
    }
    limits::check(call.store, before, call.now)?;
    let id = ids::new_id("in");
    let bill = Bill::of(call.store, before, &plan, &id);
    let draft = Draft {
        subscription: &plan.after,
        lines: bill.lines.clone(),
        reason: if plan.renews.is_some() { "subscription_cycle" } else { "subscription_update" },
        period: plan.renews.map_or((call.now, call.now), |over| (over.start, over.end)),
        proration_date,
        now: call.now,
    };
    let invoice = draft.build(call.store, &id);
    let settlement = settlement(call.store, &plan.after, &invoice, behavior)?;
    super::pending::discard(call, before);
    let mut after = plan.after;
    after["pending_update"] = Value::Null;
    if plan.cycle.iter().any(|line| line.kind == Kind::Cycle) {
        coupons::spend(call, &mut after);
    }
    take_up(call, &bill, text(&invoice, "id"));
    let invoice = issue(call, &after, invoice, &settlement);
    after["latest_invoice"] = invoice["id"].clone();
    let unpaid = invoice["status"] == "open" && collects(&after);
    if unpaid && behavior == PaymentBehavior::Pending {
        let items = bill.new_items.iter().map(|item| text(item, "id").to_owned()).collect();
        let invoice = text(&invoice, "id").to_owned();
        return Ok(super::pending::hold(call, before, PendingUpdate { after, debits: bill.debits, items, invoice }));
    }
    debits::keep(call.store, bill.debits);
    after["status"] = json!(status_after(&after, unpaid));
    let current = current(call, before);
    changes::take_effect(call, &current, &after, Some(text(&invoice, "id")));
    Ok(after)
}

/// As it is now: dropping a pending update has changed it.
fn current(call: &Call<'_>, before: &Value) -> Value {
    call.store.subscriptions.get(text(before, "id")).unwrap_or(before).clone()
}

/// Prorations wait for the next invoice.
fn without_invoice(call: &mut Call<'_>, before: &Value, mut plan: Plan) -> Value {
    if plan.after["items"] != before["items"] {
        super::pending::discard(call, before);
        plan.after["pending_update"] = Value::Null;
    }
    let current = current(call, before);
    changes::take_effect(call, &current, &plan.after, None);
    let lines: Vec<(&Line, Option<(String, String)>)> = plan.prorations.iter().map(|line| (line, None)).collect();
    let debits = debits::of_lines(lines.into_iter());
    debits::keep(call.store, debits);
    for line in &plan.prorations {
        let item = line.as_invoice_item(before, plan.at);
        put(&mut call.store.invoice_items, item.clone());
        call.store.waiting_items.insert(text(&item, "id").to_owned(), text(before, "id").to_owned());
        call.emit("invoiceitem.created", &item);
    }
    plan.after
}

/// Marks the items of a bill as taken up by its invoice.
fn take_up(call: &mut Call<'_>, bill: &Bill, invoice: &str) {
    for id in &bill.waiting {
        call.store.waiting_items.shift_remove(id);
        if let Some(item) = call.store.invoice_items.get_mut(id) {
            item["invoice"] = json!(invoice);
        }
    }
    for item in &bill.new_items {
        let mut item = item.clone();
        item["invoice"] = json!(invoice);
        put(&mut call.store.invoice_items, item.clone());
        call.emit("invoiceitem.created", &item);
    }
}

/// How the invoice is going to be paid; or why the whole call is refused.
pub(crate) fn settlement(store: &Store, subscription: &Value, invoice: &Value, behavior: PaymentBehavior) -> Result<Settlement, ApiError> {
    if invoice["amount_due"] == 0 || !collects(subscription) || behavior == PaymentBehavior::Default {
        return Ok(Settlement::Wait);
    }
    let outlook = foresee(store, subscription);
    // Without anything to charge, nothing can be tried: Stripe refuses whatever the behavior.
    let refuses = outlook.method().is_none() || behavior == PaymentBehavior::Error;
    match outlook.refusal().filter(|_| refuses) {
        Some(refusal) => Err(refusal),
        None => Ok(Settlement::Attempt(outlook)),
    }
}

/// The status follows the latest invoice.
pub(crate) fn status_after(subscription: &Value, unpaid: bool) -> String {
    let status = match (text(subscription, "status"), unpaid) {
        ("active" | "trialing", true) => "past_due",
        ("past_due" | "unpaid" | "incomplete", false) => "active",
        (status, _) => status,
    };
    status.to_owned()
}
