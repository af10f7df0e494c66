//! What teammates ask their admins for: told once each, capped, and added up ("4 teammates asked for SSO").

use serde::{Deserialize, Serialize};

use crate::time::{DAY, DurationMs, Millis};
use crate::wire;

/// How long a request stands.
const STANDS: DurationMs = 30 * DAY;
/// Requests of one user that stand at a time.
const MAX_PER_USER: usize = 10;
/// Requests of one tenant that stand at a time.
const MAX_PER_TENANT: usize = 1_000;

/// What is asked for; at most one of feature and meter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// A plan.
    pub plan: Option<String>,
    /// A feature.
    pub feature: Option<String>,
    /// More of a meter.
    pub meter: Option<String>,
}

wire! { struct Subject { plan, feature, meter } }

/// One user's request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Who.
    pub user: String,
    /// For what.
    pub subject: Subject,
    /// When.
    pub at: Millis,
}

wire! { struct Ask { user, subject, at } }

/// The requests that stand, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    asks: Vec<Ask>,
}

wire! { struct Requests { asks } }

/// What comes of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The admins are told.
    New,
    /// This user has asked for it before; the admins know.
    Before,
    /// Too many requests stand.
    TooMany,
}

/// Requests for one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// What.
    pub subject: Subject,
    /// How many users asked for it.
    pub count: u32,
    /// When the last did.
    pub last_at: Millis,
}

wire! { struct Total { subject, count, last_at } }

impl Requests {
    /// Takes a request in.
    pub fn ask(&mut self, user: &str, subject: Subject, now: Millis) -> Asked {
        self.asks.retain(|ask| now.since(ask.at) < STANDS);
        let mut own = self.asks.iter().filter(|ask| ask.user == user);
        if own.clone().any(|ask| ask.subject == subject) {
            return Asked::Before;
        }
        if own.by_ref().count() >= MAX_PER_USER || self.asks.len() >= MAX_PER_TENANT {
            return Asked::TooMany;
        }
        self.asks.push(Ask { user: user.to_owned(), subject, at: now });
        Asked::New
    }

    /// Forgets what `user` asked for; answers whether that was anything.
    pub fn erase(&mut self, user: &str) -> bool {
        let before = self.asks.len();
        self.asks.retain(|ask| ask.user != user);
        self.asks.len() != before
    }

    /// The requests of one user, or all, oldest first.
    pub fn asked_by(&self, user: Option<&str>) -> Vec<Ask> {
        self.asks.iter().filter(|ask| user.is_none_or(|user| ask.user == user)).cloned().collect()
    }

    /// What stands, most asked for first.
    pub fn totals(&self, now: Millis) -> Vec<Total> {
        let mut totals: Vec<Total> = Vec::new();
        for ask in self.asks.iter().filter(|ask| now.since(ask.at) < STANDS) {
            match totals.iter_mut().find(|t| t.subject == ask.subject) {
                Some(total) => {
                    total.count += 1;
                    total.last_at = total.last_at.max(ask.at);
                }
                None => totals.push(Total { subject: ask.subject.clone(), count: 1, last_at: ask.at }),
            }
        }
        crate::map::ordered(totals, |t| -i64::from(t.count))
    }

    /// What `user` has asked for.
    pub fn of(&self, user: &str, now: Millis) -> Vec<Subject> {
        self.asks.iter().filter(|a| a.user == user && now.since(a.at) < STANDS).map(|a| a.subject.clone()).collect()
    }

    /// Forgets what an upgrade has answered.
    pub fn answer(&mut self, is_answered: impl Fn(&Subject) -> bool) {
        self.asks.retain(|ask| !is_answered(&ask.subject));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sso() -> Subject {
        Subject { feature: Some("sso".to_owned()), ..Subject::default() }
    }

    #[test]
    fn who_is_erased_has_asked_for_nothing() {
        let mut requests = Requests::default();
        for user in ["ada", "bob"] {
            requests.ask(user, sso(), Millis(0));
        }
        assert_eq!(requests.asked_by(Some("bob")), [Ask { user: "bob".to_owned(), subject: sso(), at: Millis(0) }]);
        assert!(requests.erase("bob") && !requests.erase("bob"));
        assert_eq!((requests.asked_by(Some("bob")), requests.asked_by(None).len()), (Vec::new(), 1));
    }

    #[test]
    fn teammates_are_added_up_and_nobody_counts_twice() {
        let mut requests = Requests::default();
        let at = |day: i64| Millis(day * DAY);
        for (user, subject, day, expected) in [
            ("bob", sso(), 0, Asked::New),
            ("bob", sso(), 1, Asked::Before),
            ("eve", sso(), 2, Asked::New),
            ("eve", Subject::default(), 2, Asked::New),
        ] {
            assert_eq!(requests.ask(user, subject, at(day)), expected, "{user} on day {day}");
        }
        let counted =
            |requests: &Requests, day| requests.totals(at(day)).iter().map(|t| (t.subject.feature.is_some(), t.count)).collect::<Vec<_>>();
        assert_eq!(counted(&requests, 3), [(true, 2), (false, 1)]);
        assert_eq!(counted(&requests, 30), [(true, 1), (false, 1)], "bob's request has lapsed");
        assert_eq!(requests.of("bob", at(3)), [sso()]);
        requests.answer(|subject| subject.feature.is_some());
        assert_eq!(counted(&requests, 3), [(false, 1)], "what the new plan lacks is still asked for");
    }

    #[test]
    fn nobody_floods_their_admins() {
        let mut requests = Requests::default();
        let plan = |i: usize| Subject { plan: Some(format!("p{i}")), ..Subject::default() };
        for i in 0..MAX_PER_USER {
            assert_eq!(requests.ask("bob", plan(i), Millis(0)), Asked::New);
        }
        assert_eq!(requests.ask("bob", sso(), Millis(0)), Asked::TooMany);
        assert_eq!(requests.ask("bob", sso(), Millis(STANDS)), Asked::New, "once the old ones have lapsed");
        for i in 0..MAX_PER_TENANT {
            requests.ask(&format!("user{i}"), sso(), Millis(STANDS));
        }
        assert_eq!(requests.ask("one more", sso(), Millis(STANDS)), Asked::TooMany);
    }
}
