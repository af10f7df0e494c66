//! Measures what travels: the Worker's upload and the SDK's first load.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::build::{sdk, worker};
use crate::progress::note;
use crate::project::{Project, write};

/// The walking product had 250,000. The upgrade (quotes, the state machine, the comparison, the sweep) brought 85,000 more, the
/// rules another 165,000: the whole of the CEL subset, the compiler's warnings and its schema, the forecast, explanations, segments,
/// replay and back-tests. Frequency (caps, calendars and zones, arms and what came of them, and the explanation of each) brought 25,000,
/// mail (MIME, SMTP over the Worker's sockets, Resend, Cloudflare, what providers report, an operator's settings) 42,000, letters 115,000 (MJML's compiler alone 96,000), email
/// sequences 95,000 (their gates and states, links and their pages, outbox, suppression, pace), reports 42,000 (touches, attribution,
/// funnel, lift), outbound webhooks 31,000, the reference of all calls 24,000 (which it is, and no code), privacy 50,000 (exports in the
/// shapes that are stored, erasures and their journal, retention), limits 3,000. The platform takes 3 MB on its free plan.
const WORKER_BUDGET: u64 = 945_000;
const SDK_BUDGET: u64 = 16_000;

/// All elements, beyond the core.
const ELEMENTS_BUDGET: u64 = 14_000;

/// A row of target/bench/size.json.
#[derive(Debug, Serialize)]
struct Measure {
    name: &'static str,
    value: u64,
    unit: &'static str,
    reference: u64,
    ratio: f64,
}

pub(crate) fn run(project: &Project) -> Result<()> {
    let worker = worker::Flavour::Release.directory(project);
    let worker = [worker.join("index.js"), worker.join("index_bg.wasm")];
    let measures = [
        measure("worker-gzip", &worker, WORKER_BUDGET, gzip)?,
        measure("sdk-core-brotli", &sdk_core(project), SDK_BUDGET, brotli)?,
        measure("sdk-elements-brotli", &[sdk::element_script(&sdk::package(project))], ELEMENTS_BUDGET, brotli)?,
    ];
    let report = project.target.join("bench");
    fs::create_dir_all(&report)?;
    write(&report.join("size.json"), serde_json::to_string_pretty(&measures)? + "\n")?;

    let mut over = Vec::new();
    for measure in &measures {
        let Measure { name, value, reference, ratio, .. } = measure;
        note(&format!("{name:<20} {value:>8} bytes of {reference} ({:.0} %)", ratio * 100.0));
        if value > reference {
            over.push(*name);
        }
    }
    if !over.is_empty() {
        bail!("over budget: {}; find what grew before raising a budget in xtask/src/size.rs", over.join(", "));
    }
    Ok(())
}

fn measure(name: &'static str, files: &[PathBuf], reference: u64, compress: impl Fn(&[u8]) -> Result<usize>) -> Result<Measure> {
    let mut value = 0;
    for file in files {
        let content = fs::read(file).with_context(|| format!("{} is missing: run `cargo xtask build` first", file.display()))?;
        value += u64::try_from(compress(&content)?)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "byte counts are far below 2^52")]
    let ratio = value as f64 / reference as f64;
    Ok(Measure { name, value, unit: "bytes", reference, ratio })
}

fn gzip(content: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?.len())
}

fn brotli(content: &[u8]) -> Result<usize> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters)?;
    Ok(compressed.len())
}

/// The wasm, and what `import "upcue"` loads at once.
fn sdk_core(project: &Project) -> [PathBuf; 2] {
    let package = sdk::package(project);
    [package.join(sdk::WASM), sdk::core_script(&package)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressors_compress() -> Result<()> {
        let content = [b'a'; 10_000];
        assert!(gzip(&content)? < 100);
        assert!(brotli(&content)? < 100);
        Ok(())
    }
}
