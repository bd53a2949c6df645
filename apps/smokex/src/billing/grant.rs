//! `smokex billing grant`: a tier by contract.

use std::fmt::Write;

use domain::{Email, OrganizationId, Tier};
use store::Store;

use crate::{exit::Exit, operate::print};

/// Grants the organization the tier, or says which organizations may be meant.
pub async fn grant(store: &Store, organization: &str, tier: Tier) -> anyhow::Result<Exit> {
    let id = match (organization.parse::<OrganizationId>(), organization.parse::<Email>()) {
        (Ok(id), _) => id,
        (_, Ok(owner)) => match store.organizations_of_owner(&owner).await?.as_slice() {
            [(id, _)] => *id,
            [] => {
                eprintln!("smokex: {owner} owns no organization.");
                return Ok(Exit::Failed);
            }
            several => {
                let mut text = format!("{owner} owns several organizations. Name one of them by its id:\n");
                for (id, name) in several {
                    let _ = writeln!(text, "  {id}  {name}");
                }
                eprint!("smokex: {text}");
                return Ok(Exit::Wrong);
            }
        },
        _ => {
            eprintln!("smokex: `{organization}` is neither the id of an organization nor an e-mail address.");
            return Ok(Exit::Wrong);
        }
    };
    if !store.grant_tier(id, tier).await? {
        eprintln!("smokex: there is no organization {id}.");
        return Ok(Exit::Failed);
    }
    print(&match tier {
        Tier::Free => format!("{id} is on the tier that it has subscribed to.\n"),
        tier => format!("{id} is granted the tier {tier}. It holds within seconds, and until it is taken back.\n"),
    })?;
    Ok(Exit::Passed)
}
