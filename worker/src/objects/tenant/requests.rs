//! Teammates ask their admins for an upgrade.

use upcue_engine::time::Millis;
use upcue_engine::timeline::{Actor, Entry, What};
use upcue_engine::upgrade::requests::{Asked, Subject, Total};

use super::store::{Step, Stored};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::AskReport;

impl Stored {
    /// Takes a request in.
    pub(super) fn ask(&mut self, user: &str, subject: &Subject, now: Millis) -> ApiResult<AskReport> {
        self.check(subject)?;
        let asked = self.tenant.requests.ask(user, subject.clone(), now);
        let label = self.rules.label(subject);
        match asked {
            Asked::TooMany => {
                let detail = "too many requests stand already; your admins know of them, and the oldest lapse after 30 days";
                return Err(ApiError::new(Code::TooManyRequests, detail));
            }
            Asked::Before => {}
            Asked::New => {
                let what = What::UpgradeAsked { label: label.clone() };
                let entries = vec![Entry { at: now, actor: Actor::User(user.to_owned()), what }];
                self.record(Step { requests: true, entries, ..Step::default() })?;
            }
        }
        let count = self.tenant.requests.totals(now).into_iter().find(|t| t.subject == *subject).map_or(0, |t| t.count);
        Ok(AskReport { is_new: asked == Asked::New, label, count })
    }

    /// What stands, most asked for first, each with its label.
    pub(super) fn requested(&self, now: Millis) -> Vec<(Total, String)> {
        self.tenant.requests.totals(now).into_iter().map(|total| (total.clone(), self.rules.label(&total.subject))).collect()
    }

    fn check(&self, Subject { plan, feature, meter }: &Subject) -> ApiResult<()> {
        let config = &self.rules.config;
        let unknown = |what: &str, name: &str| Err(ApiError::new(Code::InvalidRequest, format!("no {what} `{name}`")));
        match (plan, feature, meter) {
            (_, Some(_), Some(_)) => Err(ApiError::new(Code::InvalidRequest, "name a `feature` or a `meter`, not both")),
            (Some(id), ..) if !self.rules.plans.iter().any(|p| p.id == *id) => unknown("plan", id),
            (_, Some(key), _) if !config.features.iter().any(|f| f.key == *key) => unknown("feature", key),
            (.., Some(key)) if !config.meters.iter().any(|m| m.key == *key) => unknown("meter", key),
            _ => Ok(()),
        }
    }
}
