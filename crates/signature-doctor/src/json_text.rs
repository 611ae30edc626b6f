//! JSON written anew, without being parsed: what is outside strings is spaced in another
//! way, what is inside is escaped in another way. Linear in the body and bounded in memory;
//! on what is no JSON it gives something or nothing, which then matches no signature.

/// How a library writes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) spacing: Spacing,
    pub(crate) escapes: Escapes,
}

/// What stands between tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spacing {
    /// What stands there now.
    Kept,
    /// Nothing.
    Compact,
    /// A space after each comma and colon, as Python writes.
    Spaced,
    /// A line for each entry, indented by this many spaces for each level.
    Indented(usize),
}

/// What is escaped in strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// What is escaped now.
    Kept,
    /// Only what must be, as JavaScript writes.
    Fewest,
    /// All but ASCII, as Python writes.
    NonAscii,
    /// That and each slash, as PHP writes.
    NonAsciiAndSlashes,
}

/// The body in another style; `None` when it is not UTF-8 where that matters, or would grow
/// beyond all measure.
pub(crate) fn rewrite(body: &[u8], style: Style) -> Option<Vec<u8>> {
    let limit = body.len().saturating_mul(3).saturating_add(4096);
    let mut out = Vec::with_capacity(body.len());
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = body.get(at) {
        if out.len() > limit {
            return None;
        }
        if byte == b'"' {
            let end = end_of_string(body, at + 1);
            out.push(b'"');
            escape(&body[at + 1..end], style.escapes, &mut out)?;
            if end < body.len() {
                out.push(b'"');
            }
            at = end + 1;
            continue;
        }
        at += 1;
        if style.spacing == Spacing::Kept {
            out.push(byte);
        } else if !byte.is_ascii_whitespace() {
            let is_empty = matches!(
                body[at..].iter().find(|byte| !byte.is_ascii_whitespace()),
                Some(b'}' | b']')
            );
            depth = punctuate(byte, is_empty, depth, style.spacing, &mut out);
        }
    }
    (out.len() <= limit).then_some(out)
}

/// Writes one byte from outside strings, and the space that belongs to it; the new depth.
fn punctuate(
    byte: u8,
    closes_next: bool,
    depth: usize,
    spacing: Spacing,
    out: &mut Vec<u8>,
) -> usize {
    let line = |depth: usize, out: &mut Vec<u8>| {
        if let Spacing::Indented(width) = spacing {
            out.push(b'\n');
            // Deeper than any JSON that is meant to be read.
            out.resize(out.len() + width * depth.min(64), b' ');
        }
    };
    match byte {
        b'{' | b'[' => {
            out.push(byte);
            if !closes_next {
                line(depth + 1, out);
            }
            depth + 1
        }
        b'}' | b']' => {
            if !matches!(out.last(), Some(b'{' | b'[')) {
                line(depth.saturating_sub(1), out);
            }
            out.push(byte);
            depth.saturating_sub(1)
        }
        b',' => {
            out.push(byte);
            if spacing == Spacing::Spaced {
                out.push(b' ');
            }
            line(depth, out);
            depth
        }
        b':' => {
            out.push(byte);
            if spacing != Spacing::Compact {
                out.push(b' ');
            }
            depth
        }
        _ => {
            out.push(byte);
            depth
        }
    }
}

/// Where the string that begins at `from` ends: at its quote, or at the body's end.
fn end_of_string(body: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

fn escape(text: &[u8], escapes: Escapes, out: &mut Vec<u8>) -> Option<()> {
    if escapes == Escapes::Kept {
        out.extend_from_slice(text);
        return Some(());
    }
    let mut rest = std::str::from_utf8(text).ok()?;
    while !rest.is_empty() {
        let (piece, length) = next_piece(rest);
        match piece {
            Piece::Letter(letter) => write_letter(letter, escapes, out),
            Piece::Kept => out.extend_from_slice(&rest.as_bytes()[..length]),
        }
        rest = &rest[length..];
    }
    Some(())
}

/// What a string is made of.
enum Piece {
    /// A letter, however it is written.
    Letter(char),
    /// An escape that nobody can write in another way.
    Kept,
}

/// The first piece of what is left of a string, and how many bytes it is written in.
fn next_piece(rest: &str) -> (Piece, usize) {
    if let Some(digits) = rest.strip_prefix("\\u") {
        // Else half of a pair.
        return match unescaped(digits) {
            Some((letter, length)) => (Piece::Letter(letter), 2 + length),
            None => (Piece::Kept, 2),
        };
    }
    if rest.starts_with("\\/") {
        return (Piece::Letter('/'), 2);
    }
    let mut letters = rest.chars();
    match letters.next() {
        Some('\\') => (Piece::Kept, 1 + letters.next().map_or(0, char::len_utf8)),
        Some(letter) => (Piece::Letter(letter), letter.len_utf8()),
        None => (Piece::Kept, 0),
    }
}

/// The letter that the digits after `\u` stand for, and how many bytes of them it took.
fn unescaped(digits: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let first = unit(digits)?;
    if let Some(letter) = char::from_u32(first.into()) {
        return Some((letter, 4));
    }
    let second = unit(digits.get(4..)?.strip_prefix("\\u")?)?;
    let letter = char::decode_utf16([first, second]).next()?.ok()?;
    Some((letter, 10))
}

fn write_letter(letter: char, escapes: Escapes, out: &mut Vec<u8>) {
    let short = match letter {
        '"' => Some(b"\\\""),
        '\\' => Some(b"\\\\"),
        '\n' => Some(b"\\n"),
        '\r' => Some(b"\\r"),
        '\t' => Some(b"\\t"),
        '\u{8}' => Some(b"\\b"),
        '\u{c}' => Some(b"\\f"),
        '/' if escapes == Escapes::NonAsciiAndSlashes => Some(b"\\/"),
        _ => None,
    };
    if let Some(short) = short {
        out.extend_from_slice(short);
    } else if letter < ' ' || (!letter.is_ascii() && escapes != Escapes::Fewest) {
        for unit in letter.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        }
    } else {
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
