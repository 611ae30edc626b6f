//! What the service says to webhooks whose sender waits for the answer.
//!
//! The community has nothing of its own to show inside BetterMode: no blocks, no
//! menu entries, no search of its own. So each type is answered with what is true
//! and harmless:
//!
//! | type | answer | shape from |
//! |---|---|---|
//! | `GET_SETTINGS` | the settings that BetterMode has | Mailchimp app, webhook.controller |
//! | `UPDATE_SETTINGS` | `toStore`: what was saved | Mailchimp app, webhook.controller |
//! | `INTERACTION` | no interactions | app template, interaction.interface |
//! | `SHORTCUTS_STATES` | no shortcut on any entity | Slack app, interactions/shortcuts |
//! | `FEDERATED_SEARCH` | nothing found | app template, federated-search.interface |
//! | `LOAD_BLOCK` | failed: there is no such block | app template, error-code.enum |
//! | `CALLBACK_BLOCK`, `Callback` | nothing changes | guessed: `data` is optional |

use serde_json::{Map, Value, json};

/// The vendor's number for something that is not there (its app template,
/// error-code.enum: `ResourceNotFound`).
const RESOURCE_NOT_FOUND: i32 = 110;

/// What the sender is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The answer's `data`.
    Succeeded(Value),
    /// Why there is none.
    Failed {
        /// The vendor's number of the error.
        code: i32,
        /// For people.
        message: &'static str,
    },
}

/// Answers a webhook of this type with this body; `None` for a type that waits for
/// nothing. A body of any other shape gets the same as an empty one.
#[must_use]
pub fn answer(envelope_type: &str, body: &[u8]) -> Option<Answer> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let data = match envelope_type {
        "GET_SETTINGS" => {
            let settings = body.pointer("/currentSettings/0/settings");
            let settings = settings.and_then(Value::as_object).cloned();
            Value::Object(settings.unwrap_or_default())
        }
        "UPDATE_SETTINGS" => match body.pointer("/data/settings") {
            Some(settings @ Value::Object(_)) => json!({ "toStore": settings }),
            _ => Value::Object(Map::new()),
        },
        "INTERACTION" => json!({ "interactions": [] }),
        "SHORTCUTS_STATES" => no_shortcuts(&body),
        "FEDERATED_SEARCH" => json!([]),
        "LOAD_BLOCK" => {
            return Some(Answer::Failed {
                code: RESOURCE_NOT_FOUND,
                message: "this app has no such block",
            });
        }
        "CALLBACK_BLOCK" | "Callback" => Value::Object(Map::new()),
        _ => return None,
    };
    Some(Answer::Succeeded(data))
}

fn no_shortcuts(body: &Value) -> Value {
    let entities = body.pointer("/data/entities").and_then(Value::as_array);
    entities
        .into_iter()
        .flatten()
        .map(|entity| {
            json!({
                "context": entity.get("context"),
                "entityId": entity.pointer("/entity/id"),
                "shortcutStates": [],
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Answer, answer};

    fn data(envelope_type: &str, body: &Value) -> Value {
        match answer(envelope_type, body.to_string().as_bytes()) {
            Some(Answer::Succeeded(data)) => data,
            other => panic!("{envelope_type}: {other:?}"),
        }
    }

    #[test]
    fn settings_are_shown_as_they_are_and_stored_as_they_were_saved() {
        let body = json!({ "currentSettings": [{ "settings": { "a": 1 } }],
            "data": { "settings": { "a": 2 } } });
        assert_eq!(data("GET_SETTINGS", &body), json!({ "a": 1 }));
        assert_eq!(
            data("UPDATE_SETTINGS", &body),
            json!({ "toStore": { "a": 2 } })
        );
    }

    #[test]
    fn every_entity_is_answered_and_none_has_a_shortcut() {
        let body = json!({ "data": { "entities": [
            { "context": "POST", "entity": { "id": "p1" } },
            { "context": "SPACE", "entity": { "id": "s1" } },
        ] } });
        assert_eq!(
            data("SHORTCUTS_STATES", &body),
            json!([
                { "context": "POST", "entityId": "p1", "shortcutStates": [] },
                { "context": "SPACE", "entityId": "s1", "shortcutStates": [] },
            ])
        );
    }

    #[test]
    fn a_block_that_we_do_not_have_is_a_failure_and_other_types_are_no_questions() {
        assert!(matches!(
            answer("LOAD_BLOCK", b"{}"),
            Some(Answer::Failed { code: 110, .. })
        ));
        assert_eq!(answer("SUBSCRIPTION", b"{}"), None);
        assert_eq!(answer("Interaction", b"{}"), None);
    }
}
