//! The back end of Nimbus, the demo product. It does what any customer's back end does: signs its users' tokens and reports
//! what its servers meter. For trying things out it also changes plan and card at the Stripe sandbox, as staff would.

mod billing;
mod cards;
mod client;
mod error;
mod history;
mod hs256;
mod metering;
mod pages;
mod routes;
mod session;
mod tokens;

use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The back end of Nimbus, the demo product.
#[derive(Debug, Parser)]
#[command(name = "demo-backend", version)]
enum Cli {
    /// Serves the pages, and signs their users' tokens
    Serve(Serve),
    /// Lives through the past months of Nimbus's customers, on clocks that can be moved
    History(history::Options),
}

#[derive(Debug, Args)]
struct Serve {
    /// Address to listen on; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Directory with the built pages
    #[arg(long = "static", value_name = "DIR")]
    pages: PathBuf,
    #[command(flatten)]
    nimbus: Nimbus,
}

/// What Nimbus knows of Upcue and of Stripe.
#[derive(Debug, Args)]
struct Nimbus {
    /// Address of the Upcue Worker
    #[arg(long, value_name = "URL")]
    worker: String,
    /// The app's id at Upcue
    #[arg(long)]
    app: String,
    /// Which signing key tokens are signed with
    #[arg(long)]
    kid: String,
    /// The signing key itself
    #[arg(long)]
    signing_secret: String,
    /// The key that lets servers report usage
    #[arg(long)]
    secret_key: String,
    /// Address of Stripe, or of its sandbox
    #[arg(long, value_name = "URL")]
    stripe: String,
    /// The key for Stripe
    #[arg(long)]
    stripe_key: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse() {
        Cli::Serve(options) => serve(options).await,
        Cli::History(options) => history::live(options).await,
    }
}

async fn serve(options: Serve) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(options.listen).await.with_context(|| format!("cannot listen on {}", options.listen))?;
    let address = listener.local_addr()?;
    let app = routes::app(options)?;
    // The socket queues connections from here on, so whoever reads this line can connect.
    writeln!(stdout(), "demo listening on http://{address}")?;
    let stop = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await.context("the server stopped")
}
