//! Webhooks whose sender waits for the answer: settings, interactions, shortcuts,
//! searches, blocks.
//!
//! The service is asked; when it does not answer in time, a safe answer is given
//! that changes nothing and shows nothing. The shapes are those of the vendor's app
//! template (its command line tool, templates/typescript: interfaces
//! webhook-response, federated-search, interaction, shortcut-states) and, for the
//! older types, of its Mailchimp app (webhook.controller).

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::forward::Error;
use crate::payload::{Event, Format};

/// How long a sender may wait in all, from the moment its webhook is verified.
pub const BUDGET: Duration = Duration::from_secs(2);

/// Answers in the service's name.
#[async_trait]
pub trait Answers: Send + Sync {
    /// What the service says to `event`; stores nothing.
    ///
    /// # Errors
    /// [`Error`] when it says nothing that can be used.
    async fn ask(&self, event: Event) -> Result<Answer, Error>;
}

/// What the sender is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// `SUCCEEDED`, with the answer's `data`.
    Succeeded(Value),
    /// `FAILED`.
    Failed {
        /// The vendor's number of the error.
        code: i32,
        /// For people.
        message: String,
    },
}

/// The types whose sender waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The app's settings page opens.
    GetSettings,
    /// Somebody saves it.
    UpdateSettings,
    /// Somebody opens or uses something that the app shows.
    Interaction,
    /// Which of the app's menu entries are shown.
    ShortcutsStates,
    /// Somebody searches.
    FederatedSearch,
    /// A block of an app of the older kind is shown.
    LoadBlock,
    /// Somebody uses one.
    CallbackBlock,
}

impl Question {
    /// The question that an event is; `None` for events that only tell something.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        if event.format != Format::BetterMode {
            return None;
        }
        Some(match event.envelope_type.as_str() {
            "GET_SETTINGS" => Self::GetSettings,
            "UPDATE_SETTINGS" => Self::UpdateSettings,
            "INTERACTION" => Self::Interaction,
            "SHORTCUTS_STATES" => Self::ShortcutsStates,
            "FEDERATED_SEARCH" => Self::FederatedSearch,
            "LOAD_BLOCK" => Self::LoadBlock,
            // The Mailchimp app treats both alike.
            "CALLBACK_BLOCK" | "Callback" => Self::CallbackBlock,
            _ => return None,
        })
    }

    /// Whether somebody has done something by it, so that it is kept like an event.
    /// The others only look, and come as often as pages are opened.
    #[must_use]
    pub fn carries_intent(self) -> bool {
        match self {
            Self::UpdateSettings | Self::Interaction | Self::CallbackBlock => true,
            Self::GetSettings | Self::ShortcutsStates | Self::FederatedSearch | Self::LoadBlock => {
                false
            }
        }
    }

    /// Its name in metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::GetSettings => "GET_SETTINGS",
            Self::UpdateSettings => "UPDATE_SETTINGS",
            Self::Interaction => "INTERACTION",
            Self::ShortcutsStates => "SHORTCUTS_STATES",
            Self::FederatedSearch => "FEDERATED_SEARCH",
            Self::LoadBlock => "LOAD_BLOCK",
            Self::CallbackBlock => "CALLBACK_BLOCK",
        }
    }

    /// The safe answer's `data` to a webhook with this body.
    #[must_use]
    pub fn canned(self, body: &[u8]) -> Value {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        match self {
            // What BetterMode has: the page shows what was saved last.
            Self::GetSettings => Value::Object(current_settings(&body)),
            // BetterMode is to store what somebody saved, as every official app says
            // without a look. Anything else would lose it behind a success.
            Self::UpdateSettings => match body.pointer("/data/settings") {
                Some(settings @ Value::Object(_)) => json!({ "toStore": settings }),
                _ => json!({}),
            },
            Self::Interaction => json!({ "interactions": [] }),
            Self::ShortcutsStates => hidden_shortcuts(&body),
            Self::FederatedSearch => json!([]),
            // No source shows an answer without a block: guessed, after the optional
            // `data` of the template.
            Self::LoadBlock | Self::CallbackBlock => json!({}),
        }
    }
}

/// The settings of the first entry, as the official apps read them.
fn current_settings(body: &Value) -> Map<String, Value> {
    body.pointer("/currentSettings/0/settings")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

/// Every entity that was asked about, with no shortcut on it.
fn hidden_shortcuts(body: &Value) -> Value {
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
    use serde_json::json;

    use super::Question;

    #[test]
    fn safe_answers_change_nothing_and_show_nothing() {
        let settings = json!({ "currentSettings": [{ "settings": { "colour": "red" } }] });
        let canned = |question: Question, body: &serde_json::Value| {
            question.canned(body.to_string().as_bytes())
        };
        assert_eq!(
            canned(Question::GetSettings, &settings),
            json!({ "colour": "red" })
        );
        let saved = json!({ "currentSettings": [{ "settings": { "colour": "red" } }],
            "data": { "settings": { "colour": "blue" } } });
        assert_eq!(
            canned(Question::UpdateSettings, &saved),
            json!({ "toStore": { "colour": "blue" } })
        );
        let shortcuts = json!({ "data": { "entities": [
            { "context": "POST", "entity": { "id": "p1" }, "shortcuts": ["a"] },
        ] } });
        assert_eq!(
            canned(Question::ShortcutsStates, &shortcuts),
            json!([{ "context": "POST", "entityId": "p1", "shortcutStates": [] }])
        );
    }

    #[test]
    fn bodies_of_any_other_shape_get_an_empty_answer_of_the_right_kind() {
        for body in ["", "[]", r#"{"currentSettings":{},"data":7}"#, "nonsense"] {
            let canned = |question: Question| question.canned(body.as_bytes());
            assert_eq!(canned(Question::GetSettings), json!({}));
            assert_eq!(canned(Question::UpdateSettings), json!({}));
            assert_eq!(canned(Question::Interaction), json!({ "interactions": [] }));
            assert_eq!(canned(Question::ShortcutsStates), json!([]));
            assert_eq!(canned(Question::FederatedSearch), json!([]));
        }
    }
}
