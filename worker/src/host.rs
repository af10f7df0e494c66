//! Time and randomness: the only file that asks the host for them.
#![expect(clippy::disallowed_methods, reason = "this is the place they are disallowed everywhere else for")]

use upcue_engine::time::Millis;

/// The Worker's clock. It stands still between two I/O operations, so a request that does none sees one moment.
pub(crate) fn now() -> Millis {
    Millis(clock::read())
}

/// The moment `ms` from now by the host's own clock, which is the one alarms go by.
#[expect(clippy::cast_precision_loss, reason = "delays are short")]
pub(crate) fn alarm_in(ms: i64) -> js_sys::Date {
    js_sys::Date::new(&(js_sys::Date::now() + ms as f64).into())
}

/// Random bytes from the host's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A name that nobody can guess and nobody else has: 20 letters, digits, `-` and `_`.
pub(crate) fn name() -> Result<String, getrandom::Error> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    Ok(Base64UrlUnpadded::encode_string(&random::<15>()?))
}

mod clock {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit into 53 bits")]
    fn host() -> i64 {
        js_sys::Date::now() as i64
    }

    #[cfg(not(feature = "dev-tools"))]
    pub(super) fn read() -> i64 {
        host()
    }

    #[cfg(feature = "dev-tools")]
    pub(super) fn read() -> i64 {
        host() + OFFSET.load(std::sync::atomic::Ordering::Relaxed)
    }

    #[cfg(feature = "dev-tools")]
    pub(super) static OFFSET: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
}

/// Moves the clock of this process by `ms` against the host's.
#[cfg(feature = "dev-tools")]
pub(crate) fn set_offset(ms: i64) {
    clock::OFFSET.store(ms, std::sync::atomic::Ordering::Relaxed);
}
