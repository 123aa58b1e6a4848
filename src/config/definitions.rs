//! The configuration keys npm 11.19.1 knows, with type and default (`@npmcli/config` 10.12.0,
//! `definitions.js`).
//!
//! consign acts on few of them, but all take part: an unknown key is warned about, a value of the
//! wrong type is dropped, and every value that is not the default reaches the scripts'
//! environment.

use std::sync::LazyLock;

use foldhash::HashMap;

use DefaultValue::{
    Bool as B, EmptyList, Infinite, Null as NoValue, Number as N, Surroundings, Text as T,
};
use Type::{
    Boolean, Date, False, Integer, List, Null, Number, Path, Text, Umask, Url, Version, Word,
};

/// What a value may be (nopt's type definitions).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Type {
    /// The value `null`.
    Null,
    /// The value `false`.
    False,
    /// One of the words a key knows.
    Word(&'static str),
    /// One of the numbers a key knows.
    Integer(u32),
    /// Any text.
    Text,
    /// A truth value.
    Boolean,
    /// A number.
    Number,
    /// A path: `~/` and relative ones are made absolute.
    Path,
    /// A URL with a host.
    Url,
    /// A date. Only `before` has it; it is kept as text.
    Date,
    /// A semver version. Only `init-version` has it; it is kept as text.
    Version,
    /// An octal or decimal file mode mask.
    Umask,
    /// More than one value is allowed.
    List,
}

/// The value a key has when nothing sets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum DefaultValue {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(u32),
    /// `Infinity`.
    Infinite,
    /// Text.
    Text(&'static str),
    /// An empty array.
    EmptyList,
    /// Depends on variables: see `sources::default_from_surroundings`.
    Surroundings,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Definition {
    pub(crate) key: &'static str,
    pub(crate) types: &'static [Type],
    pub(crate) default: DefaultValue,
    /// What to use instead of a deprecated key.
    pub(crate) deprecated: Option<&'static str>,
    /// Keys that may not be given together with this one.
    pub(crate) exclusive: &'static [&'static str],
    /// Whether scripts see a value that is not the default.
    pub(crate) exported: bool,
    /// Whose key it is.
    pub(crate) owner: Owner,
}

/// Who made a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// npm.
    Npm,
    /// consign, which reads it wherever npm reads its own.
    Consign,
    /// consign, which reads it as a flag only: in an `.npmrc` it is as unknown as to npm.
    ConsignFlag,
}

impl Definition {
    pub(crate) fn allows(&self, wanted: Type) -> bool {
        self.types.contains(&wanted)
    }

    const fn deprecated(mut self, instead: &'static str) -> Self {
        self.deprecated = Some(instead);
        self
    }

    const fn exclusive(mut self, keys: &'static [&'static str]) -> Self {
        self.exclusive = keys;
        self
    }

    const fn not_exported(mut self) -> Self {
        self.exported = false;
        self
    }

    const fn owned_by(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self.not_exported()
    }
}

const fn define(key: &'static str, types: &'static [Type], default: DefaultValue) -> Definition {
    Definition {
        key,
        types,
        default,
        deprecated: None,
        exclusive: &[],
        exported: true,
        owner: Owner::Npm,
    }
}

/// A flag about AWS. What may stand in it, `codeartifact` says.
const fn aws(key: &'static str) -> Definition {
    define(key, &[Text], NoValue).owned_by(Owner::ConsignFlag)
}

/// The definition of a key, if npm has one.
pub(crate) fn definition(key: &str) -> Option<&'static Definition> {
    static BY_KEY: LazyLock<HashMap<&str, &Definition>> = LazyLock::new(|| {
        DEFINITIONS
            .iter()
            .map(|definition| (definition.key, definition))
            .collect()
    });
    BY_KEY.get(key).copied()
}

/// The keys that may stand behind `//host/path/:` without being defined.
pub(crate) const NERF_DARTED: [&str; 7] = [
    "_auth",
    "_authToken",
    "_password",
    "certfile",
    "email",
    "keyfile",
    "username",
];

