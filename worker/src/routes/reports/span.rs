//! What reports have in common: the time they are about, and what else they are limited to.

use upcue_engine::attribution::{LONGEST, Model};
use upcue_engine::time::{DAY, DurationMs, Millis, parse_duration};
use upcue_engine::touch::Channel;

use crate::host;
use crate::http::Query;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{Accounting, Span};

/// How far back a report looks where it is not said.
const USUAL: DurationMs = 30 * DAY;

/// What a report is about.
pub(super) fn of(query: &Query) -> ApiResult<Span> {
    let until = moment(query, "until")?.unwrap_or_else(|| host::now().plus(1));
    let since = moment(query, "since")?.unwrap_or_else(|| until.plus(-USUAL));
    if since >= until {
        return Err(ApiError::new(Code::InvalidRequest, "`since` must be before `until`; without `until` it is now"));
    }
    let channel = match query.get("channel") {
        None => None,
        Some("in_app") => Some(Channel::InApp),
        Some("email") => Some(Channel::Email),
        Some(_) => return Err(ApiError::new(Code::InvalidRequest, "`channel` must be in_app or email")),
    };
    Ok(Span { since, until, campaign: query.get("campaign").map(str::to_owned), channel })
}

/// What a report is about that is of all prompts; `instead`: what to do where one of them is wanted.
pub(super) fn of_all(query: &Query, instead: &str) -> ApiResult<Span> {
    match ["campaign", "channel"].into_iter().find(|name| query.get(name).is_some()) {
        Some(name) => Err(ApiError::new(Code::InvalidRequest, format!("`{name}` does not narrow this report; {instead}"))),
        None => of(query),
    }
}

fn moment(query: &Query, name: &str) -> ApiResult<Option<Millis>> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|ms| (0..=1 << 52).contains(ms));
    let bad = || ApiError::new(Code::InvalidRequest, format!("`{name}` must be milliseconds since 1970"));
    Ok(Some(Millis(number.ok_or_else(bad)?)))
}

/// How long a prompt counts; `None`: as configured.
pub(super) fn window(query: &Query) -> ApiResult<Option<DurationMs>> {
    let Some(text) = query.get("window") else { return Ok(None) };
    let length = parse_duration(text).filter(|length| (1..=LONGEST).contains(length));
    let bad = || ApiError::new(Code::InvalidRequest, "`window` must be a length of time of at most 90d, as in 7d or 36h");
    Ok(Some(length.ok_or_else(bad)?))
}

/// What conversions are to be credited by, where not as configured.
pub(super) fn accounting(query: &Query) -> ApiResult<Accounting> {
    let model = |word: &str| {
        let found = Model::ALL.iter().find(|(known, _)| *known == word).map(|(_, model)| *model);
        found.ok_or_else(|| {
            let known: Vec<&str> = Model::ALL.iter().map(|(word, _)| *word).collect();
            ApiError::new(Code::InvalidRequest, format!("`model` must be one of {}", known.join(", ")))
        })
    };
    Ok(Accounting { window: window(query)?, model: query.get("model").map(model).transpose()?, goal: query.get("goal").map(str::to_owned) })
}
