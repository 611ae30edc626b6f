//! BetterMode's side: four requests.

use super::super::{Context, unless_stopped};
use super::Findings;
use crate::Error;
use crate::target::Target;

/// Tries BetterMode's credentials and looks at what a move would meet.
pub(super) async fn check(context: &Context, findings: &mut Findings) {
    let looking = look(context, findings);
    if let Err(error) = unless_stopped(context, looking).await {
        findings.bad("BetterMode", error.to_string());
    }
}

async fn look(context: &Context, findings: &mut Findings) -> Result<(), Error> {
    let abort = context.shutdown.draining().clone();
    let config = &context.config.target;
    // A check is for now: it does not outlast an outage.
    let target = Target::https(config, "check", context.clock.clone(), abort)?;
    let target = target.with_most_failures(3);
    let network = target.read(async |client| client.network().await).await?;
    let (id, name) = (network.id.as_str(), &network.name);
    match config.network_id.as_deref() {
        Some(wanted) if wanted == id => {
            findings.good("BetterMode token", format!("network {id} ({name})"));
        }
        Some(wanted) => findings.bad(
            "BetterMode token",
            format!("it is of network {id} ({name}), and BETTERMODE_NETWORK_ID is {wanted}"),
        ),
        None => findings.note(
            "BETTERMODE_NETWORK_ID",
            format!("not set: the token is of network {id} ({name})"),
        ),
    }
    people(&target, findings).await?;
    let fields = target
        .read(async |client| client.member_fields().await)
        .await?;
    let keys: Vec<_> = fields.iter().map(|field| field.key.as_str()).collect();
    let text = if keys.is_empty() {
        "none: nothing of a Circle profile can be kept but name and headline".to_owned()
    } else {
        keys.join(", ")
    };
    findings.good("BetterMode fields", text);
    Ok(())
}

/// The first page of members and of invitations, as a sample.
async fn people(target: &Target, findings: &mut Findings) -> Result<(), Error> {
    let page = target
        .read(async |client| client.roster(100, None).await)
        .await?;
    let total = page
        .total
        .map_or_else(|| "?".to_owned(), |total| total.to_string());
    let size = page.items.len();
    let shown = page.items.iter().filter(|one| one.email.is_some()).count();
    findings.good("BetterMode members", format!("{total} in all"));
    if size > 0 && shown == 0 {
        findings.bad(
            "BetterMode addresses",
            "the token sees nobody's: everybody would look new and be invited again; use a token of the \
             app's bot or of an admin",
        );
    } else {
        findings.good(
            "BetterMode addresses",
            format!("{shown} of the first {size} are shown"),
        );
    }
    let page = target
        .read(async |client| client.invitations(100, None).await)
        .await?;
    let invited = match (page.total, page.next) {
        (Some(total), _) => total.to_string(),
        (None, Some(_)) => format!("{} or more", page.items.len()),
        (None, None) => page.items.len().to_string(),
    };
    findings.good("BetterMode invitations", format!("{invited} in all"));
    Ok(())
}
