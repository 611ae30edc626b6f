//! `communityctl doctor`, `sign` and `send`.

use clap::{Args, ValueEnum};

/// `doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  communityctl doctor request.txt             # raw HTTP: head, empty line, body\n  communityctl doctor devtools.har\n  pbpaste | communityctl doctor -             # a copied curl command\n  communityctl doctor --recent                # what the edge refused lately\n\nSecrets are those of BETTERMODE_WEBHOOK_SECRET and BETTERMODE_WEBHOOK_RETIRED_SECRETS, or of\nthe files that the same names with _FILE name. Exit 0 when the signature holds, 1 when not."
)]
pub struct DoctorArgs {
    /// The captured request; "-" for standard input.
    #[arg(required_unless_present = "recent", conflicts_with = "recent")]
    pub file: Option<String>,
    /// What the file is.
    #[arg(long, value_enum, default_value_t = InputFormat::Auto)]
    pub format: InputFormat,
    /// When the request was received: RFC 3339, or 2h for two hours ago. Without it the age
    /// is judged only where the capture says when it was.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Which request of a HAR file, from 1; else the first with a signature header.
    #[arg(long, value_name = "NUMBER")]
    pub entry: Option<usize>,
    /// Ask the edge what it refused lately, and why.
    #[arg(long)]
    pub recent: bool,
    /// With --recent, at most this many.
    #[arg(long, default_value_t = 20)]
    pub limit: u32,
}

/// What a captured request is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// Told by its beginning.
    Auto,
    /// Head, empty line, body.
    Raw,
    /// A curl command.
    Curl,
    /// An HTTP archive, as browsers and proxies save it.
    Har,
    /// A line of what the edge has on its record (doctor --recent --json).
    Record,
}

/// `sign`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  communityctl sign body.json --table\n  communityctl sign body.json --curl http://127.0.0.1:8080/webhooks/bettermode\n\nSigns with the first secret of BETTERMODE_WEBHOOK_SECRET."
)]
pub struct SignArgs {
    /// The body; "-" for standard input.
    pub body: String,
    /// The timestamp in milliseconds; else now.
    #[arg(long, value_name = "MILLISECONDS")]
    pub timestamp: Option<String>,
    /// Print a curl command that sends it to this URL (not with "-").
    #[arg(long, value_name = "URL")]
    pub curl: Option<String>,
}

/// `send`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  communityctl send                                    # a challenge: changes nothing\n  communityctl send --event member.updated --member 1wo91T9QSb --wait\n  communityctl send --body captured.json\n\nExit 0 when the edge takes it, 1 when not."
)]
pub struct SendArgs {
    /// Make up an event of this type, for example member.updated.
    #[arg(long, value_name = "TYPE", conflicts_with = "body")]
    pub event: Option<String>,
    /// Who did it.
    #[arg(long, value_name = "ID", requires = "event")]
    pub member: Option<String>,
    /// What it was done to; else the member.
    #[arg(long, value_name = "ID", requires = "event")]
    pub object: Option<String>,
    /// Send this file; "-" for standard input.
    #[arg(long, value_name = "FILE")]
    pub body: Option<String>,
    /// The timestamp in milliseconds; else now.
    #[arg(long, value_name = "MILLISECONDS")]
    pub timestamp: Option<String>,
    /// The route of the edge.
    #[arg(long, default_value = "/webhooks/bettermode")]
    pub path: String,
    /// Wait until the service has stored it (events that are made up).
    #[arg(long, requires = "event")]
    pub wait: bool,
}
