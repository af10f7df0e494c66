//! What a tenant's facts have told of it so far.

use upcue_engine::map::Map;
use upcue_engine::tenant::{Changed, Transition};
use upcue_engine::time::Millis;

use crate::rpc::Fact;

/// A tenant as its facts have told, each counted once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Standing {
    /// The number of the last fact that was counted.
    pub(super) last: u64,
    /// When it was last heard of.
    pub(super) seen: Millis,
    /// The plan's id.
    pub(super) plan: Option<String>,
    /// Stripe's word for the subscription.
    pub(super) status: Option<String>,
    /// The last score told, and when it was that.
    pub(super) score: Option<(u8, Millis)>,
    /// What these facts have changed, by segment: since when it is a member; `None`: it is none.
    pub(super) memberships: Map<Option<Millis>>,
}

impl Standing {
    /// Takes a fact in; answers whether it was new.
    pub(super) fn take(&mut self, number: u64, fact: &Fact) -> bool {
        if number <= self.last {
            return false;
        }
        self.last = number;
        let at = match fact {
            Fact::Seen { at } | Fact::Quoted { at, .. } | Fact::Requested { at, .. } => *at,
            Fact::Subscription { at, plan, status } => {
                self.plan.clone_from(plan);
                self.status.clone_from(status);
                *at
            }
            Fact::Upgrade(upgrade) => upgrade.at,
            Fact::Transition(transition) => self.cross(transition),
            Fact::Letter(fact) => fact.letter.drawn,
            Fact::Touch(touch) => touch.at,
            Fact::Converted(conversion) => conversion.at,
            Fact::Limit(crossing) => crossing.at,
            Fact::Score { at, score } => {
                self.score = Some((*score, *at));
                *at
            }
        };
        self.seen = self.seen.max(at);
        true
    }

    fn cross(&mut self, Transition { at, of, id, score }: &Transition) -> Millis {
        self.score = Some((*score, *at));
        match of {
            Changed::Entered => self.memberships.insert(id, Some(*at)),
            Changed::Left => self.memberships.insert(id, None),
            Changed::Detected | Changed::Rearmed => {}
        }
        *at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossing(of: Changed, at: i64, score: u8) -> Fact {
        Fact::Transition(Transition { at: Millis(at), of, id: "ready".to_owned(), score })
    }

    fn told(facts: &[(u64, Fact)]) -> Standing {
        let mut standing = Standing::default();
        for (number, fact) in facts {
            standing.take(*number, fact);
        }
        standing
    }

    #[test]
    fn membership_follows_the_last_crossing() {
        for (crossings, expected) in [
            (vec![Changed::Entered], Some(Some(Millis(1)))),
            (vec![Changed::Entered, Changed::Left], Some(None)),
            (vec![Changed::Entered, Changed::Left, Changed::Entered], Some(Some(Millis(3)))),
            (vec![Changed::Detected, Changed::Rearmed], None),
        ] {
            let facts: Vec<(u64, Fact)> = (1..).zip(&crossings).map(|(n, of)| (n, crossing(*of, i64::try_from(n).unwrap(), 50))).collect();
            assert_eq!(told(&facts).memberships.get("ready").copied(), expected, "{crossings:?}");
        }
    }

    #[test]
    fn a_fact_that_comes_again_changes_nothing() {
        let facts = [(1, crossing(Changed::Entered, 10, 80)), (2, Fact::Score { at: Millis(20), score: 60 })];
        let once = told(&facts);
        let again = told(&[facts.clone(), facts].concat());
        assert_eq!(again, once);
        assert_eq!((once.last, once.seen, once.score), (2, Millis(20), Some((60, Millis(20)))));
    }

    #[test]
    fn a_plan_stays_until_another_is_told() {
        let subscribed = Fact::Subscription { at: Millis(5), plan: Some("pro".to_owned()), status: Some("active".to_owned()) };
        let standing = told(&[(1, subscribed), (2, Fact::Seen { at: Millis(4) })]);
        assert_eq!((standing.plan.as_deref(), standing.seen, standing.score), (Some("pro"), Millis(5), None));
    }
}
