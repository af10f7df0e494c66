//! Every call the stack makes to the Worker and to the Stripe sandbox: create the app, connect the two, fill in
//! example data.
//!
//! `www/demo/seed/catalogue.json` holds products with their prices, and customers with a tenant, a price to
//! subscribe to and usage events; `www/demo/seed/config.json` is the app's configuration as `PUT /v1/config` takes it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::http::{Answer, Api};
use super::ports::Ports;
use crate::build::stamp::Stamp;
use crate::progress::note;
use crate::project::{Project, read};

pub(crate) const STRIPE_KEY: &str = "sk_test_upcue_dev";
const APP: &str = "demo";
const APP_NAME: &str = "Nimbus";
/// Where the configuration says that the demo is.
const DEMO: &str = "https://nimbus.example";
/// Any page of this machine may use the demo app: the demo itself, and whatever somebody tries out beside it.
const ALLOWED_ORIGINS: [&str; 2] = ["http://127.0.0.1:*", "http://localhost:*"];

/// What it takes to talk to the demo app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) app: String,
    pub(crate) secret_key: String,
    pub(crate) signing_key: SigningKey,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) secret: String,
}

/// The sandbox's registration of the Worker's webhook address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Webhook {
    id: String,
    url: String,
    pub(crate) secret: String,
}

/// `POST /v1/apps`: the app as it is born, before Stripe knows of it.
pub(crate) fn create_app(ports: Ports, operator_key: &str) -> Result<Credentials> {
    let created = Api::new(ports.worker_url(), operator_key)
        .post(
            "/v1/apps",
            &json!({
                "id": APP,
                "name": APP_NAME,
                "allowed_origins": ALLOWED_ORIGINS,
                "stripe": {"api_key": STRIPE_KEY, "webhook_secrets": []},
            }),
        )?
        .expect_success("if the app exists but its keys are lost, delete the data directory and start again")?
        .body;
    let signing_key = &created["signing_key"];
    Ok(Credentials {
        app: field(&created, "id")?,
        secret_key: field(&created, "secret_key")?,
        signing_key: SigningKey { kid: field(signing_key, "kid")?, secret: field(signing_key, "secret")? },
    })
}

/// Has the sandbox deliver to this Worker. `known` is the last start's webhook, perhaps on other ports.
pub(crate) fn register_webhook(ports: Ports, credentials: &Credentials, known: Option<&Webhook>) -> Result<Webhook> {
    let url = format!("{}/webhooks/stripe/{}", ports.worker_url(), credentials.app);
    let stripe = Api::new(ports.stripe_url(), STRIPE_KEY);
    match known {
        Some(webhook) if webhook.url == url => Ok(webhook.clone()),
        Some(webhook) => {
            stripe.form(&format!("/v1/webhook_endpoints/{}", webhook.id), &[("url", &url)])?.expect_success(REPORT)?;
            Ok(Webhook { url, ..webhook.clone() })
        }
        None => {
            let form = [("url", url.as_str()), ("enabled_events[]", "*")];
            let created = stripe.form("/v1/webhook_endpoints", &form)?.expect_success(REPORT)?.body;
            Ok(Webhook { id: field(&created, "id")?, url, secret: field(&created, "secret")? })
        }
    }
}

/// Has the Worker trust this sandbox and the pages of this demo.
pub(crate) fn introduce(ports: Ports, operator_key: &str, credentials: &Credentials, webhook: &Webhook) -> Result<()> {
    let settings = json!({
        "allowed_origins": ALLOWED_ORIGINS,
        "stripe": {"api_key": STRIPE_KEY, "webhook_secrets": [webhook.secret]},
    });
    Api::new(ports.worker_url(), operator_key).patch(&format!("/v1/apps/{}", credentials.app), &settings)?.expect_success(REPORT).map(drop)
}

const REPORT: &str = "the answer tells why; the services' own log is above";

#[derive(Debug, Deserialize)]
struct Catalogue {
    products: Vec<Product>,
    #[serde(default)]
    customers: Vec<Customer>,
}

#[derive(Debug, Deserialize)]
struct Product {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    metadata: BTreeMap<String, String>,
    prices: Vec<Price>,
}

#[derive(Debug, Deserialize)]
struct Price {
    /// Names the price in this file and in Stripe's `lookup_key`.
    lookup_key: String,
    currency: String,
    unit_amount: u64,
    interval: String,
}

#[derive(Debug, Deserialize)]
struct Customer {
    tenant: String,
    name: String,
    email: String,
    /// The test card that pays, as `pm_card_visa`; none when absent.
    payment_method: Option<String>,
    /// The lookup key of the price this customer subscribes to.
    subscribes_to: String,
    #[serde(default = "one")]
    quantity: u64,
    /// Usage events as `POST /v1/events` takes them.
    #[serde(default)]
    events: Vec<Value>,
}

