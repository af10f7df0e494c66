//! Assembles the reference of all calls, an `OpenAPI` document, which the Worker serves.

use std::path::Path;
use std::{env, fs};

#[path = "openapi/assemble.rs"]
mod assemble;

fn main() -> Result<(), String> {
    let directory = Path::new("openapi");
    println!("cargo::rerun-if-changed=openapi");
    let document = assemble::assemble(directory, env!("CARGO_PKG_VERSION"))?;
    let output = env::var("OUT_DIR").map_err(|error| error.to_string())?;
    fs::write(Path::new(&output).join("openapi.json"), document.to_string()).map_err(|error| error.to_string())
}
