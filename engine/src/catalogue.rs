//! The catalogue: Stripe's products and prices, read as plans.
//!
//! A product is a plan when its metadata has `upcue_rank`. `upcue_limit_<meter>` is a whole number or `unlimited`,
//! `upcue_soft_limit_<meter>` a whole number, `upcue_feature_<feature>` is `true` or `false`. A limit on a price overrides
//! the one on its product. A feature attached to the product in Stripe (entitlements) is on when its lookup key is the
//! name of a feature.

mod diff;

use serde::{Deserialize, Serialize};

pub use diff::{Change, changes};

use crate::map::{Map, ordered};
use crate::plan::{Allowance, Feature, Interval, Limit, Meter, Plan, PlanPrice};
use crate::wire;

/// A product, as much of it as matters. Every field but the id may be absent: shapes differ by API version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// `prod_…`
    pub id: String,
    /// What people read.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Whether it is on sale.
    pub active: bool,
    /// Free text by key.
    pub metadata: Map<String>,
    /// The lookup keys of the features attached to it.
    pub features: Vec<String>,
}

wire! { struct Product { id, name, description, active, metadata, features } }

impl Product {
    /// Whether this product is a plan.
    pub fn is_plan(&self) -> bool {
        self.metadata.contains_key("upcue_rank")
    }
}

/// A price, as much of it as matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// `price_…`
    pub id: String,
    /// The product it sells.
    pub product: String,
    /// Three letters in lower case.
    pub currency: String,
    /// Minor units for one; `None` with tiers or for metered use.
    pub unit_amount: Option<i64>,
    /// How often it is charged; `None` when it is charged once.
    pub interval: Option<Interval>,
    /// Every how many intervals.
    pub interval_count: u32,
    /// Whether it is on sale.
    pub active: bool,
    /// Free text by key.
    pub metadata: Map<String>,
}

wire! { struct Price { id, product, currency, unit_amount, interval, interval_count, active, metadata } }

/// Something wrong with a product or a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueProblem {
    /// Which product; empty when it is none's.
    pub product: String,
    /// Which price, when it is a price's.
    pub price: Option<String>,
    /// Which metadata key, or which part of the configuration.
    pub key: String,
    /// What is wrong and what to do about it.
    pub detail: String,
}

wire! { struct CatalogueProblem { product, price, key, detail } }

/// Reads the plans, lowest rank first, or tells everything that is wrong.
pub fn plans(products: &[Product], prices: &[Price], meters: &[Meter], features: &[Feature]) -> Result<Vec<Plan>, Vec<CatalogueProblem>> {
    let mut problems = Vec::new();
    let plans: Vec<Plan> = products.iter().filter(|p| p.is_plan()).map(|p| plan(p, prices, meters, features, &mut problems)).collect();
    if problems.is_empty() { Ok(ordered(plans, |p| i64::from(p.rank))) } else { Err(problems) }
}

fn plan(product: &Product, prices: &[Price], meters: &[Meter], features: &[Feature], problems: &mut Vec<CatalogueProblem>) -> Plan {
    let mut reader = Reader { product: &product.id, price: None, metadata: &product.metadata, problems };
    reader.unknown_names(meters, features);
    let rank = reader.number("upcue_rank").unwrap_or(0);
    let allowances: Vec<Allowance> = meters.iter().map(|m| reader.allowance(&m.key, Allowance::default())).collect();
    let on = |f: &Feature, reader: &mut Reader<'_>| reader.feature(&f.key) || product.features.contains(&f.key);
    let features = features.iter().map(|f| on(f, &mut reader)).collect();
    let of_product = prices.iter().filter(|p| p.product == product.id);
    let prices = of_product.filter_map(|p| price(p, meters, &allowances, problems)).collect();
    Plan {
        id: product.id.clone(),
        name: product.name.clone(),
        description: product.description.clone(),
        rank,
        active: product.active,
        allowances,
        features,
        prices,
    }
}