fn one() -> u64 {
    1
}

/// The example data as its files have it, and the prices that it made at Stripe, by their lookup keys.
#[derive(Debug)]
pub(crate) struct Example {
    catalogue: Catalogue,
    config: Value,
    prices: BTreeMap<String, String>,
    is_open: bool,
    stamp: Stamp,
}

impl Example {
    /// Reads the files; none where there are none, or where this very data has been filled in before.
    pub(crate) fn read(project: &Project, data: &Path, ports: Ports) -> Result<Option<Self>> {
        let files = project.root.join("www/demo/seed");
        let (catalogue, config) = (files.join("catalogue.json"), files.join("config.json"));
        if !catalogue.exists() || !config.exists() {
            note(&format!("nothing to seed: {} holds no catalogue.json and config.json", files.display()));
            return Ok(None);
        }
        let stamp = Stamp::new(data.join("seeded"), &[&catalogue, &config], "")?;
        if stamp.is_fresh() {
            return Ok(None);
        }
        let text = read(&config)?.replace(DEMO, &ports.demo_url());
        Ok(Some(Self {
            catalogue: serde_json::from_str(&read(&catalogue)?)
                .with_context(|| format!("{} is not what xtask/src/stack/seed.rs describes", catalogue.display()))?,
            config: serde_json::from_str(&text).with_context(|| format!("{} is not JSON", config.display()))?,
            prices: BTreeMap::new(),
            is_open: false,
            stamp,
        }))
    }

    /// Sells the products, and publishes the configuration.
    pub(crate) fn open(&mut self, ports: Ports, credentials: &Credentials) -> Result<()> {
        if self.is_open {
            return Ok(());
        }
        let stripe = Api::new(ports.stripe_url(), STRIPE_KEY);
        let worker = Api::new(ports.worker_url(), &credentials.secret_key);
        for product in &self.catalogue.products {
            seed_product(&stripe, product, &mut self.prices)?;
        }
        worker.post("/v1/catalog/sync", &json!({}))?.expect_success(REPORT)?;
        publish(&worker, &self.config)?;
        self.is_open = true;
        Ok(())
    }

    /// Fills all of it in. Safe to repeat after a failure.
    pub(crate) fn fill(mut self, ports: Ports, credentials: &Credentials) -> Result<()> {
        self.open(ports, credentials)?;
        let stripe = Api::new(ports.stripe_url(), STRIPE_KEY);
        let worker = Api::new(ports.worker_url(), &credentials.secret_key);
        for customer in &self.catalogue.customers {
            seed_customer(&stripe, customer, &self.prices)?;
            // A counter starts with the billing period, so the Worker must have heard of the subscription first.
            stripe.post("/_sandbox/settle", &json!({}))?.expect_success(REPORT)?;
            seed_usage(&worker, customer)?;
        }
        self.stamp.write()
    }
}

/// Letters lead to the demo, whose port may be another one each time: what is published is told its new address, and stays as it is
/// otherwise.
pub(crate) fn move_demo(ports: Ports, credentials: &Credentials, before: &str) -> Result<()> {
    let worker = Api::new(ports.worker_url(), &credentials.secret_key);
    let current = worker.get("/v1/config")?;
    if current.status == 404 {
        return Ok(());
    }
    let current = current.expect_success(REPORT)?;
    let text = current.body.to_string();
    let moved = text.replace(before, &ports.demo_url());
    if moved == text {
        return Ok(());
    }
    let config: Value = serde_json::from_str(&moved).context("the published configuration is not JSON")?;
    worker.put("/v1/config", &config, &[("If-Match", current.etag.as_deref().unwrap_or("*"))])?.expect_success(REPORT).map(drop)
}

/// Tells the sandbox that time has passed.
pub(crate) fn tick(ports: Ports) -> Result<()> {
    Api::new(ports.stripe_url(), STRIPE_KEY).put("/_sandbox/clock", &json!({"offset": 0}), &[])?.expect_success(REPORT).map(drop)
}

/// Sets the clocks of sandbox and Worker so many days back.
pub(crate) fn go_back(ports: Ports, operator_key: &str, days: i64) -> Result<()> {
    const DAY: i64 = 86_400;
    let stripe = Api::new(ports.stripe_url(), STRIPE_KEY);
    stripe.put("/_sandbox/clock", &json!({"offset": -days * DAY}), &[])?.expect_success(REPORT)?;
    let worker = Api::new(ports.worker_url(), operator_key);
    worker.post("/dev/clock", &json!({"offset": -days * DAY * 1_000}))?.expect_success(REPORT).map(drop)
}

