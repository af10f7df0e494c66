//! Stripe's webhook signature, checked over the bytes as they came (<https://docs.stripe.com/webhooks/signature>).

use hmac::{Hmac, Mac};
use sha2::Sha256;
use upcue_engine::time::{Millis, SECOND};

use crate::problem::{ApiError, ApiResult, Code};

/// How old a signature may be. A future one passes, as in Stripe's own libraries.
const TOLERANCE: i64 = 300;

/// Checks that `header` signs `body` with one of `secrets`: several while one is being rotated.
pub(crate) fn verify(body: &[u8], header: Option<&str>, secrets: &[String], now: Millis) -> ApiResult<()> {
    let header = header.ok_or_else(|| ApiError::new(Code::MissingSignature, "the Stripe-Signature header is missing"))?;
    if secrets.is_empty() {
        return Err(ApiError::new(Code::InvalidSignature, "this app has no webhook secret yet; set `stripe.webhook_secrets`"));
    }
    let signature = Signature::parse(header)
        .ok_or_else(|| ApiError::new(Code::InvalidSignature, "the Stripe-Signature header must hold `t=` and at least one `v1=`"))?;
    if body.is_empty() || std::str::from_utf8(body).is_err() || !secrets.iter().any(|secret| signature.matches(body, secret)) {
        let detail = "no webhook secret of this app signs these bytes; check that the secret is the endpoint's and the body untouched";
        return Err(ApiError::new(Code::InvalidSignature, detail));
    }
    if now.0.div_euclid(SECOND) - signature.time > TOLERANCE {
        return Err(ApiError::new(Code::SignatureExpired, "the signature is older than 300 seconds; Stripe signs each attempt afresh"));
    }
    Ok(())
}

struct Signature<'h> {
    /// Seconds since 1970, and the digits they were written in, which are what is signed.
    time: i64,
    digits: &'h str,
    v1: Vec<[u8; 32]>,
}

impl<'h> Signature<'h> {
    fn parse(header: &'h str) -> Option<Self> {
        let mut digits = None;
        let mut v1 = Vec::new();
        for part in header.split(',') {
            match part.split_once('=') {
                Some(("t", value)) => digits = Some(value),
                Some(("v1", value)) => v1.extend(lower_hex(value)),
                _ => {} // v0 and whatever may come: not for us
            }
        }
        let digits = digits?;
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        (plain && !v1.is_empty()).then_some(Self { time: digits.parse().ok()?, digits, v1 })
    }

    fn matches(&self, body: &[u8], secret: &str) -> bool {
        // Every key length is a key; should that ever change, nothing matches.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(self.digits.as_bytes());
        mac.update(b".");
        mac.update(body);
        self.v1.iter().any(|v1| mac.clone().verify_slice(v1).is_ok()) // constant time
    }
}

/// 64 lower-case hexadecimal digits; Stripe writes no others.
fn lower_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let mut pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(&mut pairs) {
        *byte = digit(*pair.first()?)? << 4 | digit(*pair.last()?)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_750_000_000;
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn sign(time: i64, body: &[u8], secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
        mac.update(format!("{time}.").as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().iter().fold(String::new(), |text, b| format!("{text}{b:02x}"))
    }

    fn check(body: &[u8], header: Option<&str>) -> Result<(), String> {
        let secrets = ["whsec_old".to_owned(), "whsec_new".to_owned()];
        verify(body, header, &secrets, Millis(NOW * 1_000 + 999)).map_err(|e| e.code().to_owned())
    }

    #[test]
    fn signatures_pass_or_fail_as_stripes_libraries_have_it() {
        let good = sign(NOW, BODY, "whsec_new");
        let at = |t: i64, secret: &str| sign(t, BODY, secret);
        for (header, expected) in [
            (format!("t={NOW},v1={good}"), Ok(())),
            (format!("t={NOW},v1={}", at(NOW, "whsec_old")), Ok(())),
            (format!("v1={good},t={NOW}"), Ok(())),
            (format!("t={NOW},v0=zz,v1={},v1={good},v9=x", "0".repeat(64)), Ok(())),
            (format!("t={},v1={}", NOW - 300, at(NOW - 300, "whsec_new")), Ok(())),
            (format!("t={},v1={}", NOW - 301, at(NOW - 301, "whsec_new")), Err("signature_expired")),
            (format!("t={},v1={}", NOW + 9_999, at(NOW + 9_999, "whsec_new")), Ok(())),
            (format!("t={NOW},v1={}", at(NOW, "whsec_foreign")), Err("invalid_signature")),
            (format!("t={NOW},v0={good}"), Err("invalid_signature")),
            (format!("t={NOW},v1={}", good.to_uppercase()), Err("invalid_signature")),
            (format!("t={NOW}, v1={good}"), Err("invalid_signature")),
            (format!("t={NOW},v1="), Err("invalid_signature")),
            (format!("t={NOW},v1={good}00"), Err("invalid_signature")),
            (format!("t=,v1={good}"), Err("invalid_signature")),
            (format!("t=+{NOW},v1={good}"), Err("invalid_signature")),
            (format!("v1={good}"), Err("invalid_signature")),
            (format!("t={},v1={good}", NOW + 1), Err("invalid_signature")),
            (String::new(), Err("invalid_signature")),
        ] {
            assert_eq!(check(BODY, Some(&header)), expected.map_err(str::to_owned), "{header}");
        }
        assert_eq!(check(b"{\"id\":\"evt_2\"}", Some(&format!("t={NOW},v1={good}"))), Err("invalid_signature".to_owned()));
        assert_eq!(check(BODY, None), Err("missing_signature".to_owned()));
    }

    #[test]
    fn empty_and_binary_bodies_are_refused_even_when_signed() {
        for body in [&b""[..], &[0xff, 0xfe]] {
            let header = format!("t={NOW},v1={}", sign(NOW, body, "whsec_new"));
            assert_eq!(check(body, Some(&header)), Err("invalid_signature".to_owned()));
        }
    }

    #[test]
    fn without_secrets_nothing_passes() {
        let header = format!("t={NOW},v1={}", sign(NOW, BODY, ""));
        assert_eq!(verify(BODY, Some(&header), &[], Millis(NOW * 1_000)).expect_err("no secret").code(), "invalid_signature");
    }
}
