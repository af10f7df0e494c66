//! Where an app has its messages sent.

use serde::{Deserialize, Serialize};

use super::delivery::{Answer, Verdict};
use crate::time::{DAY, DurationMs, Millis};
use crate::wire;

/// An endpoint that has taken nothing for so long is given up.
pub const PATIENCE: DurationMs = 5 * DAY;
/// The most secrets that sign at once.
pub const MAX_SECRETS: usize = 5;

/// What deliveries are signed with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Its name, which is no secret.
    pub id: String,
    /// The key of the MAC.
    pub key: [u8; 32],
    /// When it was made.
    pub created_at: Millis,
    /// Until when it signs; `None`: it is the present one.
    pub expires_at: Option<Millis>,
}

wire! { struct Secret { id, key, created_at, expires_at } }

/// Where an app has its messages sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `ep_…`
    pub id: String,
    /// The address.
    pub url: String,
    /// What is sent; `*` stands for all.
    pub events: Vec<String>,
    /// Why nothing is sent any more; `None`: it is.
    pub disabled: Option<String>,
    /// When it was registered.
    pub created_at: Millis,
    /// Since when no attempt has succeeded; `None`: the last one did, or there was none.
    pub failing_since: Option<Millis>,
    /// The present secret first.
    pub secrets: Vec<Secret>,
}

wire! { struct Endpoint { id, url, events, disabled, created_at, failing_since, secrets } }

impl Endpoint {
    /// Whether events of this kind are sent there.
    pub fn wants(&self, kind: &str) -> bool {
        self.disabled.is_none() && self.events.iter().any(|event| event == "*" || event == kind)
    }

    /// Takes in what an attempt that began at `at` brought; answers whether the endpoint was given up with it.
    pub fn settle(&mut self, at: Millis, answer: &Answer) -> bool {
        if self.disabled.is_some() {
            return false;
        }
        let words = answer.words().unwrap_or_default();
        match answer.verdict() {
            Verdict::Delivered => self.failing_since = None,
            Verdict::Gone => {
                self.failing_since.get_or_insert(at);
                self.disabled = Some(words);
            }
            Verdict::Again => {
                let since = *self.failing_since.get_or_insert(at);
                if at.since(since) >= PATIENCE {
                    self.disabled = Some(format!("every attempt of the last {} days failed; the last one: {words}", PATIENCE / DAY));
                }
            }
        }
        self.disabled.is_some()
    }

    /// Has it called again, as if it had never failed.
    pub fn enable(&mut self) {
        self.disabled = None;
        self.failing_since = None;
    }

    /// Puts a new secret in the place of the present one, which goes on signing beside it for `overlap`. `false`: there are too many.
    pub fn rotate(&mut self, secret: Secret, overlap: DurationMs, now: Millis) -> bool {
        let until = now.plus(overlap);
        for old in &mut self.secrets {
            old.expires_at = Some(old.expires_at.map_or(until, |at| at.min(until)));
        }
        self.forget(now);
        if self.secrets.len() >= MAX_SECRETS {
            return false;
        }
        self.secrets.insert(0, secret);
        true
    }

    /// Drops secrets that do not sign any more.
    pub fn forget(&mut self, now: Millis) {
        self.secrets.retain(|secret| secret.expires_at.is_none_or(|at| now < at));
    }

    /// The keys that sign at `now`, the present one first.
    pub fn keys(&self, now: Millis) -> impl Iterator<Item = &[u8; 32]> {
        self.secrets.iter().filter(move |secret| secret.expires_at.is_none_or(|at| now < at)).map(|secret| &secret.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    const NOW: Millis = Millis(1_750_000_000_000);

    fn answered(status: u16) -> Answer {
        Answer { status: Some(status), ..Answer::default() }
    }

    fn secret(id: u8) -> Secret {
        Secret { id: id.to_string(), key: [id; 32], created_at: NOW, expires_at: None }
    }

    #[test]
    fn an_endpoint_is_given_up_after_five_days_without_a_success_or_at_its_word() {
        for (attempts, failing_since, disabled) in [
            (vec![(0, 500)], Some(0), None),
            (vec![(0, 500), (5 * DAY - 1, 503)], Some(0), None),
            (vec![(0, 500), (5 * DAY, 503)], Some(0), Some("every attempt of the last 5 days failed; the last one: answered 503")),
            (vec![(0, 500), (DAY, 204), (6 * DAY, 500)], Some(6 * DAY), None),
            (vec![(0, 500), (DAY, 200)], None, None),
            (vec![(7, 410)], Some(7), Some("answered 410: it wants no messages any more")),
            (vec![(7, 410), (8, 200)], Some(7), Some("answered 410: it wants no messages any more")),
        ] {
            let mut endpoint = Endpoint::default();
            let ended = attempts.iter().filter(|(at, status)| endpoint.settle(NOW.plus(*at), &answered(*status))).count();
            assert_eq!(endpoint.failing_since.map(|at| at.since(NOW)), failing_since, "{attempts:?}");
            assert_eq!(endpoint.disabled.as_deref(), disabled, "{attempts:?}");
            assert_eq!(ended, usize::from(disabled.is_some()), "told once: {attempts:?}");
        }
    }

    #[test]
    fn an_endpoint_hears_what_it_asked_for_while_it_is_enabled() {
        let mut endpoint = Endpoint { events: vec!["signal.detected".to_owned()], ..Endpoint::default() };
        assert_eq!((endpoint.wants("signal.detected"), endpoint.wants("segment.left")), (true, false));
        endpoint.events = vec!["*".to_owned()];
        assert!(endpoint.wants("segment.left"));
        endpoint.settle(NOW, &answered(410));
        assert!(!endpoint.wants("segment.left"));
        endpoint.enable();
        assert!(endpoint.wants("segment.left") && endpoint.failing_since.is_none());
    }

    #[test]
    fn old_and_new_secrets_sign_until_the_overlap_is_over() {
        let mut endpoint = Endpoint { secrets: vec![secret(1)], ..Endpoint::default() };
        let keys = |endpoint: &Endpoint, at| endpoint.keys(NOW.plus(at)).map(|key| key[0]).collect::<Vec<_>>();
        assert!(endpoint.rotate(secret(2), DAY, NOW));
        assert_eq!((keys(&endpoint, 0), keys(&endpoint, DAY - 1), keys(&endpoint, DAY)), (vec![2, 1], vec![2, 1], vec![2]));
        assert!(endpoint.rotate(secret(3), 3 * DAY, NOW.plus(HOUR)));
        assert_eq!((keys(&endpoint, HOUR), keys(&endpoint, DAY)), (vec![3, 2, 1], vec![3, 2]), "no secret lives longer for it");
        assert!(endpoint.rotate(secret(4), 0, NOW.plus(2 * HOUR)));
        assert_eq!(keys(&endpoint, 2 * HOUR), [4], "a secret that is known to others is dropped at once");
    }

    #[test]
    fn only_so_many_secrets_sign_at_once() {
        let mut endpoint = Endpoint { secrets: vec![secret(0)], ..Endpoint::default() };
        for id in 1..5 {
            assert!(endpoint.rotate(secret(id), DAY, NOW));
        }
        assert!(!endpoint.rotate(secret(9), DAY, NOW));
        assert_eq!(endpoint.secrets.len(), MAX_SECRETS);
        assert!(endpoint.rotate(secret(9), DAY, NOW.plus(DAY)), "the old ones have run out");
    }
}
