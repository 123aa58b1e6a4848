//! Repositories on the five git hosts npm knows, read from any of their URL forms.
//!
//! Source: hosted-git-info 9.0.3 (`from-url.js`, `parse-url.js`, `hosts.js`).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::json::text;
use super::web_url;

/// A host's name, domain and habits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    GitHub,
    Bitbucket,
    GitLab,
    Gist,
    Sourcehut,
}

const HOSTS: [Host; 5] = [
    Host::GitHub,
    Host::Bitbucket,
    Host::GitLab,
    Host::Gist,
    Host::Sourcehut,
];

/// What `encodeURIComponent` leaves alone besides letters and digits.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

impl Host {
    fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Bitbucket => "bitbucket",
            Self::GitLab => "gitlab",
            Self::Gist => "gist",
            Self::Sourcehut => "sourcehut",
        }
    }

    fn domain(self) -> &'static str {
        match self {
            Self::GitHub => "github.com",
            Self::Bitbucket => "bitbucket.org",
            Self::GitLab => "gitlab.com",
            Self::Gist => "gist.github.com",
            Self::Sourcehut => "git.sr.ht",
        }
    }

    /// The part of a path that leads to the files of a commit.
    fn tree_path(self) -> &'static str {
        if self == Self::Bitbucket {
            "src"
        } else {
            "tree"
        }
    }

    fn speaks(self, scheme: &str) -> bool {
        match scheme {
            "git+ssh" | "https" => true,
            "ssh" | "git+https" => self != Self::Sourcehut,
            "git" => matches!(self, Self::GitHub | Self::Gist),
            "http" => self == Self::GitHub,
            _ => false,
        }
    }
}

/// The form a URL was given in, which is the form it is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `github:user/project`
    Shortcut,
    Ssh,
    Https,
    Git,
}

/// A repository on a known host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedGit {
    host: Host,
    user: Option<String>,
    auth: Option<String>,
    project: String,
    committish: String,
    form: Form,
}

impl HostedGit {
    /// Reads a URL, an scp-like address, a shortcut (`gitlab:a/b`) or `user/project`.
    ///
    /// `None` if it does not lead to a repository on a known host.
    pub fn from_url(given: &str) -> Option<Self> {
        let given = text::plain_lossy(given);
        if given.is_empty() {
            return None;
        }
        let corrected = if is_github_shorthand(&given) {
            format!("github:{given}")
        } else {
            given.into_owned()
        };
        let url = parse_url(&corrected)?;
        if let Some(host) = HOSTS.into_iter().find(|host| host.name() == url.scheme()) {
            return Self::from_shortcut(host, &url);
        }
        let domain = url.host_str().unwrap_or_default();
        let domain = domain.strip_prefix("www.").unwrap_or(domain);
        let host = HOSTS.into_iter().find(|host| host.domain() == domain)?;
        if !host.speaks(url.scheme()) {
            return None;
        }
        let place = Place::find(host, &url)?;
        Some(Self {
            host,
            user: match place.user {
                Some(user) => Some(decode(user)?),
                None => None,
            },
            auth: auth(&url),
            project: decode(place.project)?,
            committish: decode(&place.committish)?,
            form: match url.scheme() {
                "https" | "git+https" => Form::Https,
                "git" => Form::Git,
                _ => Form::Ssh,
            },
        })
    }

    fn from_shortcut(host: Host, url: &Url) -> Option<Self> {
        let path = url.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.split_once('@').map_or(path, |(_, after)| after);
        let (user, project) = match path.rsplit_once('/') {
            Some((user, project)) => (
                Some(decode(user)?).filter(|user| !user.is_empty()),
                decode(project)?,
            ),
            None => (None, decode(path)?),
        };
        Some(Self {
            host,
            user,
            auth: None,
            project: without_git(&project).to_owned(),
            committish: decode(url.fragment().unwrap_or_default())?,
            form: Form::Shortcut,
        })
    }

    /// Whether it was given as `user/project` or `host:user/project`.
    pub fn is_shortcut(&self) -> bool {
        self.form == Form::Shortcut
    }

