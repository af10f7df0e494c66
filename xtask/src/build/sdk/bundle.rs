//! The package's scripts: modules that share their chunks, and the file for a script tag, which names them all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{GLUE, MAIN_ENTRY, WASM, metafile};
use crate::command;
use crate::project::{Project, read, text};

const DEFINE_ENTRY: &str = "sdk-wasm/js/define.ts";
const SNIPPET_ENTRY: &str = "sdk-wasm/js/entries/snippet.ts";
/// Words of the elements in other languages, each an entry of its own.
const LOCALES: &str = "sdk-wasm/js/locales";
/// Name in the package, source. They go into one bundle: elements find an instance whichever entry it came from.
const ENTRIES: [(&str, &str); 5] = [
    ("index", MAIN_ENTRY),
    ("inline", "sdk-wasm/js/entries/inline.ts"),
    ("slim", "sdk-wasm/js/entries/slim.ts"),
    ("define", DEFINE_ENTRY),
    ("react-support", "sdk-wasm/js/entries/react-support.ts"),
];

const REMEDY: &str = "mend what esbuild names above";

/// index.js, inline.js, slim.js, define.js, locales/*.js and what they have in common.
pub(super) fn modules(project: &Project, package: &Path) -> Result<()> {
    let core = project.target.join("sdk/pkg");
    command::run(
        project
            .tool("esbuild")
            .args(ENTRIES.map(|(name, source)| format!("{name}={source}")))
            .args(locales(project)?)
            .args(["--bundle", "--splitting", "--format=esm", "--target=es2022", "--minify"])
            .args(["--legal-comments=none", "--log-level=warning", "--external:react", "--loader:.wasm=base64"])
            // Names that end in `_` are the package's own, in no interface: js/page.ts.
            .arg("--mangle-props=[^_]_$")
            // Some modules are imported so that they share a chunk: js/host.ts.
            .arg("--ignore-annotations")
            .arg(format!("--alias:#core={}", text(&core.join(GLUE).with_extension("js"))?))
            .arg(format!("--alias:#core-wasm={}", text(&core.join(WASM))?))
            .arg(format!("--metafile={}", text(&metafile(project))?))
            .arg(format!("--outdir={}", text(package)?)),
        REMEDY,
    )?;
    scripts(package)?.iter().chain(&scripts(&package.join("locales"))?).try_for_each(|script| squeeze(project, script))
}

/// What esbuild leaves is made smaller once more: names by how often they are used, and statements joined, save some 3 % on the wire.
fn squeeze(project: &Project, script: &Path) -> Result<()> {
    let script = text(script)?;
    command::run(
        project.tool("terser").args([
            script,
            "--module",
            "--ecma=2022",
            "--compress=passes=3,unsafe_arrows",
            "--mangle",
            "--output",
            script,
        ]),
        "mend what terser names above",
    )
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

/// snippet.js: it asks for every module that `upcue` and `upcue/define` need, so it has to know their names.
pub(super) fn snippet(project: &Project, package: &Path) -> Result<()> {
    let bundles = Metafile::read(project)?;
    let mut files = Vec::new();
    for entry in [MAIN_ENTRY, DEFINE_ENTRY] {
        for output in bundles.needed_by(entry, When::AtOnce)? {
            let name = Path::new(output).file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !files.contains(&name) {
                files.push(name);
            }
        }
    }
    command::run(
        project
            .tool("esbuild")
            .arg(SNIPPET_ENTRY)
            .args(["--bundle", "--format=iife", "--target=es2022", "--minify", "--legal-comments=none", "--log-level=warning"])
            .arg(format!("--define:UPCUE_MODULES={}", serde_json::to_string(&files)?))
            .arg(format!("--define:UPCUE_WASM={}", serde_json::to_string(WASM)?))
            .arg(format!("--outfile={}", text(&package.join("snippet.js"))?)),
        REMEDY,
    )
}

/// The scripts that `import "upcue"` loads at once in a browser. Elements and lazy chunks load on demand.
pub(crate) fn core_scripts(project: &Project) -> Result<Vec<PathBuf>> {
    let bundles = Metafile::read(project)?;
    // The metafile's paths are relative to where esbuild ran.
    Ok(bundles.needed_by(MAIN_ENTRY, When::AtOnce)?.into_iter().map(|output| project.root.join(output)).collect())
}

/// What `import "upcue/define"` loads besides, whenever it does.
pub(crate) fn element_scripts(project: &Project) -> Result<Vec<PathBuf>> {
    let bundles = Metafile::read(project)?;
    let core = bundles.needed_by(MAIN_ENTRY, When::Ever)?;
    let all = bundles.needed_by(DEFINE_ENTRY, When::Ever)?;
    Ok(all.into_iter().filter(|output| !core.contains(output)).map(|output| project.root.join(output)).collect())
}

/// The part of esbuild's metafile that tells which chunk needs which.
#[derive(Debug, Deserialize)]
struct Metafile {
    outputs: BTreeMap<String, Output>,
}

#[derive(Debug, Deserialize)]
struct Output {
    #[serde(rename = "entryPoint")]
    entry_point: Option<String>,
    imports: Vec<Import>,
}

#[derive(Debug, Deserialize)]
struct Import {
    path: String,
    kind: String,
}

/// Which imports count.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    AtOnce,
    /// Those that a script makes when it is asked for something, too.
    Ever,
}

impl Metafile {
    fn read(project: &Project) -> Result<Self> {
        let written = read(&metafile(project)).context("run `cargo xtask build sdk` first")?;
        serde_json::from_str(&written).context("esbuild's metafile is not as expected")
    }

    /// An entry's script, first, and every chunk it imports.
    fn needed_by(&self, entry: &str, when: When) -> Result<Vec<&str>> {
        let found = self.outputs.iter().find(|(_, output)| output.entry_point.as_deref() == Some(entry));
        let (first, _) = found.with_context(|| format!("the SDK was not built from {entry}"))?;
        let mut chunks = vec![first.as_str()];
        let mut next = 0;
        while let Some(output) = chunks.get(next).and_then(|chunk| self.outputs.get(*chunk)) {
            for import in output.imports.iter().filter(|import| when == When::Ever || import.kind == "import-statement") {
                if !chunks.contains(&import.path.as_str()) {
                    chunks.push(&import.path);
                }
            }
            next += 1;
        }
        Ok(chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_needs_what_its_chunks_need_but_not_what_is_loaded_later() -> Result<()> {
        let bundles: Metafile = serde_json::from_str(
            r#"{"outputs": {
                "out/a.js": {"imports": [{"path": "out/c.js", "kind": "import-statement"}], "entryPoint": "a.ts"},
                "out/b.js": {"imports": [], "entryPoint": "b.ts"},
                "out/c.js": {"imports": [{"path": "out/d.js", "kind": "import-statement"}, {"path": "out/lazy.js", "kind": "dynamic-import"}]},
                "out/d.js": {"imports": [{"path": "out/c.js", "kind": "import-statement"}]},
                "out/lazy.js": {"imports": []}
            }}"#,
        )?;
        assert_eq!(bundles.needed_by("a.ts", When::AtOnce)?, ["out/a.js", "out/c.js", "out/d.js"]);
        assert_eq!(bundles.needed_by("a.ts", When::Ever)?, ["out/a.js", "out/c.js", "out/d.js", "out/lazy.js"]);
        assert!(bundles.needed_by("missing.ts", When::AtOnce).is_err());
        Ok(())
    }
}
