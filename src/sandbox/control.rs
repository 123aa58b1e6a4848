//! The control-plane API: `rest-json` operations below `/v1/`.
//!
//! A request is matched to its operation, throttled, its signature verified, its parameters held
//! against the model ([`parameters`]), its caller authorised, and only then is the operation's
//! function asked. That function is pure: it reads the state and returns an answer and the changes
//! that make it true.

mod call;
mod error;
mod operations;
mod parameters;
mod repository;
mod throttle;
mod token;

use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

pub(crate) use error::ControlError;
pub(crate) use throttle::Throttles;

use super::identity::policy::{Decision, Policy, Question, decide};
use super::identity::sigv4::{Expectation, Signed, verify};
use super::identity::{AccessKey, Principal};
use super::log::Entry;
use super::names::DomainKey;
use super::random::hex_of;
use super::reply;
use super::server::{Incoming, Shared};
use super::state::{Change, State};
use call::Call;
use operations::{Access, OPERATIONS, Operation};

/// The largest body of an operation that takes JSON, in bytes.
const BODY: usize = 1 << 20;

/// What an operation's function decides.
pub(crate) struct Effect {
    pub(crate) answer: Value,
    pub(crate) changes: Vec<Change>,
}

impl Effect {
    /// An answer that changes nothing.
    pub(crate) fn read(answer: Value) -> Self {
        Self {
            answer,
            changes: Vec::new(),
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
    let operation = OPERATIONS
        .iter()
        .find(|operation| operation.method == incoming.method && operation.path == incoming.path)
        .ok_or_else(ControlError::unknown_operation)?;
    shared.throttles.admit(operation, shared.clock.now())?;
    let body = Limited::new(std::mem::take(&mut incoming.body), BODY)
        .collect()
        .await
        .map_err(|_| ControlError::validation("CANNOT_PARSE", "The body could not be read."))?
        .to_bytes();
    let key = caller(shared, incoming, &hex_of(&Sha256::digest(&body)))?;
    incoming.entry.principal = Some(key.principal.arn.clone());
    let body = parse_body(&body)?;
    let parameters = parameters::check(operation, &incoming.query, body)?;
    let mut call = Call {
        shared,
        principal: key.principal,
        parameters,
        authority: &incoming.authority,
        entry: &mut incoming.entry,
    };
    let action = format!("codeartifact:{}", operation.name);
    let effect = if operation.writes {
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
    Ok(reply::json(200, &effect))
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
        Access::InFunction => return Ok(()),
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
    match decision.refusal(question) {
        None => {
            entry.decision = Some("allowed".to_owned());
            Ok(())
        }
        Some(sentence) => {
            let word = match decision {
                Decision::Denied(_) => "explicit deny",
                _ => "not allowed",
            };
            entry.decision = Some(word.to_owned());
            Err(sentence)
        }
    }
}

/// The account that owns the resource a principal asks for: the domain's, else the principal's own.
pub(crate) fn owning_account<'a>(
    place: Option<(&'a DomainKey, Option<&str>)>,
    principal: &'a Principal,
) -> &'a str {
    place.map_or(principal.account.as_str(), |(key, _)| key.owner.as_str())
}