/// Names that flags have beside their keys. A single letter is written `-x`, several single
/// letters may be joined (`-sd`).
pub(crate) const SHORTHANDS: &[(&str, &[&str])] = &[
    ("enjoy-by", &["--before"]),
    ("d", &["--loglevel", "info"]),
    ("dd", &["--loglevel", "verbose"]),
    ("ddd", &["--loglevel", "silly"]),
    ("quiet", &["--loglevel", "warn"]),
    ("q", &["--loglevel", "warn"]),
    ("s", &["--loglevel", "silent"]),
    ("silent", &["--loglevel", "silent"]),
    ("verbose", &["--loglevel", "verbose"]),
    ("desc", &["--description"]),
    ("help", &["--usage"]),
    ("local", &["--no-global"]),
    ("n", &["--no-yes"]),
    ("no", &["--no-yes"]),
    ("porcelain", &["--parseable"]),
    ("readonly", &["--read-only"]),
    ("reg", &["--registry"]),
    ("iwr", &["--include-workspace-root"]),
    ("ws", &["--workspaces"]),
    ("a", &["--all"]),
    ("c", &["--call"]),
    ("f", &["--force"]),
    ("g", &["--global"]),
    ("L", &["--location"]),
    ("l", &["--long"]),
    ("m", &["--message"]),
    ("p", &["--parseable"]),
    ("C", &["--prefix"]),
    ("S", &["--save"]),
    ("B", &["--save-bundle"]),
    ("D", &["--save-dev"]),
    ("E", &["--save-exact"]),
    ("O", &["--save-optional"]),
    ("P", &["--save-prod"]),
    ("?", &["--usage"]),
    ("H", &["--usage"]),
    ("h", &["--usage"]),
    ("v", &["--version"]),
    ("w", &["--workspace"]),
    ("y", &["--yes"]),
];

