//! A sub-process that is stopped when its handle goes.

use std::fs::File;
use std::io::{self, stderr};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::command::interrupted;
use crate::progress;

const POLL: Duration = Duration::from_millis(20);
const START_LIMIT: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
const STOP_LIMIT: Duration = Duration::from_secs(2);
const WRITE_LIMIT: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    child: Child,
    stop_limit: Duration,
}

impl Service {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        Self::spawn(name, command.stdout(stderr()))
    }

    /// What it says goes into a file.
    pub(crate) fn start_quietly(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        progress::note(&format!("what the {name} says goes to {}", log.display()));
        Self::spawn(name, command.stdout(file.try_clone()?).stderr(file))
    }

    fn spawn(name: &'static str, command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start the {name} ({})", command.get_program().to_string_lossy()))?;
        Ok(Self { name, child, stop_limit: STOP_LIMIT })
    }

    /// It writes down all it holds when it is stopped, and is given the time for it.
    pub(crate) fn writes_at_end(mut self) -> Self {
        self.stop_limit = WRITE_LIMIT;
        self
    }

    pub(crate) fn wait_for_port(&mut self, port: u16) -> Result<()> {
        self.wait("listen", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    pub(crate) fn wait_for_health(&mut self, url: &str) -> Result<()> {
        let health = format!("{url}/healthz");
        self.wait("answer /healthz", || ureq::get(&health).config().timeout_global(Some(ANSWER_LIMIT)).build().call().is_ok())
    }

    fn wait(&mut self, what: &str, ready: impl Fn() -> bool) -> Result<()> {
        let started = Instant::now();
        while !ready() {
            self.check()?;
            if interrupted() {
                bail!("stopped while the {} was starting", self.name);
            }
            if started.elapsed() > START_LIMIT {
                bail!("the {} did not {what} within {}: its output is above", self.name, progress::seconds(START_LIMIT));
            }
            sleep(POLL);
        }
        Ok(())
    }

    /// Fails when the process has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            // Ctrl-C reaches the whole process group: ending is what it should do then.
            Some(status) if !interrupted() => bail!("the {} has ended ({status}): its output is above", self.name),
            _ => Ok(()),
        }
    }

    /// Stops it; fails where it could not end as it should.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.stop()?;
        match self.child.try_wait()? {
            Some(status) if status.success() => Ok(()),
            status => bail!("the {} did not end well ({status:?}): what it held may not be written down", self.name),
        }
    }

    fn stop(&mut self) -> io::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let started = Instant::now();
        if let Ok(id) = i32::try_from(self.child.id()) {
            kill(Pid::from_raw(id), Signal::SIGTERM)?;
            while started.elapsed() < self.stop_limit {
                if self.child.try_wait()?.is_some() {
                    return Ok(());
                }
                sleep(POLL);
            }
        }
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            progress::note(&format!("could not stop the {} (process {}): {error}", self.name, self.child.id()));
        }
    }
}
