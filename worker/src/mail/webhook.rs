//! The signature of Standard Webhooks (<https://www.standardwebhooks.com>), by which Resend proves itself, checked over the
//! bytes as they came. Svix, which delivers for Resend, writes `svix-` where the standard writes `webhook-`.

use base64ct::{Base64, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use upcue_engine::time::{Millis, SECOND};

use crate::problem::{ApiError, ApiResult, Code};

/// How far from now a signature may be, in seconds, either way: as in the standard's own libraries.
const TOLERANCE: i64 = 300;

/// The headers that sign a delivery.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signed {
    /// Names the delivery; the same when it is tried again.
    pub(crate) id: Option<String>,
    /// Seconds since 1970.
    pub(crate) timestamp: Option<String>,
    /// `v1,` and base64; several, with spaces between.
    pub(crate) signature: Option<String>,
}

/// Checks that one of `secrets` signs `body`: several while one is being rotated. Answers the delivery's name.
pub(crate) fn verify(body: &[u8], signed: &Signed, secrets: &[String], now: Millis) -> ApiResult<String> {
    let Signed { id: Some(id), timestamp: Some(timestamp), signature: Some(signature) } = signed else {
        let detail = "the headers svix-id, svix-timestamp and svix-signature are needed";
        return Err(ApiError::new(Code::MissingSignature, detail));
    };
    if secrets.is_empty() {
        let detail = "this app has no webhook secret for mail yet; set `email.webhook_secrets`";
        return Err(ApiError::new(Code::InvalidSignature, detail));
    }
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|b| b.is_ascii_digit());
    let Some(time) = timestamp.parse::<i64>().ok().filter(|_| digits) else {
        return Err(ApiError::new(Code::InvalidSignature, "the header svix-timestamp holds seconds since 1970"));
    };
    if !secrets.iter().any(|secret| matches(body, id, timestamp, signature, secret)) {
        let detail = "no webhook secret of this app signs these bytes; check that the secret is the endpoint's and the body untouched";
        return Err(ApiError::new(Code::InvalidSignature, detail));
    }
    if time.abs_diff(now.0.div_euclid(SECOND)) > TOLERANCE.unsigned_abs() {
        let detail = "the signature is more than 300 seconds from now; each attempt is signed afresh";
        return Err(ApiError::new(Code::SignatureExpired, detail));
    }
    Ok(id.clone())
}

/// Whether a text is a secret of such an endpoint.
pub(super) fn is_secret(text: &str) -> bool {
    key(text).is_some_and(|key| key.len() >= 16)
}

fn key(secret: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(secret.strip_prefix("whsec_")?).ok()
}

fn matches(body: &[u8], id: &str, timestamp: &str, signature: &str, secret: &str) -> bool {
    let Some(key) = key(secret) else { return false };
    // Every key length is a key; should that ever change, nothing matches.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    let signatures = signature.split(' ').filter_map(|part| Base64::decode_vec(part.strip_prefix("v1,")?).ok());
    signatures.into_iter().any(|bytes| mac.clone().verify_slice(&bytes).is_ok()) // constant time
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_750_000_000;
    const BODY: &[u8] = br#"{"type":"email.bounced"}"#;
    const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn sign(id: &str, time: i64, secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret).expect("a secret")).expect("any length");
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(BODY);
        format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
    }

    fn check(id: &str, timestamp: &str, signature: &str, body: &[u8]) -> Result<String, String> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let signed = Signed { id: some(id), timestamp: some(timestamp), signature: some(signature) };
        verify(body, &signed, &[OLD.to_owned(), NEW.to_owned()], Millis(NOW * 1_000 + 999)).map_err(|e| e.code().to_owned())
    }

    /// The vector of the standard's own libraries, so that our reading of the format is not only our own.
    #[test]
    fn the_standards_own_example_passes() {
        let signed = Signed {
            id: Some("msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
            timestamp: Some("1614265330".to_owned()),
            signature: Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()),
        };
        let body = br#"{"test": 2432232314}"#;
        assert!(verify(body, &signed, &[OLD.to_owned()], Millis(1_614_265_330_000)).is_ok());
    }

    #[test]
    fn signatures_pass_or_fail_as_the_standards_libraries_have_it() {
        let now = NOW.to_string();
        let good = sign("m1", NOW, NEW);
        let (early, late) = (NOW - 300, NOW + 300);
        for (id, timestamp, signature, expected) in [
            ("m1", now.clone(), good.clone(), Ok("m1")),
            ("m1", now.clone(), sign("m1", NOW, OLD), Ok("m1")),
            ("m1", now.clone(), format!("v1,AAAA v1a,xx v2,{good} {good}"), Ok("m1")),
            ("m1", early.to_string(), sign("m1", early, NEW), Ok("m1")),
            ("m1", late.to_string(), sign("m1", late, NEW), Ok("m1")),
            ("m1", (early - 1).to_string(), sign("m1", early - 1, NEW), Err("signature_expired")),
            ("m1", (late + 1).to_string(), sign("m1", late + 1, NEW), Err("signature_expired")),
            ("m2", now.clone(), good.clone(), Err("invalid_signature")),
            ("m1", (NOW + 1).to_string(), good.clone(), Err("invalid_signature")),
            ("m1", format!("+{NOW}"), good.clone(), Err("invalid_signature")),
            ("m1", now.clone(), good.replace("v1,", "v2,"), Err("invalid_signature")),
            ("m1", now.clone(), "v1,".to_owned(), Err("invalid_signature")),
            ("m1", now.clone(), "rubbish".to_owned(), Err("invalid_signature")),
            ("m1", now.clone(), sign("m1", NOW, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), Err("invalid_signature")),
            ("", now.clone(), good.clone(), Err("missing_signature")),
            ("m1", String::new(), good.clone(), Err("missing_signature")),
            ("m1", now.clone(), String::new(), Err("missing_signature")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(check(id, &timestamp, &signature, BODY), expected, "{id} {timestamp} {signature}");
        }
        assert_eq!(check("m1", &now, &good, b"{}"), Err("invalid_signature".to_owned()));
    }

    #[test]
    fn secrets_are_told_from_other_texts() {
        for (text, is) in
            [(OLD, true), ("whsec_", false), ("whsec_short", false), ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false), ("whsec_%%%%", false)]
        {
            assert_eq!(is_secret(text), is, "{text}");
        }
    }
}
