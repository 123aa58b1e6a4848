//! The control-plane API: `rest-json` operations below `/v1/`.
//!
//! A request is matched to its operation, throttled, its signature verified, its parameters held
//! against the model (`parameters`), its caller authorised, and only then is the operation's
//! function asked. That function is pure: it reads the state and returns an answer and the changes
//! that make it true.

mod assets;
mod call;
mod copy;
mod describe;
mod domains;
mod error;
mod generic;
mod groups;
mod operations;
mod origins;
mod packages;
mod paging;
mod parameters;
mod policies;
mod repositories;
mod statuses;
mod tags;
mod throttle;
mod token;
mod versions;

use axum::response::Response;
use bytes::Bytes;
use http::header::HeaderName;
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

pub(crate) use error::ControlError;
pub(crate) use throttle::Throttles;

use super::assets::blob;
use super::identity::policy::{Policy, Question, decide};
use super::identity::sigv4::{Expectation, Signed, verify};
use super::identity::{AccessKey, Principal};
use super::log::Entry;
use super::names::DomainKey;
use super::random::hex_of;
use super::reply;
use super::server::{Incoming, Shared};
use super::state::{AssetRecord, Change, State};
use call::Call;
use operations::{Access, Operation};

/// The largest body of an operation that takes JSON, in bytes.
const BODY: usize = 1 << 20;

/// What an operation's function decides.
struct Effect {
    answer: Answer,
    changes: Vec<Change>,
}

/// What an operation answers with.
enum Answer {
    /// Members that are null are left out, as the service leaves out absent ones.
    Json(Value),
    /// The bytes of an asset.
    Asset {
        asset: AssetRecord,
        version: String,
        revision: String,
    },
}

impl Effect {
    /// An answer that changes nothing.
    fn read(answer: Value) -> Self {
        Self::write(answer, Vec::new())
    }

    /// An answer and what makes it true.
    fn write(answer: Value, changes: Vec<Change>) -> Self {
        Self {
            answer: Answer::Json(answer),
            changes,
        }
    }
}

pub(super) async fn handle(shared: &Shared, incoming: &mut Incoming) -> Response {
    match answer(shared, incoming).await {
        Ok(response) => response,
        Err(error) => {
            incoming.entry.error = Some(error.code.to_owned());
            error.response()
        }
    }
}

async fn answer(shared: &Shared, incoming: &mut Incoming) -> Result<Response, ControlError> {
    let operation = Operation::all()
        .find(|operation| operation.method == incoming.method && operation.path == incoming.path)
        .ok_or_else(ControlError::unknown_operation)?;
    shared.throttles.admit(operation, shared.clock.now())?;
    let (body, upload) = if operation.name == generic::NAME {
        (
            Bytes::new(),
            Some(generic::receive(shared, incoming).await?),
        )
    } else {
        let body = Limited::new(std::mem::take(&mut incoming.body), BODY)
            .collect()
            .await
            .map_err(|_| ControlError::validation("CANNOT_PARSE", "The body could not be read."))?
            .to_bytes();
        (body, None)
    };
    let body_sha256 = match &upload {
        Some(upload) => upload.digests.sha256.clone(),
        None => hex_of(&Sha256::digest(&body)),
    };
    let key = caller(shared, incoming, &body_sha256)?;
    incoming.entry.principal = Some(key.principal.arn.clone());
    let parameters = parameters::check(operation, &incoming.query, parse_body(&body)?)?;
    if let Some(upload) = &upload {
        generic::check(incoming, upload)?;
    }
    let mut call = Call {
        shared,
        principal: key.principal,
        parameters,
        authority: &incoming.authority,
        upload: upload.as_ref().map(|upload| upload.digests.clone()),
        entry: &mut incoming.entry,
    };
    let action = format!("codeartifact:{}", operation.name);
    if let Some(upload) = upload {
        // Asked before the bytes are kept as well: a refusal leaves nothing behind.
        allow(operation, &shared.store.read(), &mut call, &action)?;
        shared.store.keep(upload).await?;
    }
    let answer = if operation.writes {
        shared
            .store
            .transact(|state| {
                allow(operation, state, &mut call, &action)?;
                let effect = (operation.run)(state, &mut call)?;
                Ok::<_, ControlError>((effect.answer, effect.changes))
            })
            .await?
    } else {
        let state = shared.store.read();
        allow(operation, &state, &mut call, &action)?;
        (operation.run)(&state, &mut call)?.answer
    };
    Ok(match answer {
        Answer::Json(value) => reply::json(200, &without_nulls(value)),
        Answer::Asset {
            asset,
            version,
            revision,
        } => {
            let response = blob(shared, &asset.sha256, asset.size, None).await;
            let response = reply::with(response, X_ASSET_NAME, &asset.name);
            let response = reply::with(response, X_PACKAGE_VERSION, &version);
            reply::with(response, X_PACKAGE_VERSION_REVISION, &revision)
        }
    })
}

