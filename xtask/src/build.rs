//! Builds the parts that ship: Worker, SDK, pages.

mod reference;
pub(crate) mod sdk;
pub(crate) mod stamp;
mod wasm;
pub(crate) mod worker;
pub(crate) mod www;

use anyhow::Result;
use clap::Subcommand;

use crate::progress::step;
use crate::project::Project;
use crate::{command, setup};

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Part {
    /// The Cloudflare Worker, into target/worker.
    Worker {
        /// With the test clock and fault switches, into target/worker-dev. Never deploy it.
        #[arg(long)]
        dev: bool,
    },
    /// The npm package, into target/sdk/package.
    Sdk,
    /// Landing page, demo and script-tag SDK, into target/www.
    Www,
}

pub(crate) fn run(project: &Project, part: Option<&Part>) -> Result<()> {
    setup::ensure(project)?;
    let _lock = project.build_lock()?;
    match part {
        Some(Part::Worker { dev: false }) => worker::build(project, worker::Flavour::Release),
        Some(Part::Worker { dev: true }) => worker::build(project, worker::Flavour::Dev),
        Some(Part::Sdk) => sdk::build(project),
        Some(Part::Www) => {
            sdk::build(project)?;
            www::build(project)
        }
        None => {
            sdk::build(project)?;
            www::build(project)?;
            worker::build(project, worker::Flavour::Release)
        }
    }
}

/// The servers that stand beside the Worker on a developer's machine.
pub(crate) fn native(project: &Project) -> Result<()> {
    step("Compile the Stripe sandbox and the demo's back end", || {
        command::run(
            project.cargo().args(["build", "--package=stripe-sandbox", "--package=demo-backend"]),
            "mend what the compiler names above",
        )
    })
}
