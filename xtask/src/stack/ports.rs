//! The three neighbouring ports of a stack.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) worker: u16,
    pub(crate) stripe: u16,
    pub(crate) demo: u16,
}

impl Ports {
    /// `first` and the two after it; any free ones when `first` is 0.
    pub(crate) fn pick(first: u16) -> Result<Self> {
        let wanted = if first == 0 { [0; 3] } else { [first, next(first, 1)?, next(first, 2)?] };
        // All three are held until all are known, so that no two are the same.
        let held = [listen(wanted[0])?, listen(wanted[1])?, listen(wanted[2])?];
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        Ok(Self { worker: port(&held[0])?, stripe: port(&held[1])?, demo: port(&held[2])? })
    }

    pub(crate) fn worker_url(self) -> String {
        url(self.worker)
    }

    pub(crate) fn stripe_url(self) -> String {
        url(self.stripe)
    }

    pub(crate) fn demo_url(self) -> String {
        url(self.demo)
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn next(first: u16, offset: u16) -> Result<u16> {
    first.checked_add(offset).context("--port needs two more ports above it: choose a smaller one")
}

fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("port {port} is taken: stop what uses it, or choose others with --port (0 picks free ones)"))
}
