//! The project's chores: `cargo xtask --help` lists them.

mod bench;
mod build;
mod command;
mod deploy;
mod dev;
mod fuzz_api;
mod progress;
mod project;
mod setup;
mod size;
mod stack;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;

/// Builds, runs, tests and measures Upcue.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Fetch what the other tasks need: npm packages and the wasm target.
    Setup,
    /// Build one part, or everything when none is named.
    Build {
        #[command(subcommand)]
        part: Option<build::Part>,
    },
    /// Run the whole product on this machine: Worker, Stripe sandbox and demo app.
    Dev(dev::Options),
    /// Check and test everything, as CI does.
    Test(test::Options),
    /// Measure the bundles against their budgets.
    Size,
    /// Measure speed beside its reference, with everything built as it is shipped.
    Bench(bench::Options),
    /// Ship Worker, pages and SDK to Cloudflare.
    Deploy(deploy::Options),
    /// Try the HTTP API with thousands of made-up requests: none may be answered 5xx, or what the reference does not describe.
    FuzzApi(fuzz_api::Options),
    /// Check the repository's own rules.
    Tidy,
    /// Write a configuration for workerd and print its command line as JSON.
    #[command(hide = true)]
    WorkerdConfig(stack::workerd::Options),
}

fn main() -> ExitCode {
    command::listen_for_interrupts();
    match run(&Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if command::interrupted() => {
            progress::note(&format!("interrupted ({error})"));
            ExitCode::from(130)
        }
        Err(error) => {
            progress::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Result<()> {
    let project = Project::find()?;
    match task {
        Task::Setup => setup::ensure(&project),
        Task::Build { part } => build::run(&project, part.as_ref()),
        Task::Dev(options) => dev::run(&project, options),
        Task::Test(options) => test::run(&project, options),
        Task::Size => size::run(&project),
        Task::Bench(options) => bench::run(&project, options),
        Task::Deploy(options) => deploy::run(&project, options),
        Task::FuzzApi(options) => fuzz_api::run(&project, options),
        Task::Tidy => tidy::run(&project),
        Task::WorkerdConfig(options) => stack::workerd::print(&project, options),
    }
}
