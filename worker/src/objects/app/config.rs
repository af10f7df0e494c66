//! Configuration: immutable versions, and the rulebook compiled from the newest one and the catalogue.

use serde_json::json;
use sha2::{Digest, Sha256};
use upcue_engine::config::{Config, Problem};
use upcue_engine::tenant::Rulebook;
use worker::SqlStorageValue;

use super::super::rows::{text, whole};
use super::listing::moment;
use super::{AppObject, catalogue};
use crate::problem::{ApiError, ApiResult, Code};
use crate::routes::config::{check, reviewed};
use crate::rpc::{ConfigVersion, Published, StoredConfig};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS config_version (version INTEGER PRIMARY KEY, hash TEXT NOT NULL, \
    published_at INTEGER NOT NULL, document TEXT NOT NULL, rolled_back_to INTEGER)";
/// The row with the compiled rules.
const RULEBOOK: &str = "rulebook";
/// The columns of a version.
const COLUMNS: &str = "version, hash, published_at, rolled_back_to";

impl AppObject {
    pub(super) fn rulebook(&self) -> ApiResult<Rulebook> {
        self.head()?;
        Ok(self.rows()?.get(RULEBOOK)?.unwrap_or_default())
    }

    /// What `document` would make of the rules in force, with nothing published.
    pub(super) fn candidate(&self, document: &str) -> ApiResult<Rulebook> {
        let mut candidate = self.rulebook()?;
        candidate.config = check(document)?;
        catalogue::plans_of(&self.rows()?, &mut candidate)?;
        Ok(candidate)
    }

    pub(super) fn config(&self, version: Option<u32>) -> ApiResult<StoredConfig> {
        self.head()?;
        let sql = format!("SELECT {COLUMNS}, document FROM config_version WHERE ?1 IS NULL OR version = ?1 ORDER BY version DESC LIMIT 1");
        let rows = self.rows()?.query(&sql, vec![optional(version)])?;
        let row = rows.first().ok_or_else(|| missing(version))?;
        let document = row.get(4).and_then(text).ok_or_else(ApiError::unreadable)?;
        Ok(StoredConfig { version: version_of(row).ok_or_else(ApiError::unreadable)?, document })
    }

    pub(super) fn config_versions(&self, before: u32, limit: u32) -> ApiResult<Vec<ConfigVersion>> {
        self.head()?;
        let sql = format!("SELECT {COLUMNS} FROM config_version WHERE version < ? ORDER BY version DESC LIMIT ?");
        let rows = self.rows()?.query(&sql, vec![number(before), number(limit)])?;
        Ok(rows.iter().filter_map(|row| version_of(row)).collect())
    }

    /// The newest version, without its document.
    fn newest(&self) -> ApiResult<Option<ConfigVersion>> {
        Ok(self.config_versions(u32::MAX, 1)?.pop())
    }

    /// Publishes `document` as the next version, if `if_match` names the present one. Publishing what is in force already
    /// changes nothing. The document is compiled here and nowhere else on its way.
    pub(super) fn publish(&self, document: &str, if_match: &str) -> ApiResult<Published> {
        let reviewed = reviewed(document)?;
        self.put_version(document, reviewed, if_match, None)
    }

    /// Publishes the document of an earlier version as the next one. What was right then need not be now: a later build may
    /// refuse more, and then says so as for any other document.
    pub(super) fn roll_back(&self, version: u32, if_match: &str) -> ApiResult<Published> {
        let document = self.config(Some(version))?.document;
        let reviewed = reviewed(&document).map_err(|problems| problems.about(&format!("version {version} cannot run any more: ")))?;
        self.put_version(&document, reviewed, if_match, Some(version))
    }

    fn put_version(
        &self,
        document: &str,
        (config, warnings): (Config, Vec<Problem>),
        if_match: &str,
        rolled_back_to: Option<u32>,
    ) -> ApiResult<Published> {
        let newest = self.newest()?;
        if if_match != "*" && newest.as_ref().map(|v| v.hash.as_str()) != Some(if_match) {
            let detail = "the configuration in force is not the one you edited; read it again (GET /v1/config) and merge";
            return Err(ApiError::new(Code::ConfigConflict, detail));
        }
        let warnings = json!(warnings).to_string();
        let hash = hex(&Sha256::digest(document.as_bytes()));
        if let Some(version) = newest.clone().filter(|v| v.hash == hash) {
            return Ok(Published { version, warnings });
        }
        let version = ConfigVersion { version: newest.map_or(1, |v| v.version + 1), hash, published_at: Self::now(), rolled_back_to };
        self.put_in_force(&version, document, config)?;
        Ok(Published { version, warnings })
    }

    fn put_in_force(&self, version: &ConfigVersion, document: &str, config: Config) -> ApiResult<()> {
        let rows = self.rows()?;
        let mut config = Some(config);
        rows.transaction(&mut || {
            let sql = format!("INSERT INTO config_version ({COLUMNS}, document) VALUES (?, ?, ?, ?, ?)");
            let values = vec![
                number(version.version),
                version.hash.as_str().into(),
                SqlStorageValue::Integer(version.published_at.0),
                optional(version.rolled_back_to),
                document.into(),
            ];
            rows.run(&sql, values)?;
            let mut rulebook: Rulebook = rows.get(RULEBOOK)?.unwrap_or_default();
            rulebook.version = version.version;
            rulebook.config = config.take().unwrap_or_default();
            // New meters or features may change what the same products mean.
            catalogue::read_plans(&rows, &mut rulebook)?;
            self.put_rulebook(rulebook)
        })
    }

    /// Puts rules in force and has the tenants told; part of a transaction.
    pub(super) fn put_rulebook(&self, mut rulebook: Rulebook) -> ApiResult<()> {
        let mut head = self.head()?;
        head.revision += 1;
        rulebook.revision = head.revision;
        self.rows()?.put(RULEBOOK, &rulebook)?;
        self.keep_revision(&rulebook)?;
        self.put_head(&head)?;
        self.announce()
    }
}

fn missing(version: Option<u32>) -> ApiError {
    let detail = match version {
        None => "there is no configuration yet; PUT /v1/config publishes the first".to_owned(),
        Some(version) => format!("there is no version {version}; GET /v1/config/versions lists those there are"),
    };
    ApiError::new(Code::NotFound, detail)
}

fn version_of(row: &[SqlStorageValue]) -> Option<ConfigVersion> {
    let number = |column: usize| row.get(column).and_then(whole).and_then(|n| u32::try_from(n).ok());
    Some(ConfigVersion {
        version: number(0)?,
        hash: row.get(1).and_then(text)?,
        published_at: row.get(2).and_then(moment)?,
        rolled_back_to: number(3),
    })
}

fn number(n: u32) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::from(n))
}

fn optional(n: Option<u32>) -> SqlStorageValue {
    n.map_or(SqlStorageValue::Null, number)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
