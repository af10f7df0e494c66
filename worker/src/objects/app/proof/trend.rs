//! The trend: what happened on each day.

use upcue_engine::map::Map;
use upcue_engine::report::day;

use super::super::super::rows::{text, whole};
use super::super::AppObject;
use super::conversions::attribution;
use super::sql_moment;
use crate::problem::ApiResult;
use crate::rpc::{Accounting, Span, TrendDay};

impl AppObject {
    /// The days of a span on which anything happened, in UTC, and the currency of their money.
    pub(super) fn trend(&self, span: &Span) -> ApiResult<(Vec<TrendDay>, String)> {
        let rules = self.rulebook()?;
        let currency = rules.currency().unwrap_or_default().to_owned();
        let mut days: Map<TrendDay> = Map::new();
        let sql = "SELECT date(at / 1000, 'unixepoch'), kind, count(*) FROM log WHERE at >= ? AND at < ? GROUP BY 1, 2";
        for row in self.rows()?.query(sql, vec![sql_moment(span.since), sql_moment(span.until)])? {
            let [date, kind, count] = row.as_slice() else { continue };
            let (Some(date), Some(kind), Some(count)) = (text(date), text(kind), whole(count)) else { continue };
            let day = days.entry(&date, || TrendDay { day: date.clone(), ..TrendDay::default() });
            match kind.as_str() {
                "signal_detected" => day.signals = count,
                "exposure" => day.exposures = count,
                "click" | "mail_clicked" => day.clicks += count,
                "mail_sent" => day.mails = count,
                _ => {}
            }
        }
        for one in self.credited(&attribution(&rules, &Accounting::default()), span)? {
            let date = day(one.conversion.at);
            let day = days.entry(&date, || TrendDay { day: date.clone(), ..TrendDay::default() });
            let is_ours = one.conversion.currency == currency;
            let gain = if is_ours { one.conversion.gain() } else { 0 };
            day.conversions += 1;
            day.revenue += gain;
            if !one.touches.is_empty() {
                day.prompted += 1;
                day.prompted_revenue += gain;
            }
        }
        Ok((days.values().cloned().collect(), currency))
    }
}
