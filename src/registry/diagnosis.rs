//! Why the credentials that are there are not the ones npm looks for, in words.
//!
//! npm answers `ENEEDAUTH` and nothing more. Nearly always there is a token, one slash, port or
//! letter away from the key that was looked up; this names the key, the file and the line.

use std::fmt;

use url::Url;

use super::choice::Registry;
use super::credentials::{Credentials, find_prefix};
use super::url::RegistryUrl;
use crate::config::{Config, ConfigValue, Entry, Flat, unset_references};

/// A credential key that is near the one looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The key as written.
    pub key: String,
    /// Where it is written: file and line, variable or flag.
    pub place: String,
    /// What keeps it from counting.
    pub reason: Reason,
    /// The key to write in its stead, or what else to do.
    pub remedy: String,
}

/// What is wrong with a near miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No slash between path and colon.
    MissingSlash,
    /// Filed above the registry's directory: requests would use it, the check before a publish
    /// does not.
    Above,
    /// The registry's address lacks its last slash, so its directory is the one above.
    RegistryWithoutSlash,
    /// Filed below the registry's directory.
    Below,
    /// The port is written where it is the scheme's own, or left out where it is not.
    Port,
    /// `http:` or `https:` stands in front of the slashes.
    Scheme,
    /// Host or path in other letters.
    Case,
    /// The credential's name in other letters (`_authtoken`).
    Name,
    /// Half of a pair: user without password, certificate without key.
    Half,
    /// The value is empty, or a word that npm takes for none.
    Empty,
    /// A lower-case unscoped variable such as `npm_config__authToken`, which npm does not use.
    Unscoped,
    /// The same host under another path.
    OtherPath,
    /// Another host.
    OtherHost,
}

/// What was looked for and what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The registry, without user information.
    pub registry: String,
    /// What named the registry: key and place.
    pub registry_place: String,
    /// The key that npm looked for, with `_authToken` as the credential.
    pub wanted: String,
    /// The nearest keys, best first.
    pub near_misses: Vec<NearMiss>,
    /// Other remarks: files that could not be read, variables that hold a token.
    pub remarks: Vec<String>,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "no credentials under {} for the registry {} ({})",
            self.wanted, self.registry, self.registry_place
        )?;
        for miss in &self.near_misses {
            write!(formatter, "\n{miss}")?;
        }
        for remark in &self.remarks {
            write!(formatter, "\n{remark}")?;
        }
        Ok(())
    }
}

impl NearMiss {
    /// Whether it was likely meant for this registry: keys of other hosts are others', but for
    /// another host of the same service.
    pub fn is_about(&self, registry: &RegistryUrl) -> bool {
        let host = registry.url().host_str().unwrap_or_default();
        self.reason < Reason::OtherHost
            || (host.contains(".codeartifact.") && self.key.contains(".codeartifact."))
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, place, .. } = self;
        let why = match self.reason {
            Reason::MissingSlash => "lacks the slash before the colon",
            Reason::Above => {
                "is above the registry's path: npm would send it, but checks only the registry's own"
            }
            Reason::RegistryWithoutSlash => {
                "would match if the registry's address ended with a slash"
            }
            Reason::Below => "is below the registry's path",
            Reason::Port => "differs in the port: a scheme's own port is never written",
            Reason::Scheme => "must start with // and not with the scheme",
            Reason::Case => "differs in upper and lower case",
            Reason::Name => "names its credential in other letters than npm knows",
            Reason::Half => "is half of a pair, the other half is missing",
            Reason::Empty => "is empty",
            Reason::Unscoped => "does not say for which registry it is",
            Reason::OtherPath => "is for another path on the same host",
            Reason::OtherHost => "is for another host",
        };
        write!(formatter, "{key} ({place}) {why}: {}", self.remedy)
    }
}

