//! What one company does by itself at one moment.

use std::sync::Arc;

use fastrand::Rng;

use super::company::Company;
use super::visit::Visit;
use super::world::World;
use super::{subscribing, taste};

#[derive(Debug)]
pub(super) enum Errand {
    /// One of its people opens the product.
    Visit { company: Arc<Company>, person: usize, at: i64, rng: Rng },
    /// The same, from a letter; with what its link brought along.
    FromLetter { company: Arc<Company>, person: usize, at: i64, reference: String, rng: Rng },
    /// The admin thinks about the plan.
    Consider(Arc<Company>, Rng),
}

impl Errand {
    pub(super) async fn run(self, world: &World) -> anyhow::Result<()> {
        match self {
            Self::Visit { company, person, at, rng } => {
                if !company.is_here() {
                    return Ok(());
                }
                Visit::begin(world, &company, person, at, rng)?.look_around().await
            }
            Self::FromLetter { company, person, at, reference, rng } => {
                if !company.is_here() {
                    return Ok(());
                }
                Visit::begin(world, &company, person, at, rng)?.come_from(&reference).await
            }
            Self::Consider(company, rng) => consider(world, &company, rng).await,
        }
    }
}

async fn consider(world: &World, company: &Company, mut rng: Rng) -> anyhow::Result<()> {
    let load = company.load();
    let (buys, leaves) = (rng.f64() < taste::buys_unprompted(load), rng.f64() < taste::leaves(load));
    if !company.is_here() || !company.card_works {
        return Ok(());
    }
    if buys {
        subscribing::change(world, company).await
    } else if leaves {
        subscribing::leave(world, company).await
    } else {
        Ok(())
    }
}
