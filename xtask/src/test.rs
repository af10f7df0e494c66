//! Everything CI runs, in the order in which it fails soonest.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::build::{self, sdk, worker, www};
use crate::progress::{self, note, step};
use crate::project::{Project, text};
use crate::{command, setup, size, tidy};

/// Crates that run as wasm. They are linted for that target, where all of their code is.
const WASM_CRATES: [&str; 2] = ["upcue-worker", "upcue-sdk"];
const NODE_TESTS_AT_ONCE: &str = "--test-concurrency=1";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only what needs neither bundles nor a browser: rules, format, lints, Rust tests.
    #[arg(long)]
    quick: bool,
    /// Run only Rust tests and test files with this in their name, and no other checks.
    filter: Option<String>,
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let mut summary = Summary::default();
    let outcome = run_steps(project, options, &mut summary);
    summary.print(outcome.is_ok());
    outcome
}

fn run_steps(project: &Project, options: &Options, summary: &mut Summary) -> Result<()> {
    summary.time("setup", || setup::ensure(project))?;
    if options.filter.is_none() {
        summary.time("tidy", || tidy::run(project))?;
        summary.time("fmt", || format(project))?;
        summary.time("clippy", || lint(project))?;
    }
    let filter = options.filter.as_deref();
    summary.time("cargo test", || rust_tests(project, filter))?;
    if options.quick {
        return Ok(());
    }
    let files = test_files(project, filter)?;
    if filter.is_some() && files.is_empty() {
        note("no test file under tests/ has that in its name");
        return Ok(());
    }
    summary.time("build", || build_all(project))?;
    if filter.is_none() {
        summary.time("size", || step("Measure the bundles", || size::run(project)))?;
    }
    summary.time("node tests", || node_tests(project, &files))
}

fn format(project: &Project) -> Result<()> {
    step("Check the format", || command::run(project.cargo().args(["fmt", "--all", "--check"]), "run `cargo fmt`"))
}

fn lint(project: &Project) -> Result<()> {
    let remedy = "mend what clippy names above";
    step("Lint the native crates", || {
        let mut clippy = project.cargo();
        clippy.args(["clippy", "--workspace", "--all-targets"]);
        for name in WASM_CRATES {
            clippy.args(["--exclude", name]);
        }
        command::run(clippy.args(["--", "-D", "warnings"]), remedy)
    })?;
    for (name, features) in [("upcue-sdk", "--all-features"), ("upcue-worker", "--no-default-features"), ("upcue-worker", "--all-features")]
    {
        step(&format!("Lint {name} for wasm ({features})"), || {
            let mut clippy = project.cargo();
            clippy.args(["clippy", "--package", name, "--target=wasm32-unknown-unknown", features]);
            command::run(clippy.args(["--", "-D", "warnings"]), remedy)
        })?;
    }
    Ok(())
}

fn rust_tests(project: &Project, filter: Option<&str>) -> Result<()> {
    let remedy = "run the failing test alone: `cargo test -p <crate> <name>`";
    step("Run the Rust tests", || {
        command::run(project.cargo().args(["test", "--workspace", "--exclude=xtask", "--quiet"]).args(filter), remedy)?;
        // By itself, because together with the others its dependencies would be compiled anew with their features.
        command::run(project.cargo().args(["test", "--package=xtask", "--quiet"]).args(filter), remedy)
    })
}

fn build_all(project: &Project) -> Result<()> {
    let _lock = project.build_lock()?;
    sdk::build(project)?;
    www::build(project)?;
    worker::build(project, worker::Flavour::Release)?;
    worker::build(project, worker::Flavour::Dev)?;
    build::native(project)
}

fn node_tests(project: &Project, files: &[PathBuf]) -> Result<()> {
    if files.is_empty() {
        note("tests/ holds no *.test.mjs yet");
        return Ok(());
    }
    let chromium = setup::chromium()?;
    step(&format!("Run {} end-to-end test files", files.len()), || {
        command::run(
            project
                .tool("node")
                .args(["--test", NODE_TESTS_AT_ONCE, "--test-reporter=spec"])
                .args(files)
                .env("UPCUE_STACK", stack(project)?)
                .env("STRIPE_SANDBOX_BIN", project.binary("stripe-sandbox"))
                .env("CHROMIUM", &chromium),
            "run the failing file alone: `cargo xtask test <part of its name>`",
        )
    })
}

/// Where the tests find what was built: they start, kill and restart it themselves.
fn stack(project: &Project) -> Result<String> {
    let xtask = env::current_exe().context("cannot find the xtask binary itself")?;
    Ok(json!({
        "xtask": text(&xtask)?,
        "workerd": text(&project.npm_bin().join("workerd"))?,
        "worker": text(&worker::Flavour::Release.directory(project))?,
        "worker_dev": text(&worker::Flavour::Dev.directory(project))?,
        "stripe_sandbox": text(&project.binary("stripe-sandbox"))?,
        "demo_backend": text(&project.binary("demo-backend"))?,
        "www": text(&www::directory(project))?,
        "sdk": text(&sdk::package(project))?,
        "bench": text(&project.target.join("bench"))?,
    })
    .to_string())
}

/// All `*.test.mjs` below tests/, in a steady order.
fn test_files(project: &Project, filter: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(&project.root.join("tests"), &mut files)?;
    files.sort();
    if let Some(filter) = filter {
        files.retain(|file| file.strip_prefix(&project.root).unwrap_or(file).to_string_lossy().contains(filter));
    }
    Ok(files)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("node_modules") {
            collect(&path, files)?;
        } else if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    Ok(())
}

/// How long each part took.
#[derive(Debug, Default)]
struct Summary {
    parts: Vec<(&'static str, Duration)>,
}

impl Summary {
    fn time<T>(&mut self, part: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let result = work();
        self.parts.push((part, started.elapsed()));
        result.with_context(|| format!("`{part}` failed"))
    }

    fn print(&self, passed: bool) {
        let parts: Vec<String> = self.parts.iter().map(|(part, took)| format!("{part} {}", progress::seconds(*took))).collect();
        let total: Duration = self.parts.iter().map(|(_, took)| *took).sum();
        let verdict = if passed { "All passed" } else { "Failed" };
        eprintln!("{verdict} in {}: {}", progress::seconds(total), parts.join(", "));
    }
}
