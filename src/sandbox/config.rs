//! What a sandbox is started with.

use std::path::PathBuf;

use serde::Deserialize;

use super::clock::ClockStart;
pub use super::config_file::ConfigError;
use super::faults::Fault;
pub use super::identity::policy::{Policy, PolicyError};

/// A sandbox's configuration. [`Config::default`] is one account with one domain, one repository
/// and one user who may do everything.
#[derive(Debug, Clone)]
pub struct Config {
    /// The port on 127.0.0.1; 0 lets the system pick one.
    pub port: u16,
    /// Where everything is kept; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// The domain that is there from the start.
    pub domain: String,
    /// The account that owns it, 12 digits.
    pub domain_owner: String,
    /// The one region this sandbox is.
    pub region: String,
    /// The repository that is there from the start.
    pub repository: String,
    /// More repositories, and what they stand on.
    pub repositories: Vec<RepositoryConfig>,
    /// Users. The first is the one that [`super::Sandbox::environment`] names.
    pub principals: Vec<UserConfig>,
    /// Roles that can be assumed.
    pub roles: Vec<RoleConfig>,
    /// What external connections such as `public:npmjs` are served from.
    pub external_connections: Vec<ExternalConfig>,
    /// The subject of the identity tokens that the sandbox's OIDC provider issues.
    pub oidc_subject: String,
    /// The clock that tokens, signatures and `time` fields read.
    pub clock: ClockStart,
    /// Sizes and rates.
    pub limits: Limits,
    /// Behaviours that no document states.
    pub assumptions: Assumptions,
    /// Faults that are armed from the start.
    pub faults: Vec<Fault>,
    /// Host names it answers to, beside `localhost`, addresses, and AWS's own: others are refused,
    /// so that no web page can reach it under a name of its own.
    pub host_names: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            data: None,
            domain: "sandbox".to_owned(),
            domain_owner: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            repository: "npm".to_owned(),
            repositories: Vec::new(),
            principals: vec![UserConfig::administrator("consign")],
            roles: Vec::new(),
            external_connections: Vec::new(),
            oidc_subject: "repo:acme/tool:ref:refs/tags/v1.0.0".to_owned(),
            clock: ClockStart::System,
            limits: Limits::default(),
            assumptions: Assumptions::default(),
            faults: Vec::new(),
            host_names: Vec::new(),
        }
    }
}

/// A repository that is there from the start.
#[derive(Debug, Clone, Default)]
pub struct RepositoryConfig {
    /// Its name.
    pub name: String,
    /// Repositories of the same domain, searched in this order.
    pub upstreams: Vec<String>,
    /// `public:npmjs`, or none.
    pub external_connection: Option<String>,
}

/// An IAM user.
#[derive(Debug, Clone)]
pub struct UserConfig {
    /// The last part of the user's ARN.
    pub name: String,
    /// The user's account; the domain's owner when absent.
    pub account: Option<String>,
    /// `AKIA…`; drawn at random when absent.
    pub access_key: Option<String>,
    /// Drawn at random when absent.
    pub secret_key: Option<String>,
    /// What the user may do.
    pub policies: Vec<Policy>,
}

impl UserConfig {
    /// A user who may do everything, with keys drawn at random.
    pub fn administrator(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            account: None,
            access_key: None,
            secret_key: None,
            policies: vec![Policy::allow_all()],
        }
    }
}

/// An IAM role.
#[derive(Debug, Clone)]
pub struct RoleConfig {
    /// The last part of the role's ARN.
    pub name: String,
    /// The role's account; the domain's owner when absent.
    pub account: Option<String>,
    /// What a session of the role may do.
    pub policies: Vec<Policy>,
    /// Trust policies: who may assume the role. The next three are short forms of such policies.
    pub trust: Vec<Policy>,
    /// The audience a web identity token must be for; `None` trusts no web identity.
    pub trusted_audience: Option<String>,
    /// Patterns of the subjects that may assume the role, `*` and `?` as in IAM.
    pub trusted_subjects: Vec<String>,
    /// ARNs of users and roles, or accounts, that may assume the role with `AssumeRole`.
    pub trusted_principals: Vec<String>,
    /// The longest session, in seconds.
    pub longest_session: i64,
    /// Whether the container and instance credential endpoints hand this role out.
    pub instance_role: bool,
    /// Whether single sign-on hands this role out.
    pub single_sign_on: bool,
}

