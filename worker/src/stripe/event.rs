//! What an event of Stripe's is about. Snapshot events (`event`) and thin ones (`v2.core.event`) read the same; only the
//! names of things are taken from them, never their state.

use serde_json::Value;

use crate::problem::{ApiError, ApiResult, Code};

/// An event, reduced to what matters here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StripeEvent {
    /// `evt_…`
    pub(crate) id: String,
    /// Its type, as a snapshot event would have it.
    pub(crate) kind: String,
    /// What it is about.
    pub(crate) subject: Subject,
}

/// What an event is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A subscription has changed, perhaps.
    Subscription {
        /// `sub_…`
        id: String,
        /// `cus_…`, when the event says.
        customer: Option<String>,
        /// The tenant named in metadata or as the reference of a Checkout session.
        tenant: Option<String>,
    },
    /// A customer has changed.
    Customer {
        /// `cus_…`
        id: String,
        /// The tenant named in its metadata.
        tenant: Option<String>,
    },
    /// An invoice or a Checkout session, of which a thin event says nothing but this path.
    Related(String),
    /// A product, a price or a feature has changed.
    Catalogue,
    /// Something else.
    Other,
}

/// The metadata key that names the tenant, on customers and subscriptions.
pub(crate) const TENANT_KEY: &str = "upcue_tenant";

impl StripeEvent {
    /// Reads an event whose signature has been checked.
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        let raw: Value = crate::http::json(text.as_bytes())?;
        let (Some(id), Some(kind)) = (text_at(&raw, "/id"), text_at(&raw, "/type")) else {
            return Err(ApiError::new(Code::InvalidRequest, "an event needs `id` and `type`"));
        };
        // A thin event is called like its twin with `v1.` before: v1.customer.subscription.updated.
        let kind = kind.strip_prefix("v1.").map_or(kind.clone(), str::to_owned);
        Ok(Self { subject: subject(&raw, &kind), id, kind })
    }
}

/// What the event is about. Read without types: shapes differ by API version, and only names are taken.
fn subject(raw: &Value, kind: &str) -> Subject {
    let id = text_at(raw, "/data/object/id").or_else(|| text_at(raw, "/related_object/id"));
    let tenant = text_at(raw, &format!("/data/object/metadata/{TENANT_KEY}"));
    let customer = id_at(raw, "/data/object/customer");
    match (kind.split('.').next().unwrap_or(""), id) {
        ("customer", Some(id)) if kind.starts_with("customer.subscription.") => Subject::Subscription { id, customer, tenant },
        ("customer", Some(id)) if kind.matches('.').count() == 1 => Subject::Customer { id, tenant },
        ("product" | "price", _) => Subject::Catalogue,
        ("invoice", Some(id)) if raw.get("related_object").is_some() => Subject::Related(format!("/v1/invoices/{id}")),
        ("checkout", Some(id)) if raw.get("related_object").is_some() => Subject::Related(format!("/v1/checkout/sessions/{id}")),
        ("invoice" | "checkout", _) => raw.pointer("/data/object").map_or(Subject::Other, of_object),
        _ => Subject::Other,
    }
}

/// The subscription that an invoice or a Checkout session belongs to.
pub(crate) fn of_object(object: &Value) -> Subject {
    let parent = id_at(object, "/parent/subscription_details/subscription");
    match parent.or_else(|| id_at(object, "/subscription")) {
        Some(id) => {
            let named = text_at(object, "/client_reference_id").or_else(|| text_at(object, &format!("/metadata/{TENANT_KEY}")));
            Subject::Subscription { id, customer: id_at(object, "/customer"), tenant: named }
        }
        None => Subject::Other,
    }
}

/// The text at a JSON pointer.
pub(super) fn text_at(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

/// The id of the object at a JSON pointer, which may be expanded.
pub(super) fn id_at(value: &Value, pointer: &str) -> Option<String> {
    text_at(value, pointer).or_else(|| text_at(value, &format!("{pointer}/id")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(id: &str, customer: Option<&str>, tenant: Option<&str>) -> Subject {
        Subject::Subscription { id: id.to_owned(), customer: customer.map(str::to_owned), tenant: tenant.map(str::to_owned) }
    }

    #[test]
    fn events_name_what_they_are_about() {
        for (kind, rest, expected) in [
            (
                "customer.subscription.updated",
                r#""data":{"object":{"id":"sub_1","customer":"cus_1","metadata":{"upcue_tenant":"acme"}}}"#,
                subscription("sub_1", Some("cus_1"), Some("acme")),
            ),
            (
                "v1.customer.subscription.updated",
                r#""object":"v2.core.event","related_object":{"id":"sub_1","type":"subscription"}"#,
                subscription("sub_1", None, None),
            ),
            (
                "invoice.paid",
                r#""data":{"object":{"id":"in_1","customer":"cus_1","subscription":"sub_1"}}"#,
                subscription("sub_1", Some("cus_1"), None),
            ),
            (
                "invoice.paid",
                r#""data":{"object":{"id":"in_1","customer":{"id":"cus_1"},"parent":{"subscription_details":{"subscription":"sub_1"}}}}"#,
                subscription("sub_1", Some("cus_1"), None),
            ),
            (
                "checkout.session.completed",
                r#""data":{"object":{"id":"cs_1","customer":"cus_1","subscription":"sub_1","client_reference_id":"acme"}}"#,
                subscription("sub_1", Some("cus_1"), Some("acme")),
            ),
            ("invoice.paid", r#""data":{"object":{"id":"in_1","customer":"cus_1"}}"#, Subject::Other),
            (
                "v1.invoice.paid",
                r#""object":"v2.core.event","related_object":{"id":"in_1","type":"invoice","url":"/v1/invoices/in_1"}"#,
                Subject::Related("/v1/invoices/in_1".to_owned()),
            ),
            (
                "v1.checkout.session.completed",
                r#""object":"v2.core.event","related_object":{"id":"cs_1","type":"checkout.session"}"#,
                Subject::Related("/v1/checkout/sessions/cs_1".to_owned()),
            ),
            (
                "customer.updated",
                r#""data":{"object":{"id":"cus_1","metadata":{}}}"#,
                Subject::Customer { id: "cus_1".to_owned(), tenant: None },
            ),
            ("customer.tax_id.created", r#""data":{"object":{"id":"txi_1"}}"#, Subject::Other),
            ("price.updated", r#""data":{"object":{"id":"price_1"}}"#, Subject::Catalogue),
            ("new.thing.happened", r#""data":{"object":{"id":"x"}}"#, Subject::Other),
        ] {
            let event = StripeEvent::parse(&format!(r#"{{"id":"evt_1","type":"{kind}",{rest}}}"#)).expect(kind);
            assert_eq!(event.subject, expected, "{kind}");
        }
    }

    #[test]
    fn a_good_signature_over_bad_json_is_a_json_error() {
        assert_eq!(StripeEvent::parse("{").expect_err("bad").code(), "malformed_json");
        assert_eq!(StripeEvent::parse("{}").expect_err("empty").code(), "invalid_request");
    }
}
