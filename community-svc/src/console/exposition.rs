//! Reading metrics back from the text that Prometheus gets, ours and the edge's: so the
//! charts show what the alerts see.

/// One scrape.
#[derive(Debug)]
pub(super) struct Exposition<'a>(Vec<Series<'a>>);

#[derive(Debug, PartialEq)]
struct Series<'a> {
    name: &'a str,
    /// As written between the braces: `code="Ok",method="..."`.
    labels: &'a str,
    value: f64,
}

impl<'a> Exposition<'a> {
    /// Reads what it understands; other lines do not count.
    pub(super) fn read(text: &'a str) -> Self {
        Self(text.lines().filter_map(Series::read).collect())
    }

    /// The sum over the series of this name that `wanted` picks; `None` without any.
    pub(super) fn sum(&self, name: &str, wanted: impl Fn(Labels<'a>) -> bool) -> Option<f64> {
        let of_name = self.0.iter().filter(|series| series.name == name);
        let picked = of_name.filter(|series| wanted(Labels(series.labels)));
        picked
            .map(|series| series.value)
            .reduce(|sum, value| sum + value)
    }

    /// The value of a metric without labels.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        self.sum(name, |_| true)
    }
}

impl<'a> Series<'a> {
    fn read(line: &'a str) -> Option<Self> {
        if line.starts_with('#') {
            return None;
        }
        let (name, labels, rest) = if let Some((name, rest)) = line.split_once('{') {
            // Values of labels are ours: none holds a brace.
            let (labels, rest) = rest.split_once('}')?;
            (name, labels, rest)
        } else {
            let (name, rest) = line.split_once(' ')?;
            (name, "", rest)
        };
        // A time or an exemplar may follow.
        let value = rest.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            name,
            labels,
            value,
        })
    }
}

/// The labels of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels<'a>(&'a str);

impl<'a> Labels<'a> {
    /// The value of a label, empty where there is none.
    pub(super) fn get(self, name: &str) -> &'a str {
        let mut pairs = self.0.split(',').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(found, _)| *found == name);
        found.map_or("", |(_, value)| value.trim_matches('"'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_summed_by_their_labels() {
        let text = "# HELP calls Calls.\n\
                    calls_total{method=\"/a/B\",code=\"Ok\"} 3\n\
                    calls_total{method=\"/a/C\",code=\"NotFound\"} 2\n\
                    calls_total{method=\"/a/C\",code=\"Ok\"} 1.5e1 # {} 1\n\
                    age_seconds 0.25\n\
                    nonsense\n# EOF\n";
        let read = Exposition::read(text);
        let ok = |labels: Labels<'_>| labels.get("code") == "Ok";
        assert_eq!(read.sum("calls_total", ok), Some(18.0));
        assert_eq!(read.value("calls_total"), Some(20.0));
        assert_eq!(read.value("age_seconds"), Some(0.25));
        assert_eq!(read.value("calls"), None);
        assert_eq!(read.sum("calls_total", |it| it.get("x") == "y"), None);
    }
}
