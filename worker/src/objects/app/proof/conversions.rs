//! Conversions, and what they are credited to.

use upcue_engine::attribution::{Attribution, Credited};
use upcue_engine::conversion::Conversion;
use upcue_engine::report::{By, DELAYS, NO_SIGNAL, NONE, WEEKDAYS, group};
use upcue_engine::tenant::Rulebook;
use upcue_engine::time::{DurationMs, Millis};
use worker::SqlStorageValue;

use super::super::super::rows::{Rows, decode, encode, text, whole};
use super::super::AppObject;
use super::{Conditions, sql_moment, touches};
use crate::host;
use crate::problem::ApiResult;
use crate::rpc::{Accounting, ConversionsReport, ConversionsWish, CreditedWish, GroupRow, Span, Total};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS conversion (tenant TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, \
    fact BLOB NOT NULL, PRIMARY KEY (tenant, seq)) WITHOUT ROWID";
pub(super) const BY_TIME: &str = "CREATE INDEX IF NOT EXISTS conversion_at ON conversion (at)";

/// A group, and how many touches are in it, of how many tenants.
type Touched = (Vec<String>, (u64, u64));

/// Writes a conversion down.
pub(super) fn put(rows: &Rows, tenant: &str, number: u64, conversion: &Conversion) -> ApiResult<()> {
    let sql = "INSERT INTO conversion (tenant, seq, at, fact) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let number = SqlStorageValue::Integer(i64::try_from(number).unwrap_or(i64::MAX));
    rows.run(sql, vec![tenant.into(), number, sql_moment(conversion.at), encode(conversion)])
}

/// What conversions are credited by: as configured, unless the request says otherwise.
pub(super) fn attribution(rules: &Rulebook, accounting: &Accounting) -> Attribution {
    let usual = &rules.config.attribution;
    Attribution {
        window: accounting.window.unwrap_or(usual.window),
        model: accounting.model.unwrap_or(usual.model),
        goal: accounting.goal.clone().or_else(|| usual.goal.clone()),
    }
}

impl AppObject {
    /// Conversions by group.
    pub(super) fn conversions(&self, wish: &ConversionsWish) -> ApiResult<ConversionsReport> {
        let rules = self.rulebook()?;
        let by_what = attribution(&rules, &wish.accounting);
        let currency = rules.currency().unwrap_or_default().to_owned();
        let credited = self.credited(&by_what, &wish.span)?;
        let grouped = group(&credited, &wish.by, &currency);
        let total = |sum: &upcue_engine::report::Sum| Total {
            conversions: sum.conversions,
            revenue: sum.revenue,
            tenants: sum.tenants.len() as u64,
        };
        let mut rows: Vec<GroupRow> =
            grouped.groups.iter().map(|(key, sum)| GroupRow { key: key.clone(), sum: total(sum), touched: None }).collect();
        for (key, touched) in self.touched(&wish.by, &wish.span)? {
            match rows.binary_search_by(|row| row.key.cmp(&key)) {
                Ok(place) => {
                    if let Some(row) = rows.get_mut(place) {
                        row.touched = Some(touched);
                    }
                }
                Err(place) => rows.insert(place, GroupRow { key, sum: Total::default(), touched: Some(touched) }),
            }
        }
        Ok(ConversionsReport {
            attribution: by_what,
            currency,
            total: total(&grouped.total),
            prompted: total(&grouped.prompted),
            organic: total(&grouped.organic),
            other_currencies: grouped.other_currencies,
            took: grouped.took,
            rows,
        })
    }

    /// A page of conversions with what they are credited to, newest first.
    pub(super) fn credited_page(&self, wish: &CreditedWish) -> ApiResult<(Vec<Credited>, String)> {
        let rules = self.rulebook()?;
        let by_what = attribution(&rules, &wish.accounting);
        let is_wanted = |one: &Credited| {
            if wish.organic {
                return one.touches.is_empty();
            }
            let in_group = |(touch, share): &(_, u32)| {
                *share > 0 && wish.group.iter().all(|(by, value)| By::group(*by, touch, &one.conversion) == *value)
            };
            wish.group.is_empty() || one.touches.iter().any(in_group)
        };
        let mut found: Vec<Credited> = self.credited(&by_what, &wish.span)?.into_iter().filter(is_wanted).collect();
        found.sort_by(|a, b| (b.conversion.at, &b.tenant).cmp(&(a.conversion.at, &a.tenant)));
        let place = |one: &Credited| (one.conversion.at, one.tenant.clone());
        let rest = found.into_iter().skip_while(|one| wish.after.as_ref().is_some_and(|after| place(one) >= *after));
        Ok((rest.take(wish.limit as usize).collect(), rules.currency().unwrap_or_default().to_owned()))
    }

