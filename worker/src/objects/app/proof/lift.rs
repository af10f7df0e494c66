//! Who met which prompt when and in which arm, and who came to pay more: what the report on lift is made of.

use upcue_engine::config::{CampaignRule, Sequence};
use upcue_engine::conversion::Conversion;
use upcue_engine::lift::gather::{Meeting, gather};
use upcue_engine::map::Map;
use upcue_engine::sequence::LetterState;
use upcue_engine::tenant::Rulebook;
use upcue_engine::time::Millis;
use upcue_engine::touch::{First, Touch};
use worker::SqlStorageValue;

use super::super::super::rows::{Rows, decode, text, whole};
use super::super::AppObject;
use super::super::listing::moment;
use super::sql_moment;
use crate::problem::{ApiError, ApiResult, Code};
use crate::routes::lift_report;
use crate::rpc::{LetterFact, LiftWish};

/// A tenant is in the arm in which it first met a prompt, and stays there. `share`, `share_of_all`: which parts of all tenants were kept from
/// this prompt and from all of them then; `of_all`: whether it was one of the latter.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS met (campaign TEXT NOT NULL, tenant TEXT NOT NULL, at INTEGER NOT NULL, \
    held_out INTEGER NOT NULL, paid INTEGER NOT NULL, currency TEXT NOT NULL, share INTEGER NOT NULL, share_of_all INTEGER NOT NULL, \
    of_all INTEGER NOT NULL, PRIMARY KEY (campaign, tenant)) WITHOUT ROWID";

/// Writes a meeting down, if this touch is one.
pub(super) fn put(rows: &Rows, tenant: &str, touch: &Touch) -> ApiResult<()> {
    touch.first.as_ref().map_or(Ok(()), |first| write(rows, tenant, &touch.of, touch.at, touch.held_out, first))
}

/// Writes down that a sequence had something to say to a tenant, whether that was sent or not: what keeps letters from being sent must not
/// make one arm smaller than the other. Of several letters the first counts.
pub(super) fn put_letter(rows: &Rows, tenant: &str, fact: &LetterFact) -> ApiResult<()> {
    let LetterFact { letter, first, .. } = fact;
    let Some(part) = letter.parts.first() else { return Ok(()) };
    write(rows, tenant, &part.sequence, letter.drawn, matches!(letter.state, LetterState::Ghost(_)), first)
}

fn write(rows: &Rows, tenant: &str, prompt: &str, at: Millis, held_out: bool, first: &First) -> ApiResult<()> {
    let sql = "INSERT INTO met (campaign, tenant, at, held_out, paid, currency, share, share_of_all, of_all) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = vec![
        prompt.into(),
        tenant.into(),
        sql_moment(at),
        SqlStorageValue::Integer(held_out.into()),
        SqlStorageValue::Integer(first.paid),
        first.currency.as_str().into(),
        SqlStorageValue::Integer(first.share.into()),
        SqlStorageValue::Integer(first.share_of_all.into()),
        SqlStorageValue::Integer(first.of_all.into()),
    ];
    rows.run(sql, values)
}

impl AppObject {
    /// Compares the arms of a campaign, or of all together, as of now.
    pub(super) fn lift(&self, wish: &LiftWish) -> ApiResult<String> {
        let rules = self.rulebook()?;
        let window = wish.window.unwrap_or(rules.config.attribution.window);
        let (meetings, held_out) = match &wish.campaign {
            Some(id) => {
                let share = share_held_out(&rules, id).ok_or_else(|| unknown(id))?;
                (self.meetings_of(id, share)?, share)
            }
            None => (self.first_meetings(rules.config.holdout)?, rules.config.holdout),
        };
        let currency = rules.currency().unwrap_or_default().to_owned();
        let [treated, control] = gather(&meetings, &self.all_conversions()?, window, Self::now(), &currency);
        Ok(lift_report(wish.campaign.as_deref(), window, &treated, &control, held_out, &currency).to_string())
    }

    /// Who met it while this share was held out. Arms of another share, before the control group was made larger say, are another experiment.
    fn meetings_of(&self, campaign: &str, share: u16) -> ApiResult<Vec<Meeting>> {
        let sql = "SELECT tenant, at, held_out, paid, currency FROM met WHERE campaign = ? AND share = ?";
        let found = self.rows()?.query(sql, vec![campaign.into(), SqlStorageValue::Integer(share.into())])?;
        Ok(found.iter().filter_map(|row| meeting(row)).collect())
    }

    /// When each tenant first met any prompt, if this share was kept from all of them then. Who is kept from some alone is as often in the
    /// one arm as in the other.
    fn first_meetings(&self, share: u16) -> ApiResult<Vec<Meeting>> {
        let sql = "SELECT tenant, at, of_all, paid, currency FROM \
            (SELECT tenant, MIN(at) AS at, of_all, paid, currency, share_of_all FROM met GROUP BY tenant) WHERE share_of_all = ?";
        let found = self.rows()?.query(sql, vec![SqlStorageValue::Integer(share.into())])?;
        Ok(found.iter().filter_map(|row| meeting(row)).collect())
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