/// Every key, in npm's order.
#[rustfmt::skip] // One key per line, as a table.
pub(crate) const DEFINITIONS: &[Definition] = &[
    define("_auth", &[Null, Text], NoValue),
    define("access", &[Null, Word("restricted"), Word("public"), Word("private")], NoValue),
    define("all", &[Boolean], B(false)),
    define("allow-same-version", &[Boolean], B(false)),
    define("allow-directory", &[Word("all"), Word("none"), Word("root")], T("all")),
    define("allow-file", &[Word("all"), Word("none"), Word("root")], T("all")),
    define("allow-git", &[Word("all"), Word("none"), Word("root")], T("all")),
    define("allow-remote", &[Word("all"), Word("none"), Word("root")], T("all")),
    define("allow-scripts", &[Text, List], T("")),
    define("also", &[Null, Word("dev"), Word("development")], NoValue).deprecated("use `--include=dev`"),
    define("audit", &[Boolean], B(true)),
    define("audit-level", &[Null, Word("info"), Word("low"), Word("moderate"), Word("high"), Word("critical"), Word("none")], NoValue),
    define("auth-type", &[Word("legacy"), Word("web")], T("web")),
    define("before", &[Null, Date], NoValue),
    define("bin-links", &[Boolean], B(true)),
    define("browser", &[Null, Boolean, Text], NoValue),
    define("bypass-2fa", &[Boolean], B(false)),
    define("ca", &[Null, Text, List], NoValue),
    define("cache", &[Path], T("~/.npm")),
    define("cache-max", &[Number], Infinite).deprecated("use `--prefer-online`"),
    define("cache-min", &[Number], N(0)).deprecated("use `--prefer-offline`"),
    define("cafile", &[Path], NoValue),
    define("call", &[Text], T("")),
    define("cert", &[Null, Text], NoValue).deprecated("use a registry's own `certfile`"),
    define("cidr", &[Null, Text, List], NoValue),
    define("color", &[Word("always"), Boolean], Surroundings),
    define("commit-hooks", &[Boolean], B(true)),
    define("cpu", &[Null, Text], NoValue),
    define("dangerously-allow-all-scripts", &[Boolean], B(false)),
    define("depth", &[Null, Number], NoValue),
    define("description", &[Boolean], B(true)),
    define("dev", &[Boolean], B(false)).deprecated("use `--include=dev`"),
    define("diff", &[Text, List], EmptyList),
    define("diff-ignore-all-space", &[Boolean], B(false)),
    define("diff-name-only", &[Boolean], B(false)),
    define("diff-no-prefix", &[Boolean], B(false)),
    define("diff-dst-prefix", &[Text], T("b/")),
    define("diff-src-prefix", &[Text], T("a/")),
    define("diff-text", &[Boolean], B(false)),
    define("diff-unified", &[Number], N(3)),
    define("dry-run", &[Boolean], B(false)),
    define("editor", &[Text], Surroundings),
    define("engine-strict", &[Boolean], B(false)),
    define("expect-result-count", &[Null, Number], NoValue).exclusive(&["expect-results"]),
    define("expect-results", &[Null, Boolean], NoValue).exclusive(&["expect-result-count"]),
    define("expires", &[Null, Number], NoValue),
    define("fetch-retries", &[Number], N(2)),
    define("fetch-retry-factor", &[Number], N(10)),
    define("fetch-retry-maxtimeout", &[Number], N(60_000)),
    define("fetch-retry-mintimeout", &[Number], N(10_000)),
    define("fetch-timeout", &[Number], N(300_000)),
    define("force", &[Boolean], B(false)),
    define("foreground-scripts", &[Boolean], B(false)),
    define("format-package-lock", &[Boolean], B(true)),
    define("fund", &[Boolean], B(true)),
    define("git", &[Text], T("git")),
    define("git-tag-version", &[Boolean], B(true)),
    define("global", &[Boolean], B(false)),
    define("globalconfig", &[Path], T("")),
    define("global-style", &[Boolean], B(false)).deprecated("use `--install-strategy=shallow`"),
    define("heading", &[Text], T("npm")),
    define("https-proxy", &[Null, Url], NoValue),
    define("if-present", &[Boolean], B(false)).not_exported(),
    define("ignore-scripts", &[Boolean], B(false)),
    define("include", &[List, Word("prod"), Word("dev"), Word("optional"), Word("peer")], EmptyList),
    define("include-staged", &[Boolean], B(false)),
    define("include-workspace-root", &[Boolean], B(false)).not_exported(),
    define("include-attestations", &[Boolean], B(false)),
    define("init-author-email", &[Text], T("")),
    define("init-author-name", &[Text], T("")),
    define("init-author-url", &[Word(""), Url], T("")),
    define("init-license", &[Text], T("ISC")),
    define("init-module", &[Path], T("~/.npm-init.js")),
    define("init-type", &[Text], T("commonjs")),
    define("init-version", &[Version], T("1.0.0")),
    define("init-private", &[Boolean], B(false)),
    define("init.author.email", &[Text], T("")).deprecated("use `--init-author-email`"),
    define("init.author.name", &[Text], T("")).deprecated("use `--init-author-name`"),
    define("init.author.url", &[Word(""), Url], T("")).deprecated("use `--init-author-url`"),
    define("init.license", &[Text], T("ISC")).deprecated("use `--init-license`"),
    define("init.module", &[Path], T("~/.npm-init.js")).deprecated("use `--init-module`"),
    define("init.version", &[Version], T("1.0.0")).deprecated("use `--init-version`"),
    define("install-links", &[Boolean], B(false)),
    define("install-strategy", &[Word("hoisted"), Word("nested"), Word("shallow"), Word("linked")], T("hoisted")),
    define("json", &[Boolean], B(false)),
    define("key", &[Null, Text], NoValue).deprecated("use a registry's own `keyfile`"),
    define("legacy-bundling", &[Boolean], B(false)).deprecated("use `--install-strategy=nested`"),
    define("legacy-peer-deps", &[Boolean], B(false)),
    define("libc", &[Null, Text], NoValue),
    define("link", &[Boolean], B(false)),
    define("local-address", &[Null, Text], NoValue),
    define("location", &[Word("global"), Word("user"), Word("project")], T("user")),
    define("lockfile-version", &[Null, Integer(1), Integer(2), Integer(3), Word("1"), Word("2"), Word("3")], NoValue),
    define("loglevel", &[Word("silent"), Word("error"), Word("warn"), Word("notice"), Word("http"), Word("info"), Word("verbose"), Word("silly")], T("notice")),
    define("logs-dir", &[Null, Path], NoValue),
    define("logs-max", &[Number], N(10)),
    define("long", &[Boolean], B(false)),
    define("name", &[Null, Text], NoValue),
    define("maxsockets", &[Number], N(15)),
    define("message", &[Text], T("%s")),
    define("min-release-age", &[Null, Number], NoValue).not_exported(),
    define("min-release-age-exclude", &[List, Text], EmptyList).not_exported(),
    define("node-gyp", &[Path], Surroundings),
    define("node-options", &[Null, Text], NoValue),
    define("noproxy", &[Text, List], T("")),
    define("offline", &[Boolean], B(false)),
    define("omit", &[List, Word("dev"), Word("optional"), Word("peer")], Surroundings),
    define("omit-lockfile-registry-resolved", &[Boolean], B(false)),
    define("only", &[Null, Word("prod"), Word("production")], NoValue).deprecated("use `--omit=dev`"),
    define("orgs", &[Null, Text, List], NoValue),
    define("optional", &[Null, Boolean], NoValue).deprecated("use `--omit=optional`"),
    define("os", &[Null, Text], NoValue),
    define("otp", &[Null, Text], NoValue),
    define("package", &[Text, List], EmptyList),
    define("package-lock", &[Boolean], B(true)),
    define("package-lock-only", &[Boolean], B(false)),
    define("pack-destination", &[Text], T(".")),
    define("packages", &[Null, Text, List], EmptyList),
    define("parseable", &[Boolean], B(false)),
    define("allow-scripts-pending", &[Boolean], B(false)),
    define("allow-scripts-pin", &[Boolean], B(true)),
    define("prefer-dedupe", &[Boolean], B(false)),
    define("prefer-offline", &[Boolean], B(false)),
    define("prefer-online", &[Boolean], B(false)),
    define("prefix", &[Path], T("")),
    define("preid", &[Text], T("")),
    define("production", &[Null, Boolean], NoValue).deprecated("use `--omit=dev`"),
    define("progress", &[Boolean], Surroundings),
    define("provenance", &[Boolean], B(false)).exclusive(&["provenance-file"]),
    define("provenance-file", &[Path], NoValue).exclusive(&["provenance"]),
    define("proxy", &[Null, False, Url], NoValue),
    define("read-only", &[Boolean], B(false)),
    define("rebuild-bundle", &[Boolean], B(true)),
    define("registry", &[Url], T("https://registry.npmjs.org/")),
    define("replace-registry-host", &[Word("npmjs"), Word("never"), Word("always"), Text], T("npmjs")),
    define("save", &[Boolean], B(true)),
    define("save-bundle", &[Boolean], B(false)),
    define("save-dev", &[Boolean], B(false)).exclusive(&["save-optional","save-peer","save-prod"]),
    define("save-exact", &[Boolean], B(false)),
    define("save-optional", &[Boolean], B(false)).exclusive(&["save-dev","save-peer","save-prod"]),
    define("save-peer", &[Boolean], B(false)).exclusive(&["save-dev","save-optional","save-prod"]),
    define("save-prefix", &[Text], T("^")),
    define("save-prod", &[Boolean], B(false)).exclusive(&["save-dev","save-optional","save-peer"]),
    define("sbom-format", &[Word("cyclonedx"), Word("spdx")], NoValue),
    define("sbom-type", &[Word("library"), Word("application"), Word("framework")], T("library")),
    define("scope", &[Text], T("")),
    define("scopes", &[Null, Text, List], NoValue),
    define("packages-all", &[Boolean], B(false)),
    define("packages-and-scopes-permission", &[Null, Word("read-only"), Word("read-write"), Word("no-access")], NoValue),
    define("orgs-permission", &[Null, Word("read-only"), Word("read-write"), Word("no-access")], NoValue),
    define("password", &[Null, Text], NoValue),
    define("token-description", &[Null, Text], NoValue),
    define("script-shell", &[Null, Text], NoValue),
    define("searchexclude", &[Text], T("")),
    define("searchlimit", &[Number], N(20)),
    define("searchopts", &[Text], T("")),
    define("searchstaleness", &[Number], N(900)),
    define("shell", &[Text], Surroundings),
    define("shrinkwrap", &[Boolean], B(true)).deprecated("use `--package-lock`"),
    define("sign-git-commit", &[Boolean], B(false)),
    define("sign-git-tag", &[Boolean], B(false)),
    define("strict-peer-deps", &[Boolean], B(false)),
    define("strict-allow-scripts", &[Boolean], B(false)),
    define("strict-ssl", &[Boolean], B(true)),
    define("tag", &[Text], T("latest")),
    define("tag-version-prefix", &[Text], T("v")),
    define("timing", &[Boolean], B(false)),
    define("umask", &[Umask], N(0)),
    define("unicode", &[Boolean], Surroundings),
    define("update-notifier", &[Boolean], B(true)),
    define("usage", &[Boolean], B(false)),
    define("user-agent", &[Text], T("npm/{npm-version} node/{node-version} {platform} {arch} workspaces/{workspaces} {ci}")),
    define("userconfig", &[Path], T("~/.npmrc")),
    define("version", &[Boolean], B(false)),
    define("versions", &[Boolean], B(false)),
    define("viewer", &[Text], T("man")),
    // consign's own: another zlib level than npm's bytes need.
    define("compression-level", &[Null, Word("0"), Word("1"), Word("2"), Word("3"), Word("4"), Word("5"), Word("6"), Word("7"), Word("8"), Word("9")], NoValue)
        .owned_by(Owner::Consign),
    // consign's own: how many seconds a published version may take to become readable.
    define("wait", &[Number], N(60)).owned_by(Owner::Consign),
    // consign's own: the bytes of the largest request that the registry takes.
    define("max-request", &[Null, Number], NoValue).owned_by(Owner::Consign),
    aws("profile"),
    aws("region"),
    aws("role-arn"),
    aws("domain"),
    aws("domain-owner"),
    aws("repository"),
    aws("endpoint-type"),
    aws("duration"),
    // consign's own: whether `workspace:` ranges, catalogs and publishConfig's fields are resolved in package.json.
    define("rewrite", &[Boolean], B(true)).owned_by(Owner::Consign),
    define("which", &[Null, Number], NoValue),
    define("workspace", &[Text, List], EmptyList).not_exported(),
    define("workspaces", &[Null, Boolean], NoValue).not_exported(),
    define("workspaces-update", &[Boolean], B(true)),
    define("yes", &[Null, Boolean], NoValue),
];
