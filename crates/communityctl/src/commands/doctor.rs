//! `doctor`: why a signature does not hold, of a captured request or of the edge's record.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use signature_doctor::{Captured, Diagnosis, HEADER_NAMES, Terms, WORK_OF_A_TOOL, diagnose};

use super::{Context, Outcome, files};
use crate::admin::Port;
use crate::capture::{self, Capture, Request};
use crate::cli::DoctorArgs;
use crate::error::Error;
use crate::settings::{self, Signing};
use crate::when;

pub(super) async fn run(context: &mut Context<'_>, args: DoctorArgs) -> Result<Outcome, Error> {
    let Some(file) = &args.file else {
        let edge = Port::of_edge_admin(context)?;
        let path = format!("/admin/v1/refusals?limit={}", args.limit);
        let answer = edge.get("asking for refused webhooks", &path).await?;
        let records = answer["refusals"].as_array().cloned().unwrap_or_default();
        print_records(context, &records)?;
        return Ok(Outcome::Good);
    };
    let mut request = match capture::read(&files::read(file)?, args.format, args.entry)? {
        Capture::Request(request) => request,
        Capture::Records(records) => {
            print_records(context, &records)?;
            return Ok(Outcome::No);
        }
    };
    let now = context.clock.now();
    if let Some(at) = &args.at {
        request.received_at = Some(when::read(at, now).map_err(Error::Usage)?);
    }
    let signing = settings::signing(context.env)?;
    let diagnosis = examine(&mut request, &signing);
    print(context, &request, &signing, &diagnosis)?;
    Ok(Outcome::of(diagnosis.findings().is_empty()))
}

/// Where the capture may have a line break of its own at the end, the reading under which
/// less is wrong counts.
fn examine(request: &mut Request, signing: &Signing) -> Diagnosis {
    let of = |body: &[u8], headers, now| {
        let captured = Captured { headers, body };
        let terms = Terms {
            secrets: &signing.secrets,
            now,
            window: signing.window,
            work: WORK_OF_A_TOOL,
        };
        diagnose(captured, terms)
    };
    let as_it_is = of(&request.body, &request.headers, request.received_at);
    let trimmed = request.body.trim_ascii_end();
    if !request.may_end_in_a_break || trimmed.len() == request.body.len() {
        return as_it_is;
    }
    let without = of(trimmed, &request.headers, request.received_at);
    let is_better = (without.secret().is_some(), as_it_is.findings().len())
        > (as_it_is.secret().is_some(), without.findings().len());
    if !is_better {
        return as_it_is;
    }
    request.body = trimmed.to_vec();
    request
        .notes
        .push("the line break at the end of the capture was left out".to_owned());
    without
}

/// What is printed in either format.
struct Report<'a> {
    request: &'a Request,
    diagnosis: &'a Diagnosis,
    headers: Vec<&'static str>,
    received: Option<String>,
    body_sha256: String,
    current: Vec<String>,
    retired: Vec<String>,
}

fn print(
    context: &mut Context<'_>,
    request: &Request,
    signing: &Signing,
    diagnosis: &Diagnosis,
) -> Result<(), Error> {
    let (current, retired) = signing.secrets.fingerprints();
    let all = |names: &[_]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    let report = Report {
        request,
        diagnosis,
        headers: HEADER_NAMES
            .into_iter()
            .filter(|name| request.headers.contains_key(*name))
            .collect(),
        received: request.received_at.map(|time: Timestamp| time.to_string()),
        body_sha256: hex::encode(Sha256::digest(&request.body)),
        current: all(&current),
        retired: all(&retired),
    };
    if context.output.is_json() {
        context.output.json(&report.line())?;
        Ok(())
    } else {
        report.print(context)
    }
}

impl Report<'_> {
    fn line(&self) -> Value {
        let findings: Vec<Value> = self
            .diagnosis
            .findings()
            .iter()
            .map(|finding| {
                json!({
                    "cause": finding.label(),
                    "text": finding.to_string(),
                    "hint": finding.hint(),
                })
            })
            .collect();
        json!({
            "holds": findings.is_empty(),
            "cause": self.diagnosis.cause(),
            "findings": findings,
            "secret": self.diagnosis.secret().map(ToString::to_string),
            "secrets": { "current": self.current, "retired": self.retired },
            "headers": self.headers,
            "receivedAt": self.received,
            "bodyBytes": self.request.body.len(),
            "bodySha256": self.body_sha256,
            "notes": self.request.notes,
        })
    }

    fn print(self, context: &mut Context<'_>) -> Result<(), Error> {
        let output = &mut context.output;
        let diagnosis = self.diagnosis;
        output.text(&match diagnosis.findings() {
            [] => "The signature holds.".to_owned(),
            _ => format!("The signature does not hold: {}", diagnosis.cause()),
        })?;
        for finding in diagnosis.findings() {
            output.text(&format!("- {finding}\n  {}", finding.hint()))?;
        }
        let body = format!(
            "{} bytes, SHA-256 {}",
            self.request.body.len(),
            self.body_sha256
        );
        let signed_by = diagnosis.secret().map(ToString::to_string);
        let not_told = || "not told: its age is not judged (--at)".to_owned();
        output.text("")?;
        output.pairs(&[
            ("headers", self.headers.join(", ")),
            ("body", body),
            ("received", self.received.unwrap_or_else(not_told)),
            ("signed by", signed_by.unwrap_or_default()),
            ("secrets tried", self.current.join(", ")),
            ("retired ones", self.retired.join(", ")),
        ])?;
        for note in &self.request.notes {
            output.text(&format!("note: {note}"))?;
        }
        Ok(())
    }
}

fn print_records(context: &mut Context<'_>, records: &[Value]) -> Result<(), Error> {
    if context.output.is_json() {
        for record in records {
            context.output.json(record)?;
        }
        return Ok(());
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|record| {
            let findings = record["findings"].as_array();
            let texts = findings
                .into_iter()
                .flatten()
                .map(|finding| text(&finding["text"]));
            let texts: Vec<String> = texts.collect();
            vec![
                text(&record["received_at"]),
                text(&record["request_id"]),
                text(&record["cause"]),
                texts.join("; "),
            ]
        })
        .collect();
    let heads = ["RECEIVED", "REQUEST", "CAUSE", "WHAT IS WRONG"];
    context.output.table(
        &heads,
        &rows,
        "The edge has refused no signature since it was started.",
    )?;
    Ok(())
}