/// A price that recurs; others sell no plan.
fn price(price: &Price, meters: &[Meter], plan: &[Allowance], problems: &mut Vec<CatalogueProblem>) -> Option<PlanPrice> {
    let interval = price.interval?;
    let mut reader = Reader { product: &price.product, price: Some(&price.id), metadata: &price.metadata, problems };
    reader.unknown_names(meters, &[]);
    let own = meters.iter().zip(plan).map(|(meter, shared)| reader.allowance(&meter.key, *shared));
    let own: Vec<Allowance> = own.collect();
    Some(PlanPrice {
        id: price.id.clone(),
        currency: price.currency.clone(),
        unit_amount: price.unit_amount,
        interval,
        interval_count: price.interval_count.max(1),
        active: price.active,
        allowances: if own == plan { Vec::new() } else { own },
    })
}

struct Reader<'a> {
    product: &'a str,
    price: Option<&'a str>,
    metadata: &'a Map<String>,
    problems: &'a mut Vec<CatalogueProblem>,
}

impl Reader<'_> {
    fn allowance(&mut self, meter: &str, otherwise: Allowance) -> Allowance {
        let key = format!("upcue_limit_{meter}");
        let limit = match self.value(&key) {
            None => otherwise.limit,
            Some("unlimited") => Limit::Unlimited,
            Some(_) => self.number(&key).map_or(Limit::Unlimited, Limit::Upto),
        };
        let soft = self.number(&format!("upcue_soft_limit_{meter}")).or(otherwise.soft);
        Allowance { limit, soft }
    }

    fn feature(&mut self, feature: &str) -> bool {
        let key = format!("upcue_feature_{feature}");
        match self.value(&key) {
            Some("true") => true,
            None | Some("false") => false,
            Some(other) => {
                let detail = format!("`{other}` is neither `true` nor `false`");
                self.problem(key, detail);
                false
            }
        }
    }

    /// Names in keys that the configuration does not know: a typing mistake would otherwise pass in silence. Prices have no
    /// features of their own.
    fn unknown_names(&mut self, meters: &[Meter], features: &[Feature]) {
        let metadata = self.metadata;
        for key in metadata.keys() {
            let feature = key.strip_prefix("upcue_feature_");
            if let Some(feature) = feature.filter(|f| !features.iter().any(|known| known.key == *f)) {
                let detail = match self.price {
                    Some(_) => "features are the product's; move this key there".to_owned(),
                    None => format!("the configuration has no feature `{feature}`; declare it there or remove this key"),
                };
                self.problem(key.clone(), detail);
            }
            let meter = key.strip_prefix("upcue_limit_").or_else(|| key.strip_prefix("upcue_soft_limit_"));
            if let Some(meter) = meter.filter(|m| !meters.iter().any(|known| known.key == *m)) {
                self.problem(key.clone(), format!("the configuration has no meter `{meter}`; declare it there or remove this key"));
            }
        }
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(|v| v.trim()).filter(|v| !v.is_empty())
    }

    fn number<N: std::str::FromStr>(&mut self, key: &str) -> Option<N> {
        let text = self.value(key)?.to_owned();
        let number = text.parse().ok();
        if number.is_none() {
            self.problem(key.to_owned(), format!("`{text}` is no whole number; write digits only, or `unlimited` for a limit"));
        }
        number
    }

    fn problem(&mut self, key: String, detail: String) {
        self.problems.push(CatalogueProblem { product: self.product.to_owned(), price: self.price.map(str::to_owned), key, detail });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::plan::{MeterKind, Period};

    fn meters() -> Vec<Meter> {
        let meter = |key: &str, kind| Meter { key: key.to_owned(), label: String::new(), unit: String::new(), kind };
        vec![meter("api_calls", MeterKind::Counter(Period::Billing)), meter("seats", MeterKind::Gauge)]
    }

    fn product(id: &str, metadata: &[(&str, &str)]) -> Product {
        let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Product { id: id.to_owned(), name: id.to_uppercase(), active: true, metadata, ..Product::default() }
    }

    fn price(id: &str, product: &str, metadata: &[(&str, &str)]) -> Price {
        let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (id, product) = (id.to_owned(), product.to_owned());
        Price { id, product, interval: Some(Interval::Month), interval_count: 1, active: true, metadata, ..Price::default() }
    }

    #[test]
    fn products_become_plans_by_rank() {
        let sso = [Feature { key: "sso".to_owned(), label: String::new() }];
        let products = [
            product("pro", &[("upcue_rank", "2"), ("upcue_limit_api_calls", "unlimited"), ("upcue_feature_sso", "true")]),
            product("mug", &[("colour", "blue")]),
            product("free", &[("upcue_rank", "1"), ("upcue_limit_api_calls", "1000"), ("upcue_soft_limit_api_calls", "800")]),
        ];
        let prices = [price("price_1", "pro", &[])];
        let plans = plans(&products, &prices, &meters(), &sso).expect("all good");
        assert_eq!(plans.iter().map(|p| (p.id.as_str(), p.rank)).collect::<Vec<_>>(), [("free", 1), ("pro", 2)]);
        assert_eq!(plans[0].allowances[0], Allowance { limit: Limit::Upto(1_000), soft: Some(800) });
        assert_eq!(plans[1].allowances[0].limit, Limit::Unlimited);
        assert_eq!((plans[0].features[0], plans[1].features[0]), (false, true));
        assert_eq!(plans[1].prices.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["price_1"]);
    }

    #[test]
    fn a_price_may_allow_more_than_its_product() {
        let products = [product("pro", &[("upcue_rank", "1"), ("upcue_limit_seats", "5"), ("upcue_limit_api_calls", "10")])];
        let once = Price { interval: None, ..price("once", "pro", &[]) };
        let prices = [price("plain", "pro", &[]), price("big", "pro", &[("upcue_limit_seats", "50")]), once];
        let plans = plans(&products, &prices, &meters(), &[]).expect("all good");
        let limits = |price| [0, 1].map(|meter| plans[0].allowance(meter, price).limit);
        assert_eq!(limits(Some("plain")), [Limit::Upto(10), Limit::Upto(5)]);
        assert_eq!(limits(Some("big")), [Limit::Upto(10), Limit::Upto(50)]);
        assert_eq!(limits(None), [Limit::Upto(10), Limit::Upto(5)]);
        assert_eq!(plans[0].prices.len(), 2, "what is charged once sells no plan");
    }

    #[test]
    fn attached_features_are_on() {
        let features = ["sso", "audit"].map(|key| Feature { key: key.to_owned(), label: String::new() });
        let pro = Product { features: vec!["audit".to_owned(), "unknown_here".to_owned()], ..product("pro", &[("upcue_rank", "1")]) };
        let plans = plans(&[pro], &[], &meters(), &features).expect("all good");
        assert_eq!(plans[0].features, [false, true]);
    }

    #[test]
    fn bad_metadata_of_a_price_names_the_price() {
        let prices = [price("price_1", "pro", &[("upcue_limit_seats", "many")])];
        let problems = plans(&[product("pro", &[("upcue_rank", "1")])], &prices, &meters(), &[]).expect_err("bad");
        assert_eq!((problems[0].price.as_deref(), problems[0].key.as_str()), (Some("price_1"), "upcue_limit_seats"));
    }

    #[test]
    fn bad_metadata_names_product_and_key() {
        for (key, value, part) in [
            ("upcue_limit_api_calls", "10k", "no whole number"),
            ("upcue_limit_api_call", "10", "no meter `api_call`"),
            ("upcue_soft_limit_seats", "-1", "no whole number"),
            ("upcue_rank", "first", "no whole number"),
        ] {
            let mut metadata = vec![("upcue_rank", "1")];
            metadata.push((key, value));
            let problems = plans(&[product("pro", &metadata)], &[], &meters(), &[]).expect_err(key);
            assert_eq!((problems[0].product.as_str(), problems[0].key.as_str()), ("pro", key));
            assert!(problems[0].detail.contains(part), "{:?}", problems[0]);
        }
    }
}
