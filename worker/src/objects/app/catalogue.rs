//! The catalogue: read from Stripe whole, kept as read, turned into plans. Bad metadata leaves the last good plans in force.

use serde::{Deserialize, Serialize};
use upcue_engine::catalogue::{CatalogueProblem, Price, Product, plans};
use upcue_engine::map::Map;
use upcue_engine::plan::{MeterSource, Plan};
use upcue_engine::tenant::Rulebook;
use upcue_engine::time::Millis;
use upcue_engine::wire;

use super::super::rows::Rows;
use super::AppObject;
use crate::problem::ApiResult;
use crate::rpc::CatalogueReport;
use crate::stripe::client::Stripe;

/// The row with what Stripe last said.
const CATALOGUE: &str = "catalogue";

/// What Stripe last said, and what was wrong with it.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Stored {
    products: Vec<Product>,
    prices: Vec<Price>,
    /// The ids of billing meters, by the name of their events.
    meters: Map<String>,
    synced_at: Option<Millis>,
    problems: Vec<CatalogueProblem>,
}

wire! { struct Stored { products, prices, meters, synced_at, problems } }

impl AppObject {
    /// Has the catalogue read from Stripe, and tells what the reading has changed. One reading runs at a time, so that an
    /// older one never overwrites a newer; whoever asks meanwhile shares the next, so that a burst of events costs two.
    pub(super) async fn sync_catalogue(&self) -> ApiResult<CatalogueReport> {
        let read = self.readings.share(async || self.read_catalogue().await).await?;
        read.map_or_else(|| self.catalogue(), Ok)
    }

    /// Reads products, their features, prices and billing meters from Stripe.
    async fn read_catalogue(&self) -> ApiResult<CatalogueReport> {
        let stripe = Stripe::new(&self.env, &self.head()?.stripe.api_key)?;
        let mut stored = Stored { products: stripe.products().await?, prices: stripe.prices().await?, ..Stored::default() };
        let sources = self.rulebook()?.config.sources;
        if sources.iter().any(|source| matches!(source, MeterSource::StripeMeter(_))) {
            stored.meters = stripe.billing_meters().await?;
        }
        stored.synced_at = Some(Self::now());
        let rows = self.rows()?;
        let mut changes = Vec::new();
        rows.transaction(&mut || {
            rows.put(CATALOGUE, &stored)?;
            let before = self.rulebook()?;
            let mut rulebook = before.clone();
            read_plans(&rows, &mut rulebook)?;
            changes = upcue_engine::catalogue::changes(&before.plans, &rulebook.plans, &before.config.meters, &before.config.features);
            if rulebook == before { Ok(()) } else { self.put_rulebook(rulebook) }
        })?;
        Ok(CatalogueReport { changes, ..self.catalogue()? })
    }

    pub(super) fn catalogue(&self) -> ApiResult<CatalogueReport> {
        let rulebook = self.rulebook()?;
        let stored: Stored = self.rows()?.get(CATALOGUE)?.unwrap_or_default();
        Ok(CatalogueReport {
            plans: rulebook.plans,
            meters: rulebook.config.meters.into_iter().map(|m| m.key).collect(),
            features: rulebook.config.features.into_iter().map(|f| f.key).collect(),
            synced_at: stored.synced_at,
            problems: stored.problems,
            changes: Vec::new(),
            catalogue: rulebook.catalogue,
        })
    }

    /// Whether the catalogue knows what `price` sells.
    pub(super) fn knows_price(&self, price: &str) -> ApiResult<bool> {
        let stored: Stored = self.rows()?.get(CATALOGUE)?.unwrap_or_default();
        Ok(stored.prices.iter().any(|p| p.id == price))
    }
}

/// Gives `rulebook` the plans that its configuration and the stored catalogue make, and notes what is wrong with them; part of a
/// transaction.
pub(super) fn read_plans(rows: &Rows, rulebook: &mut Rulebook) -> ApiResult<()> {
    rows.put(CATALOGUE, &plans_of(rows, rulebook)?)
}

/// Gives `rulebook` its plans; the catalogue, with what is wrong.
pub(super) fn plans_of(rows: &Rows, rulebook: &mut Rulebook) -> ApiResult<Stored> {
    let mut stored: Stored = rows.get(CATALOGUE)?.unwrap_or_default();
    let unknown = unknown_meters(&rulebook.config.sources, &stored);
    rulebook.stripe_meters.clone_from(&stored.meters);
    if let Some(inline) = &rulebook.config.inline_plans {
        let plans = inline.clone();
        put_plans(rulebook, plans);
        stored.problems = unknown;
        return Ok(stored);
    }
    let config = &rulebook.config;
    match plans(&stored.products, &stored.prices, &config.meters, &config.features) {
        Ok(plans) => {
            put_plans(rulebook, plans);
            stored.problems = unknown;
        }
        Err(problems) => {
            stored.problems = problems.into_iter().chain(unknown).collect();
            // The old plans number meters and features as the old configuration did.
            for plan in &mut rulebook.plans {
                plan.allowances.resize_with(rulebook.config.meters.len(), Default::default);
                plan.features.resize(rulebook.config.features.len(), false);
            }
        }
    }
    Ok(stored)
}

fn put_plans(rulebook: &mut Rulebook, plans: Vec<Plan>) {
    if rulebook.plans != plans {
        rulebook.plans = plans;
        rulebook.catalogue += 1;
    }
}

/// Meters that the configuration has at Stripe and Stripe has not.
fn unknown_meters(sources: &[MeterSource], stored: &Stored) -> Vec<CatalogueProblem> {
    let wanted = sources.iter().filter_map(|source| match source {
        // Before the first reading nothing is known of them.
        MeterSource::StripeMeter(event) if stored.synced_at.is_some() && !stored.meters.contains_key(event) => Some(event),
        _ => None,
    });
    let problem = |event: &String| CatalogueProblem {
        product: String::new(),
        price: None,
        key: "stripe_meter".to_owned(),
        detail: format!("Stripe has no billing meter with the event name `{event}`; create it there, then POST /v1/catalog/sync"),
    };
    wanted.map(problem).collect()
}
