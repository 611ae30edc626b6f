//! A curl command line, as tools copy it.

use super::Request;
use crate::error::Error;

pub(super) fn read(bytes: &[u8]) -> Result<Request, Error> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::Input("the curl command is not UTF-8".to_owned()))?;
    let words = words(text)?;
    let mut words = words.into_iter().skip_while(|word| word != "curl").skip(1);
    let mut request = Request::default();
    let mut parts: Vec<Vec<u8>> = Vec::new();
    while let Some(word) = words.next() {
        let Some((option, joined)) = option(&word) else {
            continue;
        };
        let value = joined.or_else(|| words.next()).unwrap_or_default();
        match option {
            "-H" | "--header" => {
                if let Some((name, value)) = value.split_once(':') {
                    request.add(name, value.trim().as_bytes())?;
                }
            }
            _ => parts.push(data(option, &value)?),
        }
    }
    request.body = parts.join(&b'&');
    Ok(request)
}

/// An option that matters, and its value when that is in the same word.
fn option(word: &str) -> Option<(&str, Option<String>)> {
    const LONG: [&str; 6] = [
        "--header",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-ascii",
        "--json",
    ];
    if let Some(long) = LONG.into_iter().find(|long| *long == word) {
        return Some((long, None));
    }
    let short = ["-H", "-d"]
        .into_iter()
        .find(|short| word.starts_with(short))?;
    let rest = &word[short.len()..];
    Some((short, (!rest.is_empty()).then(|| rest.to_owned())))
}

/// What curl sends for it: `@file` is read, and `-d` drops line breaks of a file.
fn data(option: &str, value: &str) -> Result<Vec<u8>, Error> {
    let Some(file) = value.strip_prefix('@').filter(|_| option != "--data-raw") else {
        return Ok(value.as_bytes().to_vec());
    };
    let mut bytes = std::fs::read(file).map_err(|error| {
        Error::Input(format!("failed to read {file}, which curl sends: {error}"))
    })?;
    if !matches!(option, "--data-binary" | "--json") {
        bytes.retain(|byte| !b"\r\n\0".contains(byte));
    }
    Ok(bytes)
}

/// The words of a shell command: quotes, backslashes, and the `$'..'` that browsers write.
fn words(text: &str) -> Result<Vec<String>, Error> {
    let open = || Error::Input("a quote in the curl command is never closed".to_owned());
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\\' => match letters.next() {
                Some('\n') | None => {}
                Some(letter) => word.get_or_insert_default().push(letter),
            },
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next().ok_or_else(open)? {
                        '\'' => break,
                        letter => word.push(letter),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next().ok_or_else(open)? {
                        '"' => break,
                        '\\' => match letters.next().ok_or_else(open)? {
                            '\n' => {}
                            letter @ ('"' | '\\' | '$' | '`') => word.push(letter),
                            letter => word.extend(['\\', letter]),
                        },
                        letter => word.push(letter),
                    }
                }
            }
            '$' if letters.peek() == Some(&'\'') => {
                letters.next();
                ansi_c(&mut letters, word.get_or_insert_default()).ok_or_else(open)?;
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The inside of `$'..'`; `None` when it does not end.
fn ansi_c(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) -> Option<()> {
    loop {
        let letter = match letters.next()? {
            '\'' => return Some(()),
            '\\' => match letters.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => number(letters, 4)?,
                'x' => number(letters, 2)?,
                other => other,
            },
            letter => letter,
        };
        word.push(letter);
    }
}

/// The letter of so many hex digits.
fn number(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, digits: usize) -> Option<char> {
    let text: String = letters.take(digits).collect();
    u32::from_str_radix(&text, 16).ok().and_then(char::from_u32)
}
