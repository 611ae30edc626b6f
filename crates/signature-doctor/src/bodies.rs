//! The bodies that may have been signed, when another one arrived.

use std::borrow::Cow;

use crate::finding::Finding;
use crate::json_text::{Escapes, Spacing, Style, rewrite};

/// What may have been done to a body on its way, those met most often first. Each is undone
/// by one pass over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// None: it arrived as it was signed.
    None,
    BreakDropped,
    BreakAdded,
    Written(Style, &'static str),
    ToLineFeeds,
    ToCrLf,
    MarkAdded,
    MarkDropped,
    Latin1,
    Lost,
}

const fn written(spacing: Spacing, escapes: Escapes, how: &'static str) -> Change {
    Change::Written(Style { spacing, escapes }, how)
}

/// Everything that is tried.
pub(crate) const CHANGES: &[Change] = &[
    Change::None,
    Change::BreakDropped,
    Change::BreakAdded,
    written(
        Spacing::Compact,
        Escapes::Kept,
        "with no space between its tokens (it was re-serialised)",
    ),
    written(
        Spacing::Compact,
        Escapes::Fewest,
        "as JavaScript writes JSON: no spaces, no needless escapes (it was re-serialised)",
    ),
    written(
        Spacing::Kept,
        Escapes::Fewest,
        "with letters where \\u escapes arrived (it was re-serialised)",
    ),
    written(
        Spacing::Spaced,
        Escapes::Fewest,
        "with a space after each comma and colon (it was re-serialised)",
    ),
    written(
        Spacing::Spaced,
        Escapes::NonAscii,
        "as Python writes JSON: spaced, with \\u escapes (it was re-serialised)",
    ),
    written(
        Spacing::Compact,
        Escapes::NonAscii,
        "with no spaces and with \\u escapes (it was re-serialised)",
    ),
    written(
        Spacing::Compact,
        Escapes::NonAsciiAndSlashes,
        "as PHP writes JSON: \\u escapes and \\/ (it was re-serialised)",
    ),
    written(
        Spacing::Indented(2),
        Escapes::Fewest,
        "in lines indented by 2 spaces (it was re-serialised)",
    ),
    written(
        Spacing::Indented(4),
        Escapes::Fewest,
        "in lines indented by 4 spaces (it was re-serialised)",
    ),
    Change::ToCrLf,
    Change::ToLineFeeds,
    Change::MarkAdded,
    Change::MarkDropped,
    Change::Latin1,
    Change::Lost,
];

const MARK: &[u8] = b"\xef\xbb\xbf";

impl Change {
    /// The body as it was signed if this was done to it; `None` when that is the same body,
    /// or cannot be.
    pub(crate) fn undone(self, body: &[u8]) -> Option<Cow<'_, [u8]>> {
        let before: Cow<'_, [u8]> = match self {
            Self::None => return Some(body.into()),
            Self::BreakDropped => [body, b"\n"].concat().into(),
            Self::BreakAdded => body.trim_ascii_end().into(),
            Self::Written(style, _) => rewrite(body, style)?.into(),
            Self::ToCrLf => without_returns(body).into(),
            Self::ToLineFeeds => with_returns(body).into(),
            Self::MarkAdded => body.strip_prefix(MARK)?.into(),
            Self::MarkDropped => [MARK, body].concat().into(),
            Self::Latin1 => latin1(body)?.into(),
            Self::Lost => Cow::Borrowed(b"".as_slice()),
        };
        (*before != *body).then_some(before)
    }

    pub(crate) fn finding(self) -> Option<Finding> {
        let how = match self {
            Self::None => return None,
            Self::BreakDropped => "with a line break at its end, which did not arrive",
            Self::BreakAdded => "without the space or line break at its end that arrived",
            Self::Written(_, how) => how,
            Self::ToCrLf => "with line feeds where CR LF arrived",
            Self::ToLineFeeds => "with CR LF where line feeds arrived",
            Self::MarkAdded => "without the byte order mark that arrived",
            Self::MarkDropped => "with a byte order mark, which did not arrive",
            Self::Latin1 => "before somebody took its UTF-8 for Latin-1 and encoded it once more",
            Self::Lost => "when it was empty, or had been read and lost",
        };
        Some(Finding::BodyChanged(how))
    }
}

fn without_returns(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}

fn with_returns(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for byte in without_returns(body) {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

/// The bytes of which each was taken for a letter; `None` when there is another letter.
fn latin1(body: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    text.chars()
        .map(|letter| u8::try_from(u32::from(letter)).ok())
        .collect()
}
