//! Remembers what an output was made from, so that nothing is made twice.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project::write;

#[derive(Debug)]
pub(crate) struct Stamp {
    path: PathBuf,
    value: String,
}

impl Stamp {
    /// Fingerprints the content of `inputs`; `recipe` names how the output is made from them.
    pub(crate) fn new(path: PathBuf, inputs: &[&Path], recipe: &str) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        recipe.hash(&mut hasher);
        for input in inputs {
            fs::read(input).with_context(|| format!("cannot read {}", input.display()))?.hash(&mut hasher);
        }
        Ok(Self { path, value: format!("{:016x}\n", hasher.finish()) })
    }

    pub(crate) fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|value| value == self.value)
    }

    /// To be called when the output is complete.
    pub(crate) fn write(&self) -> Result<()> {
        write(&self.path, &self.value)
    }
}

/// Changes whenever the build steps themselves are recompiled.
pub(crate) fn own_version() -> String {
    let modified = env::current_exe().and_then(fs::metadata).and_then(|metadata| metadata.modified());
    format!("{modified:?}")
}
