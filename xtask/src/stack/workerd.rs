//! A configuration for workerd, derived from wrangler.toml, so that both run the same Worker.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use crate::build::worker::Flavour;
use crate::project::{Project, read, text, write_private};

/// The double of Cloudflare's Email Service behind the binding `EMAIL`, in the tests that ask for it.
const MAILER: &str = include_str!("mailer.js");

/// For tests that start and kill workerd themselves.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Directory for the configuration and the Durable Objects' storage.
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    port: u16,
    /// Address of the Stripe API or of the sandbox.
    #[arg(long)]
    stripe: String,
    #[arg(long)]
    operator_key: String,
    /// How long the Worker waits for an answer of Stripe's, in milliseconds; the Worker's own default when absent.
    #[arg(long)]
    stripe_timeout_ms: Option<u64>,
    /// Address of Resend's API or of its double; Resend itself when absent.
    #[arg(long)]
    resend: Option<String>,
    /// Where a double of Cloudflare's Email Service hears of mails; without it there is no such binding.
    #[arg(long)]
    send_email: Option<String>,
    /// A file with a certificate (PEM) to trust besides those that browsers do: the mail server's in tests.
    #[arg(long)]
    trust: Option<PathBuf>,
    /// The Worker with the test clock and fault switches.
    #[arg(long)]
    dev: bool,
    /// Whatever the Worker thinks, its outbound webhooks reach public addresses only.
    #[arg(long)]
    public_hooks: bool,
}

/// Writes the configuration and prints the command line that serves it, as a JSON array.
#[expect(clippy::print_stdout, reason = "the command line is this task's result")]
pub(crate) fn print(project: &Project, options: &Options) -> Result<()> {
    let flavour = if options.dev { Flavour::Dev } else { Flavour::Release };
    let worker = Worker {
        bundle: flavour.directory(project),
        data: options.data.clone(),
        port: options.port,
        stripe: options.stripe.clone(),
        operator_key: options.operator_key.clone(),
        stripe_timeout_ms: options.stripe_timeout_ms,
        resend: options.resend.clone(),
        send_email: options.send_email.clone(),
        trust: options.trust.as_deref().map(read).transpose()?,
        hooks_come_home: options.dev && !options.public_hooks,
    };
    let command = worker.command(project)?;
    let mut words = Vec::new();
    for word in std::iter::once(command.get_program()).chain(command.get_args()) {
        words.push(text(Path::new(word))?.to_owned());
    }
    println!("{}", serde_json::to_string(&words)?);
    Ok(())
}

/// One Worker to serve.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) bundle: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
    pub(crate) stripe: String,
    pub(crate) operator_key: String,
    pub(crate) stripe_timeout_ms: Option<u64>,
    pub(crate) resend: Option<String>,
    pub(crate) send_email: Option<String>,
    /// A certificate to trust besides the usual ones, as PEM.
    pub(crate) trust: Option<String>,
    /// Whether outbound webhooks may go to this machine: only the Worker with the test switches sends any there.
    pub(crate) hooks_come_home: bool,
}

impl Worker {
    /// Writes `workerd.capnp` into the data directory and returns the command that serves it.
    pub(crate) fn command(&self, project: &Project) -> Result<Command> {
        fs::create_dir_all(self.data.join("do")).with_context(|| format!("cannot make the data directory {}", self.data.display()))?;
        let data = self.data.canonicalize()?;
        let bundle = self
            .bundle
            .canonicalize()
            .with_context(|| format!("{} is missing: run `cargo xtask build worker` first", self.bundle.display()))?;
        let wrangler = Wrangler::read(project)?;
        let config = data.join("workerd.capnp");
        write_private(&config, &self.config(&wrangler, &data)?)?;

        let mut command = project.tool("workerd");
        command.arg("serve").arg(format!("--import-path={}", text(&bundle)?)).arg(&config);
        Ok(command)
    }

