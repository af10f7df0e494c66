//! Links in mails: signed with a key that only their app's object hands out, so that none can be guessed and none altered.
//!
//! A token is `base64url(version ‖ MAC ‖ wire(app, link))`. The app stands in it in the clear, so that the token finds its key;
//! nothing of it is believed before the MAC was compared. Whatever is wrong with a token, the answer is the same one: nobody
//! learns which apps, tenants or letters there are.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use upcue_engine::wire;
use worker::Env;

use super::directory::head;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::AppHead;

/// The first byte of every token; another layout takes another.
const VERSION: u8 = 1;
/// Bytes of the MAC that are kept: 128 bits.
const MAC: usize = 16;
/// What an address of the app's is told in its query: from which letter the user comes.
const VISIT: &str = "upcue";
/// The longest token that is looked at, and made.
const MAX_TOKEN: usize = 4_096;

/// The key that an app signs links with.
pub(crate) type LinkKey = [u8; 32];

/// Whose letter a link is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The tenant.
    pub(crate) tenant: String,
    /// The user's id, or [`OWNER`](upcue_engine::sequence::OWNER).
    pub(crate) recipient: String,
    /// The sequences that the letter belongs to: several where letters were merged.
    pub(crate) sequences: Vec<String>,
    /// The letter's id.
    pub(crate) letter: String,
}

wire! { struct Place { tenant, recipient, sequences, letter } }

/// What a link is for. A token for one purpose is none for another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Link {
    /// Leads to the page where mails are stopped.
    Unsubscribe {
        /// From which letter.
        from: Place,
        /// Whether a mail program that acts by itself stops all mails, and not only the letter's sequences.
        all: bool,
    },
    /// Leads to an address of the letter.
    Click {
        /// From which letter.
        from: Place,
        /// Where to.
        target: String,
    },
    /// Tells that a letter was opened, where an app asks for that.
    Open {
        /// Which letter.
        from: Place,
    },
}

wire! { enum Link { Unsubscribe { from, all }, Click { from, target }, Open { from } } }

impl Link {
    /// Signs the link of `app`; `None` where the token would be longer than any that is looked at.
    pub(crate) fn sign(&self, app: &str, key: &LinkKey) -> ApiResult<Option<String>> {
        let body = wire::encode(&(app.to_owned(), self.clone()));
        Ok(Some(seal(key, &body, &body)?).filter(|token| token.len() <= MAX_TOKEN))
    }
}

/// Reads a token and finds the app that signed it.
pub(crate) async fn open(env: &Env, token: &str) -> ApiResult<(AppHead, Link)> {
    let app = app_of(token).ok_or_else(unknown)?;
    let app = head(env, &app).await.map_err(|error| if error.code() == "unknown_app" { unknown() } else { error })?;
    let link = verify(token, &app.id, &app.link_key).ok_or_else(unknown)?;
    Ok((app, link))
}

/// The app that a token claims to come from. Nothing of it is to be believed before [`verify`].
fn app_of(token: &str) -> Option<String> {
    let (_, body) = split(token)?;
    Some(wire::decode::<(String, Link)>(&body)?.0)
}

/// The link that `app` has signed with `key`.
fn verify(token: &str, app: &str, key: &LinkKey) -> Option<Link> {
    let body = unseal(key, token)?;
    let (of, link) = wire::decode::<(String, Link)>(&body)?;
    (of == app).then_some(link)
}

/// From which letter a user came into the app: what `?upcue=` carries. It names the letter and nothing else; app and
/// tenant are those of the user who brings it, and go into the MAC.
pub(crate) fn sign_visit(app: &str, tenant: &str, letter: &str, key: &LinkKey) -> ApiResult<String> {
    seal(key, &visit(app, tenant, letter), &wire::encode(&letter.to_owned()))
}

/// An address of the app's, told from which letter the user comes.
pub(crate) fn with_visit(target: &str, visit: &str) -> String {
    let (address, fragment) = target.split_once('#').map_or((target, None), |(address, fragment)| (address, Some(fragment)));
    let joint = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{address}{joint}{VISIT}={visit}{fragment}")
}

