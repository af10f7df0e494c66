//! The pages: www/landing at the root, every other page directory below its own name, the SDK below /sdk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{reference, sdk};
use crate::command;
use crate::progress::step;
use crate::project::{Project, copy, copy_tree, fresh_directory, read, text};

/// Files and directories beside the pages that are not served.
const NOT_SERVED: [&str; 5] = ["seed", "styles", "node_modules", "tsconfig.json", "README.md"];
/// What the bundles are made of.
const SOURCES: [&str; 2] = ["ts", "tsx"];
/// The headers that pages are served with in production.
const HEADERS: &str = "_headers";

pub(crate) fn directory(project: &Project) -> PathBuf {
    project.target.join("www")
}

pub(crate) fn build(project: &Project) -> Result<()> {
    step("Build the pages", || {
        let output = directory(project);
        let www = project.root.join("www");
        fresh_directory(&output)?;
        copy(&www.join(HEADERS), &output.join(HEADERS))?;
        for pages in page_directories(&www)? {
            let name = pages.file_name().unwrap_or_default();
            let to = if name == "landing" { output.clone() } else { output.join(name) };
            copy_tree(&pages, &to, &|path| is_source(path) || is_not_served(path))?;
            bundle(project, &pages, &to)?;
        }
        reference::build(project, &output)?;
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
    if has_sdk(output)? { copy(&sdk::package(project).join(sdk::WASM), &output.join(sdk::WASM)) } else { Ok(()) }
}

/// Whether one of the bundles has the SDK in it.
fn has_sdk(output: &Path) -> Result<bool> {
    for entry in fs::read_dir(output)? {
        let path = entry?.path();
        if has_extension(&path, "js") && read(&path)?.contains(sdk::WASM) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Sources, and directories of nothing else.
fn is_source(path: &Path) -> bool {
    let below = |directory: &Path| {
        fs::read_dir(directory).is_ok_and(|mut found| found.all(|entry| entry.is_ok_and(|entry| is_source(&entry.path()))))
    };
    if path.is_dir() { below(path) } else { SOURCES.iter().any(|extension| has_extension(path, extension)) }
}

fn is_not_served(path: &Path) -> bool {
    path.file_name().is_some_and(|name| NOT_SERVED.iter().any(|skipped| name == *skipped))
}
