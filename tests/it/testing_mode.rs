//! `TESTING_MODE`: the built-in fake answers, and not one connection leaves.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use community_proto::v1::{DirectMessageMechanism, GetStatusRequest, PostStatus};
use integration_tests::{Program, Sandbox, eventually, ports, tools};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::direct_messages::{message, send};
use crate::members::by_id;
use crate::posts::{create, post_in};

const TOKEN: &str = "token-of-the-test";

/// Where a program would go if it went anywhere: an address that is nowhere.
const ELSEWHERE: &str = "10.255.0.2";

/// A member and a space of the built-in world, which is the same in every process.
struct Inhabitants {
    member: String,
    space: String,
}

#[tokio::test]
async fn every_call_is_answered_and_nobody_who_listens_hears_of_it() {
    let (upstream, proxy) = (listener().await, listener().await);
    let at = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let mut builder = Sandbox::builder()
        .in_testing_mode()
        .service_setting("BETTERMODE_API_URL", &at(&upstream));
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        builder = builder.service_setting(name, &at(&proxy));
    }
    let sandbox = builder.start().await;
    let Inhabitants { member, space } = inhabitants();

    assert_eq!(by_id(&sandbox.clients, &member).await.0.id, member);
    let post = create(&sandbox, post_in(&space)).await.unwrap();
    assert_eq!(post.status(), PostStatus::Published);
    let sent = send(&sandbox, message(&member, "Hello")).await;
    assert_ne!(sent.mechanism(), DirectMessageMechanism::Unspecified);
    let status = sandbox
        .clients
        .community()
        .get_status(GetStatusRequest {})
        .await;
    assert!(status.unwrap().into_inner().status.unwrap().testing_mode);

    for listener in [upstream, proxy] {
        let heard = futures::FutureExt::now_or_never(listener.accept());
        assert!(heard.is_none(), "somebody was called: {heard:?}");
    }
    sandbox.service.line_with("TESTING_MODE").await;
}

#[tokio::test]
async fn the_other_name_of_the_setting_does_the_same() {
    let sandbox = Sandbox::builder()
        .in_testing_mode()
        .service_setting("TESTING_MODE", "")
        .service_setting("DISABLE_API_BETTERMODE", "true")
        .start()
        .await;
    let member = inhabitants().member;
    assert_eq!(by_id(&sandbox.clients, &member).await.0.id, member);
}

#[tokio::test]
async fn no_socket_of_the_service_leads_anywhere() {
    let sandbox = Sandbox::builder().in_testing_mode().start().await;
    let Inhabitants { member, space } = inhabitants();
    by_id(&sandbox.clients, &member).await;
    create(&sandbox, post_in(&space)).await.unwrap();
    send(&sandbox, message(&member, "Hello")).await;
    // A client keeps its connection for a while after an answer.
    let sockets = Sockets::of(&sandbox.service);
    assert!(sockets.listening.len() >= 2, "{sockets:?}");
    assert!(!sockets.open.is_empty(), "ours are open: {sockets:?}");
    for port in &sockets.open {
        assert!(
            sockets.listening.contains(port),
            "one was opened by it: {sockets:?}"
        );
    }
    assert_eq!(sockets.datagrams, 0, "{sockets:?}");
}

