//! The trend: what happened on each day, and how often each signal was detected.

use upcue_engine::map::Map;
use upcue_engine::report::day;
use worker::SqlStorageValue;

use super::super::super::rows::{text, whole};
use super::super::AppObject;
use super::conversions::attribution;
use super::sql_moment;
use crate::problem::ApiResult;
use crate::rpc::{Accounting, SignalTrend, Span, TrendDay, TrendReport};

impl AppObject {
    /// What happened in a span, by days in UTC.
    pub(super) fn trend(&self, span: &Span) -> ApiResult<TrendReport> {
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
        Ok(TrendReport { days: days.values().cloned().collect(), signals: self.detected(span)?, currency })
    }

    /// How often each signal was detected, those detected most first.
    fn detected(&self, span: &Span) -> ApiResult<Vec<SignalTrend>> {
        let sql = "SELECT name, count(*), count(DISTINCT tenant) FROM log WHERE kind = 'signal_detected' AND at >= ? AND at < ? \
            GROUP BY 1 ORDER BY 2 DESC, 1";
        let rows = self.rows()?.query(sql, vec![sql_moment(span.since), sql_moment(span.until)])?;
        let read = |row: &Vec<SqlStorageValue>| {
            let [signal, detections, tenants] = row.as_slice() else { return None };
            Some(SignalTrend { signal: text(signal)?, detections: whole(detections)?, tenants: whole(tenants)? })
        };
        Ok(rows.iter().filter_map(read).collect())
    }
}
