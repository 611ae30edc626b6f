//! docs/grpcurl.md: every RPC called in a terminal, pasted from a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Running;
use super::grpcurl_calls::{CALLS, Call, Ends, WORLD};
use crate::error::Error;
use crate::processes;
use crate::terminal;
use crate::tools::Tool;

const PACKAGE: &str = "community.v1";

/// Something to keep may take so long to be there: a webhook on its way. And so may room
/// in the budget, which is that of the smallest plan.
const PATIENCE: Duration = Duration::from_secs(5);
const WINDOW: Duration = Duration::from_secs(15);

/// No line of an answer is longer on the page.
const LONGEST_LINE: usize = 400;

const INTRODUCTION: &str = "\
# grpcurl

Every RPC, called in a terminal against the demo (`cargo xtask up`). The service describes
itself, so no file is needed; error details are printed because their types are described too.
Made by `cargo xtask grpcurl` from a run: ids and times are that run's, and lines longer than
400 characters are cut.
";

/// Makes every call, and writes the page unless it only checks.
pub(super) fn make(running: &mut Running<'_>, check: bool) -> Result<(), Error> {
    terminal::heading("every RPC by grpcurl");
    let mut page = Page::new(running);
    page.describe()?;
    let mut failed = Vec::new();
    for call in CALLS {
        running.services.all_running()?;
        if running.interrupt.take() {
            return Err(Error::Interrupted);
        }
        if page.call(call)? {
            terminal::step("ok", call.title);
        } else {
            failed.push(format!("{:?}", call.title));
        }
    }
    let missing = page.missing();
    if !missing.is_empty() {
        let methods = missing.join(", ");
        return Err(Error::CallsMissing { methods });
    }
    if !failed.is_empty() {
        let calls = failed.join(", ");
        return Err(Error::CallsFailed { calls });
    }
    if check {
        let total = CALLS.len();
        terminal::step("Done", format_args!("all {total} calls end as expected"));
        return Ok(());
    }
    let path = running.workspace.root.join("docs/grpcurl.md");
    fs::write(&path, page.text).map_err(Error::io(format!("write {}", path.display())))?;
    terminal::step("Written", running.workspace.as_typed(&path));
    Ok(())
}

/// The page as far as it is written.
struct Page {
    text: String,
    grpcurl: std::path::PathBuf,
    address: String,
    /// What `$name` stands for.
    names: BTreeMap<&'static str, String>,
    /// Every method, as `CommunityService/GetMember`.
    methods: Vec<String>,
}

/// What grpcurl did.
struct Ran {
    succeeded: bool,
    /// Standard output, then standard error, as a terminal shows them.
    shown: String,
    stdout: String,
}

impl Page {
    fn new(running: &Running<'_>) -> Self {
        let known = WORLD.iter().filter_map(|(name, pointer)| {
            let value = running.world.all.pointer(pointer)?.as_str()?;
            Some((*name, value.to_owned()))
        });
        Self {
            text: INTRODUCTION.to_owned(),
            grpcurl: running.tools.path(Tool::Grpcurl).to_owned(),
            address: running.demo.grpc_address().to_string(),
            names: known.collect(),
            methods: Vec::new(),
        }
    }

    /// What there is, as the service tells it.
    fn describe(&mut self) -> Result<(), Error> {
        let services = self.show("What the service offers", &["list"], true)?;
        for service in services.lines().filter(|name| name.starts_with(PACKAGE)) {
            let listed = self.run(&[], &["list", service])?;
            let methods = listed.stdout.lines().filter_map(|line| {
                let (service, method) = line.rsplit_once('.')?;
                let service = service.rsplit('.').next()?;
                Some(format!("{service}/{method}"))
            });
            self.methods.extend(methods);
            let title = format!("The methods of {service}");
            self.show(&title, &["describe", service], true)?;
        }
        let message = format!("{PACKAGE}.GetMemberRequest");
        self.show("A request and its rules", &["describe", &message], true)?;
        Ok(())
    }

