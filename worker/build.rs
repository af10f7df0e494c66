//! Assembles the reference of all calls, an `OpenAPI` document, which the Worker serves.

use std::path::Path;
use std::{env, fs};

#[path = "openapi/assemble.rs"]
mod assemble;

fn main() -> Result<(), String> {
    let directory = Path::new("openapi");
    for name in assemble::sources(directory)? {
        println!("cargo::rerun-if-changed=openapi/{name}");
    }
    println!("cargo::rerun-if-changed=openapi/assemble.rs");
    let mut document = assemble::assemble(directory)?;
    if let Some(info) = document.get_mut("info").and_then(serde_json::Value::as_object_mut) {
        info.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    }
    let output = env::var("OUT_DIR").map_err(|error| error.to_string())?;
    fs::write(Path::new(&output).join("openapi.json"), document.to_string()).map_err(|error| error.to_string())
}
