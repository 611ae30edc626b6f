//! The law: each message that a caller was told of is there, once, and no two are the
//! same; whatever else is there belongs to callers who were told nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ledger::{Entry, Ledger, Told};
use super::options::Generation;
use super::report::Report;
use crate::World;

/// Recipient and content of every message in the community, by its id.
type There = BTreeMap<String, (String, String)>;

/// Messages to one member that say the same.
#[derive(Debug, Default)]
struct Group {
    there: usize,
    told: usize,
    /// Whose callers do not know: each may be there or not.
    open: usize,
}

pub(super) fn check(ledger: &Ledger, world: &World, requests: u64, report: &mut Report) {
    let there = match report.generation() {
        Generation::Newer => in_chats(ledger, world),
        Generation::Published => in_private_spaces(world),
    };
    for violation in &ledger.violations {
        report.violation(violation.clone());
    }
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    for place in there.values() {
        groups.entry(place.clone()).or_default().there += 1;
    }
    let mut taken = BTreeSet::new();
    for entry in &ledger.entries {
        let place = (entry.recipient.clone(), content(&entry.text));
        let group = groups.entry(place.clone()).or_default();
        match told(entry, report) {
            Told::Sent(id) => {
                group.told += 1;
                if !taken.insert(id.clone()) {
                    report.lost(&format!("{id} was told to two callers"));
                }
                if there.get(&id) != Some(&place) {
                    report.lost(&format!("{id} of {} is not there", entry.request_id));
                }
            }
            Told::Unknown | Told::Nothing => group.open += 1,
            Told::Refused(_) => {}
        }
    }
    for (place, group) in &groups {
        if group.there > group.told + group.open {
            report.doubled(
                group.there - group.told - group.open,
                &format!("{place:?}: {group:?}"),
            );
        }
        if group.there < group.told {
            report.lost(&format!("{place:?}: {group:?}"));
        }
    }
    report.counted(ledger, there.len(), requests);
}

/// What is known of one message, after all of its callers.
fn told(entry: &Entry, report: &mut Report) -> Told {
    let sent: BTreeSet<&String> = entry
        .told
        .iter()
        .filter_map(|told| match told {
            Told::Sent(id) => Some(id),
            _ => None,
        })
        .collect();
    if sent.len() > 1 {
        report.violation(format!("{} was told {sent:?}", entry.request_id));
    }
    if let Some(id) = sent.first() {
        return Told::Sent((*id).clone());
    }
    let is_open = |told: &&Told| matches!(told, Told::Unknown | Told::Nothing);
    let open = entry.told.iter().find(is_open);
    open.or(entry.told.first())
        .cloned()
        .unwrap_or(Told::Nothing)
}

/// What the service makes of a text.
fn content(text: &str) -> String {
    format!("<p>{text}</p>")
}

/// A chat's id says who talks there.
fn in_chats(ledger: &Ledger, world: &World) -> There {
    let people: BTreeSet<&str> = ledger
        .entries
        .iter()
        .map(|entry| entry.recipient.as_str())
        .collect();
    let message = |message: &Value| {
        let chat = text(message, "chatId");
        let recipient = people.iter().find(|person| chat.contains(**person));
        let recipient = (*recipient.expect("somebody's chat")).to_owned();
        (text(message, "id"), (recipient, text(message, "content")))
    };
    world.all("messages").iter().map(message).collect()
}

fn in_private_spaces(world: &World) -> There {
    let bot = world.text("/bot/id");
    let spaces: BTreeMap<String, String> = world
        .matching("spaces", "type", "PrivateMessage")
        .into_iter()
        .filter_map(|space| {
            let people = space["memberIds"].as_array()?;
            let other = people.iter().find(|person| **person != *bot)?.as_str()?;
            Some((text(space, "id"), other.to_owned()))
        })
        .collect();
    let message = |post: &Value| {
        let recipient = spaces.get(post["spaceId"].as_str()?)?.clone();
        Some((text(post, "id"), (recipient, text(post, "content"))))
    };
    world.all("posts").iter().filter_map(message).collect()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::chaos::Store;
    use crate::chaos::writes::Options;
    use crate::chaos::writes::disturb::Tally;

    /// What the law says of these messages to ada, and of what callers were told.
    fn judged(there: &[(&str, &str)], told: &[(&str, Told)]) -> Vec<String> {
        let options = Options {
            seed: 1,
            messages: 9,
            kills: 0,
            store: Store::Sqlite,
            generation: Generation::Newer,
            failpoints: false,
            is_watched: false,
        };
        let message = |(id, text): &(&str, &str)| json!({ "id": id, "chatId": "adabotchat", "content": content(text) });
        let messages: Vec<Value> = there.iter().map(message).collect();
        let world = World::new(json!({ "messages": messages }));
        let entry = |(text, told): &(&str, Told)| Entry {
            request_id: "r".to_owned(),
            recipient: "ada".to_owned(),
            text: (*text).to_owned(),
            told: vec![told.clone()],
        };
        let ledger = Ledger {
            entries: told.iter().map(entry).collect(),
            ..Ledger::default()
        };
        let mut report = Report::new(&options, Tally::default(), Duration::ZERO);
        check(&ledger, &world, 0, &mut report);
        report.violations().to_vec()
    }

    fn sent(id: &str) -> Told {
        Told::Sent(id.to_owned())
    }

    #[test]
    fn what_was_told_is_there_and_nothing_else() {
        let told = [("a", sent("1")), ("a", sent("2")), ("b", Told::Unknown)];
        assert_eq!(judged(&[("1", "a"), ("2", "a")], &told), [""; 0]);
        assert_eq!(
            judged(&[("1", "a"), ("2", "a"), ("3", "b")], &told),
            [""; 0]
        );
    }

    #[test]
    fn one_too_many_is_doubled() {
        for told in [
            vec![("a", sent("1"))],
            vec![("a", sent("1")), ("a", Told::Refused("NO".to_owned()))],
        ] {
            let found = judged(&[("1", "a"), ("2", "a")], &told);
            assert!(found[0].starts_with("doubled"), "{found:?}");
        }
    }

    #[test]
    fn one_that_is_not_there_or_says_something_else_is_lost() {
        for there in [&[][..], &[("1", "b")][..]] {
            let found = judged(there, &[("a", sent("1"))]);
            assert!(
                found.iter().any(|text| text.starts_with("lost")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn one_message_for_two_callers_is_one_lost() {
        let found = judged(&[("1", "a")], &[("a", sent("1")), ("a", sent("1"))]);
        assert!(
            found.iter().any(|text| text.starts_with("lost")),
            "{found:?}"
        );
    }
}
