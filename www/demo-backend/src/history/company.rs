//! A customer of Nimbus: what it is like, and how it stands.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use serde_json::{Value, json};

use super::names;
use crate::tokens::Role;

/// API calls of a billing period, by plan. As in `www/demo/seed/catalogue.json`.
const LIMITS: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Days of a billing period, about.
const PERIOD: i64 = 30;
/// Of those that are there from the first day on.
const OLD: f64 = 0.45;

/// What a company is like. All of it is decided when it is founded.
#[derive(Debug)]
pub(super) struct Company {
    pub(super) tenant: String,
    pub(super) name: String,
    pub(super) zone: &'static str,
    /// Hours that its clocks are ahead of UTC.
    pub(super) ahead: i64,
    pub(super) people: Vec<Person>,
    /// The day it comes.
    pub(super) joins: i64,
    /// API calls of a working day, at first.
    pub(super) calls: u64,
    /// What a day adds to that.
    pub(super) growth: f64,
    pub(super) wants_sso: bool,
    pub(super) card_works: bool,
    standing: Mutex<Standing>,
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) user: String,
    pub(super) name: &'static str,
    pub(super) role: Role,
}

/// How it stands now.
#[derive(Clone, Debug)]
struct Standing {
    came_for: usize,
    plan: usize,
    subscription: Option<Subscription>,
    seats: u64,
    /// API calls in the running period.
    used: u64,
    visits: u64,
}

/// What a plan is changed by at Stripe.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) id: String,
    pub(super) item: String,
}

/// Founds so many companies, some of which are there before the first day.
pub(super) fn found(count: usize, days: i64, rng: &mut Rng) -> Vec<Company> {
    names::companies(count, rng).into_iter().map(|name| company(name, days, rng)).collect()
}

fn company(name: String, days: i64, rng: &mut Rng) -> Company {
    let plan = match rng.f64() {
        small if small < 0.62 => 0,
        middle if middle < 0.92 => 1,
        _ => 2,
    };
    // Most use a part of what they pay for, some all of it and more.
    let share = match rng.f64() {
        few if few < 0.55 => 0.1 + 0.5 * rng.f64(),
        many if many < 0.85 => 0.6 + 0.35 * rng.f64(),
        _ => 0.95 + 0.7 * rng.f64(),
    };
    let working_days = 24.0;
    let (zone, ahead) = names::zone(rng);
    let tenant = name.to_lowercase().replace(' ', "-");
    let team = rng.usize(2..6);
    let people = names::people(team, rng).into_iter().enumerate();
    let role = |place| if place == 0 { Role::Admin } else { Role::Member };
    Company {
        people: people.map(|(place, name)| Person { user: name.to_lowercase(), name, role: role(place) }).collect(),
        joins: if rng.f64() < OLD { 0 } else { rng.i64(1..days.max(2)) },
        calls: whole(approximate(LIMITS[plan]) * share / working_days),
        growth: 0.003 * rng.f64(),
        wants_sso: rng.f64() < 0.12,
        card_works: rng.f64() < 0.94,
        standing: Mutex::new(Standing {
            came_for: plan,
            plan,
            subscription: None,
            seats: rng.u64([2..5, 4..17, 15..70][plan].clone()),
            used: 0,
            visits: 0,
        }),
        tenant,
        name,
        zone,
        ahead,
    }
}

impl Company {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is a customer now.
    pub(super) fn is_here(&self) -> bool {
        self.standing().subscription.is_some()
    }

    pub(super) fn has_upgraded(&self) -> bool {
        let standing = self.standing();
        standing.plan > standing.came_for
    }

    pub(super) fn plan(&self) -> usize {
        self.standing().plan
    }

    pub(super) fn subscription(&self) -> Option<Subscription> {
        self.standing().subscription.clone()
    }

    pub(super) fn subscribed(&self, subscription: Option<Subscription>) {
        self.standing().subscription = subscription;
    }

    pub(super) fn upgraded(&self) {
        self.standing().plan += 1;
    }

    /// How much of the plan is used: 1 is all of it.
    pub(super) fn load(&self) -> f64 {
        let standing = self.standing();
        approximate(standing.used) / approximate(LIMITS[standing.plan.min(LIMITS.len() - 1)])
    }

    /// What the servers report after so many more calls.
    pub(super) fn usage(&self, calls: u64) -> Value {
        let mut standing = self.standing();
        standing.used += calls;
        json!({"tenant": self.tenant, "calls": calls, "seats": standing.seats})
    }

    /// Calls that users make in their pages; the pages report them.
    pub(super) fn used(&self, calls: u64) {
        self.standing().used += calls;
    }

    pub(super) fn next_visit(&self) -> u64 {
        let mut standing = self.standing();
        standing.visits += 1;
        standing.visits
    }

    /// A day goes by.
    pub(super) fn pass(&self, day: i64, hires: bool) {
        let mut standing = self.standing();
        standing.seats += u64::from(hires);
        if (day - self.joins) % PERIOD == 0 {
            standing.used = 0;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of API calls, far below 2^52")]
pub(super) fn approximate(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no negative or large amounts come up")]
pub(super) fn whole(amount: f64) -> u64 {
    amount.round() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_run_founds_the_same_companies_and_no_two_alike() {
        let companies = || found(300, 90, &mut Rng::with_seed(7));
        let tenants: Vec<String> = companies().into_iter().map(|company| company.tenant).collect();
        assert_eq!(tenants, companies().into_iter().map(|company| company.tenant).collect::<Vec<_>>());
        assert_eq!(tenants.iter().collect::<HashSet<_>>().len(), 300);
        assert!(companies().iter().all(|company| company.people[0].role == Role::Admin && company.joins < 90));
    }
}