    /// The conversions of a span that count, with what they are credited to.
    pub(super) fn credited(&self, by_what: &Attribution, span: &Span) -> ApiResult<Vec<Credited>> {
        let rows = self.rows()?;
        let sql = "SELECT tenant, fact FROM conversion WHERE at >= ? AND at < ? ORDER BY at, tenant, seq";
        let mut all = Vec::new();
        let since = span.since.max(self.known_since(by_what.window)?);
        for row in rows.query(sql, vec![sql_moment(since), sql_moment(span.until)])? {
            let (Some(tenant), Some(fact)) = (row.first().and_then(text), row.get(1)) else { continue };
            let conversion: Conversion = decode(fact)?;
            if by_what.counts(&conversion) {
                let seen = touches::of(&rows, &tenant, conversion.at.plus(-by_what.window), conversion.at)?;
                all.push(by_what.credit(&tenant, conversion, seen));
            }
        }
        Ok(all)
    }

    /// Since when all touches before a conversion are known. What was earlier would be told as organic, because they are forgotten.
    fn known_since(&self, window: DurationMs) -> ApiResult<Millis> {
        let kept = self.retention()?.facts;
        // Where less is kept than a window is long, there is no such time: then it is as good as it can be.
        Ok(host::now().plus(if kept > window { window - kept } else { -kept }))
    }

    /// How many touches of a span are in each group, and of how many tenants. Which plan somebody will come to is not known of a touch.
    fn touched(&self, by: &[By], span: &Span) -> ApiResult<Vec<Touched>> {
        if by.is_empty() || by.contains(&By::Plan) {
            return Ok(Vec::new());
        }
        let conditions = Conditions::of(span, "touch.at");
        let groups: Vec<String> = by.iter().map(|by| expression(*by)).collect();
        let groups = groups.join(", ");
        let sql = format!(
            "SELECT count(*), count(DISTINCT tenant), {groups} FROM touch WHERE seen IS NOT NULL AND {} GROUP BY {groups}",
            conditions.sql()
        );
        let found = self.rows()?.query(&sql, conditions.values)?;
        let read = |row: &Vec<SqlStorageValue>| {
            let [touches, tenants, key @ ..] = row.as_slice() else { return None };
            Some((key.iter().map(text).collect::<Option<Vec<_>>>()?, (whole(touches)?, whole(tenants)?)))
        };
        Ok(found.iter().filter_map(read).collect())
    }
}

/// The group of a touch in SQL: the same words as [`By::group`] has.
fn expression(by: By) -> String {
    match by {
        By::Signal => format!("coalesce(signal, '{NONE}')"),
        By::Channel => "CASE channel WHEN 0 THEN 'in_app' ELSE 'email' END".to_owned(),
        By::Timing => {
            let below = |(below, name): &(DurationMs, &str)| format!(" WHEN seen - signalled < {below} THEN '{name}'");
            let cases = DELAYS.iter().map(below).collect::<Vec<_>>().concat();
            format!("CASE WHEN signalled IS NULL THEN '{NO_SIGNAL}'{cases} END")
        }
        By::Hour => "printf('%02d', hour % 24)".to_owned(),
        By::Weekday => {
            let names = WEEKDAYS.concat();
            format!("substr('{names}', hour / 24 * 3 + 1, 3)") // each is three letters long
        }
        By::Campaign => "prompt".to_owned(),
        By::Variant => format!("coalesce(variant, '{NONE}')"),
        By::Placement => format!("CASE placement WHEN '' THEN '{NONE}' ELSE placement END"),
        By::Plan => format!("'{NONE}'"),
        By::Day => "date(seen / 1000, 'unixepoch')".to_owned(),
    }
}
