use super::*;
use crate::plan::Allowance;
use proptest::prelude::*;

fn price(id: &str, amount: i64, interval: Interval) -> PlanPrice {
    PlanPrice {
        id: id.to_owned(),
        currency: "usd".to_owned(),
        unit_amount: Some(amount),
        interval,
        interval_count: 1,
        active: true,
        allowances: vec![],
    }
}

fn plan(rank: i32, limit: Limit, sso: bool, prices: Vec<PlanPrice>) -> Plan {
    Plan {
        id: format!("plan_{rank}"),
        rank,
        active: true,
        allowances: vec![Allowance { limit, soft: None }],
        features: vec![sso],
        prices,
        ..Plan::default()
    }
}

fn needs(used: u64, projected: u64, sso: bool) -> Needs {
    Needs { meters: vec![Use { used, projected }], features: vec![sso] }
}

fn catalogue() -> Vec<Plan> {
    vec![
        plan(0, Limit::Upto(100), false, vec![price("free", 0, Interval::Month)]),
        plan(1, Limit::Upto(1_000), false, vec![price("pro_m", 1_000, Interval::Month), price("pro_y", 10_000, Interval::Year)]),
        plan(2, Limit::Upto(50_000), true, vec![price("team_m", 5_000, Interval::Month)]),
    ]
}

#[test]
fn the_cheapest_plan_that_covers_everything_fits() {
    let plans = catalogue();
    for (what, rank, needs, expected, binds) in [
        ("all is well", 0, needs(50, 90, false), "current", vec![]),
        ("the pace is too high", 0, needs(50, 101, false), "pro_y", vec![Bind::Meter(0)]),
        ("the limit is just reached", 0, needs(100, 100, false), "pro_y", vec![Bind::Meter(0)]),
        ("a feature was refused", 0, needs(1, 1, true), "team_m", vec![Bind::Feature(0)]),
        ("the next plan is too small", 0, needs(1_001, 1_001, false), "team_m", vec![Bind::Meter(0)]),
        ("both", 1, needs(1_000, 1_000, true), "team_m", vec![Bind::Meter(0), Bind::Feature(0)]),
        ("nothing is large enough", 0, needs(10, 60_000, false), "contact us", vec![Bind::Meter(0)]),
        ("there is nothing above", 2, needs(50_000, 50_000, false), "contact us", vec![Bind::Meter(0)]),
    ] {
        let present = Holding { plan: plans.iter().find(|p| p.rank == rank), price: None, currency: Some("usd") };
        let (found, bound) = match best_fit(&plans, present, &needs) {
            Fit::Current => ("current", vec![]),
            Fit::Upgrade { price, binds, .. } => (price.id.as_str(), binds),
            Fit::ContactUs { binds } => ("contact us", binds),
        };
        assert_eq!((found, bound), (expected, binds), "{what}");
    }
}

type Change = fn(&mut Vec<Plan>);

#[test]
fn what_is_not_on_sale_is_not_offered() {
    let present = |plans: &[Plan]| plans.first().cloned();
    let cases: [(&str, Change); 4] = [
        ("plan archived", |plans| plans[1].active = false),
        ("prices archived", |plans| plans[1].prices.iter_mut().for_each(|p| p.active = false)),
        ("another currency", |plans| plans[1].prices.iter_mut().for_each(|p| p.currency = "eur".to_owned())),
        ("no plain amount", |plans| plans[1].prices.iter_mut().for_each(|p| p.unit_amount = None)),
    ];
    for (what, change) in cases {
        let mut plans = catalogue();
        change(&mut plans);
        let free = present(&plans);
        let holding = Holding { plan: free.as_ref(), price: None, currency: Some("usd") };
        assert!(matches!(best_fit(&plans, holding, &needs(100, 100, false)), Fit::Upgrade { plan, .. } if plan.rank == 2), "{what}");
    }
}