/// In a network of its own, which counts what is sent and has no way out. Nothing but
/// our own grpcurl opens a connection there.
#[tokio::test]
async fn in_a_network_of_its_own_the_service_opens_no_connection_and_looks_up_no_name() {
    if !may_isolate() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut service = Isolated::start(&folder).await;
    let Inhabitants { member, space } = inhabitants();
    let community = "community.v1.CommunityService";

    let before = service.counts();
    let calls = [
        ("GetMember", json!({ "member_id": member })),
        (
            "CreatePost",
            json!({ "space_id": space, "title": "Alone", "text": "Hello" }),
        ),
        (
            "SendDirectMessage",
            json!({ "recipient_member_id": member, "text": "Hello" }),
        ),
        ("GetStatus", json!({})),
    ];
    for (method, request) in &calls {
        let ran = service.grpcurl(Some(TOKEN), request, &format!("{community}/{method}"));
        assert!(ran.succeeded, "{method}: {ran:?}");
        assert!(
            serde_json::from_str::<Value>(&ran.stdout)
                .unwrap()
                .is_object()
        );
    }
    // Authentication stays what it is.
    let ran = service.grpcurl(None, &json!({}), &format!("{community}/GetStatus"));
    assert!(ran.stderr.contains("Unauthenticated"), "{ran:?}");

    let after = service.counts();
    let ours = u64::try_from(calls.len() + 1).unwrap();
    assert_eq!(
        after.connections - before.connections,
        ours,
        "only ours were opened"
    );
    assert_eq!(
        after.no_way_out, 0,
        "something tried to leave, from the start on"
    );
    assert_eq!(
        after.datagrams, 0,
        "a name was looked up, from the start on"
    );

    // The counter counts: the same is done on purpose.
    let leaving = service
        .inside("TEST_GRPCURL", &["-connect-timeout", "1", "-plaintext"])
        .arg(format!("{ELSEWHERE}:4000"))
        .arg("list")
        .output()
        .unwrap();
    assert!(!leaving.status.success());
    assert!(service.counts().no_way_out > 0);
    let status = service.program.terminate().await;
    assert_eq!(status.code(), Some(0));
}

/// A service in a network namespace with nothing but its own loopback.
struct Isolated {
    program: Program,
    port: u16,
}

#[derive(Debug)]
struct Counts {
    /// TCP connections that somebody in there began.
    connections: u64,
    /// Packets for which there was no route.
    no_way_out: u64,
    /// UDP datagrams sent, as a resolver does.
    datagrams: u64,
}

impl Isolated {
    /// Whether this machine lets its users make networks.
    fn possible() -> Result<(), String> {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--net", "sh", "-c", "ip link set lo up"]);
        let tried = unshare.output().map_err(|error| error.to_string())?;
        if tried.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&tried.stderr).into_owned())
    }

    async fn start(folder: &TempDir) -> Self {
        let port = ports::free().port();
        let script = format!(
            "ip link set lo up && exec '{}'",
            tools::built("community-svc").display()
        );
        let env = std::path::Path::new("/usr/bin/env");
        let mut program = Program::new("community-svc", env, folder.path(), &[])
            .arg("unshare")
            // Also where the tests do not run as root.
            .arg("--map-root-user")
            .arg("--net")
            .arg("sh")
            .arg("-c")
            .arg(script);
        let elsewhere = format!("http://{ELSEWHERE}:4000");
        let hash = hex::encode(Sha256::digest(TOKEN));
        for (name, value) in [
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("TESTING_MODE", "true"),
            ("BETTERMODE_API_URL", &elsewhere),
            ("HTTP_PROXY", &elsewhere),
            ("HTTPS_PROXY", &elsewhere),
            (
                "COMMUNITY_SVC_AUTH",
                &format!("test:{hash}:read+write+ingest+admin"),
            ),
            ("COMMUNITY_SVC_LISTEN", &format!("127.0.0.1:{port}")),
            ("LOG_FORMAT", "json"),
        ] {
            program.set(name, value);
        }
        program.start().await;
        let mut isolated = Self { program, port };
        eventually("the service listens in its own network", async || {
            if let Some(status) = isolated.program.ended() {
                panic!(
                    "no network of its own: {status}\n{}",
                    isolated.program.log()
                );
            }
            let log = isolated.program.log();
            if log.contains("listening") {
                Ok(())
            } else {
                Err(log)
            }
        })
        .await;
        isolated
    }

    /// A tool, run where the service runs.
    fn inside(&self, tool: &str, arguments: &[&str]) -> Command {
        let id = self.program.id().expect("the service runs").to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &id, "--user", "--preserve-credentials", "--net"]);
        command.arg(tools::tool(tool)).args(arguments);
        command
    }

    fn grpcurl(&self, token: Option<&str>, request: &Value, method: &str) -> tools::Ran {
        let mut command = self.inside("TEST_GRPCURL", &["-plaintext"]);
        if let Some(token) = token {
            let header = format!("authorization: Bearer {token}");
            command.args(["-H", &header]);
        }
        command.args(["-d", &request.to_string()]);
        command.arg(format!("127.0.0.1:{}", self.port)).arg(method);
        tools::finish(&mut command)
    }

    fn counts(&self) -> Counts {
        let id = self.program.id().expect("the service runs");
        let text = fs::read_to_string(format!("/proc/{id}/net/snmp")).unwrap();
        Counts {
            connections: count(&text, "Tcp:", "ActiveOpens"),
            no_way_out: count(&text, "Ip:", "OutNoRoutes"),
            datagrams: count(&text, "Udp:", "OutDatagrams"),
        }
    }
}