const NAMES: [&str; 6] = [
    "_authToken",
    "_auth",
    "username",
    "_password",
    "certfile",
    "keyfile",
];
/// Variables that tools put a token into without npm reading it.
const TOKEN_VARIABLES: [&str; 4] = [
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "CODEARTIFACT_AUTH_TOKEN",
    "YARN_NPM_AUTH_TOKEN",
];
/// Near misses shown when there are better ones: one key per file is enough of the far ones.
const MOST_SHOWN: usize = 4;

/// Explains why there are no credentials for `registry`.
pub fn explain(config: &Config, flat: &Flat, registry: &Registry) -> Diagnosis {
    let nerf_dart = registry.url.nerf_dart();
    let wanted = format!("{nerf_dart}:_authToken");
    let mut near_misses: Vec<NearMiss> = Vec::new();
    for (key, entry) in config.entries() {
        if let Some(miss) = near_miss(key, entry, registry, config)
            && !near_misses.contains(&miss)
        {
            near_misses.push(miss);
        }
    }
    near_misses.sort_by_key(|miss| miss.reason);
    if near_misses
        .first()
        .is_some_and(|miss| miss.reason < Reason::OtherPath)
    {
        near_misses.retain(|miss| miss.reason < Reason::OtherPath);
    }
    near_misses.truncate(MOST_SHOWN);
    let mut remarks = Vec::new();
    for file in config.unread_files() {
        remarks.push(format!(
            "{} could not be read: {}",
            file.path.display(),
            file.error
        ));
    }
    if let Some(member) = config.implicit_workspace() {
        let own = member.join(".npmrc");
        if own.is_file() {
            remarks.push(format!(
                "{} is not read: in a workspace only the root's .npmrc counts",
                own.display()
            ));
        }
    }
    for name in TOKEN_VARIABLES {
        if config.environment().non_empty(name).is_some() {
            remarks.push(format!(
                "{name} is set but nothing refers to it: write {wanted}=${{{name}}} into an .npmrc"
            ));
        }
    }
    if let Some(found) = found_by_request(flat, registry) {
        let is_named = near_misses.iter().any(|miss| miss.key.starts_with(&found));
        if !is_named {
            remarks.push(format!("requests would use the credentials under {found}"));
        }
    }
    Diagnosis {
        registry: registry.url.to_string(),
        registry_place: format!("{}: {}", registry.key, registry.origin),
        wanted,
        near_misses,
        remarks,
    }
}

/// The prefix that npm's lookup for requests finds.
fn found_by_request(flat: &Flat, registry: &Registry) -> Option<String> {
    find_prefix(flat, registry.url.url())
}

/// What to say about credentials that were used and refused: variables that were not set.
pub fn unset_variables(credentials: &Credentials) -> Option<String> {
    let source = credentials.source.as_ref()?;
    let names = &source.unset_variables;
    if names.is_empty() {
        return None;
    }
    let one = names.len() == 1;
    Some(format!(
        "{} ({}) refers to {} {}, which {} not set: the reference itself was sent",
        source.key,
        source.origin,
        if one { "the variable" } else { "the variables" },
        names.join(", "),
        if one { "is" } else { "are" },
    ))
}

