//! The Worker: `index.js` and `index_bg.wasm`, as workerd and Cloudflare load them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::stamp::{Stamp, own_version};
use super::wasm::{self, Library};
use crate::command;
use crate::progress::{note, step};
use crate::project::{Project, copy, read, text, write};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Release,
    /// With the test clock and fault switches.
    Dev,
}

impl Flavour {
    pub(crate) fn directory(self, project: &Project) -> PathBuf {
        project.target.join(match self {
            Self::Release => "worker",
            Self::Dev => "worker-dev",
        })
    }

    fn library(self) -> Library<'static> {
        match self {
            Self::Release => Library { package: "upcue-worker", profile: "release", features: &[] },
            Self::Dev => Library { package: "upcue-worker", profile: "worker-dev", features: &["dev-tools"] },
        }
    }
}

pub(crate) fn build(project: &Project, flavour: Flavour) -> Result<()> {
    let compiled = flavour.library().compile(project)?;
    let entry = project.root.join("worker/entry.js");
    let output = flavour.directory(project);
    let stamp = Stamp::new(output.join(".stamp"), &[&compiled, &entry], &own_version())?;
    if stamp.is_fresh() {
        note("the Worker's bundle is up to date");
        return Ok(());
    }
    // Not emptied: Cargo keeps a profile's host artefacts in target/worker-dev too.
    fs::create_dir_all(&output)?;

    let glue = output.with_extension("glue");
    wasm::bindgen(&compiled, &glue, "index", |bindgen| {
        // The target whose glue can replace its instance, which the entry does after a panic.
        bindgen.module(true)?.reset_state_function(true).typescript(false);
        Ok(())
    })?;
    // esbuild and workerd know the module as a plain import, not yet as a source phase one.
    let index = glue.join("index.js");
    write(&index, read(&index)?.replace("import source ", "import "))?;

    let module = glue.join("index_bg.wasm");
    let optimised = output.join("index_bg.wasm");
    match flavour {
        Flavour::Release => wasm::optimise(project, &module, &optimised, &["-O2"])?,
        Flavour::Dev => copy(&module, &optimised)?,
    }
    bundle(project, flavour, &index, &output)?;
    stamp.write()
}

/// One script out of the entry and the glue; the wasm stays a module of its own.
fn bundle(project: &Project, flavour: Flavour, glue: &Path, output: &Path) -> Result<()> {
    let mut esbuild = project.tool("esbuild");
    esbuild.args([
        "worker/entry.js",
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--external:cloudflare:*",
        "--external:./index_bg.wasm",
        "--log-level=warning",
        // `scheduled` is there only when the Rust side exports it.
        "--log-override:import-is-undefined=silent",
    ]);
    esbuild.arg(format!("--alias:#worker={}", text(glue)?));
    esbuild.arg(format!("--outfile={}", text(&output.join("index.js"))?));
    if flavour == Flavour::Release {
        esbuild.arg("--minify");
    }
    step("Bundle the Worker's script", || command::run(&mut esbuild, "mend what esbuild names above"))
        .context("worker/entry.js did not bundle")
}
