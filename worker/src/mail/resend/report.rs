//! What Resend reports (<https://resend.com/docs/webhooks/event-types>).

use serde_json::Value;
use upcue_engine::time::{Millis, days_from_civil};

use super::TAG;
use crate::mail::{MailReport, Reported, cut};

/// Reads an event. `None` for those that say nothing of what became of a mail: opens, clicks, contacts, domains …
pub(crate) fn read(id: String, event: &Value) -> Option<MailReport> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
    let (what, detail) = match text("/type")? {
        "email.delivered" => (Reported::Delivered, None),
        "email.delivery_delayed" => (Reported::Delayed, None),
        "email.complained" => (Reported::Complained, None),
        "email.bounced" => (bounce(text("/data/bounce/type"), text("/data/bounce/subType")), text("/data/bounce/message")),
        "email.suppressed" => (Reported::Suppressed, text("/data/suppressed/message")),
        "email.failed" => (Reported::Failed, text("/data/failed/reason")),
        _ => return None,
    };
    let addresses = event.pointer("/data/to").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(MailReport {
        id,
        key: key(event),
        mail: text("/data/email_id").map(str::to_owned),
        addresses: addresses.iter().filter_map(Value::as_str).map(|party| address(party).to_owned()).collect(),
        what,
        at: text("/created_at").and_then(moment),
        detail: cut(detail.unwrap_or("")).to_owned(),
    })
}

/// A bounce is final unless it says that it may pass. A bounce because the address is on the provider's list is a suppression.
fn bounce(of: Option<&str>, finer: Option<&str>) -> Reported {
    match (of, finer) {
        (Some("Transient" | "Undetermined"), _) => Reported::Returned,
        (_, Some("Suppressed" | "OnAccountSuppressionList")) => Reported::Suppressed,
        _ => Reported::Bounced,
    }
}

/// The mail's key, from the tags it was sent with: an object in events, a list where they are sent.
fn key(event: &Value) -> Option<String> {
    let tags = event.pointer("/data/tags")?;
    let listed = || {
        let is_ours = |tag: &&Value| tag.get("name").and_then(Value::as_str) == Some(TAG);
        tags.as_array()?.iter().find(is_ours)?.get("value")
    };
    tags.get(TAG).or_else(listed)?.as_str().map(str::to_owned)
}

/// The address in `Ada <ada@acme.example>`.
fn address(party: &str) -> &str {
    party.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(party)
}

/// `2026-11-22T23:41:12.126Z` as a moment.
fn moment(text: &str) -> Option<Millis> {
    let (date, time) = text.split_once(['T', ' '])?;
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00")).or_else(|| time.strip_suffix("+00"))?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let numbers = |text: &str, by: char| -> Option<[i64; 3]> {
        let parts = text.split(by).map(number).collect::<Option<Vec<_>>>()?;
        parts.try_into().ok()
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(clock, ':')?);
    let millis = number(&format!("{fraction}000").chars().take(3).collect::<String>())?;
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month) + day - 1;
    Some(Millis((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(of: &str, more: &Value) -> Value {
        let mut event = json!({
            "type": of, "created_at": "2026-11-22T23:41:12.126Z",
            "data": {
                "created_at": "2026-11-22T23:41:11.894719+00:00", "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
                "from": "Nimbus <hello@nimbus.example>", "to": ["ada@acme.example"], "subject": "Hello", "tags": {"upcue": "letter-1"},
            },
        });
        for (name, value) in more.as_object().expect("an object") {
            event["data"][name] = value.clone();
        }
        event
    }

    #[test]
    fn events_say_what_became_of_a_mail() {
        let bounce = |of: &str, finer: &str| json!({"bounce": {"type": of, "subType": finer, "message": "no\r\nway"}});
        for (of, more, expected) in [
            ("email.delivered", json!({}), Some(Reported::Delivered)),
            ("email.delivery_delayed", json!({}), Some(Reported::Delayed)),
            ("email.complained", json!({}), Some(Reported::Complained)),
            ("email.bounced", bounce("Permanent", "General"), Some(Reported::Bounced)),
            ("email.bounced", bounce("Permanent", "Suppressed"), Some(Reported::Suppressed)),
            ("email.bounced", bounce("Transient", "MailboxFull"), Some(Reported::Returned)),
            ("email.bounced", bounce("Undetermined", "Undetermined"), Some(Reported::Returned)),
            ("email.bounced", json!({}), Some(Reported::Bounced)),
            (
                "email.suppressed",
                json!({"suppressed": {"message": "listed", "type": "OnAccountSuppressionList"}}),
                Some(Reported::Suppressed),
            ),
            ("email.failed", json!({"failed": {"reason": "reached_daily_quota"}}), Some(Reported::Failed)),
            ("email.sent", json!({}), None),
            ("email.opened", json!({}), None),
            ("domain.updated", json!({}), None),
        ] {
            let report = read("msg_1".to_owned(), &event(of, &more));
            assert_eq!(report.as_ref().map(|r| r.what), expected, "{of} {more}");
            if let Some(report) = report {
                assert_eq!((report.id.as_str(), report.key.as_deref()), ("msg_1", Some("letter-1")));
                assert_eq!((report.addresses, report.at), (vec!["ada@acme.example".to_owned()], Some(Millis(1_795_390_872_126))));
            }
        }
        assert_eq!(read(String::new(), &event("email.bounced", &bounce("Permanent", ""))).expect("a report").detail, "no");
    }

    #[test]
    fn shapes_that_are_not_documented_do_no_harm() {
        let bare = json!({"type": "email.bounced"});
        let report = read("msg_1".to_owned(), &bare).expect("a report");
        assert_eq!((report.key, report.mail, report.addresses.len(), report.at), (None, None, 0, None));
        let listed = event(
            "email.bounced",
            &json!({"tags": [{"name": "x", "value": "1"}, {"name": "upcue", "value": "letter-2"}], "to": ["Ada <ada@acme.example>", 7]}),
        );
        let report = read("msg_1".to_owned(), &listed).expect("a report");
        assert_eq!((report.key.as_deref(), report.addresses), (Some("letter-2"), vec!["ada@acme.example".to_owned()]));
        for (of, text) in [(json!([]), "[]"), (json!({"type": 7}), "7"), (Value::Null, "null")] {
            assert_eq!(read(String::new(), &of), None, "{text}");
        }
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T12:34:56.7Z", Some(1_709_210_096_700)),
            ("2026-11-22 23:41:11.894719+00", Some(1_795_390_871_894)),
            ("2026-11-22T23:41:11.894719+00:00", Some(1_795_390_871_894)),
            ("2026-11-22T23:41:11+02:00", None),
            ("2026-13-22T23:41:11Z", None),
            ("2026-11-22", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(moment(text), expected.map(Millis), "{text}");
        }
    }
}