/// The letter that a user of `tenant` came from.
pub(crate) fn verify_visit(token: &str, app: &str, tenant: &str, key: &LinkKey) -> Option<String> {
    let (sent, body) = split(token)?;
    let letter: String = wire::decode(&body)?;
    mac(key, &visit(app, tenant, &letter)).ok()?.verify_truncated_left(&sent).ok()?; // constant time
    Some(letter)
}

/// A keyed hash of something that is known no more: by it, who knows what it was finds it again. `of` keeps kinds apart.
pub(crate) fn hash_of(key: &LinkKey, of: &str, bytes: &[u8]) -> ApiResult<[u8; 32]> {
    Ok(mac(key, &wire::encode(&(of.to_owned(), bytes.to_vec())))?.finalize().into_bytes().into())
}

/// An address as the app's object knows it: a keyed hash, the same however the address is written.
pub(crate) fn address_hash(key: &LinkKey, address: &str) -> ApiResult<[u8; 32]> {
    Ok(mac(key, &wire::encode(&("/address".to_owned(), written_plainly(address))))?.finalize().into_bytes().into())
}

/// An address, the same however it is written. Providers name a domain of another script in ASCII.
pub(crate) fn written_plainly(address: &str) -> String {
    let address = address.trim().to_lowercase();
    let in_ascii = address.rsplit_once('@').filter(|(_, domain)| !domain.is_ascii());
    in_ascii.and_then(|(local, domain)| Some(format!("{local}@{}", crate::host::ascii_domain(domain)?))).unwrap_or(address)
}

/// What the MAC of a visit is of. The word at its head keeps it apart from links, whose bytes begin with an app's id.
fn visit(app: &str, tenant: &str, letter: &str) -> Vec<u8> {
    wire::encode(&(("/visit".to_owned(), app.to_owned()), (tenant.to_owned(), letter.to_owned())))
}

/// A token that carries `body`, with the MAC of what is `meant`.
fn seal(key: &LinkKey, meant: &[u8], body: &[u8]) -> ApiResult<String> {
    let mac = mac(key, meant)?.finalize().into_bytes();
    Ok(Base64UrlUnpadded::encode_string(&[&[VERSION], mac.get(..MAC).unwrap_or_default(), body].concat()))
}

fn unseal(key: &LinkKey, token: &str) -> Option<Vec<u8>> {
    let (sent, body) = split(token)?;
    mac(key, &body).ok()?.verify_truncated_left(&sent).ok()?; // constant time
    Some(body)
}

/// The MAC and what it is of.
fn split(token: &str) -> Option<([u8; MAC], Vec<u8>)> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let bytes = Base64UrlUnpadded::decode_vec(token).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (mac, body) = rest.split_first_chunk::<MAC>()?;
    (*version == VERSION).then(|| (*mac, body.to_vec()))
}

fn mac(key: &LinkKey, bytes: &[u8]) -> ApiResult<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| ApiError::new(Code::Internal, "every length of key is a key"))?;
    mac.update(bytes);
    Ok(mac)
}

