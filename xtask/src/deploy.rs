//! Ships Worker, pages and SDK to Cloudflare, by wrangler.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::build;
use crate::command::{output, run as call};
use crate::progress::{note, step};
use crate::project::{Project, read};
use crate::setup;

/// What the Worker needs to be told and nobody else may know.
const SECRETS: [(&str, &str); 1] =
    [("OPERATOR_KEY", "the key that creates apps; anything long that cannot be guessed, as `openssl rand -hex 32` says it")];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// One of the environments of wrangler.toml; production when absent.
    #[arg(long)]
    env: Option<String>,
    /// Build everything and show what would be uploaded, without an account or a network.
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let environment = Environment::find(project, options.env.as_deref())?;
    setup::ensure(project)?;
    build::run(project, None)?;
    if options.dry_run {
        step("Pack what would be uploaded", || environment.wrangler(project, &["deploy", "--dry-run", "--outdir", "target/deploy"]))?;
        checklist(&environment);
        note("nothing was uploaded");
        return Ok(());
    }
    step("Ask which secrets are set", || environment.check_secrets(project))?;
    step("Upload", || environment.wrangler(project, &["deploy"]))?;
    note("ask `/healthz` at the address above; then create an app, as README.md says");
    Ok(())
}

/// Where it goes.
#[derive(Debug)]
struct Environment {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Wrangler {
    #[serde(default)]
    env: BTreeMap<String, toml::Value>,
}

impl Environment {
    fn find(project: &Project, name: Option<&str>) -> Result<Self> {
        let known: Wrangler =
            toml::from_str(&read(&project.root.join("wrangler.toml"))?).context("wrangler.toml is not what xtask expects")?;
        match name {
            Some(name) if !known.env.contains_key(name) => {
                let names: Vec<&str> = known.env.keys().map(String::as_str).collect();
                bail!("wrangler.toml has no environment `{name}`; it has {}, and production without `--env`", names.join(", "))
            }
            name => Ok(Self { name: name.map(str::to_owned) }),
        }
    }

    /// The arguments by which wrangler knows it. Named also where it is production, as wrangler asks for it otherwise.
    fn arguments(&self) -> [String; 1] {
        [format!("--env={}", self.name.as_deref().unwrap_or_default())]
    }

    fn wrangler(&self, project: &Project, arguments: &[&str]) -> Result<()> {
        let mut wrangler = project.tool("wrangler");
        wrangler.args(arguments).args(self.arguments()).env("WRANGLER_SEND_METRICS", "false");
        call(&mut wrangler, "what wrangler says above tells why; `wrangler login` signs in to an account")
    }

    /// Nothing is uploaded that would refuse its operator.
    fn check_secrets(&self, project: &Project) -> Result<()> {
        let mut wrangler = project.tool("wrangler");
        wrangler.args(["secret", "list", "--format=json"]).args(self.arguments()).env("WRANGLER_SEND_METRICS", "false");
        let listed = output(&mut wrangler, "`wrangler login` signs in; the first upload of a Worker needs its secrets first")?;
        let missing = missing(&listed)?;
        if missing.is_empty() {
            return Ok(());
        }
        let commands: Vec<String> = missing.iter().map(|name| self.command(name)).collect();
        bail!("secrets are missing; set each with\n  {}", commands.join("\n  "))
    }

    fn command(&self, secret: &str) -> String {
        format!("npx wrangler secret put {secret} {}", self.arguments().join(" "))
    }
}

/// Those of the secrets that a list of wrangler's lacks.
fn missing(listed: &str) -> Result<Vec<&'static str>> {
    #[derive(Deserialize)]
    struct Secret {
        name: String,
    }
    let listed: Vec<Secret> = serde_json::from_str(listed).context("wrangler's list of secrets is no JSON")?;
    Ok(SECRETS.iter().map(|(name, _)| *name).filter(|name| listed.iter().all(|secret| secret.name != *name)).collect())
}

fn checklist(environment: &Environment) {
    note("before the first upload, set each of these secrets:");
    for (name, what) in SECRETS {
        note(&format!("  {name}: {what}\n    {}", environment.command(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_are_not_set_are_missing() -> Result<()> {
        assert_eq!(missing(r#"[{"name": "OTHER", "type": "secret_text"}]"#)?, ["OPERATOR_KEY"]);
        assert_eq!(missing(r#"[{"name": "OPERATOR_KEY", "type": "secret_text"}]"#)?, [""; 0]);
        assert!(missing("not signed in").is_err());
        Ok(())
    }
}
