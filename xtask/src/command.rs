//! Runs tools, and stops them when the person at the terminal asks to.

use std::io::stderr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::progress;

const POLL: Duration = Duration::from_millis(10);
const HEARTBEAT: Duration = Duration::from_secs(20);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C and SIGTERM raise a flag that every wait looks at.
pub(crate) fn listen_for_interrupts() {
    let installed = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
    if let Err(error) = installed {
        progress::note(&format!("Ctrl-C will not stop the sub-processes: {error}"));
    }
}

pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Runs a tool to its end with its output on our stderr. `remedy` tells what to do when it fails.
pub(crate) fn run(command: &mut Command, remedy: &str) -> Result<()> {
    let name = name_of(command);
    let mut child = command.stdin(Stdio::null()).stdout(stderr()).spawn().with_context(|| format!("cannot start {name}: {remedy}"))?;
    let started = Instant::now();
    let mut next_beat = HEARTBEAT;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if interrupted() {
            child.kill()?;
            child.wait()?;
            bail!("{name} was stopped");
        }
        if started.elapsed() > next_beat {
            progress::note(&format!("… {name} has been running for {}", progress::seconds(started.elapsed())));
            next_beat += HEARTBEAT;
        }
        sleep(POLL);
    };
    if !status.success() {
        bail!("{name} failed ({status}): {remedy}");
    }
    Ok(())
}

/// Runs a tool and returns what it wrote to stdout.
pub(crate) fn output(command: &mut Command, remedy: &str) -> Result<String> {
    let name = name_of(command);
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {name}: {remedy}"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): {remedy}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{name} wrote something that is not UTF-8"))
}

/// The tool and its first argument: `cargo build`, `npm ci`.
fn name_of(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    match command.get_args().next().map(|argument| argument.to_string_lossy()) {
        Some(verb) if !verb.starts_with('-') && !verb.contains('/') => format!("{program} {verb}"),
        _ => program.into_owned(),
    }
}