    /// The commit, branch or range behind the `#`; may be empty.
    pub fn committish(&self) -> &str {
        &self.committish
    }

    /// The normal form of what was given.
    pub fn to_text(&self) -> String {
        match self.form {
            Form::Shortcut => self.shortcut(),
            Form::Ssh => self.ssh(),
            Form::Https => self.https(),
            Form::Git => self.git(),
        }
    }

    /// `git+https://host/user/project.git#committish`
    pub fn https(&self) -> String {
        let (domain, place) = (self.host.domain(), self.place());
        let auth = self.auth_at();
        finish(&match self.host {
            Host::Sourcehut => format!("https://{domain}/{place}{}", self.hash()),
            Host::Gist => format!("git+https://{domain}/{place}.git{}", self.hash()),
            _ => format!("git+https://{auth}{domain}/{place}.git{}", self.hash()),
        })
    }

    /// The page where bugs are reported, if the host has one.
    pub fn bugs(&self) -> Option<String> {
        let page = format!("https://{}/{}", self.host.domain(), self.place());
        match self.host {
            Host::Sourcehut => None,
            Host::Gist => Some(finish(&page)),
            _ => Some(finish(&format!("{page}/issues"))),
        }
    }

    /// The page that shows the readme.
    pub fn docs(&self) -> String {
        let mut page = format!("https://{}/{}", self.host.domain(), self.place());
        if !self.committish.is_empty() {
            let committish = utf8_percent_encode(&self.committish, COMPONENT);
            if self.host == Host::Gist {
                page = format!("{page}/{committish}");
            } else {
                page = format!("{page}/{}/{committish}", self.host.tree_path());
            }
        }
        if self.host != Host::Gist {
            page.push_str("#readme");
        }
        finish(&page)
    }

    fn shortcut(&self) -> String {
        finish(&format!(
            "{}:{}{}",
            self.host.name(),
            self.place(),
            self.hash()
        ))
    }

    fn ssh(&self) -> String {
        finish(&format!(
            "git+ssh://git@{}/{}.git{}",
            self.host.domain(),
            self.place(),
            self.hash()
        ))
    }

    fn git(&self) -> String {
        let auth = if self.host == Host::Gist {
            String::new()
        } else {
            self.auth_at()
        };
        finish(&format!(
            "git://{auth}{}/{}.git{}",
            self.host.domain(),
            self.place(),
            self.hash()
        ))
    }

    /// `user/project`, for a gist only the project. npm prints a user it has not as `null`.
    fn place(&self) -> String {
        match (self.host, &self.user) {
            (Host::Gist, _) => self.project.clone(),
            (_, user) => format!("{}/{}", user.as_deref().unwrap_or("null"), self.project),
        }
    }

    fn hash(&self) -> String {
        if self.committish.is_empty() {
            String::new()
        } else {
            format!("#{}", self.committish)
        }
    }

    fn auth_at(&self) -> String {
        self.auth
            .as_ref()
            .map(|auth| format!("{auth}@"))
            .unwrap_or_default()
    }
}

/// Back to the form in which manifests keep strings.
fn finish(plain: &str) -> String {
    text::escape(plain).into_owned()
}

/// Where in a URL of a host the repository is named; still percent-encoded.
struct Place<'url> {
    user: Option<&'url str>,
    project: &'url str,
    committish: String,
}