fn near_miss(key: &str, entry: &Entry, registry: &Registry, config: &Config) -> Option<NearMiss> {
    let (address, name) = key.rsplit_once(':').unwrap_or(("", key));
    let canonical = NAMES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .copied()?;
    let nerf_dart = registry.url.nerf_dart();
    let miss = |reason, remedy: String| {
        Some(NearMiss {
            key: key.to_owned(),
            place: entry.origin.to_string(),
            reason,
            remedy,
        })
    };
    let write = |name: &str| format!("write {nerf_dart}:{name}");
    if address.is_empty() {
        if !entry.value.is_truthy() {
            return None;
        }
        return miss(Reason::Unscoped, write(canonical));
    }
    if address == nerf_dart {
        return if name != canonical {
            miss(Reason::Name, write(canonical))
        } else if !entry.value.is_truthy() {
            miss(Reason::Empty, empty_remedy(entry, config))
        } else {
            partner(canonical)
                .filter(|other| {
                    !config
                        .value(&format!("{address}:{other}"))
                        .is_some_and(ConfigValue::is_truthy)
                })
                .and_then(|other| miss(Reason::Half, format!("add {nerf_dart}:{other}")))
        };
    }
    let written = Written::parse(address, registry.url.url())?;
    let wanted = Written::of(registry);
    if written.has_scheme && written.same_place(&wanted) {
        return miss(Reason::Scheme, write(canonical));
    }
    let same_host = written.host.eq_ignore_ascii_case(&wanted.host);
    if !same_host {
        return miss(Reason::OtherHost, write(canonical));
    }
    if written.port != wanted.port {
        return miss(Reason::OtherHost, write(canonical));
    }
    let with_slash = |path: &str| format!("{}/", path.trim_end_matches('/'));
    if written.port_text != wanted.port_text && with_slash(&written.path) == wanted.path {
        return miss(Reason::Port, write(canonical));
    }
    if written.host == wanted.host && with_slash(&written.path) == wanted.path {
        return miss(Reason::MissingSlash, write(canonical));
    }
    if with_slash(&written.path).eq_ignore_ascii_case(&wanted.path) {
        return miss(Reason::Case, write(canonical));
    }
    if !registry.url.ends_with_slash()
        && with_slash(&written.path) == with_slash(registry.url.url().path())
    {
        return miss(
            Reason::RegistryWithoutSlash,
            format!("write {} in {}", registry.url.with_slash(), registry.origin),
        );
    }
    let written_path = with_slash(&written.path);
    if wanted.path.starts_with(&written_path) {
        return miss(Reason::Above, write(canonical));
    }
    if written_path.starts_with(&wanted.path) && wanted.path != "/" {
        return miss(Reason::Below, write(canonical));
    }
    miss(Reason::OtherPath, write(canonical))
}

/// The key that a credential does not count without.
fn partner(name: &str) -> Option<&'static str> {
    match name {
        "username" => Some("_password"),
        "_password" => Some("username"),
        "certfile" => Some("keyfile"),
        "keyfile" => Some("certfile"),
        _ => None,
    }
}

fn empty_remedy(entry: &Entry, config: &Config) -> String {
    let unset = entry
        .value
        .as_text()
        .map(|text| unset_references(text, config.environment()))
        .unwrap_or_default();
    if unset.is_empty() {
        "give it a value; a variable it refers to may be empty".to_owned()
    } else {
        format!("set {}", unset.join(", "))
    }
}

/// The address part of a key, taken apart.
struct Written {
    has_scheme: bool,
    host: String,
    /// As written; empty for none.
    port_text: String,
    /// With the scheme's own port filled in.
    port: Option<u16>,
    path: String,
}

impl Written {
    fn parse(address: &str, registry: &Url) -> Option<Self> {
        let (has_scheme, rest) = match address.find("//")? {
            0 => (false, address.get(2..)?),
            start => {
                let scheme = address.get(..start)?;
                if !matches!(scheme, "http:" | "https:") {
                    return None;
                }
                (true, address.get(start + 2..)?)
            }
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (host, port_text) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (authority, ""),
        };
        let port = if port_text.is_empty() {
            Url::parse(&format!("{}://host/", registry.scheme()))
                .ok()
                .and_then(|url| url.port_or_known_default())
        } else {
            port_text.parse().ok()
        };
        Some(Self {
            has_scheme,
            host: host.to_owned(),
            port_text: port_text.to_owned(),
            port,
            path: path.to_owned(),
        })
    }

