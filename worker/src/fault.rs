//! Faults on demand: points in the code where a test can have it fail or die. Without `dev-tools` they are nothing.

#[cfg(not(feature = "dev-tools"))]
#[expect(clippy::unnecessary_wraps, reason = "with dev-tools it fails")]
pub(crate) fn at(_: &str) -> crate::problem::ApiResult<()> {
    Ok(())
}

#[cfg(feature = "dev-tools")]
pub(crate) use armed::{Kind, arm, at};

#[cfg(feature = "dev-tools")]
mod armed {
    use std::sync::Mutex;

    use crate::problem::{ApiError, ApiResult, Code};

    /// What happens at a point.
    #[derive(Clone, Copy, Debug, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub(crate) enum Kind {
        /// The code dies, and everything in memory with it.
        Panic,
        /// The code fails.
        Error,
    }

    /// The point that is armed, once.
    static ARMED: Mutex<Option<(String, Kind)>> = Mutex::new(None);

    /// Has the next passage of `point` go wrong.
    pub(crate) fn arm(point: Option<(String, Kind)>) {
        if let Ok(mut armed) = ARMED.lock() {
            *armed = point;
        }
    }

    /// A point where things can be made to go wrong.
    pub(crate) fn at(point: &str) -> ApiResult<()> {
        let hit = ARMED.lock().ok().and_then(|mut armed| armed.take_if(|(name, _)| name == point));
        match hit {
            None => Ok(()),
            Some((_, Kind::Error)) => Err(ApiError::new(Code::Internal, format!("a fault was asked for at {point}"))),
            Some((_, Kind::Panic)) => crate::routes::dev::boom(),
        }
    }
}
