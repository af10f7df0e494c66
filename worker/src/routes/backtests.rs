//! `POST /v1/config/backtest`, `GET /v1/config/backtests/{id}`: other rules over what has come in.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use upcue_engine::history::{Compared, SegmentReport, TenantBacktest};
use upcue_engine::ids::is_id;
use upcue_engine::time::Millis;
use worker::{Env, Request, Response};

use super::config::check;
use super::segment;
use super::tenants::back_end;
use crate::http::{self, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, Backtest, BacktestWish, app_object};

/// The largest body, in bytes: a document and a list of tenants.
const MAX_BODY: usize = 2 * 1024 * 1024;
/// The most tenants that can be named.
const MAX_TENANTS: usize = 10_000;

/// Read as whatever it is, so that what is refused is told with the name of its field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    config: Option<IgnoredAny>,
    version: Option<Value>,
    from: Option<Value>,
    until: Option<Value>,
    tenants: Option<Value>,
}

pub(super) async fn post(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let bytes = read(req, MAX_BODY).await?;
    let wish = wish(&bytes)?;
    if let Some(document) = &wish.document {
        check(document)?;
    }
    let started: Backtest = app_object(env, &caller.app.id)?.call(&AppCall::StartBacktest(wish)).await?;
    http::answer(202, &document(&started))
}

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let found: Backtest = app_object(env, &caller.app.id)?.call(&AppCall::Backtest(segment(path, 4)?)).await?;
    http::answer(200, &document(&found))
}

fn wish(bytes: &[u8]) -> ApiResult<BacktestWish> {
    let Body { config, version, from, until, tenants } = http::json(bytes)?;
    match (&config, &version) {
        (Some(_), Some(_)) => return Err(refuse("send `config` (a document) or `version` (of a published one), not both")),
        (None, None) => return Err(refuse("send `config` (a document) or `version` (of a published one)")),
        _ => {}
    }
    let version = version.map(|version| {
        let number = version.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| refuse("`version` must be the number of a published version, as 3"))
    });
    let document = config.and_then(|_| member(bytes, "config")).map(str::to_owned);
    let (from, until) = (moment("from", from)?, moment("until", until)?);
    Ok(BacktestWish { document, version: version.transpose()?, from, until, tenants: tenants.map(names).transpose()?.unwrap_or_default() })
}

fn moment(field: &str, value: Option<Value>) -> ApiResult<Option<Millis>> {
    let read = |value: Value| {
        let wanted = || refuse(format!("`{field}` must be a moment: whole milliseconds since 1970, as 1767225600000"));
        value.as_i64().map(Millis).ok_or_else(wanted)
    };
    value.map(read).transpose()
}

fn names(value: Value) -> ApiResult<Vec<String>> {
    let names: Option<Vec<String>> = serde_json::from_value(value).ok();
    let names = names.filter(|names| names.len() <= MAX_TENANTS && names.iter().all(|name| is_id(name)));
    names.ok_or_else(|| refuse(format!("`tenants` must be a list of at most {MAX_TENANTS} names of 1 to 128 bytes; leave it out for all")))
}

fn refuse(detail: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, detail)
}

/// The text of a member of a JSON object that has been read already, so that problems have their place in the document as it was
/// written.
pub(super) fn member<'a>(json: &'a [u8], name: &str) -> Option<&'a str> {
    let json = std::str::from_utf8(json).ok()?;
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    let (mut began, mut key, mut value) = (0, None, None);
    for (i, c) in json.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => {
                in_text = !in_text;
                if depth == 1 && key.is_none() && !in_text {
                    key = serde_json::from_str::<String>(json.get(began..=i)?).ok();
                }
                began = i;
            }
            _ if in_text => {}
            ':' if depth == 1 => value = Some(i + 1),
            '{' | '[' => depth += 1,
            ',' | '}' | ']' => {
                if depth == 1 {
                    if key.take().as_deref() == Some(name) {
                        return json.get(value?..i);
                    }
                    value = None;
                }
                depth -= u32::from(c != ',');
            }
            _ => {}
        }
    }
    None
}

