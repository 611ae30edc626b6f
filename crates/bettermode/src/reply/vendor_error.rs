//! One error of BetterMode, out of whatever nesting it came in.

use serde_json::Value;

use crate::Subject;

/// How much of the vendor's text is passed on, in characters.
const MAX_TEXT: usize = 300;

/// One of BetterMode's errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VendorError {
    pub(crate) code: String,
    pub(crate) field: Option<String>,
    message: String,
    subcode: Option<String>,
    help: Option<String>,
    /// The first part of its path: the root of the document, by its alias.
    root: Option<String>,
}

/// All errors of an `errors` value, which is a list or a single object, and
/// where each may hold more under `errors`.
pub(crate) fn flatten(errors: &Value) -> Vec<VendorError> {
    let mut found = Vec::new();
    collect(errors, None, 8, &mut found);
    found
}

fn collect(value: &Value, root: Option<&str>, depth: usize, found: &mut Vec<VendorError>) {
    match value {
        Value::Array(items) => {
            for item in items {
                collect(item, root, depth, found);
            }
        }
        Value::Object(item) => {
            // What is nested without a path of its own is about its parent's.
            let root = item.get("path").and_then(|path| path[0].as_str()).or(root);
            match item.get("errors").filter(|_| depth > 0) {
                Some(nested) if has_errors(nested) => collect(nested, root, depth - 1, found),
                _ => found.push(VendorError {
                    root: root.map(str::to_owned),
                    ..VendorError::from_item(value)
                }),
            }
        }
        _ => {}
    }
}

fn has_errors(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        other => other.is_object(),
    }
}

impl VendorError {
    fn from_item(item: &Value) -> Self {
        let extensions = item.get("extensions");
        let extended = |key| text(extensions.and_then(|e| e.get(key)));
        Self {
            code: text(item.get("code"))
                .or_else(|| extended("code"))
                .unwrap_or_default(),
            field: text(item.get("field"))
                .or_else(|| extended("field"))
                .map(|f| clean(&f)),
            message: text(item.get("message")).unwrap_or_default(),
            subcode: text(item.get("subcode")),
            help: text(item.get("help")),
            root: None,
        }
    }

    /// The root that it says names nothing.
    pub(crate) fn missing_root(&self) -> Option<String> {
        self.root.clone().filter(|_| self.code == "110")
    }

    /// What the field that it names is an id of: some operations are about two things.
    pub(crate) fn about(&self) -> Option<Subject> {
        let field = self.field.as_deref()?.rsplit('.').next()?;
        if field.starts_with("member") {
            Some(Subject::Member)
        } else if field.starts_with("space") {
            Some(Subject::Space)
        } else {
            None
        }
    }

    /// The text for people, cleaned of addresses.
    pub(crate) fn text(&self) -> String {
        let mut text = self.message.clone();
        if let Some(subcode) = &self.subcode {
            text = format!("{text} (subcode {subcode})");
        }
        if let Some(help) = &self.help {
            text = format!("{text}; {help}");
        }
        if text.is_empty() {
            "no text".to_owned()
        } else {
            clean(&text)
        }
    }

    /// No code of the vendor's stands for it, so the text has to.
    pub(crate) fn is_about_complexity(&self) -> bool {
        self.message.to_ascii_lowercase().contains("complexity")
    }

    /// The smaller, the more it decides what to do.
    pub(crate) fn rank(&self) -> u8 {
        match self.code.as_str() {
            "108" => 0,
            "104" => 1,
            "1" | "10" | "30" | "50" | "116" | "122" => 2,
            "102" => 3,
            "110" => 4,
            "100" | "106" | "112" | "114" => 5,
            _ => 6,
        }
    }
}

/// Text or a number, as text; nothing for an empty one.
fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// One line, without e-mail addresses and tokens, of bounded length.
fn clean(text: &str) -> String {
    let word = |word: &str| {
        if word.contains('@') || word.starts_with("eyJ") {
            "[redacted]".to_owned()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = text.split_whitespace().map(word).collect();
    words
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_TEXT)
        .collect()
}
