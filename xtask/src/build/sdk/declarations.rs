//! The package's types: everything is written, and what no entry leads to is taken away again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::GLUE;
use super::bundle::LATER;
use crate::command;
use crate::project::{self, Project, read, text};

/// Declarations of every module. The configuration is derived, because only we know where the glue is.
pub(super) fn write(project: &Project, package: &Path) -> Result<()> {
    let config = project.target.join("sdk/tsconfig.json");
    let sources = project.root.join("sdk-wasm");
    // Found by hand: the configuration lies where no node_modules is near.
    let react = project.root.join("node_modules/@types/react");
    let mut paths = json!({"#core": [format!("./pkg/{GLUE}.d.ts")], "react": [text(&react)?]});
    for (name, source) in LATER {
        paths[format!("#{name}")] = json!([text(&project.root.join(source))?]);
    }
    project::write(
        &config,
        json!({
            "extends": text(&sources.join("tsconfig.json"))?,
            "compilerOptions": {
                "declaration": true,
                "emitDeclarationOnly": true,
                "noEmit": false,
                "outDir": text(package)?,
                "paths": paths,
                "rootDir": text(&sources.join("js"))?,
            },
            "include": [text(&sources.join("js"))?],
        })
        .to_string(),
    )?;
    command::run(project.tool("tsc").arg("--project").arg(&config), "mend the type errors named above")
}

/// Removes the declarations that nobody can reach from the manifest's `types`: they are ours alone.
pub(super) fn prune(package: &Path) -> Result<()> {
    let manifest: Value = serde_json::from_str(&read(&package.join("package.json"))?)?;
    let mut all = BTreeSet::new();
    collect(package, package, &mut all)?;
    let mut open = entries(&manifest, &all)?;
    let mut reached = BTreeSet::new();
    while let Some(file) = open.pop() {
        if !all.contains(&file) {
            bail!("{} is wanted by an entry of the package, but was not written", file.display());
        }
        if reached.insert(file.clone()) {
            open.extend(imports(&read(&package.join(&file))?).map(|import| beside(&file, import)));
        }
    }
    for file in all.difference(&reached) {
        fs::remove_file(package.join(file)).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    Ok(())
}

/// What the manifest names as types; a `*` stands for every file of that directory.
fn entries(manifest: &Value, all: &BTreeSet<PathBuf>) -> Result<Vec<PathBuf>> {
    let exports = manifest.get("exports").and_then(Value::as_object).context("sdk-wasm/package.json has no `exports`")?;
    let mut found = Vec::new();
    for named in exports.values().filter_map(|export| export.get("types")?.as_str()) {
        let named = named.trim_start_matches("./");
        match named.strip_suffix("/*.d.ts") {
            Some(directory) => found.extend(all.iter().filter(|file| file.parent() == Some(Path::new(directory))).cloned()),
            None => found.push(named.into()),
        }
    }
    Ok(found)
}

/// The relative modules that a declaration names: `from "./x.js"` and `import("./x.js")`.
fn imports(declaration: &str) -> impl Iterator<Item = &str> {
    declaration.split('"').skip(1).step_by(2).filter(|quoted| quoted.starts_with("./") || quoted.starts_with("../"))
}

/// `../types.js` in `elements/nudge.d.ts` is `types.d.ts`.
fn beside(file: &Path, import: &str) -> PathBuf {
    let mut path = file.parent().unwrap_or(Path::new("")).to_path_buf();
    for part in Path::new(import).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path.with_extension("d.ts")
}

/// All declarations below a directory, relative to the package.
fn collect(package: &Path, directory: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(package, &path, files)?;
        } else if path.to_string_lossy().ends_with(".d.ts") {
            files.insert(path.strip_prefix(package)?.to_path_buf());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_found_where_they_lead_to() {
        let text =
            "import type { A } from \"../types.js\";\nexport { B } from \"./words.js\";\ntype C = import(\"./c.js\").C;\nimport \"react\";";
        let found: Vec<_> = imports(text).map(|import| beside(Path::new("elements/nudge.d.ts"), import)).collect();
        assert_eq!(found, ["types.d.ts", "elements/words.d.ts", "elements/c.d.ts"].map(PathBuf::from));
    }
}