    fn config(&self, wrangler: &Wrangler, data: &Path) -> Result<String> {
        let mut bindings: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in &wrangler.vars {
            bindings.insert(name, binding_value(value)?);
        }
        bindings.insert("STRIPE_API_BASE", format!("text = {}", quoted(&self.stripe)));
        if let Some(ms) = self.stripe_timeout_ms {
            bindings.insert("STRIPE_TIMEOUT_MS", format!("text = {}", quoted(&ms.to_string())));
        }
        if let Some(resend) = &self.resend {
            bindings.insert("RESEND_API_BASE", format!("text = {}", quoted(resend)));
        }
        let (mut service, mut mailer) = ("", String::new());
        if let Some(url) = &self.send_email {
            bindings.insert("EMAIL", "service = (name = \"mailer\", entrypoint = \"Mailer\")".to_owned());
            service = "    (name = \"mailer\", worker = .mailer),\n";
            mailer = format!(
                "\nconst mailer :Workerd.Worker = (\n  modules = [(name = \"mailer.js\", esModule = {})],\n  compatibilityDate = {},\n  \
                 bindings = [(name = \"URL\", text = {})],\n);\n",
                quoted(MAILER),
                quoted(&wrangler.compatibility_date),
                quoted(url)
            );
        }
        bindings.insert("OPERATOR_KEY", format!("text = {}", quoted(&self.operator_key)));
        bindings.insert("HOOKS", format!("service = {}", quoted("hooks")));
        for object in &wrangler.durable_objects.bindings {
            bindings.insert(&object.name, format!("durableObjectNamespace = {}", quoted(&object.class_name)));
        }

        let mut listed = String::new();
        for (name, value) in &bindings {
            writeln!(listed, "    (name = {}, {value}),", quoted(name))?;
        }
        let mut namespaces = String::new();
        for class in wrangler.migrations.iter().flat_map(|migration| &migration.new_sqlite_classes) {
            let class = quoted(class);
            writeln!(namespaces, "    (className = {class}, uniqueKey = {class}, enableSql = true),")?;
        }
        let trusted = self.trust.as_deref().map(quoted).unwrap_or_default();
        let flags: Vec<String> = wrangler.compatibility_flags.iter().map(|flag| quoted(flag)).collect();

        Ok(format!(
            r#"# Generated from wrangler.toml; changes are lost at the next start.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "upcue", worker = .upcue),
{service}    (name = "storage", disk = (path = {storage}, writable = true)),
    # Loopback too: the Stripe sandbox is there.
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true, trustedCertificates = [{trusted}]),
    )),
    # Outbound webhooks go where an app says: never into the network around us, whatever a name there leads to.
    (name = "hooks", network = (
      allow = [{hooks}],
      tlsOptions = (trustBrowserCas = true, trustedCertificates = [{trusted}]),
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = (), service = "upcue")],
);

const upcue :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "/index.js"),
    (name = "index_bg.wasm", wasm = embed "/index_bg.wasm"),
  ],
  compatibilityDate = {date},
  compatibilityFlags = [{flags}],
  bindings = [
{listed}  ],
  durableObjectNamespaces = [
{namespaces}  ],
  durableObjectStorage = (localDisk = "storage"),
);
{mailer}"#,
            storage = quoted(text(&data.join("do"))?),
            port = self.port,
            hooks = if self.hooks_come_home { r#""public", "local""# } else { r#""public""# },
            date = quoted(&wrangler.compatibility_date),
            flags = flags.join(", "),
        ))
    }
}

/// What wrangler.toml says that workerd needs to know.
#[derive(Debug, Deserialize)]
pub(crate) struct Wrangler {
    compatibility_date: String,
    #[serde(default)]
    compatibility_flags: Vec<String>,
    #[serde(default)]
    vars: BTreeMap<String, toml::Value>,
    pub(crate) durable_objects: DurableObjects,
    #[serde(default)]
    pub(crate) migrations: Vec<Migration>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DurableObjects {
    pub(crate) bindings: Vec<ObjectBinding>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ObjectBinding {
    pub(crate) name: String,
    pub(crate) class_name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Migration {
    #[serde(default)]
    pub(crate) new_sqlite_classes: Vec<String>,
}

impl Wrangler {
    pub(crate) fn read(project: &Project) -> Result<Self> {
        toml::from_str(&read(&project.root.join("wrangler.toml"))?).context("wrangler.toml is not what xtask expects")
    }
}

/// A variable as wrangler would pass it: strings as text, all else as JSON.
fn binding_value(value: &toml::Value) -> Result<String> {
    Ok(match value {
        toml::Value::String(value) => format!("text = {}", quoted(value)),
        other => format!("json = {}", quoted(&serde_json::to_string(other)?)),
    })
}

/// A Cap'n Proto text literal.
fn quoted(value: &str) -> String {
    let mut literal = String::from('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            '\n' => literal.push_str("\\n"),
            control if control.is_ascii_control() => {
                literal.extend(format!("\\x{:02x}", u32::from(control)).chars());
            }
            other => literal.push(other),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_literals_are_escaped() {
        assert_eq!(quoted("a\"b\\c\nd\u{7}é"), r#""a\"b\\c\nd\x07é""#);
    }

    #[test]
    fn variables_keep_their_types() -> Result<()> {
        assert_eq!(binding_value(&toml::Value::String("x".into()))?, r#"text = "x""#);
        assert_eq!(binding_value(&toml::Value::Boolean(true))?, r#"json = "true""#);
        Ok(())
    }
}