/// What an external connection is served from.
#[derive(Debug, Clone)]
pub struct ExternalConfig {
    /// `public:npmjs`
    pub name: String,
    /// Its packages.
    pub source: ExternalSource,
}

/// Where the packages of an external connection come from.
#[derive(Debug, Clone)]
pub enum ExternalSource {
    /// A folder of `.tgz` files.
    Folder(PathBuf),
    /// A registry, asked without credentials.
    Registry(url::Url),
}

/// Sizes and rates.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest npm publish request, in bytes.
    pub publish_request: u64,
    /// The largest asset, in bytes.
    pub asset: u64,
    /// The largest publish document without its attachments, in bytes: what is held in memory.
    pub publish_metadata: usize,
    /// Repositories in a domain.
    pub repositories: usize,
    /// Domains in an account.
    pub domains: usize,
    /// Direct upstreams of a repository.
    pub upstreams: usize,
    /// Repositories searched for a package.
    pub searched: usize,
    /// Requests a second that may write; `None` does not throttle.
    pub writes: Option<u32>,
    /// Requests a second that only read; `None` does not throttle.
    pub reads: Option<u32>,
    /// `GetAuthorizationToken` calls a second; `None` does not throttle.
    pub tokens: Option<u32>,
}

impl Default for Limits {
    /// The documented quotas, without throttling.
    fn default() -> Self {
        Self {
            publish_request: 2 << 30,
            asset: 5 << 30,
            publish_metadata: 64 << 20,
            repositories: 1000,
            domains: 10,
            upstreams: 10,
            searched: 25,
            writes: None,
            reads: None,
            tokens: None,
        }
    }
}

/// Behaviours for which no document of the service was found, one switch each. None is verified
/// against AWS; `docs/sandbox.md` lists them.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent switch with a name of its own"
)]
pub struct Assumptions {
    /// Publishing a version that is there answers 409 even when its contents are identical.
    pub strict_conflict: bool,
    /// Publishing identical contents under another tag moves that tag.
    pub republish_moves_tags: bool,
    /// A first publish under another tag also sets `latest`.
    pub first_publish_sets_latest: bool,
    /// The status of a successful publish.
    pub publish_status: u16,
    /// The key that carries the text of an npm-side error.
    pub npm_error_key: String,
    /// The status of a publish that origin controls refuse.
    pub origin_block_status: u16,
    /// The status of npm commands the service does not support.
    pub unsupported_status: u16,
    /// The status for a good token of another domain.
    pub foreign_domain_status: u16,
    /// Tarballs are answered with a redirect to a second host, as assets from S3 are.
    pub redirect_tarballs: bool,
    /// The status of that redirect. Yarn 1 forwards `Authorization` over a 307 to another host,
    /// and only over that one, so the second host refuses it; over a 302 it installs.
    pub redirect_status: u16,
    /// A port to name in `dist.tarball` when the request's host has none, such as 443.
    pub tarball_port: Option<u16>,
    /// `GetRepositoryEndpoint` answers with a host of its own per domain instead of a path.
    pub virtual_host_endpoints: bool,
    /// The action that changing dist-tags and deprecating needs.
    pub metadata_action: String,
    /// Packuments carry `_rev`.
    pub packument_revision: bool,
    /// Packuments carry `ETag`, and `If-None-Match` is honoured.
    pub packument_etag: bool,
    /// The abbreviated packument is served to those who ask for it.
    pub abbreviated_packument: bool,
    /// Abbreviated packuments carry `time`.
    pub abbreviated_time: bool,
    /// A provenance attachment beside the tarball is accepted, and dropped.
    pub accept_provenance: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            strict_conflict: false,
            republish_moves_tags: false,
            first_publish_sets_latest: false,
            publish_status: 200,
            npm_error_key: "error".to_owned(),
            origin_block_status: 403,
            unsupported_status: 404,
            foreign_domain_status: 401,
            redirect_tarballs: true,
            redirect_status: 307,
            tarball_port: None,
            virtual_host_endpoints: false,
            metadata_action: "codeartifact:PublishPackageVersion".to_owned(),
            packument_revision: true,
            packument_etag: true,
            abbreviated_packument: true,
            abbreviated_time: true,
            accept_provenance: false,
        }
    }
}
