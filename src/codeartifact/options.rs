//! What a user can say about AWS, by flags and by variables.
//!
//! Each flag has a variable `CONSIGN_…`; what AWS has a variable of its own for, counts after that.
//! All else comes from the standard chain, which the SDK reads itself.

mod profile;

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use url::Url;

use super::endpoint::{is_account, is_domain, is_repository};
use crate::environment::Environment;
use crate::registry::Secret;

/// Tokens are good for this long at most, and by default where nobody asks.
const LONGEST_TOKEN: u64 = 43_200;
/// The service gives none for less, but for 0: until the caller's session ends.
const SHORTEST_TOKEN: u64 = 900;

/// What was given by flags; [`AwsOptions::new`] checks it and looks for the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsFlags {
    /// `--profile`
    pub profile: Option<String>,
    /// `--region`
    pub region: Option<String>,
    /// `--role-arn`
    pub role_arn: Option<String>,
    /// `--domain`
    pub domain: Option<String>,
    /// `--domain-owner`
    pub domain_owner: Option<String>,
    /// `--repository`
    pub repository: Option<String>,
    /// `--endpoint-type`
    pub endpoint_type: Option<String>,
    /// `--duration`
    pub duration: Option<String>,
}

/// What is known of AWS before it is asked.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// The profile whose credentials are used, whatever else there is.
    pub profile: Option<String>,
    /// Region, where the endpoint does not name one.
    pub region: Option<String>,
    /// The role to be assumed with the credentials that are found.
    pub role: Option<String>,
    /// The domain's name.
    pub domain: Option<String>,
    /// The account that owns the domain.
    pub domain_owner: Option<String>,
    /// The repository's name.
    pub repository: Option<String>,
    /// Domain or repository were given by flags, which count before a configured registry.
    pub is_named_by_flag: bool,
    /// By which protocols AWS is reached.
    pub endpoint_type: EndpointType,
    /// How long a token shall be good; zero is until the caller's session ends.
    pub duration: Option<Duration>,
    /// `AWS_ENDPOINT_URL_CODEARTIFACT` or `AWS_ENDPOINT_URL`.
    pub service: Option<Url>,
    /// Credentials to be used instead of what the chain finds.
    pub credentials: Option<StaticCredentials>,
    /// What the job has to prove who it is.
    pub job: Job,
}

/// By which protocols AWS is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EndpointType {
    /// IPv4 alone.
    #[default]
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
}

/// What the environment of a job offers to prove who it is.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` are set.
    pub has_keys: bool,
    /// `AWS_PROFILE` is set.
    pub has_profile: bool,
    /// `AWS_ROLE_ARN`: the role that web identities assume.
    pub web_identity_role: Option<String>,
    /// The role of the profile, where GitHub's token is the only means to assume it.
    pub profile_role: Option<String>,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE`
    pub web_identity_file: Option<String>,
    /// `AWS_ROLE_SESSION_NAME`
    pub session_name: Option<String>,
    /// GitHub Actions runs the job.
    pub is_github: bool,
    /// Where GitHub Actions gives out identity tokens.
    pub github_tokens: Option<IdentityTokens>,
}

/// `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
#[derive(Debug, Clone)]
pub struct IdentityTokens {
    /// Where to ask.
    pub url: Url,
    /// What to ask with.
    pub request_token: Secret,
}

/// An access key with its secret; `Debug` shows the key only.
#[derive(Debug, Clone)]
pub struct StaticCredentials(pub(super) Credentials);

impl StaticCredentials {
    /// Long-lived credentials, without a session token.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self(Credentials::new(
            access_key, secret_key, None, None, "consign",
        ))
    }
}

/// A flag or variable with a value it cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} is {value:?}, which is not {expected}")]
pub struct AwsOptionError {
    /// The flag or the variable.
    pub place: String,
    /// Its value.
    pub value: String,
    /// What it has to be.
    pub expected: &'static str,
}

impl AwsOptionError {
    /// The next step.
    pub fn hint(&self) -> String {
        format!("give {} {}, or leave it out", self.place, self.expected)
    }
}

/// A value and where it was said.
struct Said {
    value: String,
    place: &'static str,
}

impl Said {
    /// Passes the value on if it is what it has to be.
    fn checked(
        self,
        is_right: impl FnOnce(&str) -> bool,
        expected: &'static str,
    ) -> Result<String, AwsOptionError> {
        if is_right(&self.value) {
            return Ok(self.value);
        }
        Err(AwsOptionError {
            place: self.place.to_owned(),
            value: self.value,
            expected,
        })
    }
}