    fn of(registry: &Registry) -> Self {
        let url = registry.url.url();
        let nerf_dart = registry.url.nerf_dart();
        let path = nerf_dart
            .get(2..)
            .and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..)))
            .unwrap_or("/");
        Self {
            has_scheme: false,
            host: url.host_str().unwrap_or_default().to_owned(),
            port_text: url.port().map(|port| port.to_string()).unwrap_or_default(),
            port: url.port_or_known_default(),
            path: path.to_owned(),
        }
    }

    fn same_place(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host)
            && self.port == other.port
            && self.path.trim_end_matches('/') == other.path.trim_end_matches('/')
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;
    use crate::config::{Flags, Installation};
    use crate::environment::Environment;
    use crate::registry::credentials::{Check, check};

    fn diagnosis(npmrc: &str, variables: &[(&str, &str)]) -> Diagnosis {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".npmrc"), npmrc).unwrap();
        let environment = Environment::new(
            // No file of this machine's is to be read.
            variables
                .iter()
                .chain([&("PREFIX", "/none")])
                .map(|(name, value)| ((*name).into(), (*value).into())),
            directory.path(),
            directory.path().join("home"),
        );
        let flags = Flags::default();
        let config = Config::load_with(&environment, flags, Installation::default()).unwrap();
        let registry = Registry::choose(config.flat(), None).unwrap();
        assert_eq!(check(&config, &registry.url).unwrap(), Check::Missing);
        explain(&config, config.flat(), &registry)
    }

    #[test]
    fn each_near_miss_is_told_apart() {
        let cases = [
            ("http://h/npm/", "//h/:_authToken", Reason::Above),
            ("http://h/npm/", "//h/npm:_authToken", Reason::MissingSlash),
            (
                "http://h/npm",
                "//h/npm/:_authToken",
                Reason::RegistryWithoutSlash,
            ),
            ("http://h/npm/", "//h/npm/x/:_authToken", Reason::Below),
            ("https://h/npm/", "//h:443/npm/:_authToken", Reason::Port),
            ("http://h:80/npm/", "//h:80/npm/:_authToken", Reason::Port),
            (
                "https://h/npm/",
                "https://h/npm/:_authToken",
                Reason::Scheme,
            ),
            ("https://h/npm/", "//h/NPM/:_authToken", Reason::Case),
            ("https://h/npm/", "//H/npm/:_authToken", Reason::Case),
            ("https://h/npm/", "//h/npm/:_authtoken", Reason::Name),
            ("https://h/npm/", "//h/npm/:username", Reason::Half),
            ("https://h/npm/", "//h/npm/:keyfile", Reason::Half),
            ("https://h/npm/", "//h/other/:_authToken", Reason::OtherPath),
            (
                "https://h/npm/",
                "//other/npm/:_authToken",
                Reason::OtherHost,
            ),
            (
                "https://h/npm/",
                "//h:8443/npm/:_authToken",
                Reason::OtherHost,
            ),
        ];
        for (registry, key, reason) in cases {
            let found = diagnosis(&format!("registry={registry}\n\n{key}=planted\n"), &[]);
            let miss = found.near_misses.first();
            assert_eq!(
                miss.map(|miss| miss.reason),
                Some(reason),
                "{registry} {key}"
            );
            let text = found.to_string();
            assert!(text.contains(".npmrc:3"), "{text}");
            assert!(!format!("{text}{found:?}").contains("planted"), "{text}");
        }
    }

    #[test]
    fn empty_and_unscoped_values_are_named() {
        let empty = diagnosis("registry=https://h/\n//h/:_authToken=${TOKEN?}\n", &[]);
        assert_eq!(empty.near_misses.first().unwrap().reason, Reason::Empty);
        let unscoped = diagnosis(
            "registry=https://h/\n",
            &[("npm_config__authToken", "planted")],
        );
        let miss = unscoped.near_misses.first().unwrap();
        assert_eq!(miss.reason, Reason::Unscoped);
        assert!(miss.place.contains("npm_config__authToken"));
    }

    #[test]
    fn a_token_in_a_variable_that_nothing_reads_is_pointed_at() {
        let found = diagnosis("registry=https://h/\n", &[("NPM_TOKEN", "planted")]);
        let text = found.to_string();
        assert!(text.contains("//h/:_authToken=${NPM_TOKEN}"), "{text}");
        assert!(!text.contains("planted"));
    }
}
