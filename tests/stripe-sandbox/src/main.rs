//! The sandbox as a process of its own.

use std::{
    io::{Write, stdout},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use anyhow::Context;
use clap::Parser;
use stripe_sandbox::{Options, Sandbox};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// A native double of the parts of Stripe that Upcue uses.
#[derive(Debug, Parser)]
#[command(name = "stripe-sandbox", version, args_override_self = true)]
struct Cli {
    /// Address to listen on; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// File that keeps the state across restarts; without it the state ends with the process
    #[arg(long)]
    data: Option<PathBuf>,
    /// Attempts to deliver a webhook before it is given up
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    webhook_attempts: u16,
    /// Milliseconds before the second attempt, doubled before each further one, up to twenty-fold
    #[arg(long, default_value_t = 100)]
    webhook_backoff_ms: u64,
    /// Milliseconds that an endpoint has to answer
    #[arg(long, default_value_t = 10_000)]
    webhook_timeout_ms: u64,
    /// Lift Stripe's limit of 10 new invoices a minute and 20 a day for each subscription
    #[arg(long)]
    no_invoice_limits: bool,
    /// Write the file when the sandbox stops, and not after every change
    #[arg(long, requires = "data")]
    save_at_end: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let options = Options {
        data: cli.data,
        webhook_attempts: cli.webhook_attempts.into(),
        webhook_backoff: Duration::from_millis(cli.webhook_backoff_ms),
        webhook_timeout: Duration::from_millis(cli.webhook_timeout_ms),
        without_invoice_limits: cli.no_invoice_limits,
        saves_at_end: cli.save_at_end,
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(cli.listen).await.with_context(|| format!("cannot listen on {}", cli.listen))?;
    let sandbox = Sandbox::open(options)?;
    // The socket queues connections from here on, so whoever reads this line can connect.
    writeln!(stdout(), "stripe-sandbox listening on http://{}", listener.local_addr()?)?;
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    sandbox.serve(listener, stop).await
}
