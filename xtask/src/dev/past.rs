//! The demo's past: 90 days of 300 customers, made once, by living through them on clocks that can be moved.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Saved;
use crate::build::worker;
use crate::progress::{note, step};
use crate::project::Project;
use crate::stack::Stack;
use crate::stack::ports::Ports;
use crate::stack::seed::{self, Example};

const DAYS: i64 = 90;

/// Makes the past of `example`, in a data directory that nothing is in yet.
pub(super) fn live(project: &Project, data: &Path, ports: Ports, saved: &mut Saved, example: &mut Example) -> Result<()> {
    {
        let _lock = project.build_lock()?;
        worker::build(project, worker::Flavour::Dev)?;
    }
    // The keys first: without them what was begun could not even be known for ours.
    saved.store(&data.join("dev.json"))?;
    // Until it is whole the directory is worth nothing: half a life is no example.
    fs::write(mark(data), "").with_context(|| format!("cannot write {}", mark(data).display()))?;
    note(&format!("the demo's customers live through {DAYS} days first; this is done once, and `--no-history` does without"));
    step("Live through the past", || {
        let stack = Stack::start_past(project, data, ports, &saved.operator_key)?;
        // A day before everybody else.
        seed::go_back(ports, &saved.operator_key, DAYS + 1)?;
        let (credentials, _) = saved.prepare_app(ports, &data.join("dev.json"))?;
        example.open(ports, &credentials)?;
        stack.live(project, &credentials, &saved.operator_key, &["--days", &DAYS.to_string()])?;
        stack.finish()
    })?;
    fs::remove_file(mark(data)).with_context(|| format!("cannot remove {}", mark(data).display()))
}

/// Whether that was broken off here.
pub(super) fn is_unfinished(data: &Path) -> bool {
    mark(data).exists()
}

fn mark(data: &Path) -> PathBuf {
    data.join("unfinished")
}
