//! Benchmarks: our figures beside their references, from one run, into target/bench.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use crate::build::worker;
use crate::progress::step;
use crate::project::{Project, text};
use crate::{command, setup};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run only the benchmark of this name: one of tests/bench/*.mjs.
    name: Option<String>,
    /// Measure less, where a benchmark can: to see that it works. Its figures say little.
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    setup::ensure(project)?;
    let scripts = scripts(project, options.name.as_deref())?;
    build(project)?;
    for script in &scripts {
        let name = name(script);
        step(&format!("Measure `{name}`"), || {
            let mut node = project.tool("node");
            node.arg(script).env("UPCUE_STACK", stack(project)?).env("UPCUE_BENCH_QUICK", if options.quick { "1" } else { "0" });
            command::run(&mut node, "its figures or its error are above; other work on this machine slows it down")
        })?;
    }
    Ok(())
}

/// Both as they are shipped: figures of a debug build say nothing.
fn build(project: &Project) -> Result<()> {
    let _lock = project.build_lock()?;
    worker::build(project, worker::Flavour::Release)?;
    step("Compile the Stripe sandbox (profile release)", || {
        command::run(project.cargo().args(["build", "--release", "--package=stripe-sandbox"]), "mend what the compiler names above")
    })?;
    step("Compile the engine's own back-test (profile release)", || {
        let words = ["build", "--release", "--package=upcue-engine", "--features=edge", "--example=backtest"];
        command::run(project.cargo().args(words), "mend what the compiler names above")
    })
}

fn scripts(project: &Project, wanted: Option<&str>) -> Result<Vec<PathBuf>> {
    let directory = project.root.join("tests/bench");
    let mut all = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))? {
        all.push(entry?.path());
    }
    all.retain(|path| path.extension().is_some_and(|extension| extension == "mjs"));
    all.sort();
    let Some(wanted) = wanted else { return Ok(all) };
    let chosen: Vec<PathBuf> = all.iter().filter(|path| name(path) == wanted).cloned().collect();
    if chosen.is_empty() {
        let names: Vec<String> = all.iter().map(|path| name(path)).collect();
        bail!("there is no benchmark `{wanted}`; there is {}", names.join(", "));
    }
    Ok(chosen)
}

fn name(script: &Path) -> String {
    script.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where the benchmarks find what was built, as tests/support/stack.mjs reads it.
fn stack(project: &Project) -> Result<String> {
    let xtask = env::current_exe().context("cannot find the xtask binary itself")?;
    Ok(json!({
        "xtask": text(&xtask)?,
        "stripe_sandbox": text(&project.target.join("release/stripe-sandbox"))?,
        "native_backtest": text(&project.target.join("release/examples/backtest"))?,
        "bench": text(&project.target.join("bench"))?,
    })
    .to_string())
}
