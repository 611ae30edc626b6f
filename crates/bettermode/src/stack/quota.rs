//! The `X-Quota-*` headers.
//!
//! Their names are known (type, duration, limit, remaining, resets at); the
//! format of their values is documented nowhere we could read, so what does not
//! parse is left out. Several windows come as repeated headers or as lists.

use std::time::Duration;

use http::HeaderMap;

use crate::{Quota, QuotaKind};

/// What the headers say, one entry for each `X-Quota-Type`.
pub(super) fn read(headers: &HeaderMap) -> Vec<Quota> {
    let durations = values(headers, "x-quota-duration");
    let limits = values(headers, "x-quota-limit");
    let remaining = values(headers, "x-quota-remaining");
    let number = |list: &[&str], index: usize| list.get(index)?.parse::<u32>().ok();
    let kinds = values(headers, "x-quota-type").into_iter().enumerate();
    kinds
        .filter_map(|(index, kind)| {
            let kind = kind.to_ascii_lowercase();
            Some(Quota {
                kind: if kind.starts_with("request") {
                    QuotaKind::Requests
                } else if kind.starts_with("complexity") {
                    QuotaKind::Complexity
                } else {
                    return None;
                },
                window: durations.get(index).and_then(|text| window(text)),
                limit: number(&limits, index),
                remaining: number(&remaining, index),
            })
        })
        .collect()
}

/// The two documented windows are 10 s and 24 h; their values in milliseconds
/// are read as such, everything else as seconds.
fn window(text: &str) -> Option<Duration> {
    match text.parse::<f64>().ok()? {
        10_000.0 => Some(Duration::from_secs(10)),
        86_400_000.0 => Some(Duration::from_secs(86_400)),
        seconds => Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|window| !window.is_zero()),
    }
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_counts_are_read_from_repeated_headers_and_from_lists() {
        let mut headers = HeaderMap::new();
        headers.append("x-quota-type", "Request, Complexity".parse().unwrap());
        headers.append("x-quota-duration", "10".parse().unwrap());
        headers.append("x-quota-duration", "86400000".parse().unwrap());
        headers.append("x-quota-limit", "20,2000".parse().unwrap());
        headers.append("x-quota-remaining", "19".parse().unwrap());
        let day = Some(Duration::from_secs(86_400));
        let ten = Some(Duration::from_secs(10));
        assert_eq!(
            read(&headers),
            [
                Quota {
                    kind: QuotaKind::Requests,
                    window: ten,
                    limit: Some(20),
                    remaining: Some(19)
                },
                Quota {
                    kind: QuotaKind::Complexity,
                    window: day,
                    limit: Some(2000),
                    remaining: None
                },
            ]
        );
    }

    #[test]
    fn what_does_not_parse_is_left_out() {
        let mut headers = HeaderMap::new();
        assert!(read(&headers).is_empty());
        headers.append("x-quota-type", "weather".parse().unwrap());
        assert!(read(&headers).is_empty());
        headers.append("x-quota-type", "requests".parse().unwrap());
        headers.append("x-quota-limit", "many".parse().unwrap());
        assert_eq!(read(&headers)[0].limit, None);
    }
}
