//! Fetches what the build needs and the machine lacks. Does nothing, quickly, when all is there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build::stamp::Stamp;
use crate::command;
use crate::progress::step;
use crate::project::Project;

const WASM_TARGET: &str = "wasm32-unknown-unknown";
const OLDEST_NODE: u32 = 20;
const CHROMIUM_NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

pub(crate) fn ensure(project: &Project) -> Result<()> {
    npm_packages(project)?;
    wasm_target()
}

/// Installs `node_modules` when the lock file has changed since the last time.
fn npm_packages(project: &Project) -> Result<()> {
    let modules = project.root.join("node_modules");
    let lock_file = project.root.join("package-lock.json");
    let stamp = Stamp::new(modules.join(".upcue-installed"), &[&lock_file], "npm ci")?;
    if stamp.is_fresh() && project.npm_bin().join("node").exists() {
        return Ok(());
    }
    if !newer(&modules.join(".package-lock.json"), &lock_file) {
        machine_node()?;
        step("Install the npm packages (about half a minute)", || {
            command::run(
                Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&project.root),
                "check the network and the npm registry, then run `cargo xtask setup` again",
            )
        })?;
    }
    project_node(project)?;
    stamp.write()
}

/// npm itself needs some Node; the project's own, newer one comes with the packages.
fn machine_node() -> Result<()> {
    let remedy = format!("install Node {OLDEST_NODE} or newer, with npm (https://nodejs.org)");
    let version = command::output(Command::new("node").arg("--version"), &remedy)?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
    if major.is_none_or(|major: u32| major < OLDEST_NODE) {
        bail!("Node {} is too old: {remedy}", version.trim());
    }
    command::output(Command::new("npm").arg("--version"), &remedy).map(drop)
}

fn project_node(project: &Project) -> Result<()> {
    command::output(
        project.tool("node").arg("--version"),
        "the npm package `node` is not complete: allow npm's install scripts (`npm config get ignore-scripts`), \
         delete node_modules and run `cargo xtask setup` again",
    )
    .map(drop)
}

fn wasm_target() -> Result<()> {
    let libraries = command::output(
        Command::new("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]),
        "install Rust with rustup (https://rustup.rs)",
    )?;
    if Path::new(libraries.trim()).exists() {
        return Ok(());
    }
    step("Add the wasm target to the Rust toolchain", || {
        command::run(
            Command::new("rustup").args(["target", "add", WASM_TARGET]),
            "without rustup, install your distribution's wasm32 standard library for rustc",
        )
    })
}

/// The browser for the tests: `CHROMIUM`, one on the machine, or (as root on Debian) a freshly installed one.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    if let Some(path) = find_chromium() {
        return Ok(path);
    }
    let remedy = "install Chromium, or set CHROMIUM to the path of a Chromium or Chrome binary";
    if !nix::unistd::Uid::effective().is_root() || on_path("apt-get").is_none() {
        bail!("no browser found: {remedy}");
    }
    step("Install Chromium for the browser tests (about a minute)", || {
        command::run(Command::new("apt-get").args(["update", "-qq"]), remedy)?;
        command::run(
            Command::new("apt-get")
                .args(["install", "-y", "-qq", "--no-install-recommends", "chromium"])
                .env("DEBIAN_FRONTEND", "noninteractive"),
            remedy,
        )
    })?;
    find_chromium().with_context(|| format!("apt-get installed no `chromium`: {remedy}"))
}

fn find_chromium() -> Option<PathBuf> {
    CHROMIUM_NAMES.iter().find_map(|name| on_path(name))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|candidate| candidate.is_file())
}

fn newer(file: &Path, than: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    matches!((modified(file), modified(than)), (Ok(file), Ok(than)) if file >= than)
}