impl AwsOptions {
    /// What flags and variables say.
    ///
    /// # Errors
    /// The first value that AWS would not take.
    pub fn new(flags: &AwsFlags, environment: &Environment) -> Result<Self, AwsOptionError> {
        let said = |flag: &Option<String>, name: &'static str, variables: &[&'static str]| {
            let by_flag = flag.clone().map(|value| Said { value, place: name });
            by_flag.or_else(|| {
                variables.iter().find_map(|place| {
                    let value = environment.non_empty(place)?;
                    Some(Said { value, place })
                })
            })
        };
        let name = |said: Option<Said>, is_right: fn(&str) -> bool, expected| {
            said.map(|said| said.checked(is_right, expected))
                .transpose()
        };
        let endpoint_type = said(
            &flags.endpoint_type,
            "--endpoint-type",
            &["CONSIGN_ENDPOINT_TYPE"],
        );
        let duration = said(&flags.duration, "--duration", &["CONSIGN_DURATION"]);
        let service = said(
            &None,
            "",
            &["AWS_ENDPOINT_URL_CODEARTIFACT", "AWS_ENDPOINT_URL"],
        );
        let profile = name(
            said(&flags.profile, "--profile", &["CONSIGN_PROFILE"]),
            |text| !text.is_empty(),
            "the name of a profile",
        )?;
        Ok(Self {
            job: Job::of(environment, profile.as_deref())?,
            profile,
            region: name(
                said(&flags.region, "--region", &["CONSIGN_REGION"]),
                is_region,
                "a region such as eu-west-1",
            )?,
            role: name(
                said(&flags.role_arn, "--role-arn", &["CONSIGN_ROLE_ARN"]),
                is_role,
                ROLE,
            )?,
            domain: name(
                said(&flags.domain, "--domain", &["CONSIGN_DOMAIN"]),
                is_domain,
                "a domain's name: 2 to 50 of a-z, 0-9 and -, starting with a letter, not ending with -",
            )?,
            domain_owner: name(
                said(
                    &flags.domain_owner,
                    "--domain-owner",
                    &["CONSIGN_DOMAIN_OWNER"],
                ),
                is_account,
                "an account id of 12 digits",
            )?,
            repository: name(
                said(&flags.repository, "--repository", &["CONSIGN_REPOSITORY"]),
                is_repository,
                "a repository's name: 2 to 100 of A-Z, a-z, 0-9, ., _ and -, starting with a letter or digit",
            )?,
            is_named_by_flag: flags.domain.is_some() || flags.repository.is_some(),
            endpoint_type: match name(
                endpoint_type,
                |text| matches!(text, "ipv4" | "dualstack"),
                "`ipv4` or `dualstack`",
            )?
            .as_deref()
            {
                Some("dualstack") => EndpointType::Dualstack,
                _ => EndpointType::Ipv4,
            },
            duration: name(
                duration,
                |text| seconds(text).is_some(),
                "0 (until the session ends) or 900 to 43200 seconds",
            )?
            .as_deref()
            .and_then(seconds),
            service: name(
                service,
                |text| Url::parse(text).is_ok_and(|url| url.has_host()),
                "the URL of an AWS service",
            )?
            .and_then(|text| Url::parse(&text).ok()),
            credentials: None,
        })
    }

    /// The same, with a token's duration that the user may have overridden.
    #[must_use]
    pub fn with_default_duration(mut self, duration: Duration) -> Self {
        self.duration = self.duration.or(Some(duration));
        self
    }
}

impl Job {
    fn of(environment: &Environment, profile: Option<&str>) -> Result<Self, AwsOptionError> {
        let set = |name: &'static str| environment.non_empty(name);
        let role = set("AWS_ROLE_ARN").map(|value| {
            let place = "AWS_ROLE_ARN";
            Said { value, place }.checked(is_role, ROLE)
        });
        let url = set("ACTIONS_ID_TOKEN_REQUEST_URL").map(|value| {
            Url::parse(&value).map_err(|_| AwsOptionError {
                place: "ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(),
                value,
                expected: "a URL",
            })
        });
        let request_token = set("ACTIONS_ID_TOKEN_REQUEST_TOKEN").map(Secret::new);
        let github_tokens = url
            .transpose()?
            .zip(request_token)
            .map(|(url, request_token)| IdentityTokens { url, request_token });
        // Only with GitHub's tokens is it worth a look into the file.
        let profile_role = github_tokens.as_ref().and_then(|_| {
            let file = set("AWS_CONFIG_FILE").map_or_else(
                || environment.home().join(".aws/config"),
                std::path::PathBuf::from,
            );
            let text = std::fs::read_to_string(file).ok()?;
            let name = profile.map(str::to_owned).or_else(|| set("AWS_PROFILE"));
            profile::bare_role(&text, name.as_deref().unwrap_or("default"))
        });
        Ok(Self {
            profile_role,
            has_keys: set("AWS_ACCESS_KEY_ID").is_some() && set("AWS_SECRET_ACCESS_KEY").is_some(),
            has_profile: set("AWS_PROFILE").is_some(),
            web_identity_role: role.transpose()?,
            web_identity_file: set("AWS_WEB_IDENTITY_TOKEN_FILE"),
            session_name: set("AWS_ROLE_SESSION_NAME"),
            is_github: set("GITHUB_ACTIONS").as_deref() == Some("true"),
            github_tokens,
        })
    }
}

