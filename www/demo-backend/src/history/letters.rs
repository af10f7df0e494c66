//! The post of Nimbus's customers: some of them open a letter and follow its link.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Context;
use fastrand::Rng;
use serde_json::Value;

use super::company::Company;
use super::errand::Errand;
use super::taste;
use super::world::World;

/// What has been read already.
#[derive(Debug, Default)]
pub(super) struct Letters {
    known: HashSet<String>,
}

impl Letters {
    /// Reads what has come since the last round; who comes to the product from it.
    pub(super) async fn read(&mut self, world: &World, companies: &[Arc<Company>], at: i64, rng: &mut Rng) -> anyhow::Result<Vec<Errand>> {
        let outbox = world.get(&world.nimbus.secret_key, "/v1/email/outbox?state=sent&limit=100").await?;
        let mut errands = Vec::new();
        for letter in outbox["letters"].as_array().context("no outbox")? {
            let (Some(id), Some(tenant)) = (letter["id"].as_str(), letter["tenant"].as_str()) else { continue };
            if !self.known.insert(id.to_owned()) || rng.f64() >= taste::FOLLOWS_LETTER {
                continue;
            }
            let Some(company) = companies.iter().find(|company| company.tenant == tenant) else { continue };
            if let Some(reference) = follow(world, tenant, id).await? {
                errands.push(Errand::FromLetter { company: Arc::clone(company), person: 0, at, reference, rng: rng.fork() });
            }
        }
        Ok(errands)
    }
}

/// Follows the first link of a letter; what it brings along into the product.
async fn follow(world: &World, tenant: &str, id: &str) -> anyhow::Result<Option<String>> {
    let letter = world.get(&world.nimbus.secret_key, &format!("/v1/tenants/{tenant}/letters/{id}")).await?;
    let Some(path) = link(&letter) else { return Ok(None) };
    let answer = world.client.follow(&format!("{}{path}", world.nimbus.worker)).await?;
    let query = answer.location.as_deref().and_then(|location| location.split_once('?')).map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    Ok(form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "upcue").map(|(_, value)| value.into_owned()))
}

/// The path of the first link that is counted, `/e/…`.
fn link(letter: &Value) -> Option<&str> {
    let html = letter["html"].as_str()?;
    let path = html.get(html.find("/e/")?..)?;
    let end = path.find(|c: char| !(c.is_ascii_alphanumeric() || "/-_".contains(c)))?;
    path.get(..end)
}
