//! What the registry shows of the version that is published, and whose contents those are.

use url::Url;

use super::Publisher;
use crate::registry::client::shown;
use crate::registry::{Outcome, Packument, PublishedVersion, RequestError};
use crate::tarball::read::{differences, entry_digests};
use crate::tarball::{DigestReader, Spool, Spooled};

/// What a look at the registry showed of the version.
pub(super) enum Seen {
    Ours,
    Others(PublishedVersion),
    /// It is listed, but there is no telling with whose contents.
    Unidentified(PublishedVersion),
    Absent,
    Unreadable(RequestError),
}

/// Why a version is [`Seen::Unidentified`].
pub(super) const UNIDENTIFIED: &str =
    "the packument lists it without a digest, and its tarball cannot be fetched";

impl Publisher<'_> {
    pub(super) async fn look(&self) -> (Seen, Option<Packument>) {
        match self.client.packument(self.upload.name).await {
            Ok(None) => (Seen::Absent, None),
            Ok(Some(packument)) => {
                let seen = match packument.versions.get(self.upload.version) {
                    None => Seen::Absent,
                    Some(version) => self.identify(version).await,
                };
                (seen, Some(packument))
            }
            Err(error) => (Seen::Unreadable(error), None),
        }
    }

    /// By the digests that the registry names; where it names none, by its tarball.
    async fn identify(&self, version: &PublishedVersion) -> Seen {
        let is_ours = match version.is_of(&self.upload.digests) {
            Some(is_ours) => Ok(is_ours),
            None => self.is_our_tarball(version).await,
        };
        match is_ours {
            Ok(true) => Seen::Ours,
            Ok(false) => Seen::Others(version.clone()),
            Err(_) => Seen::Unidentified(version.clone()),
        }
    }

    async fn is_our_tarball(&self, version: &PublishedVersion) -> Result<bool, String> {
        let (_, theirs) = self.fetch(version).await?;
        let theirs = DigestReader::new(theirs.reader()).finish();
        let theirs = theirs.map_err(|error| error.to_string())?;
        Ok(theirs == self.upload.digests)
    }

    /// That the version is there; `status` is what the registry refused the upload with, if it did.
    pub(super) async fn conflict(
        &self,
        version: &PublishedVersion,
        status: Option<u16>,
    ) -> Outcome {
        let differences = match self.differences(version).await {
            Ok(differences) if differences.is_empty() => {
                vec!["no file differs: the tarballs are packed differently".to_owned()]
            }
            Ok(differences) => differences,
            Err(reason) => vec![format!(
                "the registry's tarball could not be compared: {reason}"
            )],
        };
        Outcome::Conflict {
            differences,
            status,
        }
    }

    async fn differences(&self, version: &PublishedVersion) -> Result<Vec<String>, String> {
        let (url, theirs) = self.fetch(version).await?;
        let read = |tarball: &Spooled| {
            entry_digests(tarball.reader()).map_err(|error| format!("{}: {error}", shown(&url)))
        };
        Ok(differences(&read(self.upload.tarball)?, &read(&theirs)?))
    }

    /// The registry's tarball of a version, and where it was.
    async fn fetch(&self, version: &PublishedVersion) -> Result<(Url, Spooled), String> {
        let url = version
            .dist
            .tarball
            .as_deref()
            .ok_or("the packument names none")?;
        let url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        let mut theirs = Spool::default();
        self.client
            .tarball(&url, &mut theirs)
            .await
            .map_err(|error| error.to_string())?;
        let theirs = theirs.finish().map_err(|error| error.to_string())?;
        Ok((url, theirs))
    }
}
