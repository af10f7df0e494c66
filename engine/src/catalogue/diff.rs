//! What a new reading of the catalogue changes.

use serde::{Deserialize, Serialize};

use crate::plan::{Allowance, Feature, Limit, Meter, Plan, PlanPrice};
use crate::wire;

/// One difference between two catalogues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which plan.
    pub plan: String,
    /// What of it: `plan`, `name`, `rank`, `limit.<meter>`, `soft_limit.<meter>`, `feature.<feature>`, `price.<id>` …
    pub field: String,
    /// What it was; `None`: it was not there.
    pub before: Option<String>,
    /// What it is; `None`: it is gone.
    pub after: Option<String>,
}

wire! { struct Change { plan, field, before, after } }

/// Every difference, plan by plan in the order of `after`, then the plans that are gone.
pub fn changes(before: &[Plan], after: &[Plan], meters: &[Meter], features: &[Feature]) -> Vec<Change> {
    let mut found = Vec::new();
    for plan in after {
        let mut told = Told { plan: &plan.id, found: &mut found };
        match before.iter().find(|p| p.id == plan.id) {
            None => told.push("plan", None, Some(plan.name.clone())),
            Some(old) => told.plan(old, plan, meters, features),
        }
    }
    for plan in before.iter().filter(|p| !after.iter().any(|now| now.id == p.id)) {
        Told { plan: &plan.id, found: &mut found }.push("plan", Some(plan.name.clone()), None);
    }
    found
}

struct Told<'a> {
    plan: &'a str,
    found: &'a mut Vec<Change>,
}

impl Told<'_> {
    fn push(&mut self, field: &str, before: Option<String>, after: Option<String>) {
        if before != after {
            self.found.push(Change { plan: self.plan.to_owned(), field: field.to_owned(), before, after });
        }
    }

    fn plan(&mut self, old: &Plan, new: &Plan, meters: &[Meter], features: &[Feature]) {
        self.push("name", Some(old.name.clone()), Some(new.name.clone()));
        self.push("description", Some(old.description.clone()), Some(new.description.clone()));
        self.push("rank", Some(old.rank.to_string()), Some(new.rank.to_string()));
        self.push("active", Some(old.active.to_string()), Some(new.active.to_string()));
        self.allowances("", &old.allowances, &new.allowances, meters);
        for (i, feature) in features.iter().enumerate() {
            let has = |plan: &Plan| Some(plan.features.get(i).copied().unwrap_or(false).to_string());
            self.push(&format!("feature.{}", feature.key), has(old), has(new));
        }
        for price in &new.prices {
            let field = format!("price.{}", price.id);
            let known = old.price(&price.id);
            self.push(&field, known.map(written), Some(written(price)));
            if let Some(known) = known.filter(|known| known.allowances != price.allowances) {
                let or_plan = |own: &[Allowance], plan: &Plan| if own.is_empty() { plan.allowances.clone() } else { own.to_vec() };
                let (old, new) = (or_plan(&known.allowances, old), or_plan(&price.allowances, new));
                self.allowances(&format!("{field}."), &old, &new, meters);
            }
        }
        for price in old.prices.iter().filter(|p| new.price(&p.id).is_none()) {
            self.push(&format!("price.{}", price.id), Some(written(price)), None);
        }
    }

    fn allowances(&mut self, prefix: &str, old: &[Allowance], new: &[Allowance], meters: &[Meter]) {
        for (i, meter) in meters.iter().enumerate() {
            let of = |list: &[Allowance]| list.get(i).copied().unwrap_or_default();
            let (old, new) = (of(old), of(new));
            self.push(&format!("{prefix}limit.{}", meter.key), Some(limit(old.limit)), Some(limit(new.limit)));
            self.push(&format!("{prefix}soft_limit.{}", meter.key), old.soft.map(|s| s.to_string()), new.soft.map(|s| s.to_string()));
        }
    }
}

fn limit(limit: Limit) -> String {
    match limit {
        Limit::Unlimited => "unlimited".to_owned(),
        Limit::Upto(limit) => limit.to_string(),
    }
}

/// `2900 usd per month`, in minor units.
fn written(price: &PlanPrice) -> String {
    let amount = price.unit_amount.map_or_else(|| "varying".to_owned(), |amount| amount.to_string());
    let every = if price.interval_count > 1 {
        format!("{} {}s", price.interval_count, price.interval.word())
    } else {
        price.interval.word().to_owned()
    };
    let archived = if price.active { "" } else { ", archived" };
    format!("{amount} {} per {every}{archived}", price.currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Interval, MeterKind};

    fn plan(id: &str, seats: u64, amount: i64) -> Plan {
        let price = PlanPrice {
            id: format!("price_{id}"),
            currency: "usd".to_owned(),
            unit_amount: Some(amount),
            interval: Interval::Month,
            interval_count: 1,
            active: true,
            allowances: vec![],
        };
        let allowance = Allowance { limit: Limit::Upto(seats), soft: None };
        Plan {
            id: id.to_owned(),
            name: id.to_owned(),
            active: true,
            allowances: vec![allowance],
            features: vec![false],
            prices: vec![price],
            ..Plan::default()
        }
    }

    #[test]
    fn every_difference_is_told_once() {
        let meters = [Meter { key: "seats".to_owned(), label: String::new(), unit: String::new(), kind: MeterKind::Gauge }];
        let features = [Feature { key: "sso".to_owned(), label: String::new() }];
        let before = [plan("free", 1, 0), plan("pro", 5, 900)];
        let mut pro = plan("pro", 10, 1_200);
        pro.features = vec![true];
        pro.rank = 2;
        let after = [pro, plan("max", 50, 9_900)];
        let told: Vec<_> = changes(&before, &after, &meters, &features)
            .into_iter()
            .map(|c| format!("{} {} {:?} {:?}", c.plan, c.field, c.before.unwrap_or_default(), c.after.unwrap_or_default()))
            .collect();
        assert_eq!(
            told,
            [
                r#"pro rank "0" "2""#,
                r#"pro limit.seats "5" "10""#,
                r#"pro feature.sso "false" "true""#,
                r#"pro price.price_pro "900 usd per month" "1200 usd per month""#,
                r#"max plan "" "max""#,
                r#"free plan "free" """#,
            ]
        );
        assert_eq!(changes(&after, &after, &meters, &features), []);
    }
}
