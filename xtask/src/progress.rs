//! What the person at the terminal sees. All of it goes to stderr: stdout is for results.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Announces a step, runs it, and says how long it took.
pub(crate) fn step<T>(label: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("• {label}");
    let started = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "done in" } else { "failed after" };
    eprintln!("  {outcome} {}", seconds(started.elapsed()));
    result
}

pub(crate) fn note(message: &str) {
    eprintln!("  {message}");
}

pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

pub(crate) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
