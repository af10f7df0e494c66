//! How many requests are taken in a second: of a key, of a tenant's pages, of an address. Beyond it they are told to come again.
//!
//! Each isolate counts for itself, in memory: a limit costs no call and no row, and holds for what one isolate is asked. It keeps a
//! runaway client from everybody's way; it is no quota. The numbers are high, and a deployment lowers them by the variable
//! `RATE_LIMITS`, as in `key=500/2000 tenant=50/500 address=20/200`: so many in a second for long, so many at once.

use std::cell::RefCell;

use upcue_engine::map::Map;
use upcue_engine::time::{Millis, SECOND};
use worker::Env;

use crate::host;
use crate::problem::{ApiError, ApiResult, Code};

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// One secret key.
    Key,
    /// All users of one tenant.
    Tenant,
    /// One address of the network, whoever is there.
    Address,
}

/// Requests in a second for long, and at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) each_second: i64,
    pub(crate) at_once: i64,
}

/// The limits, in the order of [`Of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rates(pub(crate) [Rate; 3]);

/// Those of a deployment that sets none.
pub(crate) const USUAL: Rates = Rates([
    Rate { each_second: 10_000, at_once: 20_000 },
    Rate { each_second: 1_000, at_once: 20_000 },
    Rate { each_second: 1_000, at_once: 20_000 },
]);
/// The variable that sets others.
const VARIABLE: &str = "RATE_LIMITS";
/// So many are counted at a time; beyond it all begin anew.
const MOST: usize = 10_000;

/// What is left of what may come at once, in thousandths of a request, as of a moment.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: i64,
    at: Millis,
}

thread_local! {
    static RATES: RefCell<Option<Rates>> = const { RefCell::new(None) };
    static BUCKETS: RefCell<Map<Bucket>> = const { RefCell::new(Map::new()) };
}

/// Takes a request in, or refuses it.
pub(crate) fn admit(env: &Env, of: Of, name: &str) -> ApiResult<()> {
    let set = || env.var(VARIABLE).ok().and_then(|text| read(&text.to_string()));
    let Rates(rates) = RATES.with_borrow_mut(|known| *known.get_or_insert_with(|| set().unwrap_or(USUAL)));
    let (word, rate) = match (of, rates) {
        (Of::Key, [rate, ..]) => ("key", rate),
        (Of::Tenant, [_, rate, _]) => ("tenant", rate),
        (Of::Address, [.., rate]) => ("address", rate),
    };
    let now = host::now();
    let is_in = BUCKETS.with_borrow_mut(|buckets| {
        if buckets.len() >= MOST {
            buckets.clear();
        }
        take(buckets.entry(&format!("{word} {name}"), || Bucket { left: rate.at_once * SECOND, at: now }), rate, now)
    });
    if is_in {
        return Ok(());
    }
    let detail = format!("more than {} requests a second of this {word}; wait a second, and send events in batches", rate.each_second);
    Err(ApiError::new(Code::TooManyRequests, detail).finer("rate_limited"))
}

/// Has other limits hold from now on.
#[cfg(feature = "dev-tools")]
pub(crate) fn set(text: &str) -> Option<Rates> {
    let rates = read(text)?;
    RATES.set(Some(rates));
    BUCKETS.with_borrow_mut(Map::clear);
    Some(rates)
}

/// Takes one request out of a bucket, which fills with time.
fn take(bucket: &mut Bucket, rate: Rate, now: Millis) -> bool {
    let filled = bucket.left.saturating_add(now.since(bucket.at).max(0).saturating_mul(rate.each_second));
    *bucket = Bucket { left: filled.min(rate.at_once.saturating_mul(SECOND)), at: now };
    let is_in = bucket.left >= SECOND;
    if is_in {
        bucket.left -= SECOND;
    }
    is_in
}

/// Limits as they are written; those that are not named are as usual, and what cannot be read is none at all.
fn read(text: &str) -> Option<Rates> {
    let Rates([mut key, mut tenant, mut address]) = USUAL;
    for part in text.split_whitespace() {
        let (word, numbers) = part.split_once('=')?;
        let (each_second, at_once) = numbers.split_once('/')?;
        let rate = Rate { each_second: each_second.parse().ok()?, at_once: at_once.parse().ok()? };
        if rate.each_second < 1 || rate.at_once < 1 {
            return None;
        }
        match word {
            "key" => key = rate,
            "tenant" => tenant = rate,
            "address" => address = rate,
            _ => return None,
        }
    }
    Some(Rates([key, tenant, address]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_so_many_a_second() {
        let rate = Rate { each_second: 2, at_once: 3 };
        let mut bucket = Bucket { left: 3 * SECOND, at: Millis(0) };
        for (at, expected) in [
            (0, true),
            (0, true),
            (0, true),
            (0, false),
            (499, false),
            (500, true),
            (500, false),
            (1_000, true),
            (900, false), // the clock was turned back
            (60_000, true),
            (60_000, true),
            (60_000, true),
            (60_000, false), // however long it was quiet
        ] {
            assert_eq!(take(&mut bucket, rate, Millis(at)), expected, "at {at}");
        }
    }

    #[test]
    fn limits_are_read_as_they_are_written() {
        let Rates([key, tenant, address]) = read("tenant=5/10 key=1/1").expect("limits");
        let usual = USUAL.0[2];
        assert_eq!((key.each_second, key.at_once, tenant.each_second, tenant.at_once, address), (1, 1, 5, 10, usual));
        assert_eq!(read(""), Some(USUAL));
        for text in ["key", "key=1", "key=0/1", "key=1/0", "keys=1/1", "key=a/b"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
