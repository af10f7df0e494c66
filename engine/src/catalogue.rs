//! The catalogue: Stripe's products and prices, read as plans.
//!
//! A product is a plan when its metadata has `upcue_rank`. `upcue_limit_<meter>` is a whole number or `unlimited`,
//! `upcue_soft_limit_<meter>` a whole number, `upcue_feature_<feature>` is `true` or `false`.

use serde::{Deserialize, Serialize};

use crate::map::{Map, ordered};
use crate::plan::{Allowance, Feature, Limit, Meter, Plan};
use crate::wire;

/// A product, as much of it as matters. Every field but the id may be absent: shapes differ by API version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// `prod_…`
    pub id: String,
    /// What people read.
    #[serde(default)]
    pub name: String,
    /// Free text by key.
    #[serde(default)]
    pub metadata: Map<String>,
}

wire! { struct Product { id, name, metadata } }

/// A price, as much of it as matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// `price_…`
    pub id: String,
    /// The product it sells.
    #[serde(default)]
    pub product: String,
}

wire! { struct Price { id, product } }

/// Something wrong with a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueProblem {
    /// Which product.
    pub product: String,
    /// Which metadata key.
    pub key: String,
    /// What is wrong and what to do about it.
    pub detail: String,
}

wire! { struct CatalogueProblem { product, key, detail } }

/// Reads the plans, lowest rank first, or tells everything that is wrong.
pub fn plans(products: &[Product], prices: &[Price], meters: &[Meter], features: &[Feature]) -> Result<Vec<Plan>, Vec<CatalogueProblem>> {
    let mut problems = Vec::new();
    let of_upcue = products.iter().filter(|p| p.metadata.contains_key("upcue_rank"));
    let plans: Vec<Plan> = of_upcue.map(|p| Reader { product: p, problems: &mut problems }.plan(prices, meters, features)).collect();
    if problems.is_empty() { Ok(ordered(plans, |p| i64::from(p.rank))) } else { Err(problems) }
}

struct Reader<'a> {
    product: &'a Product,
    problems: &'a mut Vec<CatalogueProblem>,
}

impl Reader<'_> {
    fn plan(&mut self, prices: &[Price], meters: &[Meter], features: &[Feature]) -> Plan {
        self.unknown_meters(meters);
        let id = self.product.id.clone();
        Plan {
            name: self.product.name.clone(),
            rank: self.number("upcue_rank").unwrap_or(0),
            allowances: meters.iter().map(|m| self.allowance(&m.key)).collect(),
            features: features.iter().map(|f| self.feature(&f.key)).collect(),
            prices: prices.iter().filter(|p| p.product == id).map(|p| p.id.clone()).collect(),
            id,
        }
    }

    fn allowance(&mut self, meter: &str) -> Allowance {
        let key = format!("upcue_limit_{meter}");
        let limit = match self.value(&key) {
            None | Some("unlimited") => Limit::Unlimited,
            Some(_) => self.number(&key).map_or(Limit::Unlimited, Limit::Upto),
        };
        Allowance { limit, soft: self.number(&format!("upcue_soft_limit_{meter}")) }
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

    fn unknown_meters(&mut self, meters: &[Meter]) {
        let product = self.product;
        for key in product.metadata.keys() {
            let meter = key.strip_prefix("upcue_limit_").or_else(|| key.strip_prefix("upcue_soft_limit_"));
            if let Some(meter) = meter.filter(|m| !meters.iter().any(|known| known.key == *m)) {
                self.problem(key.clone(), format!("the configuration has no meter `{meter}`; declare it there or remove this key"));
            }
        }
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.product.metadata.get(key).map(|v| v.trim()).filter(|v| !v.is_empty())
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
        self.problems.push(CatalogueProblem { product: self.product.id.clone(), key, detail });
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
        Product { id: id.to_owned(), name: id.to_uppercase(), metadata }
    }

    #[test]
    fn products_become_plans_by_rank() {
        let sso = [Feature { key: "sso".to_owned(), label: String::new() }];
        let products = [
            product("pro", &[("upcue_rank", "2"), ("upcue_limit_api_calls", "unlimited"), ("upcue_feature_sso", "true")]),
            product("mug", &[("colour", "blue")]),
            product("free", &[("upcue_rank", "1"), ("upcue_limit_api_calls", "1000"), ("upcue_soft_limit_api_calls", "800")]),
        ];
        let prices = [Price { id: "price_1".to_owned(), product: "pro".to_owned() }];
        let plans = plans(&products, &prices, &meters(), &sso).expect("all good");
        assert_eq!(plans.iter().map(|p| (p.id.as_str(), p.rank)).collect::<Vec<_>>(), [("free", 1), ("pro", 2)]);
        assert_eq!(plans[0].allowances[0], Allowance { limit: Limit::Upto(1_000), soft: Some(800) });
        assert_eq!(plans[1].allowances[0].limit, Limit::Unlimited);
        assert_eq!((plans[0].features[0], plans[1].features[0]), (false, true));
        assert_eq!(plans[1].prices, ["price_1"]);
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