impl<'url> Place<'url> {
    fn find(host: Host, url: &'url Url) -> Option<Self> {
        let path = url.path();
        let hash = url.fragment().unwrap_or_default();
        let mut parts = path.split('/').skip(1);
        match host {
            Host::GitLab => {
                let path = path.get(1..).unwrap_or_default();
                if path.contains("/-/") || path.contains("/archive.tar.gz") {
                    return None;
                }
                let (user, project) = path.rsplit_once('/')?;
                Self::new(Some(user), project, hash)
            }
            Host::Gist => {
                let (first, second) = (parts.next()?, parts.next().unwrap_or_default());
                if parts.next() == Some("raw") {
                    return None;
                }
                let (user, project) = if second.is_empty() {
                    (None, first)
                } else {
                    (Some(first), second)
                };
                (!project.is_empty()).then(|| Self {
                    user,
                    project: without_git(project),
                    committish: hash.to_owned(),
                })
            }
            Host::GitHub => {
                let (user, project, kind) = (
                    parts.next(),
                    parts.next()?,
                    parts.next().unwrap_or_default(),
                );
                match kind {
                    "" => Self::new(user, project, hash),
                    // JavaScript decodes an absent committish as the word "undefined".
                    "tree" => Self::new(user, project, parts.next().unwrap_or("undefined")),
                    _ => None,
                }
            }
            Host::Bitbucket | Host::Sourcehut => {
                let (user, project, kind) = (parts.next(), parts.next()?, parts.next());
                let download = if host == Host::Bitbucket {
                    "get"
                } else {
                    "archive"
                };
                if kind == Some(download) {
                    None
                } else {
                    Self::new(user, project, hash)
                }
            }
        }
    }

    fn new(user: Option<&'url str>, project: &'url str, committish: &str) -> Option<Self> {
        let user = user.filter(|user| !user.is_empty())?;
        let project = without_git(project);
        (!project.is_empty()).then(|| Self {
            user: Some(user),
            project,
            committish: committish.to_owned(),
        })
    }
}

fn without_git(project: &str) -> &str {
    project.strip_suffix(".git").unwrap_or(project)
}

/// `user:password` of a URL, still percent-encoded; ssh logs in as `git` whatever the URL says.
fn auth(url: &Url) -> Option<String> {
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    if !matches!(url.scheme(), "git+https" | "git" | "http" | "https")
        || (user.is_empty() && password.is_empty())
    {
        return None;
    }
    Some(if password.is_empty() {
        user.to_owned()
    } else {
        format!("{user}:{password}")
    })
}

/// `decodeURIComponent`; `None` where it throws.
pub(crate) fn decode(encoded: &str) -> Option<String> {
    let mut rest = encoded;
    while let Some((_, after)) = rest.split_once('%') {
        if !after
            .get(..2)
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return None;
        }
        rest = after;
    }
    percent_decode_str(encoded)
        .decode_utf8()
        .ok()
        .map(Into::into)
}

/// Whether npm reads the text as `user/project` on GitHub.
///
/// What follows the first `#` is free; before it there is exactly one slash, neither first nor last, no space, `@` or
/// colon, and no dot at the start.
fn is_github_shorthand(given: &str) -> bool {
    let (before, _) = given.split_once('#').unwrap_or((given, ""));
    let slash = given.find('/');
    let second_slash = slash.and_then(|first| {
        given
            .get(first + 1..)?
            .find('/')
            .map(|offset| first + 1 + offset)
    });
    let is_before_hash =
        |position: Option<usize>| position.is_some_and(|position| position < before.len());
    slash.is_some_and(|slash| slash > 0)
        && !given.starts_with('.')
        && !before.ends_with('/')
        && !before
            .contains(|character: char| matches!(character, '@' | ':') || text::is_space(character))
        && !is_before_hash(second_slash)
}

const KNOWN_SCHEMES: [&str; 12] = [
    "git+ssh",
    "ssh",
    "git+https",
    "git",
    "http",
    "https",
    "git+http",
    "github",
    "bitbucket",
    "gitlab",
    "gist",
    "sourcehut",
];

fn parse_url(given: &str) -> Option<Url> {
    let with_scheme = correct_scheme(given);
    web_url::parse(&with_scheme).or_else(|| web_url::parse(&correct_url(&with_scheme)))
}

