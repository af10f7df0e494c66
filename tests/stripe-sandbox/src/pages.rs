//! Lists: cursors, limits and the `created` filter that every list shares. Newest first.

use serde_json::{Value, json};

use crate::{
    error::ApiError,
    params::Params,
    present::{is_deleted, text},
};

const DEFAULT_LIMIT: i64 = 10;
const MAX_LIMIT: i64 = 100;

#[derive(Debug)]
enum Cursor {
    Newest,
    After(String),
    Before(String),
}

/// The parameters that every list takes.
#[derive(Debug)]
pub(crate) struct Query {
    limit: usize,
    cursor: Cursor,
    created: Created,
}

#[derive(Debug)]
struct Created {
    least: i64,
    most: i64,
}

impl Query {
    pub(crate) fn read(params: &mut Params) -> Result<Self, ApiError> {
        let limit = params.integer_within("limit", 1, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
        let cursor = match (params.text("starting_after")?, params.text("ending_before")?) {
            (None, None) => Cursor::Newest,
            (Some(id), None) => Cursor::After(id),
            (None, Some(id)) => Cursor::Before(id),
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid("You may only specify one of these parameters: ending_before, starting_after."));
            }
        };
        Ok(Self { limit: usize::try_from(limit).unwrap_or(usize::MAX), cursor, created: Created::read(params)? })
    }

    /// One page of `rows`, which come newest first. The cursor may name a row that the filter leaves out.
    pub(crate) fn page<'a>(
        &self,
        url: &str,
        rows: impl Iterator<Item = &'a Value>,
        keep: impl Fn(&Value) -> bool,
    ) -> Result<Value, ApiError> {
        let rows: Vec<&Value> = rows.collect();
        let wanted = |row: &&Value| !is_deleted(row) && self.created.holds(row) && keep(row);
        let select = |rows: &[&'a Value]| -> Vec<&'a Value> { rows.iter().copied().filter(wanted).collect() };
        let (mut found, backwards) = match &self.cursor {
            Cursor::Newest => (select(&rows), false),
            Cursor::After(id) => (select(&rows[position(&rows, id, "starting_after")? + 1..]), false),
            Cursor::Before(id) => (select(&rows[..position(&rows, id, "ending_before")?]), true),
        };
        let has_more = found.len() > self.limit;
        if has_more && backwards {
            found.drain(..found.len() - self.limit);
        }
        found.truncate(self.limit);
        Ok(json!({"object": "list", "url": url, "has_more": has_more, "data": found}))
    }
}

fn position(rows: &[&Value], id: &str, param: &str) -> Result<usize, ApiError> {
    let noun = rows.first().map_or("object", |row| text(row, "object"));
    let position = rows.iter().position(|row| row["id"] == id);
    position.ok_or_else(|| ApiError::no_such_param(&noun.replace('_', " "), id, param))
}

impl Created {
    /// `created=…`, or `created[gte]=…` and its like.
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        let mut range = Self { least: i64::MIN, most: i64::MAX };
        if params.is_text("created") {
            if let Some(exactly) = params.integer("created")? {
                (range.least, range.most) = (exactly, exactly);
            }
            return Ok(range);
        }
        let Some(mut bounds) = params.hash("created")? else {
            return Ok(range);
        };
        if let Some(bound) = bounds.integer("gt")? {
            range.least = bound.saturating_add(1);
        }
        if let Some(bound) = bounds.integer("gte")? {
            range.least = range.least.max(bound);
        }
        if let Some(bound) = bounds.integer("lt")? {
            range.most = bound.saturating_sub(1);
        }
        if let Some(bound) = bounds.integer("lte")? {
            range.most = range.most.min(bound);
        }
        bounds.finish()?;
        Ok(range)
    }

    fn holds(&self, row: &Value) -> bool {
        row["created"].as_i64().is_none_or(|created| (self.least..=self.most).contains(&created))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Form, decode_into};

    /// Five rows, `r5` the newest, each created at the second of its number.
    fn page(encoded: &str) -> Result<(Vec<String>, bool), ApiError> {
        let rows: Vec<Value> =
            (1..=5).rev().map(|n| json!({"id": format!("r{n}"), "object": "row", "created": n, "odd": n % 2 == 1})).collect();
        let mut form = Form::new();
        decode_into(&mut form, encoded.as_bytes())?;
        let mut params = Params::new(form);
        let query = Query::read(&mut params)?;
        let odd_only = params.boolean("odd")?.unwrap_or(false);
        params.finish()?;
        let list = query.page("/v1/rows", rows.iter(), |row| !odd_only || row["odd"] == true)?;
        let ids = list["data"].as_array().unwrap().iter().map(|row| text(row, "id").to_owned()).collect();
        Ok((ids, list["has_more"] == true))
    }

    #[test]
    fn cursors_walk_both_ways() {
        let cases: [(&str, &[&str], bool); 12] = [
            ("", &["r5", "r4", "r3", "r2", "r1"], false),
            ("limit=2", &["r5", "r4"], true),
            ("limit=2&starting_after=r4", &["r3", "r2"], true),
            ("limit=2&starting_after=r3", &["r2", "r1"], false),
            ("starting_after=r1", &[], false),
            ("limit=2&ending_before=r1", &["r3", "r2"], true),
            ("limit=2&ending_before=r3", &["r5", "r4"], false),
            ("limit=2&odd=true", &["r5", "r3"], true),
            ("odd=true&starting_after=r4", &["r3", "r1"], false),
            ("created[gt]=2&created[lte]=4", &["r4", "r3"], false),
            ("created[gte]=4", &["r5", "r4"], false),
            ("created=3", &["r3"], false),
        ];
        for (encoded, ids, has_more) in cases {
            let (found, more) = page(encoded).unwrap();
            assert_eq!((found.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), more), (ids, has_more), "{encoded}");
        }
    }

    #[test]
    fn impossible_pages_are_refused() {
        for encoded in ["limit=0", "limit=101", "limit=x", "starting_after=r9", "starting_after=r1&ending_before=r2", "page=2"] {
            assert!(page(encoded).is_err(), "{encoded}");
        }
    }
}
