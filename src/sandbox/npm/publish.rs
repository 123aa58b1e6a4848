//! `PUT /{package}`: a publish, or new metadata of what is published.
//!
//! The attachment is decoded and hashed while it arrives. A version is immutable: other contents
//! are 409, identical contents succeed and change nothing (user guide, packages-overview).

use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};

use super::access::Visit;
use super::document::{DocumentError, Scanner, Sink};
use super::{NpmError, metadata, view};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::groups;
use crate::sandbox::integrity::integrity;
use crate::sandbox::names::PackageId;
use crate::sandbox::random;
use crate::sandbox::reach::{self, Answers};
use crate::sandbox::reply;
use crate::sandbox::server::Incoming;
use crate::sandbox::state::{
    Change, Origin, Package, PackageRecord, Restriction, Restrictions, State, Status, VersionRecord,
};
use crate::sandbox::store::{Blobs, Digests, Spool, Spooled, StoreError};

/// The name every npm version's one asset has in the service.
pub(super) const ASSET: &str = "package.tgz";

pub(super) async fn put(
    visit: &Visit<'_>,
    package: &PackageId,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    let limits = &visit.shared.config.limits;
    let too_large = || {
        NpmError::refused(
            413,
            format!(
                "the request is larger than {} bytes",
                limits.publish_request
            ),
        )
    };
    let announced = incoming
        .header("content-length")
        .and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.publish_request) {
        return Err(too_large());
    }
    // Asked before the body, so that a caller without the right sends no gigabyte in vain.
    visit.may_on_package("codeartifact:PublishPackageVersion", package, incoming)?;
    let mut sink = Uploads::new(visit.shared.store.blobs());
    let mut scanner = Scanner::new(limits.publish_metadata);
    let mut received = 0;
    while let Some(frame) = incoming.body.frame().await {
        let frame = frame.map_err(|_| NpmError::bad_request("the body broke off"))?;
        if let Ok(data) = frame.into_data() {
            received += data.len() as u64;
            if received > limits.publish_request {
                return Err(too_large());
            }
            scanner.feed(&data, &mut sink).map_err(refuse_document)?;
        }
    }
    let document = scanner.finish().map_err(refuse_document)?;
    let Value::Object(document) = document else {
        return Err(NpmError::bad_request("the body is not a JSON object"));
    };
    let named = document
        .get("name")
        .or_else(|| document.get("_id"))
        .and_then(Value::as_str);
    if named.is_some_and(|name| name != package.npm_name()) {
        return Err(NpmError::bad_request(
            "the document's name is not the name in the URL",
        ));
    }
    if sink.done.is_empty() {
        return metadata::put(visit, package, &document, incoming).await;
    }
    let upload = Upload::read(visit, package, document, sink)?;
    upload.publish(visit, package, incoming).await
}

fn refuse_document(error: DocumentError) -> NpmError {
    match error {
        DocumentError::Store(error) => error.into(),
        DocumentError::TooLarge(_) => NpmError::refused(413, error.to_string()),
        error => NpmError::bad_request(error.to_string()),
    }
}

/// Spools the attachments of a document.
struct Uploads<'a> {
    blobs: &'a Blobs,
    open: Option<(String, Spool)>,
    done: Vec<(String, Spooled)>,
}

impl<'a> Uploads<'a> {
    fn new(blobs: &'a Blobs) -> Self {
        Self {
            blobs,
            open: None,
            done: Vec::new(),
        }
    }
}

