//! The product on one machine: Stripe sandbox, workerd with the Worker, the demo's back end.

mod http;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod seed;
pub(crate) mod workerd;

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use crate::build::{worker, www};
use crate::command::run;
use crate::progress::step;
use crate::project::Project;
use ports::Ports;
use process::Service;
use seed::Credentials;

/// The file in a data directory that says who uses it.
pub(crate) const LOCK: &str = "lock";

/// Running services; dropping the stack stops them, the last started first.
#[derive(Debug)]
pub(crate) struct Stack {
    services: Vec<Service>,
    pub(crate) ports: Ports,
    data: PathBuf,
}

impl Stack {
    /// Starts the Stripe sandbox and the Worker on `data`.
    pub(crate) fn start(project: &Project, data: &Path, ports: Ports, operator_key: &str) -> Result<Self> {
        let mut stack = Self { services: Vec::new(), ports, data: data.to_owned() };
        step("Start the Stripe sandbox and the Worker", || {
            stack.start_sandbox(project, false)?;
            stack.start_worker(project, worker::Flavour::Release, operator_key)
        })?;
        Ok(stack)
    }

    /// The same with clocks that can be moved.
    pub(crate) fn start_past(project: &Project, data: &Path, ports: Ports, operator_key: &str) -> Result<Self> {
        let mut stack = Self { services: Vec::new(), ports, data: data.to_owned() };
        stack.start_sandbox(project, true)?;
        stack.start_worker(project, worker::Flavour::Dev, operator_key)?;
        Ok(stack)
    }

    fn start_sandbox(&mut self, project: &Project, is_past: bool) -> Result<()> {
        let mut command = Command::new(project.binary("stripe-sandbox"));
        command.args(["--listen", &format!("127.0.0.1:{}", self.ports.stripe)]);
        command.arg("--data").arg(self.data.join("stripe.json"));
        if is_past {
            command.args(["--save-at-end", "--no-invoice-limits"]);
        }
        let mut sandbox = Service::start("Stripe sandbox", &mut command)?;
        if is_past {
            sandbox = sandbox.writes_at_end();
        }
        sandbox.wait_for_port(self.ports.stripe)?;
        self.services.push(sandbox);
        Ok(())
    }

    fn start_worker(&mut self, project: &Project, flavour: worker::Flavour, operator_key: &str) -> Result<()> {
        let worker = workerd::Worker {
            bundle: flavour.directory(project),
            data: self.data.clone(),
            port: self.ports.worker,
            stripe: self.ports.stripe_url(),
            operator_key: operator_key.to_owned(),
            stripe_timeout_ms: None,
            resend: None,
            send_email: None,
            trust: None,
            hooks_come_home: false,
        };
        let mut command = worker.command(project)?;
        let mut workerd = match flavour {
            worker::Flavour::Release => Service::start("Worker", &mut command)?,
            // A line for each of the requests of months is nothing to read along.
            worker::Flavour::Dev => Service::start_quietly("Worker", &mut command, &log_of(&self.data))?,
        };
        workerd.wait_for_health(&self.ports.worker_url())?;
        self.services.push(workerd);
        Ok(())
    }

    /// Starts the demo's back end, which serves the pages and signs its users' tokens.
    pub(crate) fn start_demo(&mut self, project: &Project, credentials: &Credentials) -> Result<()> {
        let mut command = self.nimbus(project, "serve", credentials);
        command.args(["--listen", &format!("127.0.0.1:{}", self.ports.demo)]);
        command.arg("--static").arg(www::directory(project));
        let mut demo = Service::start("demo back end", &mut command)?;
        demo.wait_for_port(self.ports.demo)?;
        self.services.push(demo);
        Ok(())
    }

    /// Has the demo's customers live through the past, up to now; `what` are options of it.
    pub(crate) fn live(&self, project: &Project, credentials: &Credentials, operator_key: &str, what: &[&str]) -> Result<()> {
        let mut command = self.nimbus(project, "history", credentials);
        run(command.args(["--operator-key", operator_key]).args(what), "`--no-history` does without")
    }

    /// The demo's back end, told where everything is.
    fn nimbus(&self, project: &Project, task: &str, credentials: &Credentials) -> Command {
        let mut command = Command::new(project.binary("demo-backend"));
        command.arg(task);
        command.args(["--worker", &self.ports.worker_url(), "--app", &credentials.app]);
        command.args(["--kid", &credentials.signing_key.kid, "--signing-secret", &credentials.signing_key.secret]);
        command.args(["--secret-key", &credentials.secret_key]);
        command.args(["--stripe", &self.ports.stripe_url(), "--stripe-key", seed::STRIPE_KEY]);
        command
    }

    /// Stops what was started by [`Self::start_past`]; fails where the sandbox could not write down what it holds.
    pub(crate) fn finish(mut self) -> Result<()> {
        while let Some(service) = self.services.pop() {
            if self.services.is_empty() {
                return service.finish();
            }
        }
        Ok(())
    }

    /// Fails when one of the services has ended by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.services.iter_mut().try_for_each(Service::check)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        while let Some(service) = self.services.pop() {
            drop(service);
        }
    }
}

/// Where a Worker that is started quietly says what it does: not below the data directory, which is made anew after a failure.
fn log_of(data: &Path) -> PathBuf {
    data.with_extension("past.log")
}

/// Takes the directory for this process and the services it starts: they inherit the lock, so that it also holds
/// while a service outlives an xtask that was killed.
pub(crate) fn lock(data: &Path) -> Result<File> {
    fs::create_dir_all(data).with_context(|| format!("cannot make the data directory {}", data.display()))?;
    let path = data.join(LOCK);
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        let owner = fs::read_to_string(&path).unwrap_or_default();
        bail!(
            "{} is in use by process {} (or a service it left behind): stop it, or choose another directory with --data",
            data.display(),
            owner.trim(),
        );
    }
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).context("cannot pass the lock on to the services")?;
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}
