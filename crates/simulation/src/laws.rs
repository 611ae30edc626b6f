//! What must hold when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use webhook_edge::queue::Queue;

use crate::ledger::{Books, Ledger};
use crate::network::Host;
use crate::records::{Records, Stored};

/// No more of them are listed.
const MOST: usize = 3;

/// Where events can be at the end.
pub struct Found {
    /// What the service has.
    pub stored: BTreeMap<String, Stored>,
    /// Ids in the edges' dead letters.
    pub dead: BTreeSet<String>,
}

/// Looks where every event is.
///
/// # Errors
/// A sentence when that cannot be seen.
pub async fn find(records: &Records, queues: &[Queue]) -> Result<Found, String> {
    let stored = records.events().map_err(|error| error.to_string())?;
    let mut dead = BTreeSet::new();
    for queue in queues {
        let letters = queue.dead_letters(None, 10_000).await;
        for letter in letters.map_err(|error| error.to_string())? {
            dead.extend(letter.event().map(|event| event.id.to_string()));
        }
    }
    Ok(Found { stored, dead })
}

/// Judges by what was found.
pub fn judge(ledger: &Ledger, found: &Found, records: &Records) {
    let mut broken = Vec::new();
    {
        let books = ledger.books();
        nothing_is_lost(&books, found, &mut broken);
        nothing_is_forged(&books, found, &mut broken);
        all_took_effect(found, &mut broken);
        order_is_kept(&books, found, &mut broken);
        names_are_the_newest(&books, found, records, &mut broken);
    }
    counts_are_right(records, &mut broken);
    for (law, how, about) in broken {
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        ledger.broken(law, how, &about);
    }
}

type Found3 = (&'static str, String, Vec<String>);

fn nothing_is_lost(books: &Books, found: &Found, broken: &mut Vec<Found3>) {
    let lost = books.sent.iter().filter(|(id, sent)| {
        !sent.acknowledged.is_empty()
            && !found.stored.contains_key(*id)
            && !found.dead.contains(*id)
    });
    for (id, sent) in lost.take(MOST) {
        let (edge, at) = sent
            .acknowledged
            .iter()
            .next()
            .map_or(("", None), |(edge, at)| (*edge, Some(*at)));
        let how = format!("{edge} answered 200 to {id} at {at:?}, and it is nowhere");
        broken.push((
            "an acknowledged webhook is never lost",
            how,
            vec![id.clone(), edge.to_owned()],
        ));
    }
}

fn nothing_is_forged(books: &Books, found: &Found, broken: &mut Vec<Found3>) {
    let forged = found.stored.iter().filter(|(id, stored)| {
        let sent = books.sent.get(*id);
        sent.is_none_or(|sent| sent.body[..] != stored.payload[..])
    });
    for (id, _) in forged.take(MOST) {
        let how = format!("{id} is stored, and nobody with the secret sent it so");
        broken.push(("nothing unsigned is stored", how, vec![id.clone()]));
    }
}

fn all_took_effect(found: &Found, broken: &mut Vec<Found3>) {
    let waiting = found
        .stored
        .iter()
        .filter(|(_, stored)| stored.state != "done");
    for (id, stored) in waiting.take(MOST) {
        let how = format!("{id} is {} when all has come to rest", stored.state);
        broken.push(("every stored event takes effect", how, vec![id.clone()]));
    }
}

/// Of two events about one entity that went to one edge alone, the second after the first
/// was acknowledged, the first is stored first.
fn order_is_kept(books: &Books, found: &Found, broken: &mut Vec<Found3>) {
    type At<'a> = (&'a String, std::time::Duration, std::time::Duration, i64);
    let mut lines: BTreeMap<(&str, Host), Vec<At<'_>>> = BTreeMap::new();
    for (id, sent) in &books.sent {
        let (Some(edge), Some(stored)) = (sent.tried.first(), found.stored.get(id)) else {
            continue;
        };
        if let (1, Some(at)) = (sent.tried.len(), sent.acknowledged.get(edge)) {
            let line = lines.entry((sent.entity.as_str(), *edge)).or_default();
            line.push((id, sent.first, *at, stored.seq));
        }
    }
    for ((entity, edge), events) in &lines {
        for (id, _, acknowledged, seq) in events {
            let overtaken = events
                .iter()
                .find(|later| later.1 > *acknowledged && later.3 < *seq);
            if let Some((later, ..)) = overtaken {
                let how = format!(
                    "{later} was sent to {edge} after it had acknowledged {id}, and stored before it"
                );
                let about = vec![(*id).clone(), (*later).clone(), (*entity).to_owned()];
                broken.push(("order is kept for each entity", how, about));
                return;
            }
        }
    }
}

fn names_are_the_newest(books: &Books, found: &Found, records: &Records, broken: &mut Vec<Found3>) {
    let names = match records.names() {
        Ok(names) => names,
        Err(error) => return broken.push(("the file can be read", error.to_string(), Vec::new())),
    };
    let mut newest: BTreeMap<&str, usize> = BTreeMap::new();
    for sent in found.stored.keys().filter_map(|id| books.sent.get(id)) {
        if let Some((member, version)) = &sent.version {
            let best = newest.entry(member).or_default();
            *best = (*best).max(*version);
        }
    }
    for (member, version) in newest {
        let name = names.get(member).map(String::as_str).unwrap_or_default();
        if name != format!("version {version}") {
            let how =
                format!("the record of {member} says {name:?}, and version {version} was told");
            broken.push((
                "a late event never moves a record back",
                how,
                vec![member.to_owned()],
            ));
        }
    }
}

fn counts_are_right(records: &Records, broken: &mut Vec<Found3>) {
    match records.miscounted() {
        Ok(wrong) => {
            for (member, kind, counted, kept) in wrong.into_iter().take(MOST) {
                let how = format!(
                    "{kind} of {member} is counted {counted} times, and happened {kept} times"
                );
                broken.push(("an event takes effect once", how, vec![member]));
            }
        }
        Err(error) => broken.push(("the file can be read", error.to_string(), Vec::new())),
    }
}
