//! The whole product on one machine, with example data, until Ctrl-C.

mod past;

use std::fmt::Write;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::build::{self, sdk, worker, www};
use crate::command::interrupted;
use crate::progress::{note, seconds, step};
use crate::project::{Project, write_private};
use crate::setup;
use crate::stack::ports::Ports;
use crate::stack::seed::{self, Credentials, Example, Webhook};
use crate::stack::{self, Stack};

const POLL: Duration = Duration::from_millis(50);
/// How often the sandbox is told that time has passed, so that it bills what has fallen due.
const TICK: Duration = Duration::from_mins(1);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The Worker's port; sandbox and demo take the next two. 0 picks free ones.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Where state and credentials are kept [default: target/dev].
    #[arg(long)]
    data: Option<PathBuf>,
    /// Leave the app empty: no catalogue, configuration or usage.
    #[arg(long)]
    no_seed: bool,
    /// Begin with today: no customers who have used the demo for 90 days.
    #[arg(long)]
    no_history: bool,
    /// Once ready, print addresses and credentials as one line of JSON on stdout.
    #[arg(long)]
    json: bool,
}

/// Rises with every change of what Worker and sandbox store that earlier data cannot be read with: the number of
/// `FORMAT` in worker/src/objects/rows.rs, and behind the point what is the sandbox's or the example's own. Example data is made anew
/// rather than carried over.
const DATA_FORMAT: &str = "6.1";

/// What outlives a run, in `dev.json`: without these keys the stored app could not be used again.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    operator_key: String,
    credentials: Option<Credentials>,
    webhook: Option<Webhook>,
    /// The pages' origin that the Worker was told of, with the webhook's secret.
    introduced: Option<String>,
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    match serve(project, options) {
        // Stopping is how this task ends, also while it starts.
        Err(error) if interrupted() => {
            note(&format!("stopped ({error})"));
            Ok(())
        }
        result => result,
    }
}

fn serve(project: &Project, options: &Options) -> Result<()> {
    let started = Instant::now();
    setup::ensure(project)?;
    {
        let _lock = project.build_lock()?;
        sdk::build(project)?;
        www::build(project)?;
        worker::build(project, worker::Flavour::Release)?;
        build::native(project)?;
    }

    let data = options.data.clone().unwrap_or_else(|| project.target.join("dev"));
    let _lock = stack::lock(&data)?;
    clear_old(&data)?;
    let file = data.join("dev.json");
    let mut saved = Saved::load(&file)?;
    let ports = Ports::pick(options.port)?;
    let mut example = if options.no_seed { None } else { Example::read(project, &data, ports)? };
    if let Some(example) = &mut example
        && saved.credentials.is_none()
        && !options.no_history
    {
        past::live(project, &data, ports, &mut saved, example)?;
    }
    let mut stack = Stack::start(project, &data, ports, &saved.operator_key)?;
    saved.store(&file)?;
    let (credentials, webhook) = saved.prepare_app(ports, &file)?;
    seed::tick(ports)?;
    if let Some(example) = example {
        step("Seed the demo", || example.fill(ports, &credentials))?;
    }
    stack.start_demo(project, &credentials)?;

    note(&format!("ready after {}", seconds(started.elapsed())));
    announce(options, ports, &saved.operator_key, &credentials, &webhook);
    let mut told = Instant::now();
    while !interrupted() {
        stack.check()?;
        if told.elapsed() > TICK {
            told = Instant::now();
            seed::tick(ports)?;
        }
        sleep(POLL);
    }
    note("stopping");
    Ok(())
}

/// Removes example data that an earlier build has stored in another format.
fn clear_old(data: &Path) -> Result<()> {
    let mark = data.join("format");
    let is_ours = data.join("dev.json").exists();
    let is_old = fs::read_to_string(&mark).unwrap_or_default().trim() != DATA_FORMAT;
    if is_ours && (is_old || past::is_unfinished(data)) {
        let what = if is_old { "example data of an earlier version" } else { "a history that was broken off" };
        note(&format!("{} holds {what}; it is made anew", data.display()));
        empty(data)?;
    }
    fs::write(&mark, DATA_FORMAT).with_context(|| format!("cannot write {}", mark.display()))
}

