//! Regenerates `src/gen` and `service_config.json` and compares. `UPDATE_PROTO=1` writes
//! instead.

use std::fs;
use std::path::{Path, PathBuf};

use community_proto::methods::{Kind, Methods};
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::FileDescriptorSet;
use serde_json::{Value, json};

fn proto_files(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root.join("community/v1"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "proto")
        })
        .collect();
    files.sort();
    files
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no settings reader, and the switch is for developers only"
)]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gen");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).unwrap();

    let mut compiler = protox::Compiler::new([root]).unwrap();
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(proto_files(root)).unwrap();
    // Encoded from the parsed files, so that comments reach reflection.
    fs::write(
        out.join("descriptor.binpb"),
        compiler.encode_file_descriptor_set(),
    )
    .unwrap();
    tonic_prost_build::configure()
        .out_dir(&out)
        // Stand-ins of the service in tests and benches answer few of its methods. That
        // the service itself answers each is held by a test that calls each.
        .generate_default_stubs(true)
        .bytes(".community.v1.WebhookEvent.payload")
        .compile_fds(compiler.file_descriptor_set())
        .unwrap();

    let set = fs::read(out.join("descriptor.binpb")).unwrap();
    fs::write(out.join("service_config.json"), service_config(&set)).unwrap();

    for (folder, name) in [
        ("src/gen", "community.v1.rs"),
        ("src/gen", "descriptor.binpb"),
        ("", "service_config.json"),
    ] {
        let fresh = fs::read(out.join(name)).unwrap();
        let checked_in = root.join(folder).join(name);
        if std::env::var_os("UPDATE_PROTO").is_some() {
            fs::write(&checked_in, &fresh).unwrap();
        }
        assert!(
            fs::read(&checked_in).ok().as_ref() == Some(&fresh),
            "{name} is out of date: run `cargo xtask proto`"
        );
    }
}

/// Time-outs and retries for each kind of method, in gRPC's format.
///
/// A client that only knows codes cannot tell a write that the service refused from one
/// whose answer was lost: both are UNAVAILABLE. So it repeats writes after
/// RESOURCE_EXHAUSTED alone, which no broken connection looks like.
fn service_config(set: &[u8]) -> String {
    let set = FileDescriptorSet::decode(set).unwrap();
    let methods = Methods::of(&set);
    let names = |wanted: &dyn Fn(Kind, bool) -> bool| -> Vec<Value> {
        methods
            .iter()
            .filter(|(_, method)| wanted(method.kind, method.streams))
            .map(|(path, _)| {
                let (service, method) = path[1..].split_once('/').unwrap();
                json!({ "service": service, "method": method })
            })
            .collect()
    };
    let policy = |codes: &[&str]| {
        json!({
            "maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s",
            "backoffMultiplier": 2, "retryableStatusCodes": codes,
        })
    };
    let safe = policy(&["UNAVAILABLE", "RESOURCE_EXHAUSTED"]);
    let config = json!({
        "loadBalancingConfig": [{ "round_robin": {} }],
        "methodConfig": [
            {
                "name": names(&|kind, streams| kind != Kind::Write && !streams),
                "timeout": "30s",
                "retryPolicy": safe,
            },
            { "name": names(&|_, streams| streams), "retryPolicy": safe },
            {
                "name": names(&|kind, streams| kind == Kind::Write && !streams),
                "timeout": "30s",
                "retryPolicy": policy(&["RESOURCE_EXHAUSTED"]),
            },
        ],
        "retryThrottling": { "maxTokens": 100, "tokenRatio": 0.1 },
    });
    serde_json::to_string_pretty(&config).unwrap() + "\n"
}

#[test]
fn the_descriptor_set_names_every_service() {
    let set = FileDescriptorSet::decode(community_proto::FILE_DESCRIPTOR_SET).unwrap();
    let services: Vec<String> = set
        .file
        .iter()
        .flat_map(|file| &file.service)
        .map(|service| service.name().to_owned())
        .collect();
    assert_eq!(
        services,
        ["ActivityService", "CommunityService", "WebhookEventService"]
    );
}
