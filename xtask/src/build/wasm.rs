//! From a crate to an optimised wasm module with its JavaScript glue.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::command;
use crate::progress::step;
use crate::project::{Project, fresh_directory};

const TARGET: &str = "wasm32-unknown-unknown";

/// What every engine we ship to understands. `--all-features` would let wasm-opt emit more than that.
const WASM_FEATURES: [&str; 6] = [
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-reference-types",
];

/// LLVM has inlined what is worth it. Inlining once more makes the modules 5 % (SDK) to 12 % (Worker) larger on the wire.
const NO_MORE_INLINING: &str = "--skip-pass=inlining-optimizing";

/// A library crate and how it is compiled.
#[derive(Debug)]
pub(super) struct Library<'a> {
    pub(super) package: &'a str,
    pub(super) profile: &'a str,
    pub(super) features: &'a [&'a str],
}

impl Library<'_> {
    pub(super) fn compile(&self, project: &Project) -> Result<PathBuf> {
        let package = project.package(self.package)?;
        let library = package.targets.iter().find(|target| target.kind.iter().any(|kind| kind == "cdylib"));
        let Some(library) = library else {
            bail!("{} makes no wasm module: give its [lib] `crate-type = [\"cdylib\", \"rlib\"]`", self.package);
        };
        let mut cargo = project.cargo();
        cargo.args(["build", "--lib", "--target", TARGET]);
        cargo.args(["--package", self.package, "--profile", self.profile]);
        if !self.features.is_empty() {
            cargo.arg(format!("--features={}", self.features.join(",")));
        }
        step(&format!("Compile {} for wasm (profile {})", self.package, self.profile), || {
            command::run(&mut cargo, "mend what the compiler names above")
        })?;
        let file = format!("{}.wasm", library.name.replace('-', "_"));
        Ok(project.target.join(TARGET).join(self.profile).join(file))
    }
}

/// Writes the JavaScript glue and the module it belongs to: `{name}.js`, `{name}_bg.wasm`.
pub(super) fn bindgen(wasm: &Path, directory: &Path, name: &str, configure: impl FnOnce(&mut Bindgen) -> Result<()>) -> Result<()> {
    step(&format!("Generate the JavaScript glue of {name}"), || {
        fresh_directory(directory)?;
        let mut bindgen = Bindgen::new();
        bindgen.input_path(wasm).out_name(name);
        configure(&mut bindgen)?;
        bindgen.generate(directory)
    })
}

pub(super) fn optimise(project: &Project, input: &Path, output: &Path, options: &[&str]) -> Result<()> {
    let before = fs::metadata(input)?.len();
    step(&format!("Optimise {} kB of wasm", before / 1000), || {
        command::run(
            project.tool("wasm-opt").arg(input).arg("--output").arg(output).args(WASM_FEATURES).args(options).args([
                NO_MORE_INLINING,
                "--strip-debug",
                "--strip-producers",
            ]),
            "if it names a feature, the crate uses wasm that not every engine has: see WASM_FEATURES",
        )
    })
}