/// The same question asked in the plainest way: of everything on sale that is allowed, take the smallest.
fn oracle(plans: &[Plan], present: &Plan, needs: &Needs) -> Option<(String, String)> {
    let mut allowed = Vec::new();
    for plan in plans {
        for price in &plan.prices {
            let covers = needs.meters.iter().enumerate().all(|(m, u)| {
                let reached = matches!(present.allowance(m, None).limit, Limit::Upto(l) if u.used >= l);
                match (plan.allowance(m, Some(&price.id)).limit, present.allowance(m, None).limit) {
                    (Limit::Upto(limit), Limit::Upto(now)) if reached => limit >= u.used && limit >= u.projected && limit > now,
                    (Limit::Upto(limit), _) => limit >= u.used && limit >= u.projected,
                    (Limit::Unlimited, _) => true,
                }
            });
            let has = needs.features.iter().zip(&plan.features).all(|(wanted, has)| *has || !wanted);
            if covers && has && plan.active && price.active && price.currency == "usd" && plan.rank > present.rank {
                let months = f64::from(price.interval_count) * if price.interval == Interval::Year { 12.0 } else { 1.0 };
                let a_month = price.unit_amount.map_or(f64::INFINITY, |amount| f64::from(i32::try_from(amount).expect("small")) / months);
                if a_month.is_finite() {
                    allowed.push((a_month, plan, price));
                }
            }
        }
    }
    allowed.sort_by(|a, b| {
        let key = |c: &(f64, &Plan, &PlanPrice)| (c.1.rank, c.2.interval, c.1.id.clone(), c.2.id.clone());
        a.0.total_cmp(&b.0).then_with(|| key(a).cmp(&key(b)))
    });
    allowed.first().map(|(_, plan, price)| (plan.id.clone(), price.id.clone()))
}

fn limits() -> impl Strategy<Value = Limit> {
    prop_oneof![1 => Just(Limit::Unlimited), 4 => (0_u64..40).prop_map(Limit::Upto)]
}

prop_compose! {
    fn prices()(amount in prop::option::weighted(0.9, 0_i64..5_000), year in any::<bool>(), count in 1_u32..4, active in prop::bool::weighted(0.8), usd in prop::bool::weighted(0.8), own in prop::option::weighted(0.2, limits())) -> PlanPrice {
        PlanPrice {
            id: String::new(),
            currency: if usd { "usd" } else { "eur" }.to_owned(),
            unit_amount: amount.map(|a| a * 12), // so that a month of a year is a whole number for the oracle
            interval: if year { Interval::Year } else { Interval::Month },
            interval_count: count,
            active,
            allowances: own.map(|limit| vec![Allowance { limit, soft: None }]).unwrap_or_default(),
        }
    }
}

prop_compose! {
    fn catalogues()(made in prop::collection::vec((limits(), limits(), any::<[bool; 2]>(), prop::bool::weighted(0.85), prop::collection::vec(prices(), 0..4)), 1..8)) -> Vec<Plan> {
        made.into_iter().enumerate().map(|(i, (first, second, features, active, prices))| {
            let rank = i32::try_from(i).expect("few");
            let prices = prices.into_iter().enumerate().map(|(n, p)| PlanPrice { id: format!("price_{i}_{n}"), ..p }).collect();
            let allowances = [first, second].map(|limit| Allowance { limit, soft: None }).to_vec();
            Plan { id: format!("plan_{i}"), rank, active, allowances, features: features.to_vec(), prices, ..Plan::default() }
        }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn the_fit_is_what_trying_everything_finds(
        plans in catalogues(), at in any::<prop::sample::Index>(), used in any::<[u8; 2]>(), more in any::<[u8; 2]>(), refused in any::<[bool; 2]>(),
    ) {
        let present = at.get(&plans);
        let meters = used.iter().zip(more).map(|(u, m)| Use { used: u64::from(u % 48), projected: u64::from(u % 48) + u64::from(m % 16) });
        let needs = Needs { meters: meters.collect(), features: refused.to_vec() };
        let holding = Holding { plan: Some(present), price: None, currency: Some("usd") };
        match best_fit(&plans, holding, &needs) {
            Fit::Current => prop_assert!(needs.violations(present, None).is_empty()),
            Fit::Upgrade { plan, price, binds } => {
                prop_assert_eq!(Some((plan.id.clone(), price.id.clone())), oracle(&plans, present, &needs));
                prop_assert!(plan.id != present.id && needs.violations(plan, Some(&price.id)).is_empty() && !binds.is_empty());
            }
            Fit::ContactUs { .. } => prop_assert_eq!(None, oracle(&plans, present, &needs)),
        }
    }
}
