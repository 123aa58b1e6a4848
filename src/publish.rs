//! From a packed package to one named outcome.
//!
//! A publish that gets no clear answer is not over: the registry is read until
//! it shows whether the version is there, and with whose contents. npm, pnpm,
//! yarn and bun all report a failure when the reply to an accepted PUT is lost;
//! here that ends as `published`.

mod authority;
mod look;
mod second_factor;

use std::time::Duration;

use crate::document::Document;
use crate::output::progress::Work;
use crate::output::{Level, Log};
use crate::registry::retry::is_transient;
use crate::registry::{
    Client, OneTimePassword, Outcome, Packument, Refusal, RequestError, RetryPolicy, TransportError,
};
use crate::tarball::{Digests, Spooled};
use look::{Seen, UNIDENTIFIED};
use nodejs_semver::Version;
use tokio::time::{Instant, sleep};

pub use authority::Authority;
pub use second_factor::SecondFactor;

/// How long a token for a publish is good: the shortest time that there is. One that ends under
/// way is fetched anew.
pub const PUBLISH_TOKEN: Duration = Duration::from_mins(15);

/// The first wait between two looks at a version that is not visible yet.
const FIRST_LOOK: Duration = Duration::from_millis(100);
/// The longest wait between two looks.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// What is uploaded.
pub struct Upload<'a> {
    /// Package name, with its scope.
    pub name: &'a str,
    /// Version.
    pub version: &'a str,
    /// The publish document.
    pub document: &'a Document,
    /// The tarball in it.
    pub tarball: &'a Spooled,
    /// The tarball's digests.
    pub digests: Digests,
}

/// How a publish goes about it.
#[derive(Clone, Copy)]
pub struct PublishOptions<'a> {
    /// How often and after what waits the upload is tried again.
    pub retry: RetryPolicy,
    /// How long an accepted version may take to become readable.
    pub wait: Duration,
    /// Nobody named a tag, so that `latest` would move by default.
    pub implicit_tag: bool,
    /// Leave out npm's look at the versions that are there.
    pub force: bool,
    /// Stop before the upload.
    pub dry_run: bool,
    /// Whom to ask for a one-time password; nobody where there is no terminal.
    pub second_factor: Option<&'a dyn SecondFactor>,
    /// The bytes of the largest request that the registry takes, where that is known.
    pub largest_request: Option<u64>,
}

/// Refusals before anything is sent: npm's that depend on what the registry holds, and ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The registry takes no request this large.
    #[error(
        "the publish request would have {size} bytes, and the registry takes {largest} at most"
    )]
    TooLarge {
        /// The request's size, in bytes.
        size: u64,
        /// The registry's limit, in bytes.
        largest: u64,
    },
    /// `latest` would go to a lower version than the highest there is.
    #[error(
        "Cannot implicitly apply the \"latest\" tag because previously published version \
         {highest} is higher than the new version {version}. You must specify a tag using --tag."
    )]
    LatestWouldGoBack {
        /// The highest version in the registry.
        highest: String,
        /// The version to be published.
        version: String,
    },
}

/// How an upload ended as far as its answer says.
enum Answer {
    Accepted,
    /// Nothing was sent.
    NotSent(String),
    /// It may have been accepted.
    Doubtful {
        reason: String,
        retry_after: Option<Duration>,
    },
    Refused(Refusal),
}

/// Publishes an upload. In a dry run everything happens but the upload, and
/// `None` says that nothing stood against it.
///
/// # Errors
/// [`PublishError`] before anything is sent; all that happens later is an
/// [`Outcome`].
pub async fn publish(
    client: &Client<'_>,
    upload: &Upload<'_>,
    options: &PublishOptions<'_>,
    log: &dyn Log,
) -> Result<Option<Outcome>, PublishError> {
    let publisher = Publisher {
        client,
        upload,
        options,
        log,
    };
    check_size(upload.document, options)?;
    if !options.force {
        match publisher.look().await {
            (Seen::Ours, _) => return Ok(Some(Outcome::AlreadyPublished)),
            // npm, too, refuses whatever is listed; the registry would after all of it was sent.
            (Seen::Others(version) | Seen::Unidentified(version), _) => {
                return Ok(Some(publisher.conflict(&version, None).await));
            }
            (Seen::Absent, Some(packument)) if options.implicit_tag => {
                guard_latest(&packument, upload.version)?;
            }
            (Seen::Absent, _) => {}
            // As with npm, a failed look is no reason to stop.
            (Seen::Unreadable(error), _) => log.log(Level::Info, "publish", &error.to_string()),
        }
    }
    if options.dry_run {
        return Ok(None);
    }
    Ok(Some(publisher.upload().await))
}

