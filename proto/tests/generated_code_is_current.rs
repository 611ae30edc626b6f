//! Regenerates `src/gen` and compares. `UPDATE_PROTO=1` writes instead.

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::prost::Message as _;

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

    let generated = root.join("src/gen");
    for name in ["community.v1.rs", "descriptor.binpb"] {
        let fresh = fs::read(out.join(name)).unwrap();
        if std::env::var_os("UPDATE_PROTO").is_some() {
            fs::create_dir_all(&generated).unwrap();
            fs::write(generated.join(name), &fresh).unwrap();
        }
        assert!(
            fs::read(generated.join(name)).ok().as_ref() == Some(&fresh),
            "src/gen/{name} is out of date: run `cargo xtask proto`"
        );
    }
}

#[test]
fn the_descriptor_set_names_every_service() {
    let set =
        prost_reflect::prost_types::FileDescriptorSet::decode(community_proto::FILE_DESCRIPTOR_SET)
            .unwrap();
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
