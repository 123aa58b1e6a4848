//! `GetAuthorizationToken`.
//!
//! `duration` is 0 or 900 to 43200 seconds, 43200 when left out; 0 means until the caller's
//! session ends (user guide, tokens-authentication). Beside the action itself the caller's own
//! policies must allow `sts:GetServiceBearerToken`, where `sts:DurationSeconds` may cap it.

use serde_json::json;

use super::Effect;
use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{IN_DOMAIN, OF_OWNER, Parameter, Shape};
use crate::sandbox::identity::policy::{Question, decide};
use crate::sandbox::identity::token::{Claims, seal};
use crate::sandbox::state::State;

pub(super) const OPERATIONS: &[Operation] = &[Operation::read(
    "GetAuthorizationToken",
    "POST",
    "/v1/authorization-token",
    Access::Domain,
    &[
        IN_DOMAIN,
        OF_OWNER,
        Parameter::query("duration", Shape::Number(0, 43_200)).optional(),
    ],
    create,
)];

const LONGEST: i64 = 43_200;
const SHORTEST: i64 = 900;

fn create(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    call.find_domain(state)?;
    let now = call.shared.clock.now_seconds();
    let duration = match call.number("duration").unwrap_or(LONGEST) {
        0 => call
            .principal
            .session_end
            .map_or(LONGEST, |end| (end - now).clamp(0, LONGEST)),
        seconds if seconds < SHORTEST => {
            return Err(ControlError::field(format!(
                "durationSeconds must be 0 or between {SHORTEST} and {LONGEST}"
            )));
        }
        seconds => seconds,
    };
    let context = [
        (
            "sts:AWSServiceName",
            "codeartifact.amazonaws.com".to_owned(),
        ),
        ("sts:DurationSeconds", duration.to_string()),
    ];
    let question = Question {
        principal: &call.principal,
        action: "sts:GetServiceBearerToken",
        resource: "*",
        context: &context,
        // The action is one of the caller's own account: no resource policy can grant it.
        account: &call.principal.account,
    };
    if let Some(refusal) = decide(&question, &[]).refusal(&question) {
        call.entry.action = Some(question.action.to_owned());
        call.entry.decision = Some("not allowed".to_owned());
        return Err(ControlError::access_denied(refusal));
    }
    let claims = Claims {
        principal: call.principal.arn.clone(),
        domain: call.domain(),
        region: call.shared.config.region.clone(),
        issued: now,
        expires: now + duration,
    };
    let token = seal(call.shared.store.secret(), &claims)
        .map_err(|_| ControlError::from(crate::sandbox::random::NoRandomness))?;
    Ok(Effect::read(json!({
        "authorizationToken": token,
        "expiration": claims.expires,
    })))
}
