//! Requests out of bytes: often signed as they should be, often almost.

use arbitrary::{Arbitrary, Result, Unstructured};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::reference;

/// The secrets that the edge knows.
pub(crate) const SECRETS: [&str; 2] = ["a-signing-secret", "the secret of before"];
/// The time at the edge, in milliseconds.
pub(crate) const NOW_MS: i64 = 1_714_979_290_000;
/// How far a timestamp may be from it.
pub(crate) const WINDOW_MS: u64 = 900_000;

const NAMES: [&str; 4] = [
    "x-bettermode-signature",
    "x-bettermode-request-timestamp",
    "x-tribe-signature",
    "x-tribe-request-timestamp",
];

/// A body and the headers that came with it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Arbitrary)]
enum Stamp {
    Now,
    /// Milliseconds from now.
    Off(i32),
    Number(i64),
    Text(Vec<u8>),
}

#[derive(Arbitrary)]
enum Signature {
    /// Under the first secret or the second.
    Right(bool),
    /// One byte of the right one is another.
    Almost(u8, u8),
    UpperCase,
    /// Under a secret that the edge does not know.
    Foreign,
    Text(Vec<u8>),
}

#[derive(Arbitrary)]
enum Extra {
    /// One more of the four headers that count.
    Counting(u8, Vec<u8>),
    Other(String, Vec<u8>),
}

impl<'a> Arbitrary<'a> for Request {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let stamp = match Stamp::arbitrary(bytes)? {
            Stamp::Now => NOW_MS.to_string().into_bytes(),
            Stamp::Off(by) => (NOW_MS + i64::from(by)).to_string().into_bytes(),
            Stamp::Number(number) => number.to_string().into_bytes(),
            Stamp::Text(text) => text,
        };
        let signature = Signature::arbitrary(bytes)?;
        let is_former = bool::arbitrary(bytes)?;
        let extras: Vec<Extra> = if bool::arbitrary(bytes)? {
            Vec::arbitrary(bytes)?
        } else {
            Vec::new()
        };
        let body = Vec::arbitrary_take_rest(Unstructured::new(bytes.bytes(bytes.len())?))?;
        let names = if is_former { &NAMES[2..] } else { &NAMES[..2] };
        let mut headers = vec![
            (names[0].to_owned(), signature.of(&stamp, &body)),
            (names[1].to_owned(), stamp),
        ];
        headers.extend(extras.into_iter().map(|extra| match extra {
            Extra::Counting(which, value) => {
                (NAMES[usize::from(which) % NAMES.len()].to_owned(), value)
            }
            Extra::Other(name, value) => (name, value),
        }));
        // What HTTP cannot carry never gets as far as the edge's code.
        headers.retain(|(name, value)| {
            HeaderName::from_bytes(name.as_bytes()).is_ok()
                && HeaderValue::from_bytes(value).is_ok()
        });
        Ok(Self { headers, body })
    }
}

impl Signature {
    fn of(self, stamp: &[u8], body: &[u8]) -> Vec<u8> {
        let right = |secret: &str| reference::sign(secret.as_bytes(), stamp, body).into_bytes();
        match self {
            Self::Right(is_first) => right(SECRETS[usize::from(!is_first)]),
            Self::Almost(at, with) => {
                let mut signature = right(SECRETS[0]);
                let at = usize::from(at) % signature.len();
                signature[at] = with;
                signature
            }
            Self::UpperCase => right(SECRETS[0]).to_ascii_uppercase(),
            Self::Foreign => right("a secret of somebody else"),
            Self::Text(text) => text,
        }
    }
}

impl Request {
    /// The headers as the edge gets them.
    pub(crate) fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                map.append(name, value);
            }
        }
        map
    }

    /// What the second implementation says.
    pub(crate) fn is_to_be_believed(&self) -> bool {
        reference::accepts(&self.headers, &self.body, &SECRETS, (NOW_MS, WINDOW_MS))
    }
}

impl Request {
    /// Takes another body, and signs it when the one before was rightly signed.
    pub(crate) fn sign_again(&mut self, body: &[u8]) {
        let was_right = self.is_to_be_believed();
        body.clone_into(&mut self.body);
        if !was_right {
            return;
        }
        let stamp = self
            .headers
            .iter()
            .find(|(name, _)| name.ends_with("-request-timestamp"))
            .map(|(_, value)| value.clone())
            .unwrap_or_default();
        for (name, value) in &mut self.headers {
            if name.ends_with("-signature") && NAMES.contains(&name.as_str()) {
                *value = reference::sign(SECRETS[0].as_bytes(), &stamp, body).into_bytes();
            }
        }
    }
}
