//! `GET /v1/reports/lift`: what prompting has added, beside the control group that would have been prompted.

use serde_json::{Value, json};
use upcue_engine::lift::anytime::Interval;
use upcue_engine::lift::enough::missing;
use upcue_engine::lift::ratio::Ratio;
use upcue_engine::lift::{ALPHA, Arm, Lift};
use upcue_engine::time::DurationMs;
use worker::{Env, Request, Response};

use super::span::window;
use crate::http::{self, Query};
use crate::problem::ApiResult;
use crate::routes::tenants::back_end;
use crate::rpc::{AppCall, LiftWish, ProofCall, app_object};

pub(in super::super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let wish = LiftWish { campaign: query.get("campaign").map(str::to_owned), window: window(&query)? };
    let report: String = app_object(env, &caller.app.id)?.call(&AppCall::Proof(ProofCall::Lift(wish))).await?;
    http::answer(200, &http::json(report.as_bytes())?)
}

/// The report: shares as fractions of one, money in minor units a month.
pub(crate) fn report(campaign: Option<&str>, window: DurationMs, treated: &Arm, control: &Arm, held_out: u16, currency: &str) -> Value {
    let lift = Lift::of(treated, control);
    let ratio = Ratio::of(treated.tenants + treated.waiting, control.tenants + control.waiting, 1.0 - f64::from(held_out) / 10_000.0);
    let needed = missing(treated, control, &lift);
    json!({
        "campaign": campaign,
        "window_ms": window,
        "confidence": 1.0 - ALPHA,
        "treated": arm(treated),
        "control": arm(control),
        "difference": lift.difference,
        "interval": lift.interval.map(interval),
        "relative": lift.relative,
        "relative_interval": lift.relative_interval.map(interval),
        "certain": lift.is_certain(),
        "tenants_needed": needed,
        "summary": summary(&lift, treated, control, needed),
        "revenue": lift.revenue.map(|gain| json!({
            "currency": currency, "per_tenant": gain.difference, "interval": interval(gain.interval), "variance_explained": gain.explained,
        })),
        "sample_ratio": ratio.map(|ratio| json!({
            "expected": ratio.expected, "found": ratio.found, "p": ratio.p, "mismatch": ratio.is_mismatch(),
        })),
    })
}

fn arm(arm: &Arm) -> Value {
    json!({
        "tenants": arm.tenants, "waiting": arm.waiting, "converted": arm.converted, "rate": arm.rate(), "revenue": arm.revenue.more(),
    })
}

fn interval(Interval { low, high }: Interval) -> Value {
    json!([low, high])
}

/// The same in a sentence.
fn summary(lift: &Lift, treated: &Arm, control: &Arm, needed: Option<u64>) -> String {
    let points = |share: f64| format!("{:+.1} percentage points", share * 100.0);
    match (lift.interval, needed) {
        _ if control.tenants + control.waiting == 0 => {
            "Nobody is held out, so there is nothing to compare with: set a `holdout`.".to_owned()
        }
        (Some(Interval { low, high }), None) => {
            format!(
                "Prompting changes the share of tenants that upgrade by {}: between {} and {}.",
                points(lift.difference),
                points(low),
                points(high)
            )
        }
        (_, Some(needed)) => {
            format!("No difference is certain yet; about {needed} more tenants would tell one of this size, or of a fifth.")
        }
        _ if treated.tenants == 0 || control.tenants == 0 => "Too little is known: of one group nobody's window is over yet.".to_owned(),
        (_, None) if treated.converted + control.converted > 0 => {
            "No difference is certain yet, and no number of tenants that anybody would wait for would tell one of this size.".to_owned()
        }
        (_, None) => format!("Too little is known: {} tenants so far, of which nobody upgraded.", treated.tenants + control.tenants),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use upcue_engine::lift::Outcome;

    fn group(tenants: u64, converted: u64) -> Arm {
        let mut arm = Arm::default();
        (0..tenants).for_each(|i| arm.add(&Outcome { converted: i < converted, money: Some((0, if i < converted { 900 } else { 0 })) }));
        arm
    }

    #[test]
    fn the_summary_says_what_is_known_and_what_is_missing() {
        for (treated, control, expected) in [
            (group(50, 5), group(0, 0), "Nobody is held out"),
            (group(50, 0), group(50, 0), "Too little is known: 100 tenants"),
            (group(100, 10), Arm { waiting: 5, ..group(0, 0) }, "of one group nobody's window is over"),
            (group(500, 50), group(500, 45), "more tenants would tell"),
            (group(5_000, 900), group(5_000, 450), "by +9.0 percentage points: between +"),
        ] {
            let report = report(None, 7 * upcue_engine::time::DAY, &treated, &control, 5_000, "usd");
            let summary = report.get("summary").and_then(Value::as_str).unwrap_or_default().to_owned();
            assert!(summary.contains(expected), "{summary}");
        }
    }
}