const ROLE: &str = "the ARN of a role, arn:aws:iam::<account id>:role/<name>";

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, role]
        if partition.starts_with("aws") && is_account(account)
            && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

fn is_region(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A token's duration that the service takes.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: u64 = text.parse().ok()?;
    let is_taken = seconds == 0 || (SHORTEST_TOKEN..=LONGEST_TOKEN).contains(&seconds);
    is_taken.then(|| Duration::from_secs(seconds))
}

impl fmt::Display for EndpointType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "ipv4",
            Self::Dualstack => "dualstack",
        })
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on stops"
)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).into(), (*value).into()));
        Environment::new(variables, "/", "/")
    }

    #[test]
    fn a_flag_counts_before_its_variable() {
        let set = environment(&[
            ("CONSIGN_REGION", "eu-west-1"),
            ("CONSIGN_DOMAIN", "team"),
            ("CONSIGN_DURATION", "0"),
            ("CONSIGN_PROFILE", ""),
        ]);
        let options = AwsOptions::new(&AwsFlags::default(), &set).unwrap();
        assert_eq!(options.region.as_deref(), Some("eu-west-1"));
        assert_eq!(options.domain.as_deref(), Some("team"));
        assert_eq!(options.duration, Some(Duration::ZERO));
        assert_eq!(options.profile, None);
        assert!(!options.is_named_by_flag);
        let flags = AwsFlags {
            region: Some("us-east-2".into()),
            domain: Some("other".into()),
            ..AwsFlags::default()
        };
        let options = AwsOptions::new(&flags, &set).unwrap();
        assert_eq!(options.region.as_deref(), Some("us-east-2"));
        assert_eq!(options.domain.as_deref(), Some("other"));
        assert!(options.is_named_by_flag);
    }

    #[test]
    fn values_that_aws_would_refuse_are_named_with_their_place() {
        for (name, value, expected) in [
            ("CONSIGN_DURATION", "899", "900 to 43200"),
            ("CONSIGN_DURATION", "43201", "900 to 43200"),
            ("CONSIGN_DURATION", "1h", "900 to 43200"),
            ("CONSIGN_DURATION", "-1", "900 to 43200"),
            ("CONSIGN_REGION", "EU West", "eu-west-1"),
            ("CONSIGN_ROLE_ARN", "release", "arn:aws:iam"),
            (
                "AWS_ROLE_ARN",
                "arn:aws:iam::111122223333:user/x",
                "arn:aws:iam",
            ),
            ("CONSIGN_DOMAIN", "My_Domain", "a domain's name"),
            ("CONSIGN_DOMAIN_OWNER", "1234", "12 digits"),
            ("CONSIGN_REPOSITORY", "a/b", "a repository's name"),
            ("CONSIGN_ENDPOINT_TYPE", "ipv6", "dualstack"),
            ("AWS_ENDPOINT_URL", "localhost", "the URL"),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "no url", "a URL"),
        ] {
            let error = AwsOptions::new(&AwsFlags::default(), &environment(&[(name, value)]))
                .expect_err(value);
            assert_eq!(error.place, name);
            assert!(error.to_string().contains(expected), "{error}");
        }
        let flags = AwsFlags {
            duration: Some(String::new()),
            ..AwsFlags::default()
        };
        let error = AwsOptions::new(&flags, &environment(&[])).expect_err("empty");
        assert_eq!(error.place, "--duration");
    }

    #[test]
    fn roles_of_every_partition_and_with_a_path_are_taken() {
        for arn in [
            "arn:aws:iam::111122223333:role/release",
            "arn:aws-cn:iam::111122223333:role/ci/release",
        ] {
            assert!(is_role(arn), "{arn}");
        }
    }
}