const X_ASSET_NAME: HeaderName = HeaderName::from_static("x-assetname");
const X_PACKAGE_VERSION: HeaderName = HeaderName::from_static("x-packageversion");
const X_PACKAGE_VERSION_REVISION: HeaderName = HeaderName::from_static("x-packageversionrevision");

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name, without_nulls(member)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Whoever signed the request.
fn caller(
    shared: &Shared,
    incoming: &Incoming,
    body_sha256: &str,
) -> Result<AccessKey, ControlError> {
    let signed = Signed {
        method: &incoming.method,
        path: &incoming.path,
        query: &incoming.query,
        headers: &incoming.headers,
        body_sha256,
    };
    let expected = Expectation {
        directory: &shared.directory,
        region: &shared.config.region,
        service: "codeartifact",
        now: shared.clock.now_seconds(),
    };
    verify(&signed, &expected).map_err(|error| ControlError::signature(&error))
}

fn parse_body(body: &[u8]) -> Result<Map<String, Value>, ControlError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(ControlError::validation(
            "CANNOT_PARSE",
            "The body is not a JSON object.",
        )),
    }
}

/// Asks the policies about the operation's own action and resource.
fn allow(
    operation: &Operation,
    state: &State,
    call: &mut Call<'_>,
    action: &str,
) -> Result<(), ControlError> {
    let region = &call.shared.config.region;
    let resource = match operation.access {
        Access::Domain => call.domain().arn(region),
        Access::Repository => call.domain().repository_arn(region, call.repository()),
        Access::Package => call
            .domain()
            .package_arn(region, call.repository(), &call.package()),
        Access::Account => "*".to_owned(),
        Access::Group => {
            let pattern = call
                .text("package-group")
                .or_else(|| call.text("packageGroup"));
            call.domain().group_arn(region, pattern.unwrap_or_default())
        }
        Access::Named => call.text("resourceArn").unwrap_or_default().to_owned(),
    };
    call.require(state, action, &resource, &[])
}

/// Asks every policy that has a say: the caller's, the domain's and the repository's.
pub(crate) fn authorize(
    state: &State,
    question: &Question<'_>,
    place: Option<(&DomainKey, Option<&str>)>,
    entry: &mut Entry,
) -> Result<(), String> {
    let mut policies = Vec::new();
    if let Some((key, repository)) = place
        && let Some(domain) = state.domain(key)
    {
        let repository = repository.and_then(|name| domain.repositories.get(name));
        let documents = domain
            .record
            .policy
            .iter()
            .chain(repository.and_then(|repository| repository.record.policy.as_ref()));
        policies.extend(documents.filter_map(|policy| Policy::parse(&policy.document).ok()));
    }
    let decision = decide(question, &policies);
    entry.action = Some(question.action.to_owned());
    entry.resource = Some(question.resource.to_owned());
    entry.decision = Some(decision.word().to_owned());
    decision.refusal(question).map_or(Ok(()), Err)
}

/// The account that owns the resource a principal asks for: the domain's, else the principal's own.
pub(crate) fn owning_account<'a>(
    place: Option<(&'a DomainKey, Option<&str>)>,
    principal: &'a Principal,
) -> &'a str {
    place.map_or(principal.account.as_str(), |(key, _)| key.owner.as_str())
}
