//! Everything that the app knows of a tenant, row by row, a page at a time.

use serde_json::{Map, Value, json};
use upcue_engine::conversion::Conversion;
use upcue_engine::hook::Delivery;
use worker::SqlStorageValue;

use super::super::rows::{decode, text};
use super::AppObject;
use super::proof::signed;
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{ExportPage, ExportPlace, ExportWish, LetterFact, UpgradeFact};

/// A page ends after so many bytes, with the record that passes them.
const MAX_BYTES: usize = 1 << 20;

/// A table with rows of tenants.
struct Section {
    /// What its records are called.
    kind: &'static str,
    table: &'static str,
    /// The columns that tell a tenant's rows apart, in their order.
    key: &'static [&'static str],
    /// The other columns.
    columns: &'static [&'static str],
    /// The condition for rows of the user `?2`; `None`: none are.
    of_user: Option<&'static str>,
}

const SECTIONS: [Section; 11] = [
    Section {
        kind: "listed",
        table: "tenant",
        key: &["tenant"],
        columns: &["last_seq", "seen_at", "plan", "status", "score", "scored_at"],
        of_user: None,
    },
    Section { kind: "segment", table: "member", key: &["segment"], columns: &["since"], of_user: None },
    Section { kind: "customer", table: "customer", key: &["customer"], columns: &["swept_at"], of_user: None },
    Section {
        kind: "stripe_event",
        table: "(SELECT stripe_event.*, tenant FROM stripe_event JOIN customer USING (customer))",
        key: &["id"],
        columns: &["type", "state", "received_at", "attempts", "detail", "body"],
        of_user: None,
    },
    // Whose a letter is says its fact.
    Section { kind: "listed_letter", table: "letter", key: &["id"], columns: &["drawn", "state", "fact"], of_user: Some("1") },
    Section {
        kind: "touch",
        table: "touch",
        key: &["prompt", "decision"],
        columns: &["channel", "variant", "held_out", "placement", "user", "signal", "signalled", "did", "at", "seen", "clicked", "hour"],
        of_user: Some("user = ?2"),
    },
    Section {
        kind: "activity",
        table: "(SELECT *, kind AS type FROM log)",
        key: &["seq", "type"],
        columns: &["at", "name", "who", "amount"],
        of_user: Some("who = ?2 AND type <> 'upgrade_failed'"),
    },
    Section {
        kind: "first_met",
        table: "met",
        key: &["campaign"],
        columns: &["at", "held_out", "paid", "currency", "share", "share_of_all", "of_all"],
        of_user: None,
    },
    Section { kind: "conversion", table: "conversion", key: &["seq"], columns: &["at", "fact"], of_user: None },
    Section { kind: "upgrade_told", table: "upgrade", key: &["seq"], columns: &["at", "fact"], of_user: None },
    Section {
        kind: "webhook",
        table: "hook_delivery",
        key: &["number"],
        columns: &["endpoint", "message", "type", "at", "state", "next_at", "reason", "value", "body"],
        of_user: Some("instr(body, '\"user\":' || json_quote(?2)) > 0"),
    },
];

impl AppObject {
    /// A part of everything.
    pub(super) fn export(&self, tenant: &str, ExportWish { user, from, limit }: &ExportWish) -> ApiResult<ExportPage> {
        self.head()?;
        let (mut page, mut bytes) = (ExportPage::default(), 0);
        let (mut section, mut after) = (from.section as usize, from.after.clone());
        while let Some(of) = SECTIONS.get(section) {
            let condition = if user.is_some() { of.of_user } else { Some("1") };
            let rows = match condition {
                Some(condition) => self.rows()?.query(&of.select(condition, &after), of.values(tenant, user.as_deref(), &after, *limit))?,
                None => Vec::new(),
            };
            for row in &rows {
                if bytes >= MAX_BYTES || page.records.len() >= *limit as usize {
                    let section = u32::try_from(section).unwrap_or(u32::MAX);
                    page.next = Some(ExportPlace { section, after });
                    return Ok(page);
                }
                after = row.iter().take(of.key.len()).filter_map(as_text).collect();
                if let Some(record) = of.record(row, user.as_deref())? {
                    let record = record.to_string();
                    bytes += record.len();
                    page.records.push(record);
                }
            }
            if rows.len() < *limit as usize {
                section += 1;
                after.clear();
            }
        }
        Ok(page)
    }
}

impl Section {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.key.iter().chain(self.columns).copied()
    }

    /// Rows after a key, of which every part is bound as a text and compared as what its column holds.
    fn select(&self, condition: &str, after: &[String]) -> String {
        let (names, key): (Vec<_>, String) = (self.names().collect(), self.key.join(", "));
        let place = if after.len() == self.key.len() {
            let parts = self.key.iter().zip(4..).map(|(name, at)| {
                let kind = if matches!(*name, "seq" | "number" | "decision") { "INTEGER" } else { "TEXT" };
                format!("CAST(?{at} AS {kind})")
            });
            format!(" AND ({key}) > ({})", parts.collect::<Vec<_>>().join(", "))
        } else {
            String::new()
        };
        let (names, table) = (names.join(", "), self.table);
        format!("SELECT {names} FROM {table} WHERE tenant = ?1 AND (?2 IS NULL OR {condition}){place} ORDER BY {key} LIMIT ?3")
    }

    fn values(&self, tenant: &str, user: Option<&str>, after: &[String], limit: u32) -> Vec<SqlStorageValue> {
        let user = user.map(str::to_owned).into();
        let after = after.iter().filter(|_| after.len() == self.key.len()).map(|part| part.as_str().into());
        [tenant.into(), user, SqlStorageValue::Integer(limit.into())].into_iter().chain(after).collect()
    }

    /// A row as JSON; `None` for a letter to somebody else.
    fn record(&self, row: &[SqlStorageValue], user: Option<&str>) -> ApiResult<Option<Value>> {
        let mut record = Map::new();
        record.insert("kind".to_owned(), json!(self.kind));
        for (name, value) in self.names().zip(row) {
            let value = match value {
                SqlStorageValue::Blob(_) => match self.kind {
                    "listed_letter" => {
                        let fact: LetterFact = decode(value)?;
                        if user.is_some_and(|user| fact.letter.recipient != user) {
                            return Ok(None);
                        }
                        json!(fact)
                    }
                    "conversion" => json!(decode::<Conversion>(value)?),
                    "upgrade_told" => json!(decode::<UpgradeFact>(value)?),
                    "webhook" => json!(decode::<Delivery>(value)?),
                    _ => return Err(ApiError::unreadable()),
                },
                SqlStorageValue::String(text) => json!(text),
                number => json!(signed(number)),
            };
            record.insert(name.to_owned(), value);
        }
        Ok(Some(Value::Object(record)))
    }
}

fn as_text(value: &SqlStorageValue) -> Option<String> {
    text(value).or_else(|| signed(value).map(|n| n.to_string()))
}
