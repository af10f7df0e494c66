//! The past of Nimbus: hundreds of customers who use it, are prompted, and upgrade or do not.
//!
//! Nothing here writes a report's figure. Customers subscribe at Stripe, servers report usage, users open pages and do something about
//! what the Worker decides to show them, or find their way to a larger plan without it; each at a moment of the past, to which the clocks
//! of Worker and Stripe are moved. What the console shows of it is what the product makes of that.
//!
//! People behave by chance, from one seed: their tastes are in [`company`] and [`taste`], their days in [`agenda`].

mod agenda;
mod clocks;
mod company;
mod errand;
mod letters;
mod names;
mod subscribing;
mod taste;
mod visit;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use fastrand::Rng;
use tokio::task::JoinSet;

use crate::Nimbus;
use agenda::Act;
use clocks::{Clocks, DAY, MINUTE};
use company::Company;
use errand::Errand;
use letters::Letters;
use world::World;

/// Visits at the same time.
const AT_ONCE: usize = 8;
/// How often letters are read, in minutes.
const POST_ROUND: i64 = 180;
/// Every run founds the same companies; what they live through depends on the weekday it begins on, and on who is faster.
const SEED: u64 = 20;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How far back it begins
    #[arg(long, default_value_t = 90)]
    days: i64,
    /// How many customers there are in all
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=500))]
    tenants: u16,
    /// The key that may move the Worker's clock; only a Worker with the test switches has one that moves
    #[arg(long)]
    operator_key: String,
    #[command(flatten)]
    nimbus: Nimbus,
}

/// Lives from then to now.
pub(crate) async fn live(options: Options) -> anyhow::Result<()> {
    let world = Arc::new(World::open(options.nimbus).await?);
    let clocks = Clocks::new(&world, options.operator_key);
    let mut rng = Rng::with_seed(SEED);
    let companies: Vec<Arc<Company>> = company::found(options.tenants.into(), options.days, &mut rng).into_iter().map(Arc::new).collect();
    let mut letters = Letters::default();
    let now = clocks::real();
    let start = (now - options.days * DAY) / DAY * DAY;
    let mut day = 0;
    while start + day * DAY < now {
        let midnight = start + day * DAY;
        for (minute, acts) in steps(&companies, day, midnight, &mut rng) {
            let at = midnight + minute * MINUTE;
            if at >= now {
                break;
            }
            clocks.set(at).await?;
            carry_out(&world, acts, at, &mut rng).await?;
            if minute % POST_ROUND == 0 {
                let errands = letters.read(&world, &companies, at, &mut rng).await?;
                run(&world, errands).await?;
            }
        }
        day += 1;
        if day % 10 == 0 {
            tell(day, options.days, &companies);
        }
    }
    clocks.set(clocks::real()).await?;
    // Whatever was left to alarms, which go by the machine's clock, is due again when a tenant is heard of.
    let here: Vec<_> = companies.iter().filter(|company| company.is_here()).map(|company| company.usage(1)).collect();
    world.report(&here).await?;
    world.settle().await
}

/// What happens on a day, by the minute it does; at the rounds of the post even if that is nothing.
fn steps(companies: &[Arc<Company>], day: i64, midnight: i64, rng: &mut Rng) -> BTreeMap<i64, Vec<(Arc<Company>, Act)>> {
    let mut steps: BTreeMap<i64, Vec<_>> = (0..24 * 60 / POST_ROUND).map(|round| (round * POST_ROUND, Vec::new())).collect();
    for company in companies {
        for (minute, act) in agenda::of(company, day, clocks::is_weekend(midnight), rng) {
            steps.entry(minute).or_default().push((Arc::clone(company), act));
        }
    }
    steps
}

/// First who joins, then what servers report, then who comes by.
async fn carry_out(world: &Arc<World>, acts: Vec<(Arc<Company>, Act)>, at: i64, rng: &mut Rng) -> anyhow::Result<()> {
    let mut reports = Vec::new();
    let mut errands = Vec::new();
    let mut joins = false;
    for (company, act) in acts {
        match act {
            Act::Join => {
                subscribing::join(world, &company).await?;
                joins = true;
            }
            Act::Report { calls } => reports.extend(company.is_here().then(|| company.usage(calls))),
            Act::Consider => errands.push(Errand::Consider(company, rng.fork())),
            Act::Visit { person } => errands.push(Errand::Visit { company, person, at, rng: rng.fork() }),
        }
    }
    if joins {
        world.settle().await?;
    }
    world.report(&reports).await?;
    run(world, errands).await
}

/// Runs errands side by side.
async fn run(world: &Arc<World>, errands: Vec<Errand>) -> anyhow::Result<()> {
    let mut running = JoinSet::new();
    for errand in errands {
        if running.len() >= AT_ONCE
            && let Some(done) = running.join_next().await
        {
            done??;
        }
        let world = Arc::clone(world);
        running.spawn(async move { errand.run(&world).await });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}

fn tell(day: i64, days: i64, companies: &[Arc<Company>]) {
    let here = companies.iter().filter(|company| company.is_here()).count();
    let larger = companies.iter().filter(|company| company.has_upgraded()).count();
    eprintln!("  day {day} of {days}: {here} customers, {larger} of them on a larger plan than they came for");
}
