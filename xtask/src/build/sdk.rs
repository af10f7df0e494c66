//! The npm package: optimised wasm, bundled entry points, types, React components, manifests.

mod bundle;
mod declarations;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::stamp::{Stamp, own_version};
use super::wasm::{self, Library};
use crate::command;
use crate::progress::{note, step};
use crate::project::{Project, copy, fresh_directory, read, write};
pub(crate) use bundle::{core_script, element_script};

pub(crate) const WASM: &str = "upcue_core_bg.wasm";
const GLUE: &str = "upcue_core";
/// Writes custom-elements.json and the React components made from it.
const GENERATOR: &str = "sdk-wasm/react/generate.mjs";

/// The finished package.
pub(crate) fn package(project: &Project) -> PathBuf {
    project.target.join("sdk/package")
}

pub(crate) fn build(project: &Project) -> Result<()> {
    core(project)?;
    assemble(project)
}

/// The wasm core and its glue, into target/sdk/pkg.
fn core(project: &Project) -> Result<()> {
    let compiled = Library { package: "upcue-sdk", profile: "sdk", features: &[] }.compile(project)?;
    let output = project.target.join("sdk/pkg");
    let [script, types] = ["core.js", "core.d.ts"].map(|name| project.root.join("sdk-wasm").join(name));
    let stamp = Stamp::new(output.join(".stamp"), &[&compiled, &script, &types], &own_version())?;
    if stamp.is_fresh() {
        note("the SDK's core is up to date");
        return Ok(());
    }
    fresh_directory(&output)?;
    // The module imports nothing: its script is short, and written by hand.
    copy(&script, &output.join(GLUE).with_extension("js"))?;
    copy(&types, &output.join(GLUE).with_extension("d.ts"))?;
    // Locals left as they are, and loads without hints of alignment, look more like each other: 70 bytes less on the wire.
    let shape = ["--skip-pass=simplify-locals", "--dealign"];
    // So do expressions that are written out where they are needed, and functions that stand beside others of their crate: 55 bytes.
    let order = ["--skip-pass=local-cse", "--skip-pass=merge-blocks", "--reorder-functions-by-name"];
    // One piece of data compresses better than the many between its zeros, and nobody asks where the linker's own data end: 80 bytes.
    let data = ["--skip-pass=memory-packing", "--remove-exports=__*"];
    let options = [&["-Oz", "--converge", "--low-memory-unused", "--strip-target-features"][..], &shape, &order, &data].concat();
    wasm::optimise(project, &compiled, &output.join(WASM), &options)?;
    stamp.write()
}

fn assemble(project: &Project) -> Result<()> {
    let sources = project.root.join("sdk-wasm");
    let package = package(project);
    fresh_directory(&package)?;
    step("Bundle the SDK's entry points", || bundle::modules(project, &package).and_then(|()| bundle::snippet(project, &package)))?;
    step("Describe the elements, and make React components of them", || {
        let generate = project.root.join(GENERATOR);
        command::run(
            project.tool("node").arg(generate).arg(sources.join("js")).arg(&package),
            "mend the comment or the registration named above",
        )
    })?;
    step("Write the SDK's types", || declarations::write(project, &package))?;
    copy(&project.target.join("sdk/pkg").join(WASM), &package.join(WASM))?;
    manifest(project, &sources, &package)?;
    declarations::prune(&package)?;
    for (from, name) in [(sources.join("README.md"), "README.md"), (project.root.join("LICENSE"), "LICENSE")] {
        if from.exists() {
            copy(&from, &package.join(name))?;
        } else {
            note(&format!("the package goes without {name}: {} is missing", from.display()));
        }
    }
    Ok(())
}

/// sdk-wasm/package.json with the workspace's version, which is stated nowhere else. Edited as text: the order of its
/// export conditions counts.
fn manifest(project: &Project, sources: &Path, package: &Path) -> Result<()> {
    let manifest = read(&sources.join("package.json"))?;
    let parsed: Value = serde_json::from_str(&manifest).context("sdk-wasm/package.json is not JSON")?;
    if parsed.get("version").is_some() {
        bail!("sdk-wasm/package.json: remove `version`, it comes from the root Cargo.toml");
    }
    let opening = format!("{{\n  \"version\": \"{}\",", project.package("upcue-sdk")?.version);
    write(&package.join("package.json"), manifest.replacen('{', &opening, 1))
}

/// A directory in which `import "upcue"` resolves to the built package, for `NODE_PATH`.
pub(crate) fn module_directory(project: &Project) -> Result<PathBuf> {
    let modules = project.target.join("sdk/node_modules");
    fs::create_dir_all(&modules)?;
    let link = modules.join("upcue");
    if !link.exists() {
        std::os::unix::fs::symlink("../package", &link).context("cannot link target/sdk/node_modules/upcue")?;
    }
    Ok(modules)
}
