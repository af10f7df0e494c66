//! Time, time zones, randomness and the tables of international domains: the only file that asks the host for them.
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

/// The clocks of a time zone.
pub(crate) struct Clocks {
    format: js_sys::Function,
}

/// The clocks of the zone of this name (IANA); `None` where the host knows none.
pub(crate) fn clocks(zone: &str) -> Option<Clocks> {
    use js_sys::{Array, Function, Object, Reflect};
    use wasm_bindgen::{JsCast, JsValue};
    let options = Object::new();
    for (name, value) in [("timeZone", zone), ("timeZoneName", "longOffset")] {
        Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    let get = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok();
    let class: Function = get(&get(&js_sys::global(), "Intl")?, "DateTimeFormat")?.dyn_into().ok()?;
    let made = Reflect::construct(&class, &Array::of2(&"en-US".into(), &options)).ok()?; // it throws what it does not know
    Some(Clocks { format: get(&made, "format")?.dyn_into().ok()? })
}

impl Clocks {
    /// How far east of UTC they stand at `at`.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits")]
    pub(crate) fn offset(&self, at: Millis) -> upcue_engine::time::DurationMs {
        let told = self.format.call1(&wasm_bindgen::JsValue::UNDEFINED, &(at.0 as f64).into()).ok();
        told.and_then(|told| crate::zones::read_offset(&told.as_string()?)).unwrap_or(0)
    }
}

/// A domain of any script in ASCII (UTS 46, as browsers have it); `None` where it is no domain. The host's `URL` knows how:
/// the tables would be 74 kB of the Worker.
pub(crate) fn ascii_domain(domain: &str) -> Option<String> {
    use js_sys::{Array, Function, Reflect};
    use wasm_bindgen::JsCast;
    if domain.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.')) {
        return None; // what would be another part of an address of the web
    }
    let class: Function = Reflect::get(&js_sys::global(), &"URL".into()).ok()?.dyn_into().ok()?;
    let url = Reflect::construct(&class, &Array::of1(&format!("http://{domain}/").into())).ok()?; // it throws what it does not know
    Reflect::get(&url, &"hostname".into()).ok()?.as_string()
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