/// Puts `//` behind the first colon, or `git+ssh://` in front, where that seems to be missing.
fn correct_scheme(given: &str) -> String {
    let colon = given.find(':');
    let scheme = colon
        .and_then(|colon| given.get(..colon))
        .unwrap_or_default();
    let has_slashes = colon
        .and_then(|colon| given.get(colon..))
        .is_some_and(|rest| rest.starts_with("://"));
    if (colon.is_some() && KNOWN_SCHEMES.contains(&scheme)) || has_slashes {
        return given.to_owned();
    }
    match (given.find('@'), colon) {
        (Some(at), Some(colon)) if at < colon => given.to_owned(),
        (Some(_), _) => format!("git+ssh://{given}"),
        (None, _) => {
            let (before, after) = given.split_at(colon.map_or(0, |colon| colon + 1));
            format!("{before}//{after}")
        }
    }
}

/// Turns the colon of an scp-like address into a slash and gives an address without scheme that of ssh.
fn correct_url(given: &str) -> String {
    let before_hash = given.split_once('#').map_or(given, |(before, _)| before);
    let at = before_hash.rfind('@');
    let mut corrected = given.to_owned();
    if let Some(colon) = before_hash.rfind(':')
        && at.is_none_or(|at| colon > at)
    {
        corrected.replace_range(colon..=colon, "/");
    }
    let before_hash = corrected
        .split_once('#')
        .map_or(corrected.as_str(), |(before, _)| before);
    if !before_hash.contains(':') && !corrected.contains("//") {
        corrected = format!("git+ssh://{corrected}");
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_have_one_normal_form() {
        for (given, expected) in [
            ("foo/bar", Some("git+https://github.com/foo/bar.git")),
            (
                "github:foo/bar#v1",
                Some("git+https://github.com/foo/bar.git#v1"),
            ),
            (
                "https://www.github.com/foo/bar",
                Some("git+https://github.com/foo/bar.git"),
            ),
            (
                "git@github.com:foo/bar.git",
                Some("git+ssh://git@github.com/foo/bar.git"),
            ),
            (
                "http://github.com/foo/bar",
                Some("git+ssh://git@github.com/foo/bar.git"),
            ),
            (
                "git://github.com/foo/bar.git",
                Some("git://github.com/foo/bar.git"),
            ),
            (
                "https://u:p@github.com/a/b",
                Some("git+https://u:p@github.com/a/b.git"),
            ),
            (
                "https://github.com/a/b/tree/main/x",
                Some("git+https://github.com/a/b.git#main"),
            ),
            (
                "https://github.com/a/b/tree",
                Some("git+https://github.com/a/b.git#undefined"),
            ),
            ("https://github.com/a/b/blob/main/x", None),
            ("gitlab:a/b/c", Some("git+https://gitlab.com/a/b/c.git")),
            ("gist:0a1b", Some("git+https://gist.github.com/0a1b.git")),
            ("sourcehut:~a/b", Some("https://git.sr.ht/~a/b")),
            ("github:b", Some("git+https://github.com/null/b.git")),
            ("https://example.com/a/b", None),
            (" foo/bar", None),
            ("", None),
        ] {
            let hosted = HostedGit::from_url(given);
            let normal = hosted.map(|hosted| {
                if hosted.is_shortcut() {
                    hosted.https()
                } else {
                    hosted.to_text()
                }
            });
            assert_eq!(normal.as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn pages_of_a_repository() {
        for (given, bugs, docs) in [
            (
                "a/b#x/y",
                Some("https://github.com/a/b/issues"),
                "https://github.com/a/b/tree/x%2Fy#readme",
            ),
            (
                "bitbucket:a/b#m",
                Some("https://bitbucket.org/a/b/issues"),
                "https://bitbucket.org/a/b/src/m#readme",
            ),
            (
                "gist:0a#m",
                Some("https://gist.github.com/0a"),
                "https://gist.github.com/0a/m",
            ),
            ("sourcehut:~a/b", None, "https://git.sr.ht/~a/b#readme"),
        ] {
            let hosted = HostedGit::from_url(given);
            let pages = hosted.map(|hosted| (hosted.bugs(), hosted.docs()));
            assert_eq!(
                pages,
                Some((bugs.map(str::to_owned), docs.to_owned())),
                "{given:?}"
            );
        }
    }
}
