//! Made-up requests against the real Worker, by schemathesis, which knows of it what `/openapi.json` says.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::build::stamp::Stamp;
use crate::build::worker;
use crate::progress::step;
use crate::project::{Project, text};
use crate::{build, command, setup};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Draws other requests; the same number draws the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many requests are drawn for each call, beyond those at the edges of what it takes.
    #[arg(long, default_value_t = 60)]
    examples: u32,
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    setup::ensure(project)?;
    let schemathesis = schemathesis(project)?;
    {
        let _lock = project.build_lock()?;
        worker::build(project, worker::Flavour::Release)?;
        build::native(project)?;
    }
    step("Make requests up", || {
        let xtask = env::current_exe().context("cannot find the xtask binary itself")?;
        let stack = json!({"xtask": text(&xtask)?, "stripe_sandbox": text(&project.binary("stripe-sandbox"))?});
        let mut node = project.tool("node");
        node.arg(project.root.join("tests/fuzz/api.mjs"))
            .env("UPCUE_STACK", stack.to_string())
            .env("UPCUE_FUZZ_SEED", options.seed.to_string())
            .env("UPCUE_FUZZ_EXAMPLES", options.examples.to_string())
            .env("SCHEMATHESIS", schemathesis);
        command::run(&mut node, "each failure is above, with the request that shows it; the same --seed shows it again")
    })
}

/// Installs schemathesis into an environment of its own, everything pinned by its hash.
fn schemathesis(project: &Project) -> Result<PathBuf> {
    let directory = project.target.join("tools/schemathesis");
    let requirements = project.root.join("tests/fuzz/requirements.txt");
    let binary = directory.join("bin/schemathesis");
    let stamp = Stamp::new(directory.join(".upcue-installed"), &[&requirements], "pip install --require-hashes")?;
    if stamp.is_fresh() {
        return Ok(binary);
    }
    step("Install schemathesis into target/tools/schemathesis", || {
        let remedy = "Python 3.10 or later with venv and pip is needed (Debian: python3-venv), and a network to its registry";
        let mut python = Command::new("python3");
        command::run(python.args(["-m", "venv", "--clear"]).arg(&directory), remedy)?;
        let mut pip = Command::new(directory.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement"]).arg(&requirements);
        command::run(&mut pip, remedy)
    })?;
    stamp.write()?;
    Ok(binary)
}
