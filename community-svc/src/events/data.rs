//! The `data` object of a webhook's body, for people who read the store. It is
//! a convenience: the payload is the truth and is stored whatever is found here.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Format, NewEvent};

/// The deepest nesting that is stored as `data`; BSON ends at 100 levels
/// (mongodb.com, limits and thresholds), and SQLite's JSON functions later.
const MAX_DEPTH: usize = 80;

/// What is longer, in bytes, is no member's id: an index takes only so much.
const MAX_MEMBER_ID: usize = 512;

/// What a body has under `data`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// An object.
    Object(Map<String, Value>),
    /// No object.
    None,
    /// An object that is not stored, and why.
    Omitted(&'static str),
}

#[derive(Deserialize)]
struct Body {
    data: Option<Value>,
}

/// The data of an event: below `data` in both of BetterMode's formats, the whole body in
/// Circle's.
pub(super) fn of(event: &NewEvent) -> Data {
    match event.format {
        Format::BetterMode | Format::Flat => find(&event.payload),
        Format::Circle => read(serde_json::from_slice(&event.payload).map(Some)),
    }
}

fn find(payload: &[u8]) -> Data {
    read(serde_json::from_slice(payload).map(|body: Body| body.data))
}

fn read(found: Result<Option<Value>, serde_json::Error>) -> Data {
    let data = match found {
        Ok(data) => data,
        Err(error) if error.is_syntax() => {
            return Data::Omitted("the body is not JSON, or nested too deep");
        }
        Err(_) => return Data::None,
    };
    match data {
        Some(Value::Object(object)) => {
            if object
                .values()
                .all(|value| is_at_most(value, MAX_DEPTH - 1))
            {
                Data::Object(object)
            } else {
                Data::Omitted("nested too deep")
            }
        }
        _ => Data::None,
    }
}

/// The members of an event, each once: who did it, the member that it is about,
/// and the member in the data's target, where a reaction or mention names one.
pub(super) fn member_ids(event: &NewEvent, data: &Data) -> Vec<String> {
    let object = event
        .object_id
        .as_deref()
        .filter(|_| event.noun.as_deref() == Some("MEMBER"));
    let target = match data {
        Data::Object(data) if event.format != Format::Circle => data
            .get("target")
            .and_then(|target| target.get("memberId"))
            .and_then(Value::as_str),
        Data::Object(_) | Data::None | Data::Omitted(_) => None,
    };
    let mut ids: Vec<String> = Vec::new();
    for id in [event.actor_member_id.as_deref(), object, target]
        .into_iter()
        .flatten()
        .filter(|id| !id.is_empty() && id.len() <= MAX_MEMBER_ID)
    {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

fn is_at_most(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_at_most(item, depth - 1)),
        Value::Object(fields) => {
            depth > 0 && fields.values().all(|field| is_at_most(field, depth - 1))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> Vec<u8> {
        let mut body = br#"{"data":"#.to_vec();
        body.extend(br#"{"a":"#.repeat(depth - 1));
        body.extend(b"{}");
        body.extend(b"}".repeat(depth - 1));
        body.push(b'}');
        body
    }

    #[test]
    fn an_object_is_found_and_nothing_else() {
        let Data::Object(data) = find(br#"{"type":"x","data":{"id":"1"}}"#) else {
            panic!("not found");
        };
        assert_eq!(data["id"], "1");
        for body in [
            "{}",
            r#"{"data":null}"#,
            r#"{"data":[{}]}"#,
            r#"{"data":7}"#,
            "[]",
            "7",
        ] {
            assert_eq!(find(body.as_bytes()), Data::None, "{body}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_left_out_at_any_depth() {
        assert!(matches!(find(&nested(MAX_DEPTH)), Data::Object(_)));
        for depth in [MAX_DEPTH + 1, 127, 128, 129, 10_000, 200_000] {
            assert!(matches!(find(&nested(depth)), Data::Omitted(_)), "{depth}");
        }
    }

    #[test]
    fn a_body_that_is_not_json_has_no_data() {
        for body in [&b""[..], b"{", b"\xff", b"{\"data\":{}} trailing"] {
            assert!(!matches!(find(body), Data::Object(_)));
        }
    }
}
