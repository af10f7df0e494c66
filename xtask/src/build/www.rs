//! The pages: www/landing at the root, every other page directory below its own name, the SDK below /sdk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::sdk;
use crate::command;
use crate::progress::step;
use crate::project::{Project, copy, copy_tree, fresh_directory, text};

/// Files and directories beside the pages that are not served.
const NOT_SERVED: [&str; 4] = ["seed", "node_modules", "tsconfig.json", "README.md"];

pub(crate) fn directory(project: &Project) -> PathBuf {
    project.target.join("www")
}

pub(crate) fn build(project: &Project) -> Result<()> {
    step("Build the pages", || {
        let output = directory(project);
        fresh_directory(&output)?;
        for pages in page_directories(&project.root.join("www"))? {
            let name = pages.file_name().unwrap_or_default();
            let to = if name == "landing" { output.clone() } else { output.join(name) };
            copy_tree(&pages, &to, &|path| has_extension(path, "ts") || is_not_served(path))?;
            bundle(project, &pages, &to)?;
        }
        copy_tree(&sdk::package(project), &output.join("sdk"), &|_| false)
    })
}

/// The directories of www that hold pages: those with an index.html.
fn page_directories(www: &Path) -> Result<Vec<PathBuf>> {
    let mut directories = Vec::new();
    for entry in fs::read_dir(www).with_context(|| format!("cannot read {}", www.display()))? {
        let path = entry?.path();
        if path.join("index.html").exists() {
            directories.push(path);
        }
    }
    // The landing page first: its files lie at the root, the others below it.
    directories.sort_by_key(|path| (!path.ends_with("landing"), path.clone()));
    Ok(directories)
}

/// Bundles each top-level `*.ts` of a page directory, with the SDK in it when it imports `upcue`.
fn bundle(project: &Project, pages: &Path, output: &Path) -> Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(pages)? {
        let path = entry?.path();
        if has_extension(&path, "ts") && !path.to_string_lossy().ends_with(".d.ts") {
            entries.push(path);
        }
    }
    if entries.is_empty() {
        return Ok(());
    }
    entries.sort();
    command::run(
        project
            .tool("esbuild")
            .args(&entries)
            .args(["--bundle", "--splitting", "--format=esm", "--target=es2022", "--minify", "--log-level=warning"])
            .arg(format!("--outdir={}", text(output)?))
            .env("NODE_PATH", sdk::module_directory(project)?),
        "mend what esbuild names above",
    )?;
    // The bundled SDK looks for its wasm next to the script it is in.
    let wasm = sdk::package(project).join(sdk::WASM);
    if wasm.exists() { copy(&wasm, &output.join(sdk::WASM)) } else { Ok(()) }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn is_not_served(path: &Path) -> bool {
    path.file_name().is_some_and(|name| NOT_SERVED.iter().any(|skipped| name == *skipped))
}
