//! `tokens new` and `tokens list`: the entries of `COMMUNITY_SVC_AUTH`.

use std::io::Write as _;
use std::path::Path;

use secrecy::ExposeSecret as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Context, Outcome};
use crate::cli::NewToken;
use crate::error::Error;
use crate::settings;

/// What a caller can be allowed, as the service knows it.
const SCOPES: [&str; 4] = ["read", "write", "ingest", "admin"];
/// How much of a token's digest is shown: enough to tell two apart.
const SHOWN_DIGITS: usize = 8;

/// An entry, taken apart.
struct Entry {
    name: String,
    kind: &'static str,
    credential: String,
    scopes: String,
}

pub(super) fn new(context: &mut Context<'_>, args: &NewToken) -> Result<Outcome, Error> {
    let is_name = |byte: u8| byte.is_ascii_graphic() && !b":,#".contains(&byte);
    if args.name.is_empty() || !args.name.bytes().all(is_name) {
        return Err(Error::Usage(format!(
            "{:?} is no name: use visible ASCII without colon, comma and #",
            args.name
        )));
    }
    check_scopes(&args.scopes).map_err(Error::Usage)?;
    let token = hex::encode((context.random)());
    let digest = hex::encode(Sha256::digest(&token));
    let entry = format!("{}:{digest}:{}", args.name, args.scopes);
    if let Some(path) = &args.append_to {
        append(path, &entry)?;
    }
    if context.output.is_json() {
        let line =
            json!({ "name": args.name, "scopes": args.scopes, "token": token, "entry": entry });
        context.output.json(&line)?;
    } else {
        context
            .output
            .pairs(&[("token", token), ("entry", entry)])?;
        let next = match &args.append_to {
            Some(path) => format!(
                "The entry is in {}; a service that has it as COMMUNITY_SVC_AUTH_FILE uses it within seconds.",
                path.display()
            ),
            None => "Add the entry to COMMUNITY_SVC_AUTH of the service, or to the file that COMMUNITY_SVC_AUTH_FILE names.".to_owned(),
        };
        context.output.text(&next)?;
        context
            .output
            .text("The caller shows the token; it is nowhere else, and is not shown again.")?;
    }
    Ok(Outcome::Good)
}

pub(super) fn list(context: &mut Context<'_>) -> Result<Outcome, Error> {
    let callers = settings::callers(context.env)?.ok_or_else(|| {
        Error::NotFound(
            "neither COMMUNITY_SVC_AUTH nor COMMUNITY_SVC_AUTH_FILE is set: without them anybody on \
             the service's machine may call"
                .to_owned(),
        )
    })?;
    let entries = entries(callers.expose_secret()).map_err(Error::Input)?;
    if context.output.is_json() {
        for entry in &entries {
            context.output.json(&json!({
                "name": entry.name,
                "kind": entry.kind,
                "credential": entry.credential,
                "scopes": entry.scopes.split('+').collect::<Vec<_>>(),
            }))?;
        }
        return Ok(Outcome::Good);
    }
    let rows: Vec<Vec<String>> = entries
        .into_iter()
        .map(|entry| {
            vec![
                entry.name,
                entry.kind.to_owned(),
                entry.credential,
                entry.scopes,
            ]
        })
        .collect();
    let heads = ["NAME", "KIND", "CREDENTIAL", "SCOPES"];
    context.output.table(&heads, &rows, "Nobody is named.")?;
    Ok(Outcome::Good)
}

/// The entries as the service reads them. A digest is shown by its beginning alone.
fn entries(text: &str) -> Result<Vec<Entry>, String> {
    let lines = text.lines().filter(|line| !line.trim().starts_with('#'));
    let entries = lines.flat_map(|line| line.split(',')).map(str::trim);
    entries
        .filter(|entry| !entry.is_empty())
        .enumerate()
        .map(|(index, entry)| {
            self::entry(entry).map_err(|problem| format!("entry {}: {problem}", index + 1))
        })
        .collect()
}

fn entry(text: &str) -> Result<Entry, String> {
    let form = "it is not name:sha256:scopes or name:san=certificate-name:scopes";
    let (name, rest) = text.split_once(':').ok_or(form)?;
    let (credential, scopes) = rest.rsplit_once(':').ok_or(form)?;
    let (credential, scopes) = (credential.trim(), scopes.trim());
    check_scopes(scopes)?;
    let (kind, credential) = match credential.strip_prefix("san=") {
        Some(name) => ("certificate", name.to_owned()),
        None if hex::decode(credential).is_ok_and(|digest| digest.len() == 32) => {
            ("token", format!("{}..", &credential[..SHOWN_DIGITS]))
        }
        None => return Err("the hash is not 64 hex digits".to_owned()),
    };
    Ok(Entry {
        name: name.trim().to_owned(),
        kind,
        credential,
        scopes: scopes.to_owned(),
    })
}

fn check_scopes(scopes: &str) -> Result<(), String> {
    match scopes
        .split('+')
        .find(|scope| !SCOPES.contains(&scope.trim()))
    {
        None => Ok(()),
        Some(unknown) => Err(format!(
            "{unknown:?} is no scope: use {}, joined by +",
            SCOPES.join(", ")
        )),
    }
}

/// Adds a line at the end, and a break before it where one is missing.
fn append(path: &Path, entry: &str) -> Result<(), Error> {
    let problem = |error| Error::Input(format!("failed to add to {}: {error}", path.display()));
    let ends_open = match std::fs::read(path) {
        Ok(bytes) => bytes.last().is_some_and(|last| *last != b'\n'),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(problem(error)),
    };
    let line = format!("{}{entry}\n", if ends_open { "\n" } else { "" });
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .map_err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_the_service_reads_them_and_digests_are_not_shown() {
        let digest = "ab".repeat(32);
        let text = format!("# us\nbooking:{digest}:read+write, edge:san=spiffe://a/b:ingest\n");
        let entries = entries(&text).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].credential, "abababab..");
        assert_eq!(entries[1].credential, "spiffe://a/b");
        for (wrong, why) in [
            ("booking", "name:sha256:scopes"),
            ("booking:abc:read", "64 hex"),
            (&format!("booking:{digest}:everything"), "is no scope"),
        ] {
            let problem = super::entries(wrong).err().unwrap();
            assert!(problem.contains(why), "{problem}");
        }
    }
}
