//! The funnel: tenants that were to be prompted, were, followed it, asked for a quote and upgraded.

use upcue_engine::attribution::Seen;
use upcue_engine::map::Map;
use upcue_engine::time::DurationMs;
use upcue_engine::touch::{Channel, did};
use worker::SqlStorageValue;

use super::super::super::rows::{text, whole};
use super::super::AppObject;
use super::super::listing::moment;
use super::conversions::attribution;
use super::{Conditions, sql_moment};
use crate::problem::ApiResult;
use crate::rpc::{Accounting, FunnelReport, FunnelRow, FunnelTenant, FunnelTenantsWish, Span, Step, Total};

/// What was seen or sent.
const WAS_SEEN: u8 = did::EXPOSURE | did::SENT;

impl AppObject {
    /// Each step for all prompts together, and for each.
    pub(super) fn funnel(&self, span: &Span) -> ApiResult<FunnelReport> {
        let rules = self.rulebook()?;
        let by_what = attribution(&rules, &Accounting::default());
        let currency = rules.currency().unwrap_or_default().to_owned();
        let mut all = self.counts(span, by_what.window, false)?.pop().unwrap_or_default();
        let mut prompts = self.counts(span, by_what.window, true)?;
        let mut upgraded: Map<Map<()>> = Map::new();
        let wanted = |touch: &Seen| {
            span.campaign.as_ref().is_none_or(|of| *of == touch.of) && span.channel.is_none_or(|channel| channel == touch.channel)
        };
        for one in self.credited(&by_what, span)? {
            let is_ours = one.conversion.currency == currency;
            for (touch, share, gain) in one.parts().filter(|(touch, share, _)| *share > 0 && wanted(touch)) {
                let gain = if is_ours { gain } else { 0 };
                let place = prompts.iter().position(|row| row.prompt == touch.of).unwrap_or_else(|| {
                    // Seen before the span, and paid for within it.
                    prompts.push(FunnelRow { prompt: touch.of.clone(), is_mail: touch.channel == Channel::Email, ..FunnelRow::default() });
                    prompts.len() - 1
                });
                for row in prompts.get_mut(place).into_iter().chain([&mut all]) {
                    row.upgraded.conversions += u64::from(share);
                    row.upgraded.revenue += gain;
                    upgraded.entry(&row.prompt, Map::new).insert(&one.tenant, ());
                }
            }
        }
        for row in prompts.iter_mut().chain([&mut all]) {
            row.upgraded.tenants = upgraded.get(&row.prompt).map_or(0, |tenants| tenants.len() as u64);
        }
        Ok(FunnelReport { currency, window: by_what.window, all, prompts })
    }

    /// The steps that are counted in SQL, for each prompt or for all together.
    fn counts(&self, span: &Span, window: DurationMs, each: bool) -> ApiResult<Vec<FunnelRow>> {
        let conditions = Conditions::of(span, "touch.at");
        let prompt = if each { "prompt" } else { "''" };
        let step = |bits: u8| format!("count(DISTINCT CASE WHEN did & {bits} THEN tenant END), total(did & {bits} != 0)");
        let sql = format!(
            "SELECT {prompt}, max(channel), count(DISTINCT tenant), count(*), {}, {}, {}, {}, {} FROM touch WHERE {}{}",
            step(WAS_SEEN),
            step(did::CLICK),
            step(did::DISMISS),
            step(did::SNOOZE),
            step(did::GHOST),
            conditions.sql(),
            if each { " GROUP BY prompt" } else { "" },
        );
        let found = self.rows()?.query(&sql, conditions.values)?;
        let mut rows: Vec<FunnelRow> = found.iter().filter_map(|row| read(row)).collect();
        for (prompt, quoted) in self.quoted(span, window, each)? {
            if let Some(row) = rows.iter_mut().find(|row| row.prompt == prompt) {
                row.quoted = quoted;
            }
        }
        Ok(rows)
    }

    /// Tenants that were quoted an upgrade within the window after they saw a prompt, and their quotes.
    fn quoted(&self, span: &Span, window: DurationMs, each: bool) -> ApiResult<Vec<(String, Step)>> {
        let mut conditions = Conditions::of(span, "touch.at");
        conditions.texts.push("log.kind = 'quoted'".to_owned());
        conditions.and("log.at >= ?", sql_moment(span.since));
        conditions.and("log.at < ?", sql_moment(span.until));
        conditions.and("log.at < touch.seen + ?", SqlStorageValue::Integer(window));
        let prompt = if each { "prompt" } else { "''" };
        let sql = format!(
            "SELECT {prompt}, count(DISTINCT log.tenant), count(DISTINCT log.tenant || ' ' || log.seq) FROM log JOIN touch ON \
             touch.tenant = log.tenant AND touch.seen <= log.at WHERE {}{}",
            conditions.sql(),
            if each { " GROUP BY prompt" } else { "" },
        );
        let found = self.rows()?.query(&sql, conditions.values)?;
        let read = |row: &Vec<SqlStorageValue>| {
            let [prompt, tenants, events] = row.as_slice() else { return None };
            Some((text(prompt)?, Step { tenants: whole(tenants)?, events: whole(events)? }))
        };
        Ok(found.iter().filter_map(read).collect())
    }

