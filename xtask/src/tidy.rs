//! The repository's own rules: each is a check that names the line to change.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::progress::{note, step};
use crate::project::{Project, read};
use crate::stack::workerd::Wrangler;

/// The engine stays pure and small: what it may depend on, apart from its tests.
const ENGINE_DEPENDENCIES: [&str; 2] = ["serde", "postcard"];
/// What it may switch on at the edge, and the browser never carries.
const ENGINE_OPTIONAL_DEPENDENCIES: [&str; 1] = ["strsim"];

/// Adapters know the engine and never each other.
const SEPARATE: [(&str, &[&str]); 3] = [
    ("upcue-engine", &["upcue-worker", "upcue-sdk", "worker", "wasm-bindgen", "js-sys", "web-sys"]),
    ("upcue-sdk", &["upcue-worker", "worker"]),
    ("upcue-worker", &["upcue-sdk"]),
];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

type Rule = fn(&Project) -> Result<Vec<String>>;

const RULES: [(&str, Rule); 7] = [
    ("the engine depends on nothing impure", engine_dependencies),
    ("the rings keep their direction", directions),
    ("the wasm-bindgen tool and crate are one version", bindgen_versions),
    ("wrangler.toml and the Worker's entry name the same objects", durable_objects),
    ("every crate states its licence", licences),
    ("packages come from the public registries", sources),
    ("no file names a developer's machine", machine_paths),
];

pub(crate) fn run(project: &Project) -> Result<()> {
    step("Check the repository's rules", || {
        let mut broken = 0;
        for (rule, check) in RULES {
            let findings = check(project).with_context(|| format!("while checking that {rule}"))?;
            if !findings.is_empty() {
                broken += 1;
                note(&format!("broken: {rule}"));
                for finding in &findings {
                    note(&format!("  {finding}"));
                }
            }
        }
        if broken > 0 {
            bail!("{broken} of {} repository rules are broken: see above", RULES.len());
        }
        Ok(())
    })
}

fn engine_dependencies(project: &Project) -> Result<Vec<String>> {
    let engine = project.package("upcue-engine")?;
    let impure = engine.dependencies.iter().filter(|dependency| {
        let name = dependency.name.as_str();
        let allowed = ENGINE_DEPENDENCIES.contains(&name) || dependency.optional && ENGINE_OPTIONAL_DEPENDENCIES.contains(&name);
        dependency.kind.is_none() && !allowed
    });
    Ok(impure.map(|dependency| format!("engine/Cargo.toml: remove `{}`", dependency.name)).collect())
}

fn directions(project: &Project) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (package, forbidden) in SEPARATE {
        for dependency in &project.package(package)?.dependencies {
            if forbidden.contains(&dependency.name.as_str()) {
                findings.push(format!("{package} must not depend on {}", dependency.name));
            }
        }
    }
    Ok(findings)
}

#[derive(Debug, Deserialize)]
struct CargoLock {
    package: Vec<LockedPackage>,
}

#[derive(Debug, Deserialize)]
struct LockedPackage {
    name: String,
    version: String,
    /// Absent for workspace members.
    source: Option<String>,
}

fn cargo_lock(project: &Project) -> Result<Vec<LockedPackage>> {
    let lock: CargoLock = toml::from_str(&read(&project.root.join("Cargo.lock"))?)?;
    Ok(lock.package)
}

fn bindgen_versions(project: &Project) -> Result<Vec<String>> {
    let locked = cargo_lock(project)?;
    let versions: BTreeSet<(&str, &str)> = locked
        .iter()
        .filter(|package| ["wasm-bindgen", "wasm-bindgen-cli-support"].contains(&package.name.as_str()))
        .map(|package| (package.version.as_str(), package.name.as_str()))
        .collect();
    let distinct: BTreeSet<&str> = versions.iter().map(|(version, _)| *version).collect();
    if distinct.len() < 2 {
        return Ok(Vec::new());
    }
    let listed: Vec<String> = versions.iter().map(|(version, name)| format!("{name} {version}")).collect();
    Ok(vec![format!("Cargo.lock has {}: give xtask/Cargo.toml the crate's version", listed.join(", "))])
}

fn durable_objects(project: &Project) -> Result<Vec<String>> {
    let wrangler = Wrangler::read(project)?;
    let entry = read(&project.root.join("worker/entry.js"))?;
    let exported: BTreeSet<&str> = entry.lines().filter_map(|line| line.strip_prefix("export class ")?.split_whitespace().next()).collect();
    let bound: BTreeSet<&str> = wrangler.durable_objects.bindings.iter().map(|binding| binding.class_name.as_str()).collect();
    let stored: BTreeSet<&str> =
        wrangler.migrations.iter().flat_map(|migration| migration.new_sqlite_classes.iter().map(String::as_str)).collect();
    let mut findings = Vec::new();
    for class in exported.union(&bound).chain(&stored).collect::<BTreeSet<_>>() {
        for (place, names) in [
            ("export it from worker/entry.js", &exported),
            ("bind it in wrangler.toml", &bound),
            ("add it to a migration in wrangler.toml", &stored),
        ] {
            if !names.contains(class) {
                findings.push(format!("{class}: {place}"));
            }
        }
    }
    Ok(findings)
}

#[expect(clippy::unnecessary_wraps, reason = "the type of a rule")]
fn licences(project: &Project) -> Result<Vec<String>> {
    let unlicensed = project.packages.iter().filter(|package| package.license.is_none());
    let mut findings: Vec<String> = unlicensed.map(|package| format!("{}: add `license.workspace = true`", package.name)).collect();
    if !project.root.join("LICENSE").exists() {
        findings.push("LICENSE is missing".into());
    }
    Ok(findings)
}

fn sources(project: &Project) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for package in cargo_lock(project)? {
        if let Some(source) = package.source.filter(|source| source != CRATES_IO) {
            findings.push(format!("Cargo.lock: {} comes from {source}", package.name));
        }
    }
    for (number, line) in read(&project.root.join("package-lock.json"))?.lines().enumerate() {
        // Locked by version and hash only, so that any mirror of the registry serves.
        if line.trim().starts_with("\"resolved\":") {
            findings.push(format!("package-lock.json:{}: {}", number + 1, line.trim()));
        }
    }
    Ok(findings)
}

/// Home directories, in pieces so that this file passes its own check.
fn machine_prefixes() -> [String; 4] {
    ["root", "home", "Users", "work"].map(|directory| format!("/{directory}/"))
}

fn machine_paths(project: &Project) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    source_files(&project.root, project, &mut files)?;
    for file in files {
        // What is not text has no paths to read.
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let name = file.strip_prefix(&project.root).unwrap_or(&file).display();
        for (number, line) in text.lines().enumerate() {
            if names_machine(line) {
                findings.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    Ok(findings)
}

/// Whether an absolute path into somebody's home directory is in the line; `example.com/home/` is none.
fn names_machine(line: &str) -> bool {
    machine_prefixes().iter().any(|prefix| {
        line.match_indices(prefix.as_str()).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|character| !(character.is_alphanumeric() || "._-*}/~".contains(character)))
        })
    })
}

fn source_files(directory: &Path, project: &Project, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_symlink() || path == project.target || [".git", "node_modules", "target", ".wrangler"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            source_files(&path, project, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_are_told_from_addresses() {
        assert!(names_machine(&format!("path = \"/{}/me/x\"", "home")));
        assert!(names_machine(&format!("/{}/x", "root")));
        assert!(!names_machine(&format!("https://example.com/{}/x", "home")));
        assert!(!names_machine("www/home/index.html"));
    }
}