impl Sink for Uploads<'_> {
    fn takes(&self, name: &str) -> bool {
        !name.ends_with(".sigstore")
    }

    fn begin(&mut self, name: &str) -> Result<(), StoreError> {
        self.open = Some((name.to_owned(), self.blobs.spool()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        match &mut self.open {
            Some((_, spool)) => spool.write(bytes),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), StoreError> {
        if let Some((name, spool)) = self.open.take() {
            self.done.push((name, spool.finish()?));
        }
        Ok(())
    }
}

/// A publish whose document and tarball agree.
struct Upload {
    version: String,
    manifest: Map<String, Value>,
    tags: Map<String, Value>,
    tarball: Spooled,
}

impl Upload {
    fn read(
        visit: &Visit<'_>,
        package: &PackageId,
        mut document: Map<String, Value>,
        uploads: Uploads<'_>,
    ) -> Result<Self, NpmError> {
        let mut tarballs = uploads.done.into_iter();
        let (Some((attachment, tarball)), None) = (tarballs.next(), tarballs.next()) else {
            return Err(NpmError::bad_request("more than one tarball is attached"));
        };
        let attachments = document
            .get("_attachments")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let config = &visit.shared.config;
        if attachments.len() > 1 && !config.assumptions.accept_provenance {
            return Err(NpmError::bad_request(
                "attachments beside the tarball are not supported",
            ));
        }
        let digests = &tarball.digests;
        let length = attachments
            .get(&attachment)
            .and_then(|attachment| attachment.get("length"))
            .and_then(Value::as_u64);
        if length.is_some_and(|length| length != digests.size) {
            return Err(NpmError::bad_request(format!(
                "the attachment has {} bytes, not the {} it says",
                digests.size,
                length.unwrap_or_default()
            )));
        }
        if digests.size == 0 {
            return Err(NpmError::bad_request("the tarball is empty"));
        }
        if digests.size > config.limits.asset {
            return Err(NpmError::refused(413, "the asset is too large"));
        }
        let versions = match document.remove("versions") {
            Some(Value::Object(versions)) => versions,
            _ => Map::new(),
        };
        let mut versions = versions.into_iter();
        let (Some((version, Value::Object(manifest))), None) = (versions.next(), versions.next())
        else {
            return Err(NpmError::bad_request(
                "a publish has exactly one entry in versions",
            ));
        };
        let is =
            |key: &str, wanted: &str| manifest.get(key).and_then(Value::as_str) == Some(wanted);
        if !is("version", &version) || !is("name", &package.npm_name()) {
            return Err(NpmError::bad_request(
                "the manifest's name and version are not those it is published under",
            ));
        }
        if nodejs_semver::Version::parse(&version).is_err() {
            return Err(NpmError::bad_request(format!(
                "{version} is not a semantic version"
            )));
        }
        check_dist(manifest.get("dist"), digests)?;
        let tags = match document.remove("dist-tags") {
            Some(Value::Object(tags)) => tags,
            _ => Map::new(),
        };
        if tags.values().any(|tagged| *tagged != version.as_str()) {
            return Err(NpmError::bad_request(
                "a dist-tag does not name the published version",
            ));
        }
        Ok(Self {
            version,
            manifest,
            tags,
            tarball,
        })
    }

    async fn publish(
        self,
        visit: &Visit<'_>,
        package: &PackageId,
        incoming: &mut Incoming,
    ) -> Result<Response, NpmError> {
        let hidden = incoming.strike(visit.shared, |fault| {
            matches!(fault, FaultKind::Invisible { .. })
        });
        let now = visit.shared.clock.now();
        let visible = match hidden {
            Some(FaultKind::Invisible { milliseconds }) => now.saturating_add(milliseconds),
            _ => 0,
        };
        let revision = random::hex::<16>().map_err(StoreError::from)?;
        let record = VersionRecord {
            version: self.version,
            sequence: 0,
            published: now,
            visible,
            revision,
            status: Status::Published,
            origin: Origin::Internal(visit.repository.to_owned()),
            manifest: Value::Object(self.manifest),
            assets: vec![self.tarball.digests.asset(ASSET)],
        };
        let tags = self.tags;
        let (_, answers) = view::search(visit, package).await;
        let shared = visit.shared;
        let decided = decide(
            &shared.store.read(),
            visit,
            package,
            record.clone(),
            &tags,
            &answers,
        )?;
        if !decided.is_empty() {
            // The bytes get their name before the journal can mention it, and the decision is made
            // again where nobody can come in between: what was refused above leaves no bytes.
            shared.store.keep(self.tarball).await?;
            shared
                .store
                .transact(|state| {
                    decide(state, visit, package, record, &tags, &answers)
                        .map(|changes| ((), changes))
                })
                .await?;
        }
        let status = shared.config.assumptions.publish_status;
        Ok(reply::json(status, &json!({"ok": true, "success": true})))
    }
}

/// Holds the manifest's `dist` against the bytes that came.
pub(super) fn check_dist(dist: Option<&Value>, digests: &Digests) -> Result<(), NpmError> {
    let text = |key: &str| dist.and_then(|dist| dist.get(key)).and_then(Value::as_str);
    if text("shasum").is_some_and(|shasum| !shasum.eq_ignore_ascii_case(&digests.sha1)) {
        return Err(NpmError::bad_request(
            "dist.shasum is not the SHA-1 of the attachment",
        ));
    }
    let sha512 = integrity(&digests.sha512);
    let wrong = text("integrity")
        .unwrap_or_default()
        .split_ascii_whitespace()
        .filter(|part| part.starts_with("sha512-"))
        .any(|part| part.split('?').next() != Some(sha512.as_str()));
    if wrong {
        return Err(NpmError::bad_request(
            "dist.integrity is not the SHA-512 of the attachment",
        ));
    }
    Ok(())
}

fn decide(
    state: &State,
    visit: &Visit<'_>,
    package: &PackageId,
    mut record: VersionRecord,
    tags: &Map<String, Value>,
    answers: &Answers,
) -> Result<Vec<Change>, NpmError> {
    let assumptions = &visit.shared.config.assumptions;
    let known = state.package(&visit.domain, visit.repository, package);
    let change_package = |record: PackageRecord| Change::Package {
        domain: visit.domain.clone(),
        repository: visit.repository.to_owned(),
        package: package.clone(),
        record: Some(record),
    };
    if let Some(known) = known
        && let Some(version) = known.versions.get(&record.version)
    {
        let identical = version.status == Status::Published
            && version.assets.first().map(|asset| &asset.sha512)
                == record.assets.first().map(|asset| &asset.sha512);
        if assumptions.strict_conflict || !identical {
            return Err(NpmError::refused(
                409,
                format!(
                    "{} {} is already published in {}",
                    package.npm_name(),
                    record.version,
                    visit.repository
                ),
            ));
        }
        if !assumptions.republish_moves_tags {
            return Ok(Vec::new());
        }
        let mut moved = known.record.clone();
        moved.dist_tags.extend(tags.clone());
        return Ok(vec![change_package(moved)]);
    }
    let mut package_record = known.map_or_else(
        || PackageRecord {
            restrictions: Restrictions::PUBLISHED,
            dist_tags: Map::new(),
            created: record.published,
            modified: record.published,
        },
        |known| known.record.clone(),
    );
    if package_record.restrictions.publish == Restriction::Block {
        return Err(NpmError::refused(
            assumptions.origin_block_status,
            format!(
                "the origin controls of {} in {} block publishing",
                package.npm_name(),
                visit.repository
            ),
        ));
    }
    let group_allows = state
        .domain(&visit.domain)
        .is_some_and(|domain| groups::allows(domain, package, "PUBLISH", visit.repository));
    if !group_allows {
        return Err(NpmError::refused(
            assumptions.origin_block_status,
            format!(
                "the package group of {} blocks publishing",
                package.npm_name()
            ),
        ));
    }
    let steps = reach::steps(
        state,
        visit.shared,
        &visit.domain,
        visit.repository,
        package,
    );
    let merged = reach::merge(state, &visit.domain, package, &steps, answers);
    if merged.found.contains_key(&record.version) {
        return Err(NpmError::refused(
            409,
            format!(
                "{} {} is reachable in an upstream of {}",
                package.npm_name(),
                record.version,
                visit.repository
            ),
        ));
    }
    let first = known.is_none_or(|known| known.versions.is_empty());
    package_record.dist_tags.extend(tags.clone());
    if first && assumptions.first_publish_sets_latest {
        let latest = package_record.dist_tags.entry("latest");
        latest.or_insert_with(|| record.version.as_str().into());
    }
    package_record.modified = record.published;
    record.sequence = known.map_or(1, Package::next_sequence);
    Ok(vec![
        change_package(package_record),
        Change::Version {
            domain: visit.domain.clone(),
            repository: visit.repository.to_owned(),
            package: package.clone(),
            version: record.version.clone(),
            record: Some(record.into()),
        },
    ])
}