fn seed_product(stripe: &Api, product: &Product, price_ids: &mut BTreeMap<String, String>) -> Result<()> {
    let metadata: Vec<(String, &str)> = product.metadata.iter().map(|(key, value)| (format!("metadata[{key}]"), value.as_str())).collect();
    let mut form: Vec<(&str, &str)> = vec![("name", &product.name)];
    if !product.description.is_empty() {
        form.push(("description", &product.description));
    }
    form.extend(metadata.iter().map(|(key, value)| (key.as_str(), *value)));

    let address = format!("/v1/products/{}", product.id);
    if stripe.get(&address)?.status == 404 {
        form.push(("id", &product.id));
        stripe.form("/v1/products", &form)?.expect_success(REPORT)?;
    } else {
        stripe.form(&address, &form)?.expect_success(REPORT)?;
    }
    for price in &product.prices {
        let id = first_id(&stripe.get(&format!("/v1/prices?lookup_keys[]={}", price.lookup_key))?)?;
        let id = if let Some(id) = id {
            id
        } else {
            let amount = price.unit_amount.to_string();
            let form = [
                ("product", product.id.as_str()),
                ("currency", &price.currency),
                ("unit_amount", &amount),
                ("recurring[interval]", &price.interval),
                ("lookup_key", &price.lookup_key),
            ];
            field(&stripe.form("/v1/prices", &form)?.expect_success(REPORT)?.body, "id")?
        };
        price_ids.insert(price.lookup_key.clone(), id);
    }
    Ok(())
}

fn publish(worker: &Api, config: &Value) -> Result<()> {
    let current = worker.get("/v1/config")?;
    let version = current.etag.as_deref().unwrap_or("*");
    worker.put("/v1/config", config, &[("If-Match", version)])?.expect_success(REPORT)?;
    Ok(())
}

fn seed_customer(stripe: &Api, customer: &Customer, price_ids: &BTreeMap<String, String>) -> Result<()> {
    let price = price_ids
        .get(&customer.subscribes_to)
        .with_context(|| format!("catalogue.json: `{}` subscribes to unknown `{}`", customer.tenant, customer.subscribes_to))?;
    // An example customer's address is nobody else's.
    let id = if let Some(known) = first_id(&stripe.get(&format!("/v1/customers?email={}", customer.email))?)? {
        known
    } else {
        let form = [("name", customer.name.as_str()), ("email", &customer.email), ("metadata[upcue_tenant]", &customer.tenant)];
        field(&stripe.form("/v1/customers", &form)?.expect_success(REPORT)?.body, "id")?
    };
    if let Some(card) = &customer.payment_method {
        seed_payment_method(stripe, &id, card)?;
    }
    if first_id(&stripe.get(&format!("/v1/subscriptions?customer={id}"))?)?.is_none() {
        let quantity = customer.quantity.to_string();
        let form = [
            ("customer", id.as_str()),
            ("items[0][price]", price),
            ("items[0][quantity]", &quantity),
            ("metadata[upcue_tenant]", &customer.tenant),
        ];
        stripe.form("/v1/subscriptions", &form)?.expect_success(REPORT)?;
    }
    Ok(())
}

/// The customer pays with `card` from now on, unless it pays with something already.
fn seed_payment_method(stripe: &Api, customer: &str, card: &str) -> Result<()> {
    let address = format!("/v1/customers/{customer}");
    let known = stripe.get(&address)?.expect_success(REPORT)?.body;
    if known["invoice_settings"]["default_payment_method"].is_string() {
        return Ok(());
    }
    // A test card's name stands for a new payment method each time: what was attached has a name of its own.
    let attached = stripe.form(&format!("/v1/payment_methods/{card}/attach"), &[("customer", customer)])?.expect_success(REPORT)?.body;
    let method = field(&attached, "id")?;
    stripe.form(&address, &[("invoice_settings[default_payment_method]", &method)])?.expect_success(REPORT).map(drop)
}

/// One batch with a fixed sequence number: sent again, it counts once.
fn seed_usage(worker: &Api, customer: &Customer) -> Result<()> {
    if customer.events.is_empty() {
        return Ok(());
    }
    let batch = json!({"client": "seed", "seq": 1, "tenant": customer.tenant, "events": customer.events});
    worker.post("/v1/events", &batch)?.expect_success(REPORT)?;
    Ok(())
}

/// The id of the first entry of a Stripe list.
fn first_id(list: &Answer) -> Result<Option<String>> {
    let data = list.clone().expect_success(REPORT)?.body;
    Ok(data["data"][0]["id"].as_str().map(str::to_owned))
}

fn field(object: &Value, name: &str) -> Result<String> {
    let value = object[name].as_str().with_context(|| format!("the answer has no string `{name}`: {object}"))?;
    Ok(value.to_owned())
}
