//! Who met which prompt when and in which arm, and who came to pay more: what the report on lift is made of.

use upcue_engine::config::{CampaignRule, Sequence};
use upcue_engine::conversion::Conversion;
use upcue_engine::lift::gather::{Meeting, gather};
use upcue_engine::map::Map;
use upcue_engine::tenant::Rulebook;
use upcue_engine::touch::Touch;
use worker::SqlStorageValue;

use super::super::super::rows::{Rows, decode, text, whole};
use super::super::AppObject;
use super::super::listing::moment;
use super::sql_moment;
use crate::problem::{ApiError, ApiResult, Code};
use crate::routes::lift_report;
use crate::rpc::LiftWish;

/// A tenant is in the arm in which it first met a prompt, and stays there.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS met (campaign TEXT NOT NULL, tenant TEXT NOT NULL, at INTEGER NOT NULL, \
    held_out INTEGER NOT NULL, variant TEXT, paid INTEGER NOT NULL, currency TEXT NOT NULL, PRIMARY KEY (campaign, tenant)) WITHOUT ROWID";

/// Writes a meeting down, if this touch is one.
pub(super) fn put(rows: &Rows, tenant: &str, touch: &Touch) -> ApiResult<()> {
    let Some((paid, currency)) = &touch.first else { return Ok(()) };
    let sql =
        "INSERT INTO met (campaign, tenant, at, held_out, variant, paid, currency) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = vec![
        touch.of.as_str().into(),
        tenant.into(),
        sql_moment(touch.at),
        SqlStorageValue::Integer(touch.held_out.into()),
        touch.variant.clone().into(),
        SqlStorageValue::Integer(*paid),
        currency.as_str().into(),
    ];
    rows.run(sql, values)
}

impl AppObject {
    /// Compares the arms of a campaign, or of all together, as of now.
    pub(super) fn lift(&self, wish: &LiftWish) -> ApiResult<String> {
        let rules = self.rulebook()?;
        let window = wish.window.unwrap_or(rules.config.attribution.window);
        let (meetings, held_out) = match &wish.campaign {
            Some(id) => (self.meetings_of(id)?, share_held_out(&rules, id).ok_or_else(|| unknown(id))?),
            None => (self.first_meetings(rules.config.holdout)?, rules.config.holdout),
        };
        let currency = rules.currency().unwrap_or_default().to_owned();
        let [treated, control] = gather(&meetings, &self.all_conversions()?, window, Self::now(), &currency);
        Ok(lift_report(wish.campaign.as_deref(), window, &treated, &control, held_out, &currency).to_string())
    }

    fn meetings_of(&self, campaign: &str) -> ApiResult<Vec<Meeting>> {
        let sql = "SELECT tenant, at, held_out, paid, currency FROM met WHERE campaign = ?";
        Ok(self.rows()?.query(sql, vec![campaign.into()])?.iter().filter_map(|row| meeting(row)).collect())
    }

    /// When each tenant first met any campaign. Those in the control group of all campaigns are the control group.
    fn first_meetings(&self, holdout: u16) -> ApiResult<Vec<Meeting>> {
        let sql = "SELECT tenant, MIN(at), held_out, paid, currency FROM met GROUP BY tenant";
        let found = self.rows()?.query(sql, vec![])?;
        let of_all = |meeting: Meeting| Meeting { held_out: CampaignRule::bucket_of_all(&meeting.tenant) < holdout, ..meeting };
        Ok(found.iter().filter_map(|row| meeting(row)).map(of_all).collect())
    }

    /// By tenant, oldest first.
    fn all_conversions(&self) -> ApiResult<Map<Vec<Conversion>>> {
        let found = self.rows()?.query("SELECT tenant, fact FROM conversion ORDER BY tenant, seq", vec![])?;
        let mut all: Map<Vec<Conversion>> = Map::new();
        for row in &found {
            if let [tenant, fact] = row.as_slice()
                && let Some(tenant) = text(tenant)
            {
                all.entry(&tenant, Vec::new).push(decode(fact)?);
            }
        }
        Ok(all)
    }
}

/// The share of tenants that is kept from a campaign or sequence.
fn share_held_out(rules: &Rulebook, id: &str) -> Option<u16> {
    let campaign = rules.config.campaigns.iter().find(|rule| rule.campaign.id == id).map(CampaignRule::share_held_out);
    campaign.or_else(|| rules.config.sequences.iter().find(|sequence| sequence.id == id).map(Sequence::share_held_out))
}

fn unknown(campaign: &str) -> ApiError {
    ApiError::new(Code::UnknownCampaign, format!("the configuration has no campaign or sequence `{campaign}`"))
}

fn meeting(row: &[SqlStorageValue]) -> Option<Meeting> {
    let [tenant, at, held_out, paid, currency] = row else { return None };
    Some(Meeting {
        tenant: text(tenant)?,
        at: moment(at)?,
        held_out: whole(held_out)? == 1,
        paid: i64::try_from(whole(paid)?).ok()?,
        currency: text(currency)?,
    })
}
