//! A reading of a subscription meets a tenant: the mirror, the upgrades on their way, and what the timeline says of it.

use super::{Rulebook, Tenant};
use crate::conversion::Conversion;
use crate::sequence::Moved;
use crate::subscription::Subscription;
use crate::time::Millis;
use crate::timeline::{Actor, Entry, Held, What};
use crate::upgrade::requests::Subject;
use crate::upgrade::state::{Source, State, Upgrade, Upgraded};

/// What a reading did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Whether anything changed and is to be stored.
    pub changed: bool,
    /// Whether plan, price, quantity or status are others now.
    pub other_plan: bool,
    /// What is to be written into the timeline.
    pub entries: Vec<Entry>,
    /// The upgrade that came true with it.
    pub upgraded: Option<String>,
    /// What it did to mails: an upgrade cancels all that are on their way.
    pub mailed: Moved,
    /// That the tenant has come to pay more, by whichever way.
    pub conversion: Option<Conversion>,
}

impl Tenant {
    /// Folds in a reading. An upgrade that it makes true is settled here and nowhere else, so answer, webhook, recovery and
    /// sweep tell of it once, whichever comes first.
    pub fn fold(&mut self, rules: &Rulebook, read: &Subscription, source: Source, now: Millis) -> Folded {
        let (before, needed) = (self.held(rules), self.counts.needs_since);
        // A subscription from before Upcue knew the tenant is how things stand, and no news.
        let is_news = self.mirror.current().is_some() || self.profile.first_seen.is_some_and(|seen| seen <= read.created);
        let changed = self.mirror.fold(read.clone());
        let upgraded = self.upgrades.settle(read, source, now);
        let after = self.held(rules);
        let other_plan = before != after;
        if before.plan != after.plan {
            self.requests.answer(|asked| answers(rules, &after, asked)); // an upgrade at Stripe itself does as well
        }
        let (mut entries, mut mailed, mut conversion) = (Vec::new(), Moved::default(), None);
        if let Some(upgrade) = upgraded.as_ref().and_then(|id| self.upgrades.get(id)) {
            conversion = Some(Conversion { upgrade: upgraded.clone(), needed, ..Conversion::of(rules, &before, &after, now) });
            entries = told(upgrade, before, after, now);
            mailed = self.convert(now);
        } else if other_plan {
            if is_step_up(rules, &before, &after) {
                self.counts.needs_since = None;
                // The first plan of all is where somebody begins: nothing was upgraded.
                if is_news && before.plan.is_some() {
                    conversion = Some(Conversion { needed, ..Conversion::of(rules, &before, &after, now) });
                    mailed = self.convert(now);
                }
            }
            entries.push(Entry { at: now, actor: Actor::Stripe, what: What::SubscriptionChanged { before, after } });
        }
        Folded { changed: changed || upgraded.is_some(), other_plan, entries, upgraded, mailed, conversion }
    }

    fn convert(&mut self, now: Millis) -> Moved {
        self.counts.needs_since = None;
        self.counts.converted = Some(now);
        self.mailing.converted(now)
    }

    /// What the tenant holds.
    pub fn held(&self, rules: &Rulebook) -> Held {
        let present = self.present(rules);
        let current = self.mirror.current();
        let item = current.and_then(|s| s.holding(&rules.plans)).map(|(_, item)| item);
        let limits = rules.config.meters.iter().enumerate();
        let limits = limits.map(|(i, m)| (m.key.clone(), present.plan.map(|p| p.allowance(i, present.price)).unwrap_or_default().limit));
        let features = rules.config.features.iter().enumerate();
        let on = |i: usize| present.plan.is_some_and(|p| p.features.get(i) == Some(&true));
        Held {
            plan: present.plan.map(|p| p.id.clone()),
            price: item.map(|i| i.price.clone()),
            quantity: item.map_or(0, |i| i.quantity),
            status: current.map(|s| s.status.word().to_owned()),
            limits: limits.collect(),
            features: features.filter(|(i, _)| on(*i)).map(|(_, f)| f.key.clone()).collect(),
        }
    }
}

/// Whether a plan of a higher rank is in the place of another.
fn is_step_up(rules: &Rulebook, before: &Held, after: &Held) -> bool {
    let rank = |held: &Held| rules.plans.iter().find(|p| Some(&p.id) == held.plan.as_ref()).map(|p| p.rank);
    rank(after) > rank(before)
}

/// Whether a plan has what was asked for. More of a meter, or any upgrade, is had with any other plan.
fn answers(rules: &Rulebook, after: &Held, Subject { plan, feature, .. }: &Subject) -> bool {
    let rank = |id: &String| rules.plans.iter().find(|p| p.id == *id).map(|p| p.rank);
    let has_feature = feature.as_ref().is_none_or(|f| after.features.contains(f));
    has_feature && plan.as_ref().is_none_or(|p| after.plan.as_ref().and_then(rank) >= rank(p))
}

fn told(upgrade: &Upgrade, before: Held, after: Held, now: Millis) -> Vec<Entry> {
    let State::Upgraded(Upgraded { invoice, source, .. }) = &upgrade.state else { return Vec::new() };
    let (quoted, invoiced) = (upgrade.quote.amount_due, invoice.as_ref().map(|i| i.amount_due));
    let what = What::Upgraded {
        upgrade: upgrade.id.clone(),
        before,
        after,
        source: source.code().to_owned(),
        invoice: invoice.as_ref().map(|i| i.id.clone()),
        quoted,
        invoiced,
        duration_ms: u32::try_from(now.since(upgrade.requested_at)).unwrap_or(u32::MAX),
        gateway_ms: upgrade.gateway_ms,
    };
    let mut entries = vec![Entry { at: now, actor: Actor::User(upgrade.by.clone()), what }];
    if let (Some(drift), Some(invoiced)) = (upgrade.drift(), invoiced)
        && drift != 0
    {
        let what = What::ProrationDrift { upgrade: upgrade.id.clone(), quoted, invoiced };
        entries.push(Entry { at: now, actor: Actor::Upcue, what });
    }
    entries
}