/// Removes everything but the lock, which this process holds.
fn empty(data: &Path) -> Result<()> {
    for entry in fs::read_dir(data).with_context(|| format!("cannot read {}", data.display()))? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == stack::LOCK) {
            continue;
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

impl Saved {
    fn load(file: &Path) -> Result<Self> {
        if !file.exists() {
            return Ok(Self { operator_key: format!("upc_op_{}", random_hex()?), credentials: None, webhook: None, introduced: None });
        }
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: delete its directory to start with an empty app", file.display()))
    }

    /// Makes the app, or what has changed about it since the last start. Stores each step, so that none is done twice.
    fn prepare_app(&mut self, ports: Ports, file: &Path) -> Result<(Credentials, Webhook)> {
        let credentials = match &self.credentials {
            Some(credentials) => credentials.clone(),
            None => step("Create the demo app", || seed::create_app(ports, &self.operator_key))?,
        };
        self.credentials = Some(credentials.clone());
        self.store(file)?;

        let webhook = seed::register_webhook(ports, &credentials, self.webhook.as_ref())?;
        self.webhook = Some(webhook.clone());
        self.store(file)?;

        if self.introduced.as_deref() != Some(&ports.demo_url()) {
            seed::introduce(ports, &self.operator_key, &credentials, &webhook)?;
            if let Some(before) = &self.introduced {
                seed::move_demo(ports, &credentials, before)?;
            }
            self.introduced = Some(ports.demo_url());
            self.store(file)?;
        }
        Ok((credentials, webhook))
    }

    /// Replaces the file at once: a crash leaves the old one or the new one.
    fn store(&self, file: &Path) -> Result<()> {
        let fresh = file.with_extension("json.new");
        write_private(&fresh, &serde_json::to_string_pretty(self)?)?;
        fs::rename(&fresh, file).with_context(|| format!("cannot write {}", file.display()))
    }
}

#[expect(clippy::print_stdout, reason = "the caller of --json reads it there")]
fn announce(options: &Options, ports: Ports, operator_key: &str, credentials: &Credentials, webhook: &Webhook) {
    if options.json {
        let line = json!({
            "worker": ports.worker_url(),
            "stripe": ports.stripe_url(),
            "demo": ports.demo_url(),
            "console": console_url(ports, credentials),
            "app": credentials.app,
            "operator_key": operator_key,
            "secret_key": credentials.secret_key,
            "signing_key": credentials.signing_key,
            "webhook_secret": webhook.secret,
        });
        println!("{line}");
        return;
    }
    println!(
        "
  Demo app         {demo}/demo/
  Landing page     {demo}/
  Console          {console}
  Worker           {worker}
  Stripe sandbox   {stripe}   (key {stripe_key})
  App              {app}
  Secret key       {secret_key}
  Operator key     {operator_key}

  Ctrl-C stops everything; what it stored is there again at the next start.
",
        demo = ports.demo_url(),
        console = console_url(ports, credentials),
        worker = ports.worker_url(),
        stripe = ports.stripe_url(),
        stripe_key = seed::STRIPE_KEY,
        app = credentials.app,
        secret_key = credentials.secret_key,
    );
}

/// The console's address with the key to the demo app. What is behind the `#` is sent to no server, and the console takes it out of
/// the address before anything else.
fn console_url(ports: Ports, credentials: &Credentials) -> String {
    format!("{}/console/#endpoint={}&key={}", ports.demo_url(), ports.worker_url(), credentials.secret_key)
}

fn random_hex() -> Result<String> {
    let mut bytes = [0; 24];
    File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).context("cannot read /dev/urandom")?;
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}
