//! Segments and who is in them: a read model, fed by what tenants tell of crossings.

use upcue_engine::config::unknown;
use upcue_engine::map::Map;
use upcue_engine::segment::Segment;
use upcue_engine::time::Millis;
use worker::SqlStorageValue;

use super::super::rows::{Rows, text, whole};
use super::AppObject;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{Listing, SegmentPage, SegmentRow, TenantRow};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS member (segment TEXT NOT NULL, tenant TEXT NOT NULL, since INTEGER NOT NULL, \
    PRIMARY KEY (segment, tenant)) WITHOUT ROWID";
/// For the segments of a tenant.
pub(super) const BY_TENANT: &str = "CREATE INDEX IF NOT EXISTS member_tenant ON member (tenant)";

impl AppObject {
    /// The segments of the configuration, in its order.
    pub(super) fn segments(&self) -> ApiResult<Vec<SegmentRow>> {
        let mut counts = Map::default();
        for row in self.rows()?.query("SELECT segment, count(*) FROM member GROUP BY segment", vec![])? {
            if let (Some(segment), Some(count)) = (row.first().and_then(text), row.get(1).and_then(count)) {
                counts.insert(&segment, count);
            }
        }
        let row = |segment: Segment| SegmentRow {
            members: counts.get(&segment.id).copied().unwrap_or(0),
            segment: segment.id,
            label: segment.label,
        };
        Ok(self.rulebook()?.config.segments.into_iter().map(row).collect())
    }

    /// A page of a segment's members.
    pub(super) fn segment(&self, listing: &Listing) -> ApiResult<SegmentPage> {
        let wanted = listing.segment.as_deref().unwrap_or_default();
        let segments = self.rulebook()?.config.segments;
        let segment = find(&segments, wanted, Code::NotFound)?;
        let counted = self.rows()?.query("SELECT count(*) FROM member WHERE segment = ?", vec![wanted.into()])?;
        let members = counted.first().and_then(|row| row.first()).and_then(count).unwrap_or(0);
        let of = SegmentRow { segment: segment.id.clone(), label: segment.label.clone(), members };
        Ok(SegmentPage { of, members: self.list(listing)? })
    }

    /// A page of the app's tenants.
    pub(super) fn tenants(&self, listing: &Listing) -> ApiResult<Vec<TenantRow>> {
        let segments = self.rulebook()?.config.segments;
        if let Some(wanted) = &listing.segment {
            find(&segments, wanted, Code::InvalidRequest)?;
        }
        let mut rows = self.list(listing)?;
        // A tenant leaves a segment that was removed when it next hears of the rules. Until then its row stays here, too, as the
        // tenant would tell nothing if the segment came back meanwhile; it is only not shown.
        for row in &mut rows {
            row.segments.retain(|id| segments.iter().any(|segment| segment.id == *id));
        }
        Ok(rows)
    }
}

fn find<'s>(segments: &'s [Segment], wanted: &str, code: Code) -> ApiResult<&'s Segment> {
    let known = || segments.iter().map(|segment| segment.id.as_str()).collect::<Vec<_>>();
    let unknown = || ApiError::new(code, unknown("segment", wanted, &known()));
    segments.iter().find(|segment| segment.id == wanted).ok_or_else(unknown)
}

/// Writes down whether a tenant is in a segment.
pub(super) fn put_member(rows: &Rows, segment: &str, tenant: &str, since: Option<Millis>) -> ApiResult<()> {
    match since {
        Some(since) => {
            let sql = "INSERT INTO member (segment, tenant, since) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET since = excluded.since";
            rows.run(sql, vec![segment.into(), tenant.into(), SqlStorageValue::Integer(since.0)])
        }
        None => rows.run("DELETE FROM member WHERE segment = ? AND tenant = ?", vec![segment.into(), tenant.into()]),
    }
}

fn count(value: &SqlStorageValue) -> Option<u32> {
    whole(value).and_then(|n| u32::try_from(n).ok())
}
