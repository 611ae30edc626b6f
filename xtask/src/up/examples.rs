//! Commands to try, made for the addresses and ids of this run.
//!
//! What is printed, what is written to the script and what `--check` runs is one
//! and the same text.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::services::Services;
use super::settings::{Demo, NETWORK_ID, WEBHOOK_SECRET};
use super::world::World;
use crate::error::Error;
use crate::processes::{self, Interrupt};
use crate::terminal;
use crate::tools::{Tool, Tools};
use crate::workspace::Workspace;

/// A webhook takes this long at most from the fake to the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// A command and what a working system answers.
#[derive(Debug)]
pub(super) struct Example {
    /// What it shows.
    title: &'static str,
    /// The text for a POSIX shell at the repository's root.
    command: String,
    /// What it prints when all is well.
    prints: Expected,
}

/// A part of an answer.
#[derive(Debug)]
enum Expected {
    /// This text.
    Text(String),
    /// The id of the post that the example before created: an event of an earlier
    /// run does not count.
    CreatedPost,
}

impl From<&str> for Expected {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Expected {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

/// All examples, in the order in which they make sense.
pub(super) fn all(
    workspace: &Workspace,
    tools: &Tools,
    demo: &Demo,
    world: &World,
) -> Vec<Example> {
    let mut examples = reads(workspace, tools, demo, world);
    examples.extend(writes(workspace, tools, demo, world));
    examples.extend(webhooks(demo));
    examples
}

fn reads(workspace: &Workspace, tools: &Tools, demo: &Demo, world: &World) -> Vec<Example> {
    let grpcurl = format!("{} -plaintext", tools.typed(workspace, Tool::Grpcurl));
    let buf = tools.typed(workspace, Tool::Buf);
    let at = demo.grpc_address();
    let World {
        member_id,
        member_email,
        ..
    } = world;
    vec![
        Example {
            title: "What the service offers, told by the service itself",
            command: format!("{grpcurl} {at} list"),
            prints: "community.v1.CommunityService".into(),
        },
        Example {
            title: "Its methods, with their comments",
            command: format!("{grpcurl} {at} describe community.v1.CommunityService"),
            prints: "rpc GetMember".into(),
        },
        Example {
            title: "Read a member",
            command: format!(
                "{grpcurl} -d '{{\"member_id\": \"{member_id}\"}}' \\\n  \
                 {at} community.v1.CommunityService/GetMember"
            ),
            prints: member_id.into(),
        },
        Example {
            title: "Find a member by e-mail address",
            command: format!(
                "{grpcurl} -d '{{\"email\": \"{member_email}\"}}' \\\n  \
                 {at} community.v1.CommunityService/GetMemberByEmail"
            ),
            prints: member_id.into(),
        },
        Example {
            title: "The same read through buf",
            command: format!(
                "{buf} curl --protocol grpc --http2-prior-knowledge \\\n  \
                 -d '{{\"memberId\": \"{member_id}\"}}' \\\n  \
                 http://{at}/community.v1.CommunityService/GetMember"
            ),
            prints: member_id.into(),
        },
    ]
}

fn writes(workspace: &Workspace, tools: &Tools, demo: &Demo, world: &World) -> Vec<Example> {
    let grpcurl = format!("{} -plaintext", tools.typed(workspace, Tool::Grpcurl));
    let at = demo.grpc_address();
    let World {
        member_id,
        space_id,
        ..
    } = world;
    vec![
        Example {
            title: "Create a post",
            command: format!(
                "{grpcurl} -d '{{\"space_id\": \"{space_id}\", \"title\": \"Hello\", \
                 \"text\": \"Written over gRPC\"}}' \\\n  \
                 {at} community.v1.CommunityService/CreatePost"
            ),
            prints: "\"title\": \"Hello\"".into(),
        },
        Example {
            title: "The post's webhook, a moment later: sent by the fake, verified by the edge, stored",
            command: format!(
                "sleep 1\n{grpcurl} -d '{{\"event_type\": \"post.published\", \"page_size\": 1}}' \\\n  \
                 {at} community.v1.WebhookEventService/ListWebhookEvents"
            ),
            prints: Expected::CreatedPost,
        },
        Example {
            title: "Send a direct message",
            command: format!(
                "{grpcurl} -d '{{\"recipient_member_id\": \"{member_id}\", \
                 \"text\": \"Welcome aboard\"}}' \\\n  \
                 {at} community.v1.CommunityService/SendDirectMessage"
            ),
            prints: "directMessage".into(),
        },
    ]
}

fn webhooks(demo: &Demo) -> Vec<Example> {
    let url = demo.webhook_url();
    let challenge = "0123456789abcdef0123456789abcdef01234567";
    let trial = format!(
        "{{\"networkId\":\"{NETWORK_ID}\",\"context\":\"NETWORK\",\"currentSettings\":[],\
         \"type\":\"TEST\",\"data\":{{\"challenge\":\"{challenge}\"}}}}"
    );
    let event = format!(
        "{{\"networkId\":\"{NETWORK_ID}\",\"type\":\"SUBSCRIPTION\",\"data\":{{\
         \"id\":\"by-hand-1\",\"name\":\"post.published\",\"noun\":\"POST\",\"verb\":\"PUBLISHED\",\
         \"time\":\"2026-01-01T00:00:00Z\",\"object\":{{\"id\":\"by-hand\"}}}}}}"
    );
    vec![
        Example {
            title: "The state of the whole chain",
            command: format!("curl -sS --fail-with-body {} && echo", demo.health_url()),
            prints: "{\"status\":\"ok\"".into(),
        },
        Example {
            title: "BetterMode's trial of the URL when you save it, signed: answered, not stored",
            command: signed(&url, &trial),
            prints: challenge.into(),
        },
        Example {
            title: "An event, signed: stored once, whatever the number of times that it comes",
            command: signed(&url, &event),
            prints: "SUCCEEDED".into(),
        },
        Example {
            title: "The same without a signature: refused, without a reason",
            command: format!(
                "curl -sS -o /dev/null -w '%{{http_code}}\\n' {url} \\\n  \
                 -H 'Content-Type: application/json' --data-binary '{{\"type\":\"TEST\"}}'"
            ),
            prints: "401".into(),
        },
    ]
}

/// Sends a body with the signature that BetterMode would give it now.
fn signed(url: &str, body: &str) -> String {
    format!(
        "body='{body}'\n\
         time=$(date +%s%3N)\n\
         signature=$(printf '%s:%s' \"$time\" \"$body\" |\n  \
         openssl dgst -sha256 -hmac '{WEBHOOK_SECRET}' | sed 's/^.* //')\n\
         curl -sS --fail-with-body {url} --data-binary \"$body\" \\\n  \
         -H 'Content-Type: application/json' \\\n  \
         -H \"X-BetterMode-Request-Timestamp: $time\" \\\n  \
         -H \"X-BetterMode-Signature: $signature\" && echo"
    )
}

/// Prints the commands, ready to be pasted.
pub(super) fn print(examples: &[Example]) {
    terminal::heading("commands to try, from the root of the repository");
    for example in examples {
        terminal::line(format_args!("\n# {}\n{}", example.title, example.command));
    }
}

/// Writes the commands as a shell script beside the demo's data.
pub(super) fn write(workspace: &Workspace, examples: &[Example]) -> Result<PathBuf, Error> {
    let path = workspace.demo().join("commands.sh");
    let mut text = "# Written by `cargo xtask up`; works while it runs.\n".to_owned();
    for example in examples {
        let _ = writeln!(text, "\n# {}\n{}", example.title, example.command);
    }
    fs::write(&path, text).map_err(Error::io(format!("write {}", path.display())))?;
    Ok(path)
}

/// Runs every command and compares its exit code and what it prints.
pub(super) fn check(
    workspace: &Workspace,
    examples: &[Example],
    services: &mut Services,
    interrupt: &Interrupt,
) -> Result<(), Error> {
    terminal::heading("checking every printed command");
    let mut failed = 0;
    let mut created_post = None;
    for example in examples {
        let expected = match &example.prints {
            Expected::Text(text) => text.clone(),
            Expected::CreatedPost => created_post.take().unwrap_or_else(|| "a post".to_owned()),
        };
        let verdict = until_it_works(workspace, example, &expected, interrupt)?;
        services.all_running()?;
        match verdict {
            Ok(answer) => {
                created_post = post_id(&answer).or(created_post);
                terminal::step("ok", example.title);
            }
            Err(answer) => {
                failed += 1;
                terminal::step(
                    "FAILED",
                    format_args!(
                        "{}: expected {expected:?} from\n{}\nbut it answered\n{answer}",
                        example.title, example.command
                    ),
                );
            }
        }
    }
    if failed == 0 {
        terminal::step(
            "Done",
            format_args!("all {} commands work as printed", examples.len()),
        );
        return Ok(());
    }
    Err(Error::ExamplesFailed {
        failed,
        total: examples.len(),
    })
}

/// The id of the post that an answer of `CreatePost` holds.
fn post_id(answer: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(answer).ok()?;
    Some(answer.pointer("/post/id")?.as_str()?.to_owned())
}

/// Runs the command, again while its answer is not there yet: an event needs a
/// moment to arrive. The last answer is returned, as an error if it never came.
fn until_it_works(
    workspace: &Workspace,
    example: &Example,
    expected: &str,
    interrupt: &Interrupt,
) -> Result<Result<String, String>, Error> {
    let start = Instant::now();
    loop {
        if interrupt.take() {
            return Err(Error::Interrupted);
        }
        let output = Command::new("sh")
            .args(["-c", &example.command])
            .current_dir(&workspace.root)
            .stdin(Stdio::null())
            .output()
            .map_err(Error::io("run a shell"))?;
        let status = output.status;
        let answer = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if status.success() && answer.contains(expected) {
            return Ok(Ok(answer));
        }
        // A command that failed is not tried again: it has to work as printed.
        if !status.success() || start.elapsed() > PATIENCE {
            return Ok(Err(format!(
                "{}\n{}",
                answer.trim_end(),
                processes::status_text(status)
            )));
        }
        processes::pause();
    }
}