/// Refuses what the registry would refuse after all of it was sent.
///
/// # Errors
/// [`PublishError::TooLarge`].
pub fn check_size(document: &Document, options: &PublishOptions<'_>) -> Result<(), PublishError> {
    let size = document.content_length();
    match options.largest_request {
        Some(largest) if size > largest => Err(PublishError::TooLarge { size, largest }),
        _ => Ok(()),
    }
}

/// What consumers get instead of a version that was published under a tag.
pub fn tag_elsewhere(tag: &str, other: &str, version: &str) -> String {
    format!(
        "the registry serves the tag {tag} as {other}, not as {version}: another publish, or an upstream's tag, \
         came before"
    )
}

/// npm's guard: without a tag of its own, a version below the highest one that
/// is neither a prerelease nor deprecated is refused.
fn guard_latest(packument: &Packument, version: &str) -> Result<(), PublishError> {
    let Ok(new) = Version::parse(version) else {
        return Ok(());
    };
    let highest = packument
        .versions
        .iter()
        .filter(|(_, published)| !published.is_deprecated())
        .filter_map(|(number, _)| Version::parse(number).ok())
        .filter(|version| !version.is_prerelease())
        .max();
    match highest {
        Some(highest) if highest >= new => Err(PublishError::LatestWouldGoBack {
            highest: highest.to_string(),
            version: version.to_owned(),
        }),
        _ => Ok(()),
    }
}

struct Publisher<'a> {
    client: &'a Client<'a>,
    upload: &'a Upload<'a>,
    options: &'a PublishOptions<'a>,
    log: &'a dyn Log,
}

