//! Words that a fact never is: `user.role == 'owner'`.

use super::Review;
use super::steps::Steps;
use crate::config::json::{Json, Value};
use crate::config::names::unknown;
use crate::expr::{Op, Program};
use crate::facts::{Fact, PlanField, Role};
use crate::plan::{Interval, Plan};

/// Stripe's words (<https://docs.stripe.com/api/subscriptions/object#subscription_object-status>).
const STATUSES: [&str; 8] = ["active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"];

impl Review<'_> {
    /// Tells of the words in the condition at `part` that what they are compared with never is.
    pub(super) fn words(&mut self, program: &Program, part: &Json) {
        let steps = Steps(program);
        for (fact, i) in asked(steps.0.ops()) {
            let Some((what, known)) = self.known_words(fact) else { continue };
            let Some(word) = steps.string(i).filter(|word| !known.contains(word)) else { continue };
            let detail = unknown(what, word, &known);
            match offset(part, word) {
                Some(offset) => self.reader.tell_within(part, offset, "unknown_value", detail),
                None => self.reader.tell(part, "unknown_value", detail),
            }
        }
    }

    /// Every word that the fact can be, and what it is one of; `None` when any word will do.
    fn known_words(&self, fact: Fact) -> Option<(&'static str, Vec<&str>)> {
        let of_plans = |what, word: fn(&Plan) -> &str| {
            let plans = self.config.inline_plans.as_ref()?;
            Some((what, plans.iter().map(word).collect()))
        };
        match fact {
            Fact::UserRole => Some(("role", [Role::Admin, Role::Member].map(Role::name).to_vec())),
            Fact::SubscriptionStatus => Some(("status of a subscription", STATUSES.to_vec())),
            Fact::Plan(PlanField::Interval) | Fact::BestPlan(PlanField::Interval) => {
                Some(("interval", Interval::ALL.map(Interval::word).to_vec()))
            }
            Fact::Plan(PlanField::Id) | Fact::BestPlan(PlanField::Id) => of_plans("plan", |plan| &plan.id),
            Fact::Plan(PlanField::Name) | Fact::BestPlan(PlanField::Name) => of_plans("name of a plan", |plan| &plan.name),
            _ => None,
        }
    }
}

/// The facts that are compared with strings for being equal, each with the number of a string.
fn asked(ops: &[Op]) -> Vec<(Fact, u16)> {
    let mut asked = Vec::new();
    for (i, op) in ops.iter().enumerate() {
        let Op::Fact(fact) = op else { continue };
        let after = ops.get(i + 1..).unwrap_or_default();
        let strings: Vec<u16> = after.iter().map_while(|op| if let Op::Str(i) = op { Some(*i) } else { None }).collect();
        let before = i.checked_sub(1).and_then(|i| ops.get(i));
        match (before, strings.as_slice(), after.get(strings.len())) {
            (_, [one], Some(Op::Eq | Op::Ne)) | (Some(Op::Str(one)), [], Some(Op::Eq | Op::Ne)) => asked.push((*fact, *one)),
            (_, many, Some(Op::In(n))) if many.len() == usize::from(*n) => asked.extend(many.iter().map(|one| (*fact, *one))),
            _ => {}
        }
    }
    asked
}

/// Where the word stands in the condition at `part`, as it is mostly written.
fn offset(part: &Json, word: &str) -> Option<usize> {
    let Value::Text(source) = &part.value else { return None };
    source.find(&format!("'{word}'")).or_else(|| source.find(&format!("\"{word}\"")))
}

#[cfg(test)]
mod tests {
    use super::STATUSES;
    use crate::subscription::Status;

    #[test]
    fn every_status_is_one_that_the_engine_knows() {
        for word in STATUSES {
            assert!(!matches!(Status::parse(word), Status::Other(_)), "{word}");
        }
    }
}
