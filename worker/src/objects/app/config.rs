//! Configuration: immutable versions, and the rulebook compiled from the newest one and the catalogue.

use sha2::{Digest, Sha256};
use upcue_engine::tenant::Rulebook;
use upcue_engine::time::Millis;
use worker::SqlStorageValue;

use super::super::rows::{text, whole};
use super::{AppObject, catalogue};
use crate::problem::{ApiError, ApiResult, Code};
use crate::routes::config::check;
use crate::rpc::{ConfigVersion, StoredConfig};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS config_version (version INTEGER PRIMARY KEY, hash TEXT NOT NULL, \
    published_at INTEGER NOT NULL, document TEXT NOT NULL)";
/// The row with the compiled rules.
const RULEBOOK: &str = "rulebook";
/// Versions listed.
const LISTED: i64 = 200;

impl AppObject {
    pub(super) fn rulebook(&self) -> ApiResult<Rulebook> {
        self.head()?;
        Ok(self.rows()?.get(RULEBOOK)?.unwrap_or_default())
    }

    pub(super) fn config(&self, version: Option<u32>) -> ApiResult<StoredConfig> {
        self.head()?;
        let sql = "SELECT version, hash, published_at, document FROM config_version WHERE ?1 IS NULL OR version = ?1 \
            ORDER BY version DESC LIMIT 1";
        let wanted = version.map_or(SqlStorageValue::Null, |v| SqlStorageValue::Integer(i64::from(v)));
        let rows = self.rows()?.query(sql, vec![wanted])?;
        let missing = || ApiError::new(Code::NotFound, "no such version; PUT /v1/config publishes the first");
        let row = rows.first().ok_or_else(missing)?;
        let document = row.get(3).and_then(text).ok_or_else(missing)?;
        Ok(StoredConfig { version: version_of(row).ok_or_else(missing)?, document })
    }

    pub(super) fn config_versions(&self) -> ApiResult<Vec<ConfigVersion>> {
        self.head()?;
        let sql = "SELECT version, hash, published_at FROM config_version ORDER BY version DESC LIMIT ?";
        let rows = self.rows()?.query(sql, vec![SqlStorageValue::Integer(LISTED)])?;
        Ok(rows.iter().filter_map(|row| version_of(row)).collect())
    }

    /// Publishes `document` as the next version, if `if_match` names the present one. Publishing what is in force already
    /// changes nothing.
    pub(super) fn publish(&self, document: &str, if_match: &str) -> ApiResult<StoredConfig> {
        let config = check(document)?;
        let newest = match self.config(None) {
            Ok(stored) => Some(stored.version),
            Err(error) if error.code() == "not_found" => None,
            Err(error) => return Err(error),
        };
        if if_match != "*" && newest.as_ref().map(|v| v.hash.as_str()) != Some(if_match) {
            let detail = "the configuration in force is not the one you edited; read it again (GET /v1/config) and merge";
            return Err(ApiError::new(Code::ConfigConflict, detail));
        }
        let hash = hex(&Sha256::digest(document.as_bytes()));
        if let Some(version) = newest.clone().filter(|v| v.hash == hash) {
            return Ok(StoredConfig { version, document: document.to_owned() });
        }
        let version = ConfigVersion { version: newest.map_or(1, |v| v.version + 1), hash, published_at: Self::now() };
        let rows = self.rows()?;
        rows.transaction(&mut || {
            let sql = "INSERT INTO config_version (version, hash, published_at, document) VALUES (?, ?, ?, ?)";
            let values = vec![
                SqlStorageValue::Integer(i64::from(version.version)),
                version.hash.as_str().into(),
                SqlStorageValue::Integer(version.published_at.0),
                document.into(),
            ];
            rows.run(sql, values)?;
            let mut rulebook: Rulebook = rows.get(RULEBOOK)?.unwrap_or_default();
            rulebook.version = version.version;
            rulebook.config.clone_from(&config);
            // New meters or features may change what the same products mean.
            catalogue::read_plans(&rows, &mut rulebook)?;
            self.put_rulebook(rulebook)
        })?;
        Ok(StoredConfig { version, document: document.to_owned() })
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

fn version_of(row: &[SqlStorageValue]) -> Option<ConfigVersion> {
    Some(ConfigVersion {
        version: row.first().and_then(whole).and_then(|n| u32::try_from(n).ok())?,
        hash: row.get(1).and_then(text)?,
        published_at: Millis(row.get(2).and_then(whole).and_then(|n| i64::try_from(n).ok())?),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
