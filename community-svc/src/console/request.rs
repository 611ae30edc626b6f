//! A request as the pages see it: read once, bounded.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Limited};
use service_kit::http::Body;
use url::form_urlencoded;

/// The largest form: a page of dead letters with the longest ids.
const MAX_FORM: usize = 64 * 1024;

/// How long a form may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    /// The path after `/console`, without the slash before it.
    pub(super) path: String,
    pub(super) query: Pairs,
    pub(super) form: Pairs,
    pub(super) headers: HeaderMap,
    /// The path and query, to come back to after signing in.
    pub(super) place: String,
}

/// Why a request cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

impl Asked {
    /// Reads the request to its end.
    pub(super) async fn read(request: Request<Body>) -> Result<Self, Unreadable> {
        let (parts, body) = request.into_parts();
        let form = if parts.method == Method::POST {
            let body = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_FORM).collect());
            let body = body.await.map_err(|_| Unreadable)?;
            body.map_err(|_| Unreadable)?.to_bytes()
        } else {
            Bytes::new()
        };
        let path = parts.uri.path();
        let path = path.strip_prefix(super::ROOT).unwrap_or(path);
        let place = parts.uri.path_and_query();
        Ok(Self {
            path: path.strip_prefix('/').unwrap_or(path).to_owned(),
            query: Pairs::read(parts.uri.query().unwrap_or_default().as_bytes()),
            form: Pairs::read(&form),
            place: place.map_or(String::new(), |place| place.as_str().to_owned()),
            method: parts.method,
            headers: parts.headers,
        })
    }

    /// Whether a form of another site sent this, as far as the browser says so.
    pub(super) fn is_from_elsewhere(&self) -> bool {
        let text = |name| {
            let value = self.headers.get(name);
            value.map(|value| value.to_str().unwrap_or("unreadable"))
        };
        let site = text(header::HeaderName::from_static("sec-fetch-site"));
        if site.is_some_and(|site| site != "same-origin" && site != "none") {
            return true;
        }
        let Some(origin) = text(header::ORIGIN) else {
            return false;
        };
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_none() || host != text(header::HOST)
    }

    /// Whether a proxy before us says that it speaks TLS with the browser.
    pub(super) fn is_over_tls(&self) -> bool {
        let forwarded = self.headers.get("x-forwarded-proto");
        forwarded.is_some_and(|scheme| scheme == "https")
    }
}

/// Names and values of a query or a form, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value, trimmed, where there is one that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every such value.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let of_name = move |(found, value): &'a (String, String)| {
            (found == name && !value.trim().is_empty()).then(|| value.trim())
        };
        self.0.iter().filter_map(of_name)
    }
}

/// A link into the console with these parameters; those without a value are left out.
pub(super) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    let slash = if path.is_empty() { "" } else { "/" };
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{slash}{path}{mark}{query}", super::ROOT)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> Asked {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        Asked {
            method: Method::POST,
            path: String::new(),
            query: Pairs::default(),
            form: Pairs::default(),
            headers: headers.collect(),
            place: String::new(),
        }
    }

    #[test]
    fn a_form_of_another_site_is_known_by_what_browsers_say() {
        for (headers, is_from_elsewhere) in [
            (vec![], false),
            (vec![("host", "a:1"), ("origin", "http://a:1")], false),
            (vec![("host", "a:1"), ("origin", "http://a:2")], true),
            (vec![("host", "a:1"), ("origin", "null")], true),
            (vec![("origin", "http://a:1")], true),
            (vec![("sec-fetch-site", "same-origin")], false),
            (vec![("sec-fetch-site", "same-site")], true),
            (vec![("sec-fetch-site", "cross-site")], true),
        ] {
            assert_eq!(
                asked(&headers).is_from_elsewhere(),
                is_from_elsewhere,
                "{headers:?}"
            );
        }
    }

    #[test]
    fn links_carry_any_value_and_leave_empty_ones_out() {
        let link = link("event", &[("id", "a/b&c=d \u{e9}"), ("kind", "")]);
        assert_eq!(link, "/console/event?id=a%2Fb%26c%3Dd+%C3%A9");
        let pairs = Pairs::read(link.split_once('?').unwrap().1.as_bytes());
        assert_eq!(pairs.get("id"), Some("a/b&c=d \u{e9}"));
        assert_eq!(super::link("", &[]), "/console");
    }

    #[test]
    fn blank_values_count_as_none() {
        let pairs = Pairs::read(b"a=+&a=1&b=&a=2");
        assert_eq!(pairs.get("a"), Some("1"));
        assert_eq!(pairs.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(pairs.get("b"), None);
    }
}