fn document(backtest: &Backtest) -> Value {
    let Backtest { id, status, tenants, done, failed, failure, started_at, took_ms, totals } = backtest;
    let TenantBacktest { events, opportunities, campaigns, signals, segments } = totals;
    let campaigns = campaigns.iter().map(|(id, c)| {
        json!({
            "campaign": id, "would_fire": c.would_fire, "would_be_capped": c.would_be_capped, "would_be_held_out": c.would_be_held_out,
            "would_be_dismissed": c.would_be_dismissed, "would_be_quiet": c.would_be_quiet, "would_be_converted": c.would_be_converted,
            "would_be_excluded": c.would_be_excluded, "did_fire": c.did_fire, "tenants_would": c.tenants_would,
            "tenants_did": c.tenants_did,
        })
    });
    let signals = signals.iter().map(|(id, Compared { would, did })| json!({"signal": id, "would": would, "did": did}));
    let segments = segments.iter().map(|(id, SegmentReport { entered, left })| json!({"segment": id, "entered": entered, "left": left}));
    json!({
        "id": id, "status": status, "tenants": tenants, "done": done, "failed": failed, "failure": failure, "events": events,
        "opportunities": opportunities, "started_at": started_at, "took_ms": took_ms, "campaigns": campaigns.collect::<Vec<_>>(),
        "signals": signals.collect::<Vec<_>>(), "segments": segments.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_taken_as_it_was_written() {
        for (body, expected) in [
            (r#"{"config": {"a": [1, {"config": 2}]}, "from": 5}"#, Some(r#" {"a": [1, {"config": 2}]}"#)),
            ("{\"from\":1,\"config\":{\n \"x\":\"}\\\",\\\\\"}}", Some("{\n \"x\":\"}\\\",\\\\\"}")),
            (r#"{"tenants": ["config"], "config": {}}"#, Some(" {}")),
            (r#"{"\u0063onfig": {"b":{}}}"#, Some(r#" {"b":{}}"#)),
            (r#"{"version": 1, "tenants": ["config", ":"]}"#, None),
        ] {
            assert_eq!(member(body.as_bytes(), "config"), expected, "{body}");
        }
    }

    #[test]
    fn wishes_that_make_no_sense_are_refused() {
        for (body, expected) in [
            (r#"{"version": 1}"#, Ok(())),
            (r#"{"version": 1, "config": null, "from": null, "until": null, "tenants": null}"#, Ok(())),
            (r#"{"config": {}, "from": 1, "until": 2, "tenants": ["acme"]}"#, Ok(())),
            ("{}", Err("invalid_request")),
            (r#"{"version": 1, "config": {}}"#, Err("invalid_request")),
            (r#"{"version": 1, "tenants": ["a b"]}"#, Err("invalid_request")),
            (r#"{"version": 1, "tenant": "acme"}"#, Err("invalid_request")),
            ("{", Err("malformed_json")),
        ] {
            let found = wish(body.as_bytes());
            assert_eq!(found.map(|_| ()).map_err(|e| e.code().to_owned()), expected.map_err(str::to_owned), "{body}");
        }
    }

    #[test]
    fn a_field_of_the_wrong_kind_is_named_with_what_it_takes() {
        for (field, value, words) in [
            ("from", r#""yesterday""#, "`from` must be a moment: whole milliseconds since 1970"),
            ("until", "1.5", "`until` must be a moment: whole milliseconds since 1970"),
            ("version", r#""1""#, "`version` must be the number of a published version"),
            ("version", "-1", "`version` must be the number of a published version"),
            ("tenants", r#""acme""#, "`tenants` must be a list of at most 10000 names"),
            ("tenants", "[7]", "`tenants` must be a list of at most 10000 names"),
        ] {
            let needed = if field == "version" { "" } else { r#""version": 1, "# };
            let error = wish(format!("{{{needed}\"{field}\": {value}}}").as_bytes()).expect_err(value);
            assert_eq!(error.code(), "invalid_request");
            assert!(error.detail().starts_with(words), "{}", error.detail());
        }
    }
}