    /// Makes a call and writes it down; whether it ended as expected.
    fn call(&mut self, call: &Call) -> Result<bool, Error> {
        let mut request = call.request.to_owned();
        for (name, value) in self.names.iter().rev() {
            request = request.replace(&format!("${name}"), value);
        }
        let method = format!("{PACKAGE}.{}", call.method);
        let mut options = vec!["-d", &request];
        if call.ends == Ends::Never {
            options.extend(["-max-time", "1"]);
        }
        let ran = self.until_kept(call, &options, &method)?;
        let as_expected = match call.ends {
            Ends::Well => {
                ran.succeeded
                    && call
                        .keep
                        .iter()
                        .all(|(name, _)| self.names.contains_key(name))
            }
            Ends::With(part) => !ran.succeeded && ran.shown.contains(part),
            Ends::Never => ran.shown.contains("DeadlineExceeded"),
        };
        if !as_expected {
            terminal::step("FAILED", format_args!("{}\n{}", call.title, ran.shown));
        }
        self.write(call.title, &options, &[&method], &ran.shown);
        Ok(as_expected)
    }

    /// Makes a call until its answer has what later calls need.
    fn until_kept(&mut self, call: &Call, options: &[&str], method: &str) -> Result<Ran, Error> {
        let start = Instant::now();
        loop {
            let ran = self.run(options, &[method])?;
            let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
            let kept = call.keep.iter().filter_map(|(name, pointer)| {
                let value = answer.pointer(pointer)?.as_str()?;
                Some((*name, value.to_owned()))
            });
            self.names.extend(kept);
            let has_all = call
                .keep
                .iter()
                .all(|(name, _)| self.names.contains_key(name));
            let limited = ran.shown.contains("UPSTREAM_RATE_LIMITED");
            let patience = if limited { WINDOW } else { PATIENCE };
            if (has_all && !limited) || start.elapsed() > patience {
                return Ok(ran);
            }
            processes::pause();
        }
    }

    /// Methods of the service that no call is of.
    fn missing(&self) -> Vec<String> {
        let called = |method: &&String| !CALLS.iter().any(|call| call.method == **method);
        self.methods.iter().filter(called).cloned().collect()
    }

    /// Runs grpcurl without options of its own and writes it down; what it printed.
    fn show(&mut self, title: &str, words: &[&str], must_succeed: bool) -> Result<String, Error> {
        let ran = self.run(&[], words)?;
        if must_succeed && !ran.succeeded {
            let calls = format!("grpcurl {}", words.join(" "));
            return Err(Error::CallsFailed { calls });
        }
        self.write(title, &[], words, &ran.shown);
        Ok(ran.stdout)
    }

    fn run(&self, options: &[&str], words: &[&str]) -> Result<Ran, Error> {
        let output = Command::new(&self.grpcurl)
            .arg("-plaintext")
            .args(options)
            .arg(&self.address)
            .args(words)
            .stdin(Stdio::null())
            .output()
            .map_err(Error::io("run grpcurl"))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let shown = stdout.clone() + &String::from_utf8_lossy(&output.stderr);
        Ok(Ran {
            succeeded: output.status.success(),
            shown,
            stdout,
        })
    }

    fn write(&mut self, title: &str, options: &[&str], words: &[&str], shown: &str) {
        let mut command = "grpcurl -plaintext".to_owned();
        for option in options {
            let quoted = option.starts_with('{');
            let _ = if quoted {
                write!(command, " '{option}'")
            } else {
                write!(command, " {option}")
            };
        }
        let fold = if options.is_empty() { " " } else { " \\\n    " };
        let address = &self.address;
        let words = words.join(" ");
        let _ = write!(
            self.text,
            "\n## {title}\n\n```console\n$ {command}{fold}{address} {words}\n"
        );
        for line in shown.trim_end().lines() {
            let cut: String = line.chars().take(LONGEST_LINE).collect();
            let more = if cut.len() < line.len() { ".." } else { "" };
            let _ = writeln!(self.text, "{}{more}", cut.trim_end());
        }
        self.text.push_str("```\n");
    }
}
