//! How the linker lays out the page's memory.

use std::env;

/// The linker's own choice is 1 MiB, half of what a page is to spend on us altogether. The deepest calls take a few kilobytes.
const STACK: usize = 64 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
    }
}
