//! `GET /openapi.json`: the reference of all calls, assembled out of `worker/openapi` by the build.

use worker::{Headers, Response};

use crate::problem::ApiResult;

/// The document.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// The same for everybody and until the next build, so that tools may keep it.
pub(super) fn get() -> ApiResult<Response> {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("cache-control", "public, max-age=3600")?;
    Ok(Response::from_bytes(DOCUMENT.as_bytes().to_vec())?.with_headers(headers))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::super::{Route, TABLE};
    use super::DOCUMENT;
    use crate::problem::Code;

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).expect("JSON")
    }

    fn members(of: &Value) -> impl Iterator<Item = (&String, &Value)> {
        of.as_object().into_iter().flatten()
    }

    #[test]
    fn it_has_the_calls_of_the_table_and_no_others() {
        let document = document();
        let described: BTreeSet<(String, String)> = members(&document["paths"])
            .flat_map(|(path, methods)| members(methods).map(|(method, _)| (method.to_uppercase(), path.clone())))
            .collect();
        let routed = TABLE.iter().filter(|(_, path, _)| !path.starts_with("/dev/"));
        let routed: BTreeSet<(String, String)> = routed.map(|(method, path, _)| (method.to_string(), (*path).to_owned())).collect();
        let missing: Vec<_> = routed.difference(&described).collect();
        let gone: Vec<_> = described.difference(&routed).collect();
        assert!(missing.is_empty() && gone.is_empty(), "worker/openapi lacks {missing:?}, and describes what is not routed: {gone:?}");
    }

    #[test]
    fn every_call_is_found_by_its_own_path() {
        for (method, path, route) in TABLE {
            let found: Option<Route> = super::super::find(method, path).ok();
            assert_eq!(found, Some(*route), "{path}");
        }
    }

    #[test]
    fn it_lists_every_code_with_its_status_and_title() {
        let document = document();
        let listed: BTreeMap<&str, (u64, &str)> = members(&document["x-problems"])
            .map(|(code, row)| (code.as_str(), (row["status"].as_u64().unwrap_or(0), row["title"].as_str().unwrap_or(""))))
            .collect();
        let titles: BTreeSet<(u64, &str)> = Code::TABLE.iter().map(|(_, _, status, title)| (u64::from(*status), *title)).collect();
        for (_, code, status, title) in Code::TABLE {
            assert_eq!(listed.get(code), Some(&(u64::from(status), title)), "{code}");
        }
        // Codes of finer grain stand in the place of one of the table's.
        for (code, row) in listed {
            assert!(titles.contains(&row), "{code} is {row:?}");
        }
    }

    #[test]
    fn every_code_of_the_table_can_come_of_some_call() {
        let document = document();
        let codes = "/content/application~1problem+json/schema/properties/code/enum";
        let told: BTreeSet<&str> = members(&document["components"]["responses"])
            .flat_map(|(_, answer)| answer.pointer(codes).and_then(Value::as_array).into_iter().flatten())
            .filter_map(Value::as_str)
            .collect();
        // They come of no call that is described, or always with a finer code.
        let beside = ["method_not_allowed", "not_changeable"];
        let missing: Vec<&str> =
            Code::TABLE.iter().map(|(_, code, ..)| *code).filter(|code| !told.contains(code) && !beside.contains(code)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
