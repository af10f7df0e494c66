//! The catalogue: read from Stripe whole, kept as read, turned into plans. Bad metadata leaves the last good plans in force.

use serde::{Deserialize, Serialize};
use upcue_engine::catalogue::{CatalogueProblem, Price, Product, plans};
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
struct Stored {
    products: Vec<Product>,
    prices: Vec<Price>,
    synced_at: Option<Millis>,
    problems: Vec<CatalogueProblem>,
}

wire! { struct Stored { products, prices, synced_at, problems } }

impl AppObject {
    /// Reads products and prices from Stripe.
    pub(super) async fn sync_catalogue(&self) -> ApiResult<CatalogueReport> {
        let stripe = Stripe::new(&self.env, &self.head()?.stripe.api_key)?;
        let mut stored = Stored { products: stripe.products().await?, prices: stripe.prices().await?, ..Stored::default() };
        stored.synced_at = Some(Self::now());
        let rows = self.rows()?;
        rows.transaction(&mut || {
            rows.put(CATALOGUE, &stored)?;
            let before = self.rulebook()?;
            let mut rulebook = before.clone();
            read_plans(&rows, &mut rulebook)?;
            if rulebook == before { Ok(()) } else { self.put_rulebook(rulebook) }
        })?;
        self.catalogue()
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
        })
    }

    /// Whether the catalogue knows what `price` sells.
    pub(super) fn knows_price(&self, price: &str) -> ApiResult<bool> {
        let stored: Stored = self.rows()?.get(CATALOGUE)?.unwrap_or_default();
        Ok(stored.prices.iter().any(|p| p.id == price))
    }
}

/// Gives `rulebook` the plans that its configuration and the stored catalogue make; part of a transaction.
pub(super) fn read_plans(rows: &Rows, rulebook: &mut Rulebook) -> ApiResult<()> {
    if let Some(inline) = &rulebook.config.inline_plans {
        rulebook.plans.clone_from(inline);
        return Ok(());
    }
    let mut stored: Stored = rows.get(CATALOGUE)?.unwrap_or_default();
    match plans(&stored.products, &stored.prices, &rulebook.config.meters, &rulebook.config.features) {
        Ok(plans) => {
            rulebook.plans = plans;
            stored.problems.clear();
        }
        Err(problems) => {
            stored.problems = problems;
            // The old plans number meters and features as the old configuration did.
            for plan in &mut rulebook.plans {
                plan.allowances.resize_with(rulebook.config.meters.len(), Default::default);
                plan.features.resize(rulebook.config.features.len(), false);
            }
        }
    }
    rows.put(CATALOGUE, &stored)
}