/// The sockets of one program, by their own ports.
#[derive(Debug, Default)]
struct Sockets {
    listening: Vec<u16>,
    open: Vec<u16>,
    datagrams: usize,
}

impl Sockets {
    fn of(program: &Program) -> Self {
        let id = program.id().expect("the program runs");
        let files = fs::read_dir(format!("/proc/{id}/fd")).unwrap();
        let links = files.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
        let inodes: Vec<_> = links
            .filter_map(|link| {
                let name = link.to_string_lossy().into_owned();
                let inode = name.strip_prefix("socket:[")?.strip_suffix(']')?;
                Some(inode.to_owned())
            })
            .collect();
        let mut sockets = Self::default();
        for protocol in ["tcp", "tcp6", "udp", "udp6"] {
            // A machine without IPv6 has no such table.
            let path = format!("/proc/{id}/net/{protocol}");
            let table = fs::read_to_string(path).unwrap_or_default();
            for line in table.lines().skip(1) {
                let fields: Vec<_> = line.split_whitespace().collect();
                if inodes.iter().any(|inode| inode == fields[9]) {
                    let port = fields[1].rsplit(':').next().unwrap();
                    let port = u16::from_str_radix(port, 16).unwrap();
                    match (protocol.starts_with("udp"), fields[3]) {
                        (true, _) => sockets.datagrams += 1,
                        // LISTEN, of include/net/tcp_states.h.
                        (false, "0A") => sockets.listening.push(port),
                        (false, _) => sockets.open.push(port),
                    }
                }
            }
        }
        sockets
    }
}

/// One number of `/proc/net/snmp`: a line of names, then a line of values.
fn count(text: &str, protocol: &str, name: &str) -> u64 {
    let mut lines = text.lines().filter(|line| line.starts_with(protocol));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let mut pairs = names.split_whitespace().zip(values.split_whitespace());
    let (_, value) = pairs.find(|(known, _)| *known == name).unwrap();
    value.parse().unwrap()
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Asked of the fake as a program: it prints its world and ends.
fn inhabitants() -> Inhabitants {
    let mut fake = Command::new(tools::built("fake-bettermode"));
    let printed = tools::finish(fake.env_clear().arg("--print-demo"));
    assert!(printed.succeeded, "{printed:?}");
    let world: Value = serde_json::from_str(&printed.stdout).unwrap();
    let text = |pointer| {
        world
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    };
    Inhabitants {
        member: text("/members/0/id"),
        space: text("/spaces/0/id"),
    }
}

/// Whether this machine allows a network of a test's own. CI's must; elsewhere the
/// tests above hold the same by other means.
#[expect(clippy::disallowed_methods, reason = "a test has no settings reader")]
fn may_isolate() -> bool {
    let Err(reason) = Isolated::possible() else {
        return true;
    };
    assert!(
        std::env::var_os("CI").is_none(),
        "this machine allows no network of its own, and CI must: {reason}"
    );
    let _ = writeln!(
        std::io::stderr(),
        "skipped: this machine allows no network of its own: {reason}"
    );
    false
}
