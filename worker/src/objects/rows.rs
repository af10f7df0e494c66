//! Rows: typed values under a key, in an object's own `SQLite`.
//!
//! One table `row(key, value)` without rowid: an upsert is one billed row. A value is a byte with its format's number, then
//! [`wire`]; a later format reads the earlier ones. Statements between two `await`s commit together.

use upcue_engine::wire::{self, Wire};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::ScopedClosure;
use worker::{SqlStorage, SqlStorageValue, State, Storage};

use crate::problem::{ApiError, ApiResult};

/// The format of all values. Those before were of builds that nobody deployed: 4 of the last before mail, 5 before reports.
const FORMAT: u8 = 6;

const PUT: &str = "INSERT INTO row (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// An object's storage.
pub(super) struct Rows {
    sql: SqlStorage,
    storage: Storage,
}

impl Rows {
    /// The storage of an object whose tables exist.
    pub(super) fn attach(state: &State) -> Self {
        let storage = state.storage();
        Self { sql: storage.sql(), storage }
    }

    /// Opens the storage and makes sure that `tables` exist.
    pub(super) fn open(state: &State, tables: &[&str]) -> ApiResult<Self> {
        let rows = Self::attach(state);
        rows.run("CREATE TABLE IF NOT EXISTS row (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID", vec![])?;
        for table in tables {
            rows.run(table, vec![])?;
        }
        Ok(rows)
    }

    /// Reads one value without making any table; `None` too when there is no table yet.
    pub(super) fn peek<T: Wire>(state: &State, key: &str) -> ApiResult<Option<T>> {
        if Self::exist(state)? { Self::attach(state).get(key) } else { Ok(None) }
    }

    /// Whether the object has ever stored anything.
    pub(super) fn exist(state: &State) -> ApiResult<bool> {
        Ok(!Self::attach(state).query("SELECT 1 FROM sqlite_master WHERE name = 'row'", vec![])?.is_empty())
    }

    /// Every row of every table as a text, with what is readable of its bytes: for tests that look for what should be gone.
    #[cfg(feature = "dev-tools")]
    pub(super) fn all(&self) -> ApiResult<Vec<String>> {
        let tables = self.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'", vec![])?;
        let mut texts = Vec::new();
        for table in tables.iter().filter_map(|row| row.first().and_then(text)) {
            for row in self.query(&format!("SELECT * FROM \"{table}\""), vec![])? {
                let values: Vec<String> = row.iter().map(readable).collect();
                texts.push(format!("{table}: {}", values.join(" | ")));
            }
        }
        Ok(texts)
    }

    /// The storage itself, for alarms.
    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Reads the value under `key`.
    pub(super) fn get<T: Wire>(&self, key: &str) -> ApiResult<Option<T>> {
        let found = self.query("SELECT value FROM row WHERE key = ?", vec![key.into()])?;
        found.first().and_then(|row| row.first()).map(decode).transpose()
    }

    /// Writes the value under `key`: one row.
    pub(super) fn put<T: Wire>(&self, key: &str, value: &T) -> ApiResult<()> {
        self.run(PUT, vec![key.into(), encode(value)])
    }

    /// Writes two values under `key`, to be read as a pair: one row.
    pub(super) fn put_both<A: Wire, B: Wire>(&self, key: &str, a: &A, b: &B) -> ApiResult<()> {
        let bytes = wire::extend(wire::extend(vec![FORMAT], a), b);
        self.run(PUT, vec![key.into(), SqlStorageValue::Blob(bytes)])
    }

    /// Runs a statement that answers nothing.
    pub(super) fn run(&self, sql: &str, bindings: Vec<SqlStorageValue>) -> ApiResult<()> {
        self.sql.exec(sql, bindings)?;
        Ok(())
    }

    /// Runs a statement and collects its rows.
    pub(super) fn query(&self, sql: &str, bindings: Vec<SqlStorageValue>) -> ApiResult<Vec<Vec<SqlStorageValue>>> {
        Ok(self.sql.exec(sql, bindings)?.raw().collect::<worker::Result<_>>()?)
    }

    /// Runs `work` as one transaction: if it fails, nothing of it was written.
    ///
    /// The platform rolls back only when the callback throws, so the error goes through JavaScript and comes back out.
    pub(super) fn transaction(&self, work: &mut dyn FnMut() -> ApiResult<()>) -> ApiResult<()> {
        let mut failure = None;
        let mut callback = || -> Result<(), wasm_bindgen::JsValue> {
            work().map_err(|error| {
                failure = Some(error);
                "rolled back".into()
            })
        };
        let ran = ScopedClosure::<dyn FnMut() -> Result<(), wasm_bindgen::JsValue>>::borrow_mut_aborting(&mut callback);
        let storage: &wasm_bindgen::JsValue = self.storage.as_raw().as_ref();
        let method = js_sys::Reflect::get(storage, &"transactionSync".into()).map_err(worker::Error::from)?;
        let method: &js_sys::Function = method.unchecked_ref();
        let thrown = method.call1(storage, ran.as_js_value()).err();
        drop(ran);
        match (failure, thrown) {
            (Some(error), _) => Err(error),
            (None, Some(thrown)) => Err(ApiError::from(worker::Error::from(thrown))),
            (None, None) => Ok(()),
        }
    }
}

/// A value's bytes.
pub(super) fn encode<T: Wire>(value: &T) -> SqlStorageValue {
    SqlStorageValue::Blob(wire::extend(vec![FORMAT], value))
}

/// Reads a value's bytes.
pub(super) fn decode<T: Wire>(value: &SqlStorageValue) -> ApiResult<T> {
    match value {
        SqlStorageValue::Blob(bytes) => match bytes.as_slice() {
            [FORMAT, rest @ ..] => wire::decode(rest).ok_or_else(ApiError::unreadable),
            _ => Err(worker::Error::RustError("a stored value has a format this build does not know".to_owned()).into()),
        },
        _ => Err(worker::Error::RustError("a stored value is not of bytes".to_owned()).into()),
    }
}

/// A whole number from SQL, which JavaScript carries as a double.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers in these tables are whole, not negative and below 2^53"
)]
pub(super) fn whole(value: &SqlStorageValue) -> Option<u64> {
    match value {
        SqlStorageValue::Integer(n) => u64::try_from(*n).ok(),
        SqlStorageValue::Float(n) if *n >= 0.0 => Some(*n as u64),
        _ => None,
    }
}

/// A value as a text.
#[cfg(feature = "dev-tools")]
fn readable(value: &SqlStorageValue) -> String {
    match value {
        SqlStorageValue::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        SqlStorageValue::String(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

/// A text from SQL.
pub(super) fn text(value: &SqlStorageValue) -> Option<String> {
    if let SqlStorageValue::String(text) = value { Some(text.clone()) } else { None }
}

/// Sets the object's alarm in `ms`. The call takes effect at once and commits with the writes around it; its promise says
/// nothing more.
pub(super) fn set_alarm(storage: &Storage, ms: i64) -> ApiResult<()> {
    let _committed_with_the_writes =
        storage.as_raw().set_alarm(crate::host::alarm_in(ms), wasm_bindgen::JsValue::NULL.into()).map_err(worker::Error::from)?;
    Ok(())
}
