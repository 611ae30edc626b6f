//! As much of Prometheus' query language as it takes to know what a query asks for. That
//! the queries are well formed is for promtool to say.

/// A metric in a query, and what is asked of its labels.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    /// Label, operator, value.
    pub(crate) matchers: Vec<(String, String, String)>,
}

/// What a query names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) selectors: Vec<Selector>,
    /// The labels that it groups by.
    pub(crate) labels: Vec<String>,
}

const GROUPING: &[&str] = &[
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
const OPERATORS: &[&str] = &["and", "or", "unless", "bool", "offset"];

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let mut query = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first.is_ascii_alphabetic() || first == '_' {
                let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                rest = query.word(word, after.trim_start());
            } else if first.is_ascii_digit() {
                rest = rest.trim_start_matches(is_word);
            } else if first == '[' {
                rest = rest.split_once(']').expect("a range ends").1;
            } else {
                rest = &rest[first.len_utf8()..];
            }
        }
        query
    }

    /// Takes in a word; what comes after all that belongs to it.
    fn word<'a>(&mut self, word: &str, after: &'a str) -> &'a str {
        let calls =
            after.starts_with('(') || after.starts_with("by ") || after.starts_with("without ");
        if GROUPING.contains(&word) {
            let list = after.strip_prefix('(').expect("labels are in brackets");
            let (list, rest) = list.split_once(')').expect("a list of labels ends");
            let labels = list.split(',').map(|label| label.trim().to_owned());
            self.labels.extend(labels.filter(|label| !label.is_empty()));
            return rest;
        }
        if calls || OPERATORS.contains(&word) {
            return after;
        }
        let (inside, rest) = match after.strip_prefix('{') {
            Some(inside) => matchers(inside),
            None => (Vec::new(), after),
        };
        self.selectors.push(Selector {
            metric: word.to_owned(),
            matchers: inside,
        });
        rest
    }
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

/// The matchers up to the closing brace, and what comes after it.
fn matchers(mut text: &str) -> (Vec<(String, String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches([' ', ',', '\n']);
        if let Some(rest) = text.strip_prefix('}') {
            return (found, rest);
        }
        let (label, rest) =
            text.split_at(text.find(['=', '!']).expect("a matcher has an operator"));
        let (operator, rest) = rest.split_once('"').expect("a value is in quotes");
        let (value, rest) = rest.split_once('"').expect("a value ends");
        let part = |text: &str| text.trim().to_owned();
        found.push((part(label), part(operator), part(value)));
        text = rest;
    }
}

#[test]
fn a_query_is_taken_apart() {
    let query = Query::parse(
        r#"histogram_quantile(0.99, sum by (le, method) (rate(a_bucket{m!~".*/(A|B)", c="Ok"}[10m])))
           > 1.6 or b == 1 and on (x) c offset 5m"#,
    );
    let names: Vec<_> = query
        .selectors
        .iter()
        .map(|one| one.metric.as_str())
        .collect();
    assert_eq!(names, ["a_bucket", "b", "c"]);
    let text = |text: &str| text.to_owned();
    assert_eq!(
        query.selectors[0].matchers,
        [
            (text("m"), text("!~"), text(".*/(A|B)")),
            (text("c"), text("="), text("Ok"))
        ]
    );
    assert_eq!(query.labels, ["le", "method", "x"]);
}
