//! The package's scripts: one for each entry, what they load later, and the file for a script tag.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{GLUE, WASM};
use crate::command;
use crate::project::{Project, copy, read, text, write};

const SNIPPET_ENTRY: &str = "sdk-wasm/js/entries/snippet.ts";
/// Words of the elements in other languages, each an entry of its own.
const LOCALES: &str = "sdk-wasm/js/locales";
/// Name in the package, source. Each is one script: an import less to wait for, and no names to hand from one to the other.
const ENTRIES: [(&str, &str); 3] =
    [("index", "sdk-wasm/js/entries/main.ts"), ("inline", "sdk-wasm/js/entries/inline.ts"), ("slim", "sdk-wasm/js/entries/slim.ts")];
/// They know an instance as an app does, by what it has for all.
const ELEMENTS: [(&str, &str); 2] = [("define", "sdk-wasm/js/define.ts"), ("react-support", "sdk-wasm/js/entries/react-support.ts")];
/// What the entries load when it is first asked for, as `import("#asking")`; a hash in its name tells its versions apart.
pub(super) const LATER: [(&str, &str); 2] = [("asking", "sdk-wasm/js/asking.ts"), ("debug", "sdk-wasm/js/debug.ts")];

/// By which letters the core's methods travel.
const EXPORTS: &str = "sdk-wasm/names.json";

const REMEDY: &str = "mend what esbuild names above";

/// index.js, inline.js, slim.js, define.js, locales/*.js and what they load later.
pub(super) fn modules(project: &Project, package: &Path) -> Result<()> {
    let core = project.target.join("sdk/pkg");
    // One table of names for what shares a page's state, begun anew, so that what is built depends on nothing but the sources. esbuild
    // adds the names it gives.
    let names = project.target.join("sdk/names.json");
    copy(&project.root.join(EXPORTS), &names)?;
    let names = format!("--mangle-cache={}", text(&names)?);
    bundle(project, package, |esbuild| {
        Ok(esbuild
            .args(ENTRIES.map(|(name, source)| format!("{name}={source}")))
            .args(LATER.map(|(name, _)| format!("--external:#{name}")))
            .args([&names, "--loader:.wasm=base64"])
            .arg(format!("--alias:#core={}", text(&core.join(GLUE).with_extension("js"))?))
            .arg(format!("--alias:#core-wasm={}", text(&core.join(WASM))?)))
    })?;
    let entries = scripts(package)?;
    bundle(project, package, |esbuild| {
        let sources = LATER.map(|(name, source)| format!("{name}={source}"));
        Ok(esbuild.args(sources).args([&names, "--entry-names=[name]-[hash]"]))
    })?;
    name_later(&entries, &scripts(package)?)?;
    bundle(project, package, |esbuild| {
        let sources = ELEMENTS.map(|(name, source)| format!("{name}={source}"));
        Ok(esbuild.args(sources).args(locales(project)?).arg("--external:react"))
    })?;
    scripts(package)?.iter().chain(&scripts(&package.join("locales"))?).try_for_each(|script| squeeze(project, script))
}

/// Runs esbuild with what all bundles have in common, and the entries that `add` names.
fn bundle(project: &Project, package: &Path, add: impl FnOnce(&mut Command) -> Result<&mut Command>) -> Result<()> {
    let mut esbuild = project.tool("esbuild");
    esbuild
        .args(["--bundle", "--format=esm", "--target=es2022", "--minify", "--legal-comments=none", "--log-level=warning"])
        // Names that end in `_` are the package's own, in no interface: js/page.ts.
        .arg("--mangle-props=[^_]_$")
        // Some modules are imported so that like stands beside like: js/define.ts.
        .arg("--ignore-annotations")
        .arg(format!("--outdir={}", text(package)?));
    command::run(add(&mut esbuild)?, REMEDY)
}

/// Puts the names of the scripts that are loaded later where the entries ask for them.
fn name_later(entries: &[PathBuf], all: &[PathBuf]) -> Result<()> {
    for entry in entries {
        let mut script = read(entry)?;
        for (name, source) in LATER {
            let prefix = format!("{name}-");
            let mut names = all.iter().filter_map(|script| script.file_name()?.to_str());
            let Some(file) = names.find(|file| file.starts_with(&prefix)) else { bail!("esbuild made no script of {source}") };
            script = script.replace(&format!("\"#{name}\""), &format!("\"./{file}\""));
        }
        write(entry, script)?;
    }
    Ok(())
}

/// What esbuild leaves is made smaller once more: names by how often they are used, and statements joined, save some 3 % on the wire. Twice,
/// as the first time changes how often they are used: 20 bytes.
fn squeeze(project: &Project, script: &Path) -> Result<()> {
    let script = text(script)?;
    let options = ["--module", "--ecma=2022", "--compress=passes=3,unsafe_arrows", "--mangle", "--output", script];
    for _ in 0..2 {
        command::run(project.tool("terser").arg(script).args(options), "mend what terser names above")?;
    }
    Ok(())
}

/// The scripts that lie in a directory.
fn scripts(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "js") {
            found.push(path);
        }
    }
    Ok(found)
}

/// `locales/ar=sdk-wasm/js/locales/ar.ts` for each that there is.
fn locales(project: &Project) -> Result<Vec<String>> {
    let directory = project.root.join(LOCALES);
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ts") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            entries.push(format!("locales/{name}={LOCALES}/{name}.ts"));
        }
    }
    entries.sort();
    Ok(entries)
}

/// snippet.js: it asks for the scripts of `upcue` and `upcue/define` at once.
pub(super) fn snippet(project: &Project, package: &Path) -> Result<()> {
    command::run(
        project
            .tool("esbuild")
            .arg(SNIPPET_ENTRY)
            .args(["--bundle", "--format=iife", "--target=es2022", "--minify", "--legal-comments=none", "--log-level=warning"])
            .arg(r#"--define:UPCUE_MODULES=["index.js","define.js"]"#)
            .arg(format!("--define:UPCUE_WASM={}", serde_json::to_string(WASM)?))
            .arg(format!("--outfile={}", text(&package.join("snippet.js"))?)),
        REMEDY,
    )
}

/// The script that `import "upcue"` loads at once in a browser. What it loads on demand is not in it.
pub(crate) fn core_script(package: &Path) -> PathBuf {
    package.join("index.js")
}

/// What `import "upcue/define"` loads besides.
pub(crate) fn element_script(package: &Path) -> PathBuf {
    package.join("define.js")
}