impl Publisher<'_> {
    /// Uploads, again where that makes sense, until the answer is clear or
    /// reading back has made it so.
    async fn upload(&self) -> Outcome {
        let mut tried = Vec::new();
        let mut doubt = false;
        let mut repetition = 0;
        let mut password = None;
        loop {
            let (reason, retry_after) = match self.put(password.as_ref()).await {
                Answer::Accepted => return self.read_back(false).await,
                Answer::Refused(refusal) if password.is_none() && refusal.challenge.is_some() => {
                    match self.password(&refusal).await {
                        Ok(got) => password = Some(got),
                        Err(outcome) => return outcome,
                    }
                    continue;
                }
                Answer::Refused(refusal) if doubt => {
                    tried.push(format!("PUT: {refusal}"));
                    return self.in_doubt(tried).await;
                }
                Answer::Refused(refusal) => return self.settle(refusal).await,
                Answer::NotSent(reason) => (reason, None),
                Answer::Doubtful {
                    reason,
                    retry_after,
                } => {
                    doubt = true;
                    (reason, retry_after)
                }
            };
            tried.push(format!("PUT: {reason}"));
            if doubt {
                match self.look().await.0 {
                    Seen::Ours => return self.read_back(true).await,
                    Seen::Others(version) => return self.conflict(&version, None).await,
                    Seen::Unidentified(_) => tried.push(format!("GET: {UNIDENTIFIED}")),
                    Seen::Absent => tried.push("GET: the version is not there".to_owned()),
                    Seen::Unreadable(error) => tried.push(format!("GET: {error}")),
                }
            }
            let Some(wait) = self.options.retry.wait(repetition, retry_after) else {
                return if doubt {
                    self.in_doubt(tried).await
                } else {
                    Outcome::Unreachable { reason }
                };
            };
            self.log.log(
                Level::Warn,
                "publish",
                &format!("{reason}; trying again in {}s", wait.as_secs_f32()),
            );
            sleep(wait).await;
            repetition += 1;
        }
    }

    /// Gets the one-time password that a refusal asks for, or ends with that refusal.
    async fn password(&self, refusal: &Refusal) -> Result<OneTimePassword, Outcome> {
        let ended = |message: String| Outcome::Unauthenticated {
            message,
            challenge: refusal.challenge.clone(),
        };
        let Some(challenge) = &refusal.challenge else {
            return Err(ended(refusal.to_string()));
        };
        let somebody = self.options.second_factor;
        match second_factor::answer(challenge, somebody, self.client).await {
            Ok(Some(password)) => Ok(password),
            Ok(None) => Err(ended(refusal.to_string())),
            Err(error) => Err(ended(format!("{refusal}\n{error}"))),
        }
    }

    async fn put(&self, password: Option<&OneTimePassword>) -> Answer {
        match self
            .client
            .put_document(self.upload.name, self.upload.document, password)
            .await
        {
            Ok(()) => Answer::Accepted,
            Err(RequestError::Transport(TransportError::NotSent { host, reason })) => {
                Answer::NotSent(format!("cannot connect to {host}: {reason}"))
            }
            Err(RequestError::Refused(refusal)) if is_transient(refusal.status) => {
                Answer::Doubtful {
                    reason: refusal.to_string(),
                    retry_after: refusal.retry_after,
                }
            }
            Err(RequestError::Refused(refusal)) => Answer::Refused(refusal),
            Err(error) => Answer::Doubtful {
                reason: error.to_string(),
                retry_after: None,
            },
        }
    }

    /// What a refusal of the first try means: a version that is there explains
    /// most of them.
    async fn settle(&self, refusal: Refusal) -> Outcome {
        if !matches!(refusal.status, 401 | 413) {
            match self.look().await.0 {
                Seen::Ours => return Outcome::AlreadyPublished,
                Seen::Others(version) | Seen::Unidentified(version) => {
                    return self.conflict(&version, Some(refusal.status)).await;
                }
                Seen::Absent | Seen::Unreadable(_) => {}
            }
        }
        let message = refusal.to_string();
        match refusal.status {
            401 => Outcome::Unauthenticated {
                message,
                challenge: refusal.challenge,
            },
            403 => Outcome::Forbidden { message },
            // There, by the registry's word, although it does not show it.
            409 => Outcome::Conflict {
                differences: vec![message],
                status: Some(409),
            },
            status => Outcome::Rejected { status, message },
        }
    }

    /// After the last try, when an earlier one may have arrived: the version
    /// may still become visible.
    async fn in_doubt(&self, mut tried: Vec<String>) -> Outcome {
        match self.read_back(true).await {
            Outcome::AcceptedNotVisible { reason, .. } => {
                tried.push(format!(
                    "read for {}s: {reason}",
                    self.options.wait.as_secs()
                ));
                Outcome::Unknown { tried }
            }
            outcome => outcome,
        }
    }

    /// Reads the packument until it shows the version, or the time is up.
    async fn read_back(&self, confirmed_by_reading: bool) -> Outcome {
        let waiting = Work::of_unknown_length("waiting for the version to become readable");
        let meter = self.log.begin(waiting);
        let deadline = Instant::now() + self.options.wait;
        let mut wait = FIRST_LOOK;
        loop {
            let (seen, packument) = self.look().await;
            let reason = match seen {
                Seen::Ours => {
                    self.check_tag(packument.as_ref());
                    return Outcome::Published {
                        confirmed_by_reading,
                    };
                }
                Seen::Others(version) => {
                    drop(meter);
                    return self.conflict(&version, None).await;
                }
                Seen::Unidentified(_) => (UNIDENTIFIED.to_owned(), false),
                Seen::Absent => ("the packument does not list it".to_owned(), false),
                Seen::Unreadable(error) => (error.to_string(), error.status() == Some(403)),
            };
            let now = Instant::now();
            if now >= deadline {
                let (reason, is_forbidden) = reason;
                return Outcome::AcceptedNotVisible {
                    reason,
                    is_forbidden,
                };
            }
            sleep(wait.min(deadline - now)).await;
            wait = (wait * 2).min(LONGEST_LOOK);
        }
    }

    /// Warns where consumers will not get the version by its tag: `CodeArtifact`
    /// lets an upstream's tag win over the repository's own.
    fn check_tag(&self, packument: Option<&Packument>) {
        let tag = self.upload.document.tag();
        let points_at = packument.and_then(|packument| packument.dist_tags.get(tag));
        if let Some(other) = points_at.filter(|&version| version != self.upload.version) {
            self.log.log(
                Level::Warn,
                "publish",
                &tag_elsewhere(tag, other, self.upload.version),
            );
        }
    }
}