    /// The tenants that have come to a step, by name.
    pub(super) fn funnel_tenants(&self, wish: &FunnelTenantsWish) -> ApiResult<Vec<FunnelTenant>> {
        let Some(bits) = bits(&wish.step) else { return self.further_tenants(wish) };
        let mut conditions = Conditions::of(&wish.span, "touch.at");
        conditions.and("did & ?", SqlStorageValue::Integer(bits.into()));
        conditions.and("tenant > ?", wish.after.clone().unwrap_or_default().into());
        conditions.values.push(SqlStorageValue::Integer(wish.limit.into()));
        let sql = format!(
            "SELECT tenant, min(at), max(at), count(*) FROM touch WHERE {} GROUP BY tenant ORDER BY tenant LIMIT ?",
            conditions.sql()
        );
        let found = self.rows()?.query(&sql, conditions.values)?;
        let read = |row: &Vec<SqlStorageValue>| {
            let [tenant, first, last, events] = row.as_slice() else { return None };
            Some(FunnelTenant { tenant: text(tenant)?, first: moment(first)?, last: moment(last)?, events: whole(events)? })
        };
        Ok(found.iter().filter_map(read).collect())
    }

    /// Those that were quoted or have upgraded.
    fn further_tenants(&self, wish: &FunnelTenantsWish) -> ApiResult<Vec<FunnelTenant>> {
        let by_what = attribution(&self.rulebook()?, &Accounting::default());
        let mut found: Map<FunnelTenant> = Map::new();
        let mut add = |tenant: &str, at| {
            let one = found.entry(tenant, || FunnelTenant { tenant: tenant.to_owned(), first: at, last: at, events: 0 });
            one.first = one.first.min(at);
            one.last = one.last.max(at);
            one.events += 1;
        };
        if wish.step == "upgraded" {
            let is_wanted = |of: &String| wish.span.campaign.as_ref().is_none_or(|campaign| campaign == of);
            let channel = wish.span.channel;
            for one in self.credited(&by_what, &wish.span)? {
                let mut touches = one.touches.iter().filter(|(_, share)| *share > 0);
                if touches.any(|(touch, _)| is_wanted(&touch.of) && channel.is_none_or(|channel| channel == touch.channel)) {
                    add(&one.tenant, one.conversion.at);
                }
            }
        } else {
            let mut conditions = Conditions::of(&wish.span, "touch.at");
            conditions.and("log.at < ?", sql_moment(wish.span.until));
            conditions.and("log.at < touch.seen + ?", SqlStorageValue::Integer(by_what.window));
            let sql = format!(
                "SELECT DISTINCT log.tenant, log.seq, log.at FROM log JOIN touch ON touch.tenant = log.tenant AND touch.seen <= log.at \
                 WHERE log.kind = 'quoted' AND {}",
                conditions.sql()
            );
            for row in self.rows()?.query(&sql, conditions.values)? {
                if let (Some(tenant), Some(at)) = (row.first().and_then(text), row.get(2).and_then(moment)) {
                    add(&tenant, at);
                }
            }
        }
        let after = wish.after.clone().unwrap_or_default();
        Ok(found.values().filter(|one| one.tenant > after).take(wish.limit as usize).cloned().collect())
    }
}

/// What a step is in SQL; `None` for those that are not of touches alone.
fn bits(step: &str) -> Option<u8> {
    match step {
        "eligible" => Some(u8::MAX),
        "exposed" => Some(WAS_SEEN),
        "clicked" => Some(did::CLICK),
        "dismissed" => Some(did::DISMISS),
        "snoozed" => Some(did::SNOOZE),
        "held_out" => Some(did::GHOST),
        _ => None,
    }
}

fn read(row: &[SqlStorageValue]) -> Option<FunnelRow> {
    let step = |place: usize| Some(Step { tenants: whole(row.get(place)?)?, events: whole(row.get(place + 1)?)? });
    Some(FunnelRow {
        prompt: text(row.first()?)?,
        is_mail: row.get(1).and_then(whole) == Some(1),
        eligible: step(2)?,
        exposed: step(4)?,
        clicked: step(6)?,
        dismissed: step(8)?,
        snoozed: step(10)?,
        held_out: step(12)?,
        quoted: Step::default(),
        upgraded: Total::default(),
    })
}