/// The one answer to every token that is not ours.
pub(crate) fn unknown() -> ApiError {
    ApiError::new(Code::UnknownLink, "this link does not work; take it from the mail as it is, whole and unaltered")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use upcue_engine::ids::{MAX_ID_BYTES, MAX_NAME_BYTES};

    const KEY: LinkKey = [7; 32];

    fn place() -> Place {
        Place { tenant: "acme".to_owned(), recipient: "ada".to_owned(), sequences: vec!["quota".to_owned()], letter: "ltr_1".to_owned() }
    }

    fn links() -> [Link; 4] {
        [
            Link::Unsubscribe { from: place(), all: false },
            Link::Unsubscribe { from: place(), all: true },
            Link::Click { from: place(), target: "https://app.example/plans?x=1#y".to_owned() },
            Link::Open { from: place() },
        ]
    }

    #[test]
    fn a_token_comes_back_as_the_link_it_was_made_of() {
        for link in links() {
            let token = link.sign("demo", &KEY).expect("signed").expect("short");
            assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
            assert_eq!(app_of(&token).as_deref(), Some("demo"));
            assert_eq!(verify(&token, "demo", &KEY), Some(link));
        }
    }

    #[test]
    fn neither_another_key_nor_another_app_opens_it() {
        for link in links() {
            let token = link.sign("demo", &KEY).expect("signed").expect("short");
            assert_eq!(verify(&token, "demo", &[8; 32]), None);
            assert_eq!(verify(&token, "other", &KEY), None);
        }
    }

    #[test]
    fn the_visit_goes_between_query_and_fragment() {
        for (target, expected) in [
            ("https://app.example/plans", "https://app.example/plans?upcue=v"),
            ("https://app.example/plans?for=seats", "https://app.example/plans?for=seats&upcue=v"),
            ("https://app.example/#/plans", "https://app.example/?upcue=v#/plans"),
            ("https://app.example/x?y=1#z?w", "https://app.example/x?y=1&upcue=v#z?w"),
        ] {
            assert_eq!(with_visit(target, "v"), expected);
        }
    }

    #[test]
    fn the_longest_names_fit_into_a_header_and_a_target_that_does_not_fit_is_not_signed() {
        let long = |n: usize| "x".repeat(n);
        let from = Place {
            tenant: long(MAX_ID_BYTES),
            recipient: long(MAX_ID_BYTES),
            sequences: vec![long(50); 4],
            letter: format!("ltr_{}", long(32)),
        };
        let app = long(MAX_NAME_BYTES);
        let stop = Link::Unsubscribe { from: from.clone(), all: false }.sign(&app, &KEY).expect("signed").expect("short");
        assert!(stop.len() < 800, "{} of the 900 that a header takes", stop.len());
        let mut signed = 0;
        for length in [2_000, 2_500, 2_600, 3_000, 9_000] {
            let link = Link::Click { from: from.clone(), target: format!("https://app.example/{}", long(length)) };
            let token = link.sign(&app, &KEY).expect("signed");
            signed += usize::from(token.is_some());
            assert!(token.is_none_or(|token| verify(&token, &app, &KEY) == Some(link)), "{length}: what is signed can be opened");
        }
        assert!((1..5).contains(&signed), "{signed}: the bound was met");
    }

    #[test]
    fn a_visit_is_good_for_its_tenant_alone() {
        let token = sign_visit("demo", "acme", "ltr_1", &KEY).expect("signed");
        assert_eq!(verify_visit(&token, "demo", "acme", &KEY), Some("ltr_1".to_owned()));
        for (app, tenant, key) in [("other", "acme", KEY), ("demo", "evil", KEY), ("demo", "acme", [8; 32])] {
            assert_eq!(verify_visit(&token, app, tenant, &key), None, "{app} {tenant}");
        }
        assert_eq!(verify(&token, "demo", &KEY), None, "a visit is no link");
        for link in links() {
            assert_eq!(
                verify_visit(&link.sign("demo", &KEY).expect("signed").expect("short"), "demo", "acme", &KEY),
                None,
                "a link is no visit"
            );
        }
    }

    #[test]
    fn an_address_has_one_hash_in_each_app() {
        let hash = |key, address| address_hash(key, address).expect("hashed");
        assert_eq!(hash(&KEY, " Ada@Acme.Example"), hash(&KEY, "ada@acme.example"));
        assert_ne!(hash(&KEY, "ada@acme.example"), hash(&KEY, "bob@acme.example"));
        assert_ne!(hash(&KEY, "ada@acme.example"), hash(&[8; 32], "ada@acme.example"));
    }

    proptest! {
        #[test]
        fn a_token_altered_anywhere_is_none(at in any::<prop::sample::Index>(), bit in 0..8_u8, which in 0..4_usize) {
            let token = links()[which].sign("demo", &KEY).expect("signed").expect("short");
            let mut bytes = Base64UrlUnpadded::decode_vec(&token).expect("base64");
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(verify(&Base64UrlUnpadded::encode_string(&bytes), "demo", &KEY), None);
        }

        #[test]
        fn anything_else_is_none(text in "\\PC{0,80}") {
            prop_assert_eq!(app_of(&text).and_then(|app| verify(&text, &app, &KEY)), None);
        }
    }
}
