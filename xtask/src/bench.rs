//! Benchmarks: our figures beside their references, from one run, into target/bench.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use crate::build::stamp::Stamp;
use crate::build::{sdk, worker};
use crate::progress::{note, step};
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

/// Something a benchmark needs before it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// The Worker and the Stripe sandbox, as they are shipped.
    Stack,
    /// The npm package.
    Sdk,
    /// A browser.
    Chromium,
    /// The libraries of others.
    Peers,
    /// A program of the engine's examples.
    Example(&'static str),
}

/// What the benchmark of this name needs; those not listed measure the stack.
fn needs(name: &str) -> &'static [Need] {
    match name {
        "backtest" => &[Need::Stack, Need::Example("backtest")],
        "decide" | "start" => &[Need::Sdk, Need::Chromium, Need::Peers, Need::Example("snapshot")],
        "moment" => &[Need::Stack, Need::Sdk, Need::Chromium],
        "wire" => &[Need::Sdk, Need::Peers],
        _ => &[Need::Stack],
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    setup::ensure(project)?;
    let scripts = scripts(project, options.name.as_deref())?;
    let needed: Vec<Need> = scripts.iter().flat_map(|script| needs(&name(script))).copied().collect();
    build(project, &needed)?;
    let chromium = needed.contains(&Need::Chromium).then(setup::chromium).transpose()?;
    // All are run, whichever fails: a figure that is missed says nothing of the others.
    let mut failed = Vec::new();
    for script in &scripts {
        let name = name(script);
        let measured = step(&format!("Measure `{name}`"), || {
            let mut node = project.tool("node");
            node.arg(script).env("UPCUE_STACK", stack(project)?).env("UPCUE_BENCH_QUICK", if options.quick { "1" } else { "0" });
            if let Some(chromium) = &chromium {
                node.env("CHROMIUM", chromium);
            }
            command::run(&mut node, "its figures or its error are above; other work on this machine slows it down")
        });
        if let Err(error) = measured {
            if scripts.len() == 1 || command::interrupted() {
                return Err(error);
            }
            note(&format!("{error}"));
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("these benchmarks failed or missed a figure: {}", failed.join(", "));
    }
    Ok(())
}

/// As everything is shipped: figures of a debug build say nothing.
fn build(project: &Project, needed: &[Need]) -> Result<()> {
    let _lock = project.build_lock()?;
    if needed.contains(&Need::Peers) {
        peers(project)?;
    }
    if needed.contains(&Need::Sdk) {
        sdk::build(project)?;
    }
    if needed.contains(&Need::Stack) {
        worker::build(project, worker::Flavour::Release)?;
        step("Compile the Stripe sandbox (profile release)", || {
            command::run(project.cargo().args(["build", "--release", "--package=stripe-sandbox"]), "mend what the compiler names above")
        })?;
    }
    let examples: BTreeSet<&str> =
        needed.iter().filter_map(|need| if let Need::Example(example) = need { Some(*example) } else { None }).collect();
    if examples.is_empty() {
        return Ok(());
    }
    step("Compile the engine's own programs (profile release)", || {
        let mut cargo = project.cargo();
        cargo.args(["build", "--release", "--package=upcue-engine", "--features=edge"]);
        command::run(cargo.args(examples.iter().map(|example| format!("--example={example}"))), "mend what the compiler names above")
    })
}

/// Installs the libraries that we are measured against. Nothing else needs them, so they have a lock of their own.
fn peers(project: &Project) -> Result<()> {
    let directory = project.root.join("tests/bench");
    let modules = directory.join("node_modules");
    let stamp = Stamp::new(modules.join(".upcue-installed"), &[&directory.join("package-lock.json")], "npm ci")?;
    if stamp.is_fresh() {
        return Ok(());
    }
    step("Install the libraries to measure against, into tests/bench/node_modules", || {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&directory).env("PATH", project.path());
        command::run(&mut npm, "check the network and the npm registry, then run the benchmark again")
    })?;
    stamp.write()
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
        "sdk": text(&sdk::package(project))?,
        "snapshot": text(&project.target.join("release/examples/snapshot"))?,
        "native_backtest": text(&project.target.join("release/examples/backtest"))?,
        "bench": text(&project.target.join("bench"))?,
    })
    .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_benchmark_does_not_use_is_not_built_for_it() {
        assert_eq!(needs("upgrade"), [Need::Stack]);
        assert!(!needs("decide").contains(&Need::Stack));
        assert!(!needs("backtest").contains(&Need::Peers));
    }
}
